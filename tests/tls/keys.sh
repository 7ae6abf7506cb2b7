#!/bin/bash
# Clients' keys that a policy names: a child that faces a server has the one of that
# server's service in its memory, and none of another's.
. "$(dirname "$0")/lab.sh"
firewall_lab
certificates good
server_start silent server /usr/bin/python3 "$SP_ROOT/tests/tls/doubles.py" \
	"$S4/7000=silent" "$S4/7001=silent" "$S4/7002=silent"
for port in 7000 7001 7002; do
	wait_for_port server tcp $port
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 5 -subj "/CN=$port" \
		-keyout "$TEST_TMP/$port.key" -out "$TEST_TMP/$port.pem" 2>/dev/null ||
		abort "no key for $port"
	cat "$TEST_TMP/$port.pem" "$TEST_TMP/$port.key" >"$TEST_TMP/$port.full"
	printf '[service s%d]\nport = %d\ntls = required\nname = %s\nca = %s\nclient_certificate = %s\n' \
		$port $port $NAME "$PKI/root.pem" "$TEST_TMP/$port.full"
done | policy

# found PORT: which keys are in the memory of the child that is connected to it.
cat >"$TEST_TMP/found.py" <<'END'
import re, sys

pid, files = sys.argv[1], sys.argv[2:]
found = set()
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for line in maps:
        first, last, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
        first, last = int(first, 16), int(last, 16)
        # What the sanitizers map by the terabyte holds no bytes of ours.
        if not rights.startswith("rw") or last - first > 1 << 30:
            continue
        try:
            memory.seek(first)
            bytes = memory.read(last - first)
        except (OSError, ValueError, OverflowError):
            continue
        for name in files:
            # The second line of the key is nothing but the secret and what follows it.
            if open(name).read().split("\n")[2].encode() in bytes:
                found.add(name.rsplit("/", 1)[1].split(".")[0])
print(*sorted(found))
END
child_of() { # port
	in_host server ss -tnpH state established "dport = :$1" |
		sed -nE 's/.*"sallyport-prob[^"]*",pid=([0-9]+).*/\1/p' | head -n 1
}
connected() { [[ -n $(child_of 7000) && -n $(child_of 7001) && -n $(child_of 7002) ]]; }
sp verify --timeout 4 --port-timeout 5 "$POLICY" >"$TEST_TMP/.output" 2>&1 &
verify=$!
wait_until 5 connected || abort "no child is connected: $(in_host server ss -tnp)"
sleep 0.2
for port in 7000 7001 7002; do
	check_equal "who faces $port has the key for $port alone" $port \
		"$(/usr/bin/python3 "$TEST_TMP/found.py" "$(child_of $port)" "$TEST_TMP"/{7000,7001,7002}.key)"
done
wait $verify
finish
