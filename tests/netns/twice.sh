#!/bin/bash
# Applying what already stands sends no batch: counters, leases, handles and
# connections stay. A change sends one.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command strace
firewall_lab
answer server tcp/22 tcp/443 tcp/80

policy <<END

[service ssh]
from = 10.0.0.0/8, fd00::/8, @office

[service https]
name = $NAME
revoke = cut

[service bulk]
port = 9000-9100
tls = none
rate = 50/minute burst 40

[addresses office]
elements = 198.51.100.0/24, 2001:db8:77::/48

[addresses bad]
elements = 192.0.2.99, 2001:db8:666::/48
action = block
END

# The trace shows a batch when there is one: nft's, and our first.
traced "$TEST_TMP/nft.trace" nft add table inet control
check_equal "strace sees nft's batch" 1 "$(batches "$TEST_TMP/nft.trace")"
in_host server nft delete table inet control
check_exit 0 "the first apply" traced "$TEST_TMP/first.trace" \
	"$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify "$POLICY"
check_equal "sends one batch" 1 "$(batches "$TEST_TMP/first.trace")"

lease tcp 443 1h
packets_reach client <<END
open tcp $A4 -> $S4:22,22,22
open tcp $B4 -> $S4:443
shut tcp $B4 -> $S4:80
END
ssh=$(counter svc-ssh) https=$(counter svc-https)
check_equal "ssh counted its connections" 3 "$ssh"
check_equal "https counted its connection" 1 "$https"
connection_open stays client $A4 $S4:22

before=$(shape)
check_exit 0 "the second apply" traced "$TEST_TMP/second.trace" \
	"$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify "$POLICY"
check_equal "sends none" 0 "$(batches "$TEST_TMP/second.trace")"
check_equal "handles, elements and leases are the same" "$before" "$(shape)"
check "a connection goes on" connection_lives stays

packets_reach client <<END
open tcp $A4 -> $S4:22,22
open tcp $B4 -> $S4:443
END
check_equal "the counter goes on" $((ssh + 3)) "$(counter svc-ssh)"
check_equal "that of the gate too" $((https + 1)) "$(counter svc-https)"

# The same policy, written differently.
sed -i 's|^from = .*|from = fd00::/8, @office, 10.0.0.0/9, 10.128.0.0/9|; s/9000-9100/9051-9100, 9000-9050/' "$POLICY"
check_exit 0 "the same, written differently" traced "$TEST_TMP/third.trace" \
	"$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify "$POLICY"
check_equal "sends none either" 0 "$(batches "$TEST_TMP/third.trace")"

# A change sends one batch and keeps the counters.
printf '\n[service http]\n' >>"$POLICY"
check_exit 1 "diff sees a change" sp diff "$POLICY"
check_exit 0 "a change" traced "$TEST_TMP/fourth.trace" \
	"$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify "$POLICY"
check_equal "sends one batch" 1 "$(batches "$TEST_TMP/fourth.trace")"
check_equal "counters survive it" $((ssh + 3)) "$(counter svc-ssh)"
check_exit 0 "diff sees none now" sp diff "$POLICY"
packets_reach client <<END
open tcp $A4 -> $S4:22
open tcp $B4 -> $S4:443,80
END
check "a connection goes on" connection_lives stays

# What waits until the kernel has freed the rules that went holds nothing else.
held=0
for port in {8001..8020}; do
	sed -i '/^\[service more\]/,$d' "$POLICY"
	printf '[service more]\nport = %s\ntls = none\n' $port >>"$POLICY"
	sp apply --no-verify --quiet --lock-wait 0 "$POLICY" >/dev/null 2>&1 || held=$((held + 1))
	flock -n "$RUN/lock" true || held=$((held + 1))
done
check_equal "twenty changes one right behind the other find the lock free" 0 $held

# Who waits for a confirmation has no child to wait for in its place, dead meanwhile.
dead_children() {
	local pid
	for pid in $(pgrep -f -- "apply --state $STATE .*--wait"); do
		ps -o stat= --ppid "$pid"
	done | grep -c '^Z'
}
sed -i 's/^port = 8020$/port = 8021/' "$POLICY"
sp apply --no-verify --confirm 30s --wait "$POLICY" >"$TEST_TMP/waits" 2>&1 &
waits=$!
check "an apply waits to be confirmed" wait_until 10 grep -q 'undone in' "$TEST_TMP/waits"
check_match "it changed something" '^Applied' "$(<"$TEST_TMP/waits")"
sleep 0.2
check_equal "it has no dead child meanwhile" 0 "$(dead_children)"
check_exit 0 "confirmed" sp confirm
wait $waits
check_equal "and told so" 0 $?
finish
