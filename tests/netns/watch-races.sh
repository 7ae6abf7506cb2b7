#!/bin/bash
# Two things at once: a port changes hands while somebody else holds the lock, and
# a new policy is applied before the enforcer gets it.
. "$(dirname "$0")/../lib/enforcer.sh"
need_command strace
enforcer_lab
certificates good
both() {
	printf '\n[service ssh]\n%s\n' "$1"
	tls_service https 443 'recheck = 1h'
}
both 'from = 10.0.0.0/8' | policy
cp "$POLICY" "$POLICY.1"
both 'from = 10.0.0.0/9' | policy
cp "$POLICY" "$POLICY.2"
web web0 good "$S4:443"
check_exit 0 "apply" sp apply "$POLICY.1"
enforcer_options=(--timeout 0.3 --port-timeout 1)
enforcer_start
check "443 is open" wait_until 15 enforcer_said "^opened: https"

# The apply takes another lock, so that it is sure to come first. The port is shut
# to whoever has not proven itself, and opens again for who has.
for ((i = 1; i <= 4; i++)); do
	exec 9>>"$RUN/lock"
	flock 9
	server_stop web$((i - 1))
	if ((i % 2)); then silent web$i 443 9>&-; else web web$i good "$S4:443" 9>&-; fi
	sleep 0.6
	check_exit 0 "round $i: apply" in_host server "$SALLYPORT" apply --state "$STATE" \
		--run "$TEST_TMP/other" --no-verify "$POLICY.$((i % 2 + 1))" 9>&-
	exec 9>&-
	if ((i % 2)); then
		check "round $i: shut to whoever says nothing" wait_until 2 eval '! has_lease 443'
	else
		check "round $i: open again" wait_until 15 has_lease 443
	fi
done
check_no_match "no trouble" '^trouble' "$(<"$TEST_TMP/watch.log")"

# A command and the enforcer keep what they saw of the same port at the same time: the
# command is held where it has written it, until the enforcer has written, too. (Its
# third fsync(2); the first two are of what was committed.)
renewals=$(enforcer_count '^renewed: https')
in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -qq -o "$TEST_TMP/held" \
	-e trace=fsync -e inject=fsync:delay_enter=3000000:when=3 \
	"$SALLYPORT" recheck https --state "$STATE" --run "$RUN" >"$TEST_TMP/recheck" 2>&1 &
slowly=$!
wait_until 20 eval '(($(grep -c "^fsync" "$TEST_TMP/held") == 3))' || abort "the recheck keeps nothing"
enforcer_signal HUP
wait $slowly
check_equal "a recheck beside the enforcer: exit 0" 0 $?
check_no_match "and nothing is amiss" 'cannot' "$(<"$TEST_TMP/recheck")"
more() { (($(enforcer_count '^renewed: https') > renewals)); }
check "it was asked for by both" wait_until 10 more
check_no_match "nor there: no trouble" '^trouble' "$(<"$TEST_TMP/watch.log")"
check "the evidence is whole" /usr/bin/python3 -m json.tool "$STATE/evidence/tcp-443.json" /dev/null

# An apply opens what the enforcer could not judge; a new listener is not proven by
# that, even when nobody can tell what it is.
server_stop web4
enforcer_stop
silent mute 443
enforcer_start second
check "443 cannot be judged" wait_until 5 enforcer_said '^unproven: https' second
# An apply leaves evidence; without it a lease is a hand's, and is drift.
at=$(date +%s)
printf '{"version": 1, "outcome": "pass", "reason": "", "checked": %d, "not_after": %d, "certificate_ends": 0}' \
	"$at" $((at + 4000)) >"$STATE/evidence/tcp-443.json"
lease tcp 443
sleep 0.5
check "its lease stands" has_lease 443
server_stop mute
silent mute2 443
check "the new listener's does not" wait_until 3 eval '! has_lease 443'
check "the enforcer ends as told" enforcer_stop second
server_stop mute2

# A renewal while the enforcer is still asking: who was asked before it has the old
# certificate, and answers after a recheck was answered with the new one. What was
# proven since the enforcer asked stands.
certificates expired
cat >"$TEST_TMP/renewed.py" <<'END'
import os, socket, ssl, sys, threading, time

pki, scratch, address, port = sys.argv[1:]
contexts = {}
for leaf in ("good", "expired"):
    contexts[leaf] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts[leaf].load_cert_chain(f"{pki}/{leaf}.pem", f"{pki}/{leaf}.key")

def serve(sock):
    leaf = "good" if os.path.exists(f"{scratch}/renewed") else "expired"
    while leaf == "expired" and not os.path.exists(f"{scratch}/answer"):
        time.sleep(0.02)
    try:
        contexts[leaf].wrap_socket(sock, server_side=True).recv(1)
    except OSError:
        sock.close()

with socket.create_server((address, int(port)), backlog=64) as listener:
    while True:
        sock, _ = listener.accept()
        print("asked", flush=True)
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
END
server_start renewed server /usr/bin/python3 "$TEST_TMP/renewed.py" "$PKI" "$TEST_TMP" $S4 443
wait_for_port server tcp 443
enforcer_options=(--timeout 20 --port-timeout 30)
enforcer_start third
check "the enforcer asks" wait_until 10 grep -q asked "$TEST_TMP/renewed.log"
touch "$TEST_TMP/renewed"
check_exit 0 "recheck of the new certificate" sp recheck https
check "443 is open" has_lease 443
touch "$TEST_TMP/answer"
sleep 3
check "and stays open when the old one has answered" has_lease 443
check "the enforcer proves it, too" wait_until 10 enforcer_said '^(opened|renewed): https' third
check_not "nothing is shut meanwhile" enforcer_said '^(refused|revoked)' third
check "the enforcer ends as told" enforcer_stop third
finish
