#!/bin/bash
# Lockdown and rollback --to-open are somebody's word: whatever else runs, nothing
# takes it back but what says so.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good
answer server tcp/22 tcp/80
{
	printf '\n[service ssh]\n'
	tls_service https 443
} | policy
web web good "$S4:443"
check_exit 0 "apply" sp apply "$POLICY"
enforcer_start
check "443 is open" wait_until 4 enforcer_said "^opened: https"

locked() {
	packets_reach client <<-END
		shut tcp $B4 -> $S4:22,80,443
	END
	check_match "$1: status says so" '^LOCKED DOWN' "$(sp status)"
}
standing() {
	packets_reach client <<-END
		open tcp $B4 -> $S4:22
		shut tcp $B4 -> $S4:80
	END
}

check_exit 0 "lockdown" sp lockdown
wait_until 10 enforcer_said '^policy:'
sleep 1
locked "with the enforcer"
check_equal "the enforcer follows it once" 1 "$(enforcer_count '^policy:')"
check_not "a recheck proves nothing now" sp recheck https
check_match "and says why" 'locked down' "$(sp recheck https 2>&1)"
sleep 0.5
locked "after a recheck"
check_not "a rollback is refused" sp rollback
check_match "and says how it ends" 'sallyport apply' "$(sp rollback 2>&1)"
locked "after a rollback"
enforcer_stop
enforcer_start again
sleep 0.5
locked "with a new enforcer"
check_exit 0 "apply ends it" sp apply "$POLICY"
sleep 0.5
standing

# What nobody confirmed is undone, and the floor stays.
sed 's/^\[service ssh\]/[service http]\n\n&/' "$POLICY" >"$POLICY.new"
check_exit 0 "apply --confirm" sp apply --no-verify --confirm 2s "$POLICY.new"
check_exit 0 "lockdown meanwhile" sp lockdown
sleep 3
settled() { sp status >"$TEST_TMP/told" && ! grep -q 'NOT CONFIRMED' "$TEST_TMP/told"; }
wait_until 10 settled
locked "after the deadline"
check_no_match "nothing waits any more" 'NOT CONFIRMED' "$(sp status)"
check_exit 0 "apply ends it" sp apply "$POLICY"

check_exit 0 "rollback --to-open" sp rollback --to-open --yes
sleep 1
check_equal "the enforcer leaves it open" "" "$(ruleset)"
packets_reach client <<END
open tcp $B4 -> $S4:22,80
END
check_not "a recheck leaves it open" sp recheck https
check_exit 3 "nothing to override" sp override https --for 1m --reason test
check_match "and it is said why" 'rollback --to-open. stands' "$errors"
check_equal "no table yet" "" "$(ruleset)"
check_match "status says so" 'not protected' "$(sp status)"
check_no_match "and calls nothing shut" 'shut' "$(sp status)"
check_exit 0 "apply protects again" sp apply "$POLICY"
sleep 0.5
standing
check_exit 0 "rollback --to-open" sp rollback --to-open --yes
check_exit 0 "lockdown" sp lockdown
sleep 0.5
locked "after it was open"
check_exit 0 "rollback --to-open ends it" sp rollback --to-open --yes
sleep 0.5
check_equal "open" "" "$(ruleset)"
check_exit 0 "apply" sp apply --no-verify --confirm 2s "$POLICY"
check_exit 0 "rollback --to-open of what waits" sp rollback --to-open --yes
sleep 3
check_equal "open still" "" "$(ruleset)"
check "the enforcer ends as told" enforcer_stop again
finish
