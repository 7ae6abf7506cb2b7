#!/bin/bash
# The panic button waits for nobody: not for whoever holds the lock, hangs with it,
# or is stopped in the middle of an apply; and whoever goes on then undoes nothing.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command strace
firewall_lab
answer server tcp/22 tcp/80
every=${1:-2}

printf 'lockdown = ssh\n\n[service ssh]\n' | policy
cp "$POLICY" "$POLICY.1"
printf '\n[service http]\n' >>"$POLICY"
cp "$POLICY" "$POLICY.2"
apply

locked() { # WHAT
	packets_reach client <<-END
		open tcp $B4 -> $S4:22
		shut tcp $B4 -> $S4:80
	END
	check_match "$1: status says so" '^LOCKED DOWN' "$(sp status)"
}

# The lock is held for good, and others wait for it.
exec 9>>"$RUN/lock"
flock 9
sp apply --no-verify "$POLICY.2" >"$TEST_TMP/waiting" 2>&1 9>&- &
waiting=$!
wait_until 10 grep -q 'waiting for it' "$TEST_TMP/waiting" || abort "the apply does not wait"
began=$EPOCHREALTIME
held=$(held_up)
check_exit 0 "lockdown while another one holds the lock" sp lockdown 9>&-
held=$(($(held_up) - held)) took=$((${EPOCHREALTIME/./} - ${began/./}))
check "it took $((took / 1000)) ms, held up for $((held / 1000)) at the most" \
	test $((took - held)) -le 4000000
locked "the lock is held"
exec 9>&-
wait $waiting
check_equal "the apply that was waiting is refused" 3 $?
check_match "and says why" 'locked down meanwhile' "$(<"$TEST_TMP/waiting")"
locked "the lock is free"
check_exit 0 "an apply that begins now ends it" sp apply --no-verify "$POLICY.2"
packets_reach client <<END
open tcp $B4 -> $S4:22,80
END

# stopped_after CALL N WHICH: an apply that is stopped after the N-th of its calls of
# that kind, while the button is pressed; then it goes on.
stopped_after() {
	local tracer stopped
	rm -f "$TEST_TMP/trace"
	in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" timeout -k 1 60 strace -f -qq \
		-e "trace=$1" -e "inject=$1:signal=SIGSTOP:when=$2" -o "$TEST_TMP/trace" \
		"$SALLYPORT" apply --no-verify --state "$STATE" --run "$RUN" "$POLICY.$3" \
		>"$TEST_TMP/stopped" 2>&1 &
	tracer=$!
	wait_until 20 eval 'grep -q "stopped by" "$TEST_TMP/trace" || ! kill -0 '$tracer' 2>/dev/null'
	stopped=$(sed -nE 's/^([0-9]+) .*stopped by SIGSTOP.*/\1/p' "$TEST_TMP/trace" | head -n 1)
	sp lockdown --lock-wait 0 >"$TEST_TMP/lockdown" 2>&1 ||
		fail "stopped after $1 $2: lockdown: $(<"$TEST_TMP/lockdown")"
	[[ -z $stopped ]] || kill -CONT "$stopped"
	wait $tracer
	# It had fewer of them than the one that was counted.
	[[ -n $stopped ]] || return
	tried=$((tried + 1))
	if [[ -e $STATE/lockdown ]] && ! ruleset | grep -q tcp-80; then
		points=$((points + 1))
	else
		fail "stopped after $1 $2, the lockdown does not stand: $(
			tail -n 2 "$TEST_TMP/trace" "$TEST_TMP/stopped")"
	fi
}
points=0 tried=0 seen=0
for call in flock sendto sendmsg renameat renameat2 unlinkat; do
	sp apply --no-verify --quiet "$POLICY.1"
	total=$(in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" timeout 60 strace -f -qq \
		-e "trace=$call" "$SALLYPORT" apply --no-verify --quiet --state "$STATE" --run "$RUN" \
		"$POLICY.2" 2>&1 >/dev/null | grep -cE "^(\[pid +[0-9]+\] )?$call\(")
	for ((n = 1; n <= total; n++)); do
		((seen++ % every)) && continue
		# Within a lockdown and outside of one: an apply may end only the first.
		((seen / every % 2)) || sp apply --no-verify --quiet "$POLICY.1"
		stopped_after $call $n 2
	done
done
check "it was stopped after $tried of $seen calls" test "$tried" -ge $((24 / every))
check_equal "the lockdown stands after each of $tried stops" $tried $points
# It has looked for the mark, and is about to commit, where the floor stands already:
# a lockdown that finds nothing to change makes that commit void all the same.
check_exit 0 "lockdown" sp lockdown
traced "$TEST_TMP/trace" "$SALLYPORT" apply --no-verify --state "$STATE" --run "$RUN" "$POLICY.2" \
	>/dev/null 2>&1
read -r call n < <(awk '{ sub(/\(.*/, "", $2); count[$2]++ }
	/nlmsg_type=(NFNL_MSG_BATCH_BEGIN|0x10 )/ { print $2, count[$2]; exit }' "$TEST_TMP/trace")
check_match "a batch is sent" '^send(to|msg) [0-9]+$' "$call $n"
check_exit 0 "lockdown" sp lockdown
in_host server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" timeout -k 1 60 strace -f -qq \
	-e "trace=$call" -e "inject=$call:delay_enter=5000000:when=$n" -o "$TEST_TMP/delayed" \
	"$SALLYPORT" apply --no-verify --state "$STATE" --run "$RUN" "$POLICY.2" \
	>"$TEST_TMP/late" 2>&1 &
late=$!
wait_until 20 grep -qE 'nlmsg_type=(NFNL_MSG_BATCH_BEGIN|0x10 )' "$TEST_TMP/delayed" ||
	abort "the apply sends no batch"
check_exit 0 "lockdown before the batch is sent" sp lockdown --lock-wait 0
wait $late
check_equal "the apply that was about to commit is refused" 3 $?
check_match "and says why" 'locked down meanwhile' "$(<"$TEST_TMP/late")"
locked "nothing was left to change"
check_exit 0 "apply" sp apply --no-verify "$POLICY.2"

# A confirmed apply in a lockdown that nobody confirms is locked down again.
undone() { sp status >"$TEST_TMP/told" && ! grep -q 'NOT CONFIRMED' "$TEST_TMP/told"; }
check_exit 0 "lockdown" sp lockdown
check_exit 0 "apply --confirm in it" sp apply --no-verify --confirm 3s "$POLICY.2"
packets_reach client <<END
open tcp $B4 -> $S4:22,80
END
check_no_match "it is in force" '^LOCKED DOWN' "$(sp status)"
check "it is undone" wait_until 10 undone
locked "nobody confirmed"
check_exit 0 "apply --confirm again" sp apply --no-verify --confirm 1h "$POLICY.2"
check_exit 0 "rollback" sp rollback
locked "rolled back"
check_exit 0 "apply --confirm again" sp apply --no-verify --confirm 1h "$POLICY.2"
# A reboot, as far as a namespace has one: another boot id, no table, no run directory.
sed -i -E 's/ [0-9a-f-]{36} / 00000000-1111-2222-3333-444444444444 /' "$STATE/pending/deadline"
in_host server nft delete table inet sallyport
rm -rf "$RUN"
check_exit 0 "boot" sp apply --boot
locked "a reboot inside the window"
check_exit 0 "apply --confirm again" sp apply --no-verify --confirm 1h "$POLICY.2"
check_exit 0 "lockdown in its window" sp lockdown
locked "pressed again"
check_exit 0 "apply --confirm again" sp apply --no-verify --confirm 1h "$POLICY.2"
check_exit 0 "confirm" sp confirm
packets_reach client <<END
open tcp $B4 -> $S4:22,80
END
check_no_match "confirmed: the lockdown is over" '^LOCKED DOWN' "$(sp status)"

# mode = audit blocks nothing; the button does.
sed -i 's/^version = 1/&\nmode = audit/' "$POLICY.2"
check_exit 0 "apply in audit mode" sp apply --no-verify "$POLICY.2"
check_exit 0 "lockdown" sp lockdown
locked "in audit mode"
finish
