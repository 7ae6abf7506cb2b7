#!/bin/bash
# `discover`: what listens in the lab's server becomes a policy that passes check
# and, applied, keeps exactly what was reachable reachable.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command curl setpriv
firewall_lab
certificates good good-rsa expired
web good good "$S4:443" "[$S6]:443" "$S4:8443"
web expired expired "$S4:10443"
ssl3_only old good-rsa 9443
answer server tcp/22 tcp/2222 tcp/389 udp/443 udp/514
server_start local server /usr/bin/python3 -c '
import socket, time
held = [socket.create_server(("127.0.0.1", 5432)), socket.create_server(("::1", 5432), family=socket.AF_INET6)]
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("0.0.0.0", 45000))
time.sleep(600)'
wait_for_port server tcp 5432

# A socket may be bound to one address, IPv4's wildcard in IPv6's clothes among
# them, to one interface, or to one place for TCP and another for UDP.
server_start bound server /usr/bin/python3 -c '
import socket, sys, time
def held(kind, family, address, port, interface=None):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.startswith("::ffff"))
    if interface:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface)
    s.bind((address, port))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s
T, U, I4, I6 = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
s4, s4b, s6 = sys.argv[1:]
held = [held(T, I4, s4b, 6001), held(T, I4, "127.0.0.1", 6001), held(T, I6, s6, 6001),
    held(T, I6, "::ffff:0.0.0.0", 6002),
    held(T, I4, "0.0.0.0", 6003, b"eth1"), held(T, I4, s4, 6003, b"eth0"),
    held(T, I4, s4, 6004), held(U, I4, s4b, 6004),
    held(T, I4, s4, 6005), held(U, I4, s4, 6005)]
import select
while True:
    for s in select.select(held[:6] + [held[6], held[8]], [], [])[0]:
        s.accept()[0].close()' $S4 $S4b $S6
wait_for_port server udp 6005

# A process's name is its own choice: it must not become a line of the policy.
server_start evil server /usr/bin/python3 -c '
import ctypes, socket, time
ctypes.CDLL(None).prctl(15, b"a\n[service x]\n", 0, 0, 0)
held = socket.create_server(("0.0.0.0", 7777))
while True: held.accept()[0].close()'
wait_for_port server tcp 7777
# A certificate's names are its owner's choice as well: of these one is a host's.
hostile() {
	/usr/bin/python3 -c '
names = [b"plain.example.com", b"none", b"*.example.com", b"a_b.example.com", b"10.0.0.1",
    b"x.example.com\nfrom = 10.9.9.9", b"y.example.com, z.example.com", b"[service y]"]
der = b"".join(b"\x82" + bytes([len(n)]) + n for n in names)
assert len(der) < 256
print("DER:30:81:%02x:%s" % (len(der), der.hex(":")))'
}
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=hostile -keyout "$TEST_TMP/hostile.key" \
	-out "$TEST_TMP/hostile.pem" -addext "subjectAltName=$(hostile)" 2>"$TEST_TMP/req.log" ||
	abort "no hostile certificate: $(<"$TEST_TMP/req.log")"
server_start hostile server openssl s_server -quiet -accept 9555 \
	-cert "$TEST_TMP/hostile.pem" -key "$TEST_TMP/hostile.key"
wait_for_port server tcp 9555

# The upgrade, by a real server where there is one.
ftp=
if command -v vsftpd >/dev/null; then
	ftp='ftp '
	mkdir "$TEST_TMP/empty"
	printf '%s\n' listen=YES background=NO ssl_enable=YES anonymous_enable=YES \
		secure_chroot_dir="$TEST_TMP/empty" rsa_cert_file="$PKI/good-rsa.pem" \
		rsa_private_key_file="$PKI/good-rsa.key" seccomp_sandbox=NO \
		>"$TEST_TMP/vsftpd.conf"
	server_start vsftpd server vsftpd "$TEST_TMP/vsftpd.conf"
	wait_for_port server tcp 21
else
	echo "     without vsftpd"
fi

discovers() { in_host server timeout 110 "$SALLYPORT" discover --port-timeout 5 "$@"; }
before=$(ruleset)
check_exit 0 "discover" discovers --ca "$PKI/root.pem"
cp "$TEST_TMP/.output" "$POLICY"
sed 's/^/     /' "$POLICY"
check_equal "nothing is in the kernel" "$before" "$(ruleset)"
check_exit 0 "check of its policy" sp check "$POLICY"
check_equal "exactly these services" "${ftp}ssh ldap http3 syslog port-2222 port-6001 port-6002 port-6003 port-6003-2 port-6004 port-6004-2 port-6005 port-7777 https-alt port-9443 port-9555 port-10443" \
	"$(sed -nE 's/^\[service (.*)\]$/\1/p' "$POLICY" | xargs)"
section() { sed -nE "/^\[service $1\]/,/^$/p" "$POLICY"; }
check_match "https wants TLS" '^tls = required$' "$(section http3)"
check_match "for its name" "^name = .*$NAME" "$(section http3)"
check_no_match "and must pass" 'on_fail' "$(section http3)"
check_match "HTTP/3 with it" '^protocol = tcp, udp$' "$(section http3)"
check_match "an expired certificate is told" '# WARNING: .*expired' "$(section port-10443)"
check_match "and kept reachable" '^on_fail = warn$' "$(section port-10443)"
check_match "so is SSLv3" '# WARNING: .*SSLv3' "$(section port-9443)"
check_match "LDAP without its upgrade is plain" '^tls = none$' "$(section ldap)"
check_match "with a warning" '# WARNING: no TLS was seen' "$(section ldap)"
check_equal "a hostile certificate's one plain name" "name = plain.example.com" \
	"$(section port-9555 | grep -A1 '^name' | head -n 1)"
check_equal "on one line" "" "$(section port-9555 | grep '^ ')"
check_no_match "and nothing else of it" '10\.9\.9\.9|z\.example' "$(grep -v '^#' "$POLICY")"
if [[ -n $ftp ]]; then
	check_match "FTP with its upgrade" '^starttls = ftp$' "$(section ftp)"
	check_match "for its name" "^name = .*$NAME" "$(section ftp)"
fi
lines() { section "$1" | grep -E '^(protocol|to|interface| )' | tr -s '\n ' ';  ' ; }
check_equal "bound to two addresses and loopback" \
	"protocol = tcp;to = $S4b,; $S6;" "$(lines port-6001)"
check_equal "IPv4's wildcard" "protocol = tcp;to = 0.0.0.0/0;" "$(lines port-6002)"
check_equal "bound to an interface" "protocol = tcp;to = 0.0.0.0/0;interface = eth1;
protocol = tcp;to = $S4;interface = eth0;" "$(printf '%s\n' "$(lines port-6003)" "$(lines port-6003-2)" | sort)"
check_equal "TCP here" "protocol = tcp;to = $S4;" "$(lines port-6004)"
check_equal "and UDP there" "protocol = udp;to = $S4b;" "$(lines port-6004-2)"
check_equal "both at one place" "protocol = tcp, udp;to = $S4;" "$(lines port-6005)"
check_equal "everywhere is not written" "protocol = tcp;" "$(lines ssh)"
check_equal "eighty columns, but for a path" "" "$(grep -E '.{81}' "$POLICY" | grep -v '^ca = ')"
# Comments are folded: one line each.
unfolded=$(sed -E ':a;N;$!ba;s/\n# {5}/ /g' "$POLICY")
check_match "loopback is left out" '^# 5432/tcp at 127\.0\.0\.1, ::1 \(python3\[[0-9]+\], uid 0\): bound to loopback' "$unfolded"
check_match "a UDP client is left out" '^# 45000/udp .*ephemeral' "$unfolded"
check_match "owners are comments" '^# nginx\[[0-9]+\], uid 0, at ' "$(<"$POLICY")"
check_match "escaped" '^# a\\x0a\[service x\]' "$(<"$POLICY")"

check_exit 0 "apply of its policy" sp apply "$POLICY"
packets_reach client <<END
open tcp $A4 -> $S4:22,389,2222
open tcp $B6 -> [$S6]:22,389,2222
connects tcp $B4 -> $S4:443,8443,9443,10443,7777
connects tcp $B6 -> [$S6]:443
open udp $B4 -> $S4:443,514
connects tcp $A4 -> $S4:9555${ftp:+,21}
shut tcp $A4 -> $S4:80,5432,7443
shut udp $A4 -> $S4:53,45000
END
# Who comes later to an address where nobody was is not let in.
server_start later server /usr/bin/python3 -c '
import socket, sys, time
s4, s4b = sys.argv[1:]
held = [socket.create_server((a, p)) for a, p in ((s4, 6001), (s4b, 6005), (s4b, 6004))]
time.sleep(600)' $S4 $S4b
wait_until 10 eval '[[ $(in_host server ss -Hltn "sport = :6001" | wc -l) == 4 ]]' || abort "no latecomers"
packets_reach client <<END
connects tcp $A4 -> $S4b:6001
connects tcp $A6 -> [$S6]:6001
shut tcp $A4 -> $S4:6001
connects tcp $A4 -> $S4:6002
connects tcp $A4 -> $S4b:6002
connects tcp $A4 -> $S4:6003
shut tcp $A4 -> $S4b:6003
connects tcp 198.51.100.2 -> $T4:6003
connects tcp $A4 -> $S4:6004
shut tcp $A4 -> $S4b:6004
connects tcp $A4 -> $S4:6005
shut tcp $A4 -> $S4b:6005
END
check_equal "a page" "good says hello" "$(page "$B4" "$S4" 443 2>&1)"

check_exit 0 "discover from afar" in_host server env "SSH_CONNECTION=$A4 50000 $S4 22" \
	timeout 110 "$SALLYPORT" discover --port-timeout 5
check_match "says whence one is logged in" "^# You are logged in from $A4 to port 22: leave" "$output"

chmod 711 "$TEST_TMP"
mkdir -m 755 "$TEST_TMP/bin" "$TEST_TMP/prober"
cp "$SALLYPORT" "$TEST_TMP/bin/sallyport"
cp "$(dirname "$SALLYPORT")/../prober/sallyport-prober" "$TEST_TMP/prober/" || abort "no prober"
check_exit 0 "discover as an ordinary user" in_host server setpriv --reuid=65534 --regid=65534 \
	--clear-groups --bounding-set=-all timeout 110 "$TEST_TMP/bin/sallyport" discover --port-timeout 5
cp "$TEST_TMP/.output" "$POLICY"
check_match "says that owners are left out" '^# Owners are left out: the sockets of [0-9]+ processes' "$output"
check_match "on standard error too" 'owners are left out' "$errors"
check_no_match "and names none" 'nginx' "$output"
check_exit 0 "check of that policy" sp check "$POLICY"
finish
