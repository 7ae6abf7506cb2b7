#!/bin/bash
# Allocations that fail, each in turn (--all), or some: no crash, nothing lost, nothing
# half applied, no port opened unverified, and "out of memory" said by whoever does not
# do its work. The optimised build tries most, the sanitizers' own says what leaks.
. "$(dirname "$0")/lib.sh"
watched=$SALLYPORT
fault_lab
builds=("$SALLYPORT")
[[ $watched == "$SALLYPORT" ]] || builds+=("$watched")
every=83
[[ ${1:-} != --all ]] || every=1

# build BINARY: what is tried from now on, and what fails its allocations.
build() {
	SALLYPORT=$1
	export SP_ALLOCATIONS=${1%/src/cli/sallyport}/tests/fault/libfault-allocations.so
	[[ -r $SP_ALLOCATIONS ]] || abort "there is no $SP_ALLOCATIONS"
	sanitizers=
	[[ $(nm -D "$1" 2>/dev/null) != *__asan_init* ]] || sanitizers=", with sanitizers"
}

# starves WHAT COMMAND...: what changes nothing; in the namespace that $where enters.
where=()
starves() {
	local what=$1 last
	run ${where[@]+"${where[@]}"} /usr/bin/python3 "$SP_ROOT/tests/fault/memory.py" --every $every "$@"
	grep '^FAIL' <<<"$output" | head -n 10
	last=$(tail -n 1 <<<"$output")
	if ((status == 0)); then pass "$what$sanitizers: $last"; else fail "$what$sanitizers: $last $errors"; fi
	last=${last#points }
	fault_points=$((fault_points + ${last%% *}))
}

fault_policies "$TEST_TMP"
host asked
ip -n "${net_prefix}asked" address add "$S4/32" dev lo
server_start web-asked asked openssl s_server -accept 443 -quiet \
	-cert "$PKI/good.crt" -cert_chain "$PKI/good.pem" -key "$PKI/good.key"
wait_for_port asked tcp 443
sed '/^\[service shop\]/,$d' "$TEST_TMP/watch.ini" >"$TEST_TMP/asked.ini"
build "${builds[0]}"
if ((every > 1)); then
	# They wait for what is due, more than for a processor.
	faults memory guardian --first 100 --every 700
	faults memory watch --first 50 --every 480
	faults memory watch --first 290 --every 480
fi
for binary in "${builds[@]}"; do
	build "$binary"
	where=()
	starves check "$SALLYPORT" check "$TEST_TMP/new.ini"
	starves compile "$SALLYPORT" compile "$TEST_TMP/new.ini"
	starves diff "$SALLYPORT" diff "$TEST_TMP/old.ini" "$TEST_TMP/new.ini"
	starves explain "$SALLYPORT" explain "$TEST_TMP/new.ini" --from 198.51.100.1 --port 443/tcp
	where=(ip netns exec "${net_prefix}asked")
	starves verify "$SALLYPORT" verify "$TEST_TMP/asked.ini"
done

build "${builds[0]}"
if ((every == 1)); then
	for scenario in apply boot rollback undo confirm reboot lockdown; do
		faults memory $scenario
		((${#fault_jobs[@]} % 2)) || faults_told
	done
	faults memory apply-verified --every 3
	faults_told
	for scenario in guardian watch; do
		for ((part = 0; part < 8; part++)); do faults memory $scenario --first $part --every 8; done
		faults_told
	done
else
	faults memory apply --every $every
	faults memory boot --every $every
	faults_told
	for scenario in rollback undo confirm reboot lockdown; do
		faults memory $scenario --first 30 --every 311
	done
fi
if ((${#builds[@]} > 1)); then
	build "$watched"
	if ((every == 1)); then
		for scenario in apply boot rollback undo confirm reboot lockdown; do
			faults memory $scenario --every 5
			((${#fault_jobs[@]} % 4)) || faults_told
		done
		for ((part = 0; part < 4; part++)); do faults memory watch --first $part --every 40; done
	else
		faults memory apply --first 300 --every 997
		faults memory boot --first 90 --every 997
		faults memory watch --first 500 --every 1600
	fi
fi
faults_told
echo "$fault_points points in all"
finish
