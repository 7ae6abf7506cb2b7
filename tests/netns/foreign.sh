#!/bin/bash
# Other people's tables: byte for byte the same after everything, whoever
# commits meanwhile; and nft can always list ours.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/80 tcp/81

in_host server nft -f - <<'END' || abort "nft refuses the foreign tables"
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8443 counter dnat to 192.0.2.77:443
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "docker0" masquerade
	}
}
table inet filter {
	set lan { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 }; }
	counter seen { }
	chain input {
		type filter hook input priority filter + 10; policy accept;
		ip saddr @lan tcp dport 81 counter name "seen" drop comment "theirs"
	}
}
table inet sallyport-lookalike {
	chain input { type filter hook input priority 5; policy accept; }
}
table bridge b {
	chain c { }
}
table netdev n {
	chain i { }
}
END
# Without packets nothing of it moves, counters included.
foreign() { ruleset "$@" | sed '/^table inet sallyport {/,/^}$/d'; }
before=$(foreign -a)

policy <<'END'

[service ssh]
from = 10.0.0.0/8, @office
rate = 100/minute burst 50

[service https]
name = www.example.com
revoke = cut

[service bulk]
port = 9000-9100, 9200
protocol = tcp, udp
tls = none

[service telnet]
action = reject
log = yes

[addresses office]
elements = 198.51.100.0/24, 203.0.113.4-203.0.113.19, 2001:db8:77::/48

[addresses bad]
elements = 192.0.2.99
action = block
END
apply
check_equal "foreign tables after the first apply, handles included" "$before" "$(foreign -a)"
check_exit 0 "nft lists ours" ruleset
check_match "and shows its table" '^table inet sallyport \{' "$output"
check_exit 0 "nft lists it as JSON" ruleset -j
check "which is JSON" /usr/bin/python3 -m json.tool "$TEST_TMP/.output" /dev/null
for kind in sets maps chains counters; do
	check_exit 0 "nft list $kind" in_host server nft list $kind
done

sed -i 's/9000-9100/9000-9050/' "$POLICY"
apply
check_equal "foreign tables after a change" "$before" "$(foreign -a)"
check_exit 0 "status" sp status
check_equal "foreign tables after status" "$before" "$(foreign -a)"

# Theirs and ours both count: what they drop stays dropped, and we open nothing
# that they shut.
printf '\n[service more]\nport = 81\ntls = none\n' >>"$POLICY"
apply
packets_reach client <<END
open tcp $A4 -> $S4:22
shut tcp $A4 -> $S4:81
open tcp $B4 -> $S4:81
END

# Somebody else commits all the time.
commits() {
	until [[ -e $TEST_TMP/enough ]]; do
		in_host server nft add table inet busy
		in_host server nft delete table inet busy
	done
}
commits 2>/dev/null &
busy=$!
server_pids+=($busy)
refused=0
for round in $(seq 1 10); do
	printf '\n[service round%d]\nport = %d\ntls = none\n' "$round" $((9300 + 2 * round)) >>"$POLICY"
	sp apply --no-verify "$POLICY" >"$TEST_TMP/round.log" 2>&1 || {
		refused=$((refused + 1))
		sed 's/^/     /' "$TEST_TMP/round.log"
	}
done
touch "$TEST_TMP/enough" # whom kill(1) takes away leaves an nft under way
wait $busy
in_host server nft delete table inet busy 2>/dev/null
check_equal "ten applies among foreign commits all succeed" 0 $refused
run in_host server nft list map inet sallyport ports
for round in 1 10; do
	check_match "round $round is in the kernel" "tcp \. $((9300 + 2 * round)) : jump" "$output"
done
after=$(foreign -a | sed -E 's/packets [0-9]+ bytes [0-9]+/packets 0 bytes 0/')
check_equal "foreign tables after all of it" "$before" "$after"
finish
