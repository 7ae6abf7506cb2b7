#!/bin/bash
# Allocations that fail, each in turn (--all), or some: no crash, nothing half applied,
# no port opened unverified, and "out of memory" said by whoever does not do its work.
. "$(dirname "$0")/lib.sh"
fault_lab
[[ $(nm -D "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] ||
	skip "the sanitizers have allocators of their own; an optimised build is needed (SP_RELEASE)"
export SP_ALLOCATIONS=${SALLYPORT%/src/cli/sallyport}/tests/fault/libfault-allocations.so
[[ -r $SP_ALLOCATIONS ]] || abort "there is no $SP_ALLOCATIONS"
every=1
[[ ${1:-} == --all ]] || every=53

# starves WHAT COMMAND...: what changes nothing; in the namespace that $where enters.
where=()
starves() {
	local what=$1 last
	run ${where[@]+"${where[@]}"} /usr/bin/python3 "$SP_ROOT/tests/fault/memory.py" --every $every "$@"
	grep '^FAIL' <<<"$output" | head -n 10
	last=$(tail -n 1 <<<"$output")
	if ((status == 0)); then pass "$what: $last"; else fail "$what: $last $errors"; fi
	last=${last#points }
	fault_points=$((fault_points + ${last%% *}))
}

fault_policies "$TEST_TMP"
starves check "$SALLYPORT" check "$TEST_TMP/new.ini"
starves compile "$SALLYPORT" compile "$TEST_TMP/new.ini"
starves diff "$SALLYPORT" diff "$TEST_TMP/old.ini" "$TEST_TMP/new.ini"
starves explain "$SALLYPORT" explain "$TEST_TMP/new.ini" --from 198.51.100.1 --port 443/tcp
host asked
ip -n "${net_prefix}asked" address add "$S4/32" dev lo
server_start web-asked asked openssl s_server -accept 443 -quiet \
	-cert "$PKI/good.crt" -cert_chain "$PKI/good.pem" -key "$PKI/good.key"
wait_for_port asked tcp 443
sed '/^\[service shop\]/,$d' "$TEST_TMP/watch.ini" >"$TEST_TMP/asked.ini"
where=(ip netns exec "${net_prefix}asked")
starves verify "$SALLYPORT" verify "$TEST_TMP/asked.ini"

faults memory apply --every $every
faults memory boot --every $every
faults_told
if ((every == 1)); then
	for scenario in rollback undo confirm reboot lockdown; do
		faults memory $scenario --every 2
		((${#fault_jobs[@]} % 2)) || faults_told
	done
	faults memory apply-verified --every 3
	faults_told
fi
echo "$fault_points points in all"
finish
