#!/bin/bash
# A prober that does not start, dies, hangs, or whose child does, and a port that
# cannot be reached: each is exit 1, says which, and never opens anything.
. "$(dirname "$0")/lab.sh"
firewall_lab
certificates good
web good good "$S4:443"
server_start silent server /usr/bin/python3 "$SP_ROOT/tests/tls/doubles.py" "$S4/7000=silent"
wait_for_port server tcp 7000

one() { # port
	printf '[service one]\nport = %d\ntls = required\nname = %s\nca = %s\n' "$1" $NAME "$PKI/root.pem" | policy
}
refused() { # what regex
	check_equal "$1: exit 1" 1 "$status"
	# The page's line breaks are not the message's.
	check_match "$1: says so" "$2" "$(tr -s ' \n' ' ' <<<"$output")"
	check_no_match "$1: no pass" '(^|[[:space:]])pass([[:space:]]|$)' "$output"
}
program() { # name text: an executable in place of the prober
	printf '#!/bin/sh\n%s\n' "$2" >"$TEST_TMP/$1"
	chmod +x "$TEST_TMP/$1"
}

one 443
run sp verify "$POLICY"
check_equal "with its own prober it passes" 0 "$status"

# --- the prober ------------------------------------------------------------
with() { SALLYPORT_PROBER=$1 run sp verify "$POLICY"; }
with "$TEST_TMP/missing"
refused "a missing prober" 'the prober cannot be started'
with /bin/false
refused "a prober that leaves" 'the prober ended with status 1'
program crashes 'kill -SEGV $$'
with "$TEST_TMP/crashes"
refused "a prober that crashes" 'the prober was ended by signal 11'
program hangs "exec sleep 61.$$"
started=$SECONDS
with "$TEST_TMP/hangs"
refused "a prober that hangs" 'the prober hangs'
check "within ten seconds" test $((SECONDS - started)) -lt 10
check_equal "and it is gone" "" "$(pgrep -f "^sleep 61\.$$\$")"
program chatters 'while :; do echo nonsense >&3; done'
with "$TEST_TMP/chatters"
refused "a prober that speaks nonsense" 'the prober'

# --- its child, while it waits for a silent server -------------------------
one 7000
# in_child SIGNAL [parent]: verify in the background, the signal to the child (or
# to the prober itself) as soon as it runs.
children() { pgrep -P "$1"; }
sallyport_pid() {
	local pid
	for pid in $(ip netns pids "${net_prefix}server"); do
		if [[ $(readlink "/proc/$pid/exe") == "$(readlink -f "$SALLYPORT")" ]]; then
			echo "$pid"
			return
		fi
	done
	return 1
}
find_child() {
	local pid
	pid=$(sallyport_pid) && prober=$(children "$pid") && child=$(children "$prober") &&
		[[ -n $child ]]
}
in_child() {
	local signal=$1 whom=$2 verify
	sp verify --timeout 2 --port-timeout 3 "$POLICY" >"$TEST_TMP/.output" 2>"$TEST_TMP/.errors" &
	verify=$!
	wait_until 5 find_child || abort "no child of the prober is to be found"
	sleep 0.2
	child=${child%%$'\n'*}
	if [[ $whom == child ]]; then kill "-$signal" "$child"; else kill "-$signal" "$prober"; fi
	wait "$verify"
	status=$?
	output=$(<"$TEST_TMP/.output")
}
in_child KILL child
refused "a child that is killed" 'ended by signal 9'
in_child SEGV child
refused "a child that crashes" 'child (was ended by signal|ended early)'
started=$SECONDS
in_child STOP child
refused "a child that spins or stops" 'ran past the port.s deadline and was killed'
check "within six seconds" test $((SECONDS - started)) -lt 6
in_child KILL prober
refused "a prober that is killed" 'the prober was ended by signal 9'
wait_until 2 test ! -e "/proc/$child"
check "its child dies with it" test ! -e "/proc/$child"
started=$SECONDS
in_child STOP prober
refused "a prober that stops" 'TLS 1.3: silent|the prober hangs'
check "within seven seconds" test $((SECONDS - started)) -lt 7

# --- what the child is while it faces the server ---------------------------
sp verify --timeout 2 --port-timeout 3 "$POLICY" >"$TEST_TMP/.output" 2>&1 &
verify=$!
wait_until 5 find_child || abort "no child of the prober is to be found"
sleep 0.2
child=${child%%$'\n'*}
state() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$child/status"; }
for set in CapInh CapPrm CapEff CapAmb; do
	check_equal "the child's $set is empty" 0000000000000000 "$(state $set)"
done
check_equal "no new privileges" 1 "$(state NoNewPrivs)"
if nm "$SALLYPORT" | grep -E '__asan_init|__gcov_dump' >/dev/null; then
	echo "not checked: builds with sanitizers or counters have no system call filter"
else
	check_equal "a system call filter" 2 "$(state Seccomp)"
	check_match "a memory limit" '^Max address space +[0-9]+' "$(</proc/$child/limits)"
fi
check_match "no core dumps" '^Max core file size +0 +0' "$(</proc/$child/limits)"
# Its channel, its connection, and /dev/null where standard streams would be (the
# sanitizer's build may write a report to standard error).
open=$(for fd in /proc/$child/fd/*; do echo "${fd##*/} $(readlink "$fd")"; done)
check_equal "two sockets" 2 "$(grep -c ' socket:' <<<"$open")"
check_equal "and nothing else" "" "$(grep -vE ' socket:|^[012] /dev/null$|^2 /' <<<"$open")"
wait $verify

# --- the way to the server -------------------------------------------------
one 443
in_host server ip route add blackhole 198.18.0.0/15
printf 'listen = 198.18.0.1\n' >>"$POLICY"
run sp verify --timeout 1 "$POLICY"
check_equal "an address that is not this host's is report only" 0 "$status"
check_match "but it is told" '198.18.0.1:443, not of this host: no connection' "$output"
one 443
in_host server nft add table inet shut
in_host server nft add chain inet shut input '{ type filter hook input priority 0; }'
in_host server nft add rule inet shut input tcp dport 443 drop
run sp verify --timeout 1 --port-timeout 5 "$POLICY"
refused "an unreachable port" 'no connection: Connection timed out'
in_host server nft flush chain inet shut input
in_host server nft add rule inet shut input tcp dport 443 reject with tcp reset
run sp verify --timeout 1 "$POLICY"
refused "a refused port" 'no connection: Connection refused'
in_host server nft delete table inet shut

# --- trust stores ----------------------------------------------------------
one 443
mkdir "$TEST_TMP/anchors" "$TEST_TMP/empty"
sed -i "s|^ca = .*|ca = $TEST_TMP/anchors|" "$POLICY"
cp "$PKI/root.pem" "$TEST_TMP/anchors/ours.crt"
echo "not a certificate" >"$TEST_TMP/anchors/README"
ln -s ours.crt "$TEST_TMP/anchors/abcdef01.0"
run sp verify "$POLICY"
check_equal "a directory of anchors" 0 "$status"
sed -i "s|^ca = .*|ca = $TEST_TMP/empty|" "$POLICY"
run sp verify "$POLICY"
refused "an empty directory" 'no CA certificate in'
printf 'garbage\n' >"$TEST_TMP/empty.pem"
sed -i "s|^ca = .*|ca = $TEST_TMP/empty.pem|" "$POLICY"
run sp verify "$POLICY"
refused "a file without a certificate" 'no CA certificate in'
finish
