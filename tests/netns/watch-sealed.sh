#!/bin/bash
# The enforcer's walls, seen from outside while it enforces, as root and as its unit
# runs it: as another user, with one ambient capability.
. "$(dirname "$0")/../lib/enforcer.sh"
need_command setpriv nm
enforcer_lab
certificates good
tls_service https 443 | policy
web web good "$S4:443" "[$S6]:443"
check_exit 0 "apply" sp apply "$POLICY"
[[ $(nm -D "$SALLYPORT" 2>/dev/null) == *__asan_init* ]] && whole=false || whole=true

# value PID NAME: of /proc/PID/status
value() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# looks_sealed PID WHO
looks_sealed() {
	local set task
	check_equal "$2: no new privileges" 1 "$(value "$1" NoNewPrivs)"
	# Bit 12 is CAP_NET_ADMIN.
	for set in CapPrm CapEff CapBnd; do
		check_equal "$2: $set is CAP_NET_ADMIN" 0000000000001000 "$(value "$1" $set)"
	done
	# (What is inheritable alone, and the unit's user cannot give back, is worth nothing
	# to a program without capabilities of its own.)
	check_equal "$2: nothing is ambient" 0000000000000000 "$(value "$1" CapAmb)"
	$whole || return
	check_equal "$2: there is a filter" 2 "$(value "$1" Seccomp)"
	for task in "/proc/$1/task"/*; do
		check_equal "$2: and in thread ${task##*/}" 2 "$(value "${1}/task/${task##*/}" Seccomp)"
	done
}

lease_end tcp 443
enforcer_start
check "443 is proven from within" wait_until 8 has_lease 443
looks_sealed "$(enforcer_pid)" "as root"
check "it ends as it is told to" enforcer_stop

# As in its unit; what it starts is where that user can reach it.
chmod 711 "$TEST_TMP"
mkdir -m 755 "$TEST_TMP/bin"
cp "$SALLYPORT" "$(dirname "$SALLYPORT")/../prober/sallyport-prober" "$TEST_TMP/bin/"
chmod -R a+rX "$PKI"
chown -R 65534:65534 "$STATE" "$RUN"
unit=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all,+net_admin
	--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin)
lease_end tcp 443
# Without a capability that is bounded, the leak check cannot trace its own process.
server_start user server env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" "${unit[@]}" \
	"$TEST_TMP/bin/sallyport" watch --state "$STATE" --run "$RUN"
check "443 is proven by the service's user" wait_until 10 has_lease 443
looks_sealed "$(enforcer_pid user)" "as its user"
if $whole; then
	check_equal "not dumpable: /proc is root's" 0 "$(stat -c %u "/proc/$(enforcer_pid user)/maps")"
fi
check "it ends as it is told to" enforcer_stop user

# Root by hand, over what belongs to the service's user: it can still keep its state.
lease_end tcp 443
enforcer_start hand
check "443 is proven by root again" wait_until 8 has_lease 443
check_no_match "without trouble" '^trouble' "$(cat "$TEST_TMP/hand.log")"
check_equal "with three capabilities" 0000000000001003 "$(value "$(enforcer_pid hand)" CapEff)"
check "it ends as it is told to" enforcer_stop hand
finish
