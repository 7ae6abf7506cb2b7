#!/bin/bash
# What outlives a command, at bad moments: a damaged snapshot, a directory that
# cannot be written, an unconfirmed apply under another one, a panic.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command setpriv strace
firewall_lab
answer server tcp/22 tcp/80
printf 'lockdown = ssh\n\n[service ssh]\nfrom = 10.0.0.0/8\n\n[service http]\n' | policy
apply

# lockdown keeps the way in that the policy names.
check_exit 0 "lockdown" sp lockdown
packets_reach client <<END
open tcp $A4 -> $S4:22
shut tcp $B4 -> $S4:22
shut tcp $A4 -> $S4:80
END
apply
packets_reach client <<END
open tcp $A4 -> $S4:22,80
END

# Applying the same policy again repairs a snapshot that boot could not load.
head -c 40 "$STATE/active/policy.ini" >"$TEST_TMP/cut" && cp "$TEST_TMP/cut" "$STATE/active/policy.ini"
check_exit 3 "boot with a damaged snapshot" sp apply --boot
apply
check_exit 0 "boot again" sp apply --boot

# --boot is not what else was asked for.
in_host server nft delete table inet sallyport
check_exit 2 "boot, and change nothing" sp apply --boot --dry-run
check_exit 2 "boot with a policy" sp apply --boot "$POLICY"
check_exit 2 "boot for a minute" sp apply --boot --confirm 60s
check_equal "nothing was changed" "" "$(ruleset)"

# Closed streams: said where it can be, and nobody else's descriptors.
closed() { sp apply --no-verify "$POLICY" >&-; }
check_exit 3 "apply with standard output closed" closed
check_match "stands all the same" 'chain tcp-80' "$(ruleset)"
ip netns exec "${net_prefix}server" "$SALLYPORT" watch --state "$STATE" --run "$RUN" \
	<&- >&- 2>&- &
watching=$!
server_pids+=($watching)
wait_until 10 test -e /proc/$watching/fd/5
check_equal "the enforcer without streams" "/dev/null /dev/null /dev/null" \
	"$(readlink /proc/$watching/fd/{0,1,2} | paste -sd ' ')"
kill $watching
wait $watching

# A policy that waits to be confirmed is undone, whatever fails on top of it.
sed 's/^\[service http\]/&\nfrom = 203.0.113.0\/24/' "$POLICY" >"$POLICY.2"
sed 's/^\[service http\]/&\nfrom = 198.51.100.0\/24/' "$POLICY" >"$POLICY.3"
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 8s "$POLICY.2"
packets_reach client <<END
shut tcp $A4 -> $S4:80
END
# Held up where it has taken the place of the first one, long enough for that one's
# guardian to look; and its own guardian has not the right to change anything.
check_exit 3 "another one that fails" in_host server env \
	ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -qq -o "$TEST_TMP/held" \
	-e trace=renameat2 -e inject=renameat2:delay_exit=1000000 \
	setpriv --bounding-set -net_admin "$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify --confirm 60s "$POLICY.3"
check_match "the first one still waits" 'NOT CONFIRMED: undone in [0-8] s' "$(sp status)"
undone() { ! sp status | grep -q 'NOT CONFIRMED'; }
check "and is undone" wait_until 12 undone
packets_reach client <<END
open tcp $A4 -> $S4:80
END
check_exit 1 "nothing to confirm" sp confirm

# confirm, then back and forth.
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 60s "$POLICY.2"
check_exit 0 "confirm" sp confirm
check_not "no deadline is left" test -e "$STATE/active/deadline"
check_exit 0 "rollback" sp rollback
packets_reach client <<END
open tcp $A4 -> $S4:80
END
check_exit 0 "rollback again" sp rollback
packets_reach client <<END
shut tcp $A4 -> $S4:80
END

# The same policy confirmed again, as a fleet's every run does, is no step.
check_exit 0 "apply --confirm of what stands" sp apply --no-verify --confirm 60s "$POLICY.2"
check_exit 0 "confirm" sp confirm
check_exit 1 "and nothing waits any more" sp confirm
check_exit 0 "rollback" sp rollback
packets_reach client <<END
open tcp $A4 -> $S4:80
END
check_exit 0 "rollback again" sp rollback
packets_reach client <<END
shut tcp $A4 -> $S4:80
END

# A state directory that cannot be written: said, and what stands is said.
read_only() {
	in_host server sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' \
		"$STATE" "$SALLYPORT" "$@" --state "$STATE" --run "$RUN"
}
check_exit 3 "apply" read_only apply --no-verify "$POLICY"
check_match "what stands is said" 'stands in the kernel' "$errors"
packets_reach client <<END
open tcp $A4 -> $S4:80
END
check_exit 3 "rollback" read_only rollback
check_exit 3 "confirm" read_only apply --no-verify --confirm 60s "$POLICY"
check_exit 3 "lockdown locks, and says what does not hold" read_only lockdown
packets_reach client <<END
shut tcp $A4 -> $S4:80
END
finish
