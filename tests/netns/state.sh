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
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 15s "$POLICY.2"
packets_reach client <<END
shut tcp $A4 -> $S4:80
END
# Held up where it has taken the place of the first one, long enough for that one's
# guardian to look; and its own guardian has not the right to change anything.
check_exit 3 "another one that fails" in_host server env \
	ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -qq -o "$TEST_TMP/held" \
	-e trace=renameat2 -e inject=renameat2:delay_exit=1000000 \
	setpriv --bounding-set -net_admin "$SALLYPORT" apply --state "$STATE" --run "$RUN" --no-verify --confirm 60s "$POLICY.3"
check_match "the first one still waits" 'NOT CONFIRMED: undone in [0-9]+ s' "$(sp status)"
undone() { sp status >"$TEST_TMP/told" && ! grep -q 'NOT CONFIRMED' "$TEST_TMP/told"; }
check "and is undone" wait_until 20 undone
packets_reach client <<END
open tcp $A4 -> $S4:80
END
check_exit 1 "nothing to confirm" sp confirm

# confirm, then back and forth. Who starts it may not care for its own children.
check_exit 0 "apply --confirm" in_host server env --ignore-signal=CHLD "$SALLYPORT" apply \
	--state "$STATE" --run "$RUN" --no-verify --confirm 60s "$POLICY.2"
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

# What is confirmed changes places while it is read: the one that was active is under
# the name of what waited, for as long as it is held here. No command takes it for that.
printf '[policy]\nversion = 1\n[service https]\nname = %s\n' "$NAME" >"$POLICY.4"
{ cat "$POLICY.4" && printf '[service http]\n'; } >"$POLICY.5"
check_exit 0 "apply" sp apply --no-verify "$POLICY.4"
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 60s "$POLICY.5"
held_at() { # CALL INJECTION COMMAND...
	local call=$1 injection=$2
	shift 2
	in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -qq -o "$TEST_TMP/held.$1" \
		-e "trace=$call" -e "inject=$call:$injection" "$SALLYPORT" "$@" --state "$STATE" --run "$RUN"
}
opens_of() { # of the trace: the how many-th openat(2) is the policy's
	grep openat "$1" | grep -n -m 1 'policy.ini' | cut -d: -f1
}
held_at openat delay_exit=0 recheck https >"$TEST_TMP/reader" 2>&1
number=$(opens_of "$TEST_TMP/held.recheck")
check_match "a recheck reads the policy ($number)" '^[0-9]+$' "$number"
rm "$TEST_TMP/held.recheck"
held_at openat "delay_enter=3000000:when=$number" recheck https >"$TEST_TMP/reader" 2>&1 &
reader=$!
wait_until 20 eval '[[ $(opens_of "$TEST_TMP/held.recheck") ]]' || abort "the recheck reads no policy"
held_at renameat2 delay_exit=6000000 confirm >"$TEST_TMP/confirmer" 2>&1 || fail "confirm: $(<"$TEST_TMP/confirmer")"
wait $reader
check_equal "the recheck goes on: nobody listens" 1 $?
check_match "what was confirmed is in force" 'tcp-80' "$(ruleset)"
check_match "and status says so" '^In force' "$(sp status)"

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
