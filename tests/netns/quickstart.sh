#!/bin/bash
# The quickstart shows what it says: every exit code and every connection as
# told, 80 columns, colour only on a terminal, and the host left as it was.
. "$(dirname "$0")/../lib/sallyport.sh"
need_sallyport
need_command script curl
net_begin
build=${SP_BUILD:-$SP_ROOT/build/sanitize}
quickstart=$SP_ROOT/examples/quickstart
unset NO_COLOR

host_state() {
	nft list ruleset 2>/dev/null
	ip -o link
	ip -o address
}
before=$(host_state)
check_exit 0 "the quickstart" "$quickstart" --built "$build" --fast
check_no_match "nothing was unexpected" 'was not expected' "$output"
check_no_match "no colour off a terminal" $'\e' "$output"
wide=$(grep -E '^.{81,}' <<<"$output")
check_equal "it fits 80 columns" "" "$wide"
# A sanitizer's build says that its prober has no system call filter.
check_equal "nothing is said on standard error" "" "$(grep -v 'note: this build.s prober' <<<"$errors")"
check_equal "the host is as it was" "$before" "$(host_state)"

# The README shows lines of this very output, but for the dates.
dateless() { sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2} UTC)?/DATE/g'; }
transcript=$(sed -n '/^```console$/,/^```$/p' "$SP_ROOT/README.md" | grep -v -e '^```' -e '^$' | dateless)
check "the README has a transcript" test "$(wc -l <<<"$transcript")" -gt 10
check_equal "and each of its lines is true" "" \
	"$(grep -vxFf <(dateless <<<"$output") <<<"$transcript")"

run script -qec "$quickstart --built $build --fast" /dev/null
check_equal "on a terminal it works too" 0 $status
check_match "with colour there" $'\e\\[32m' "$output"
NO_COLOR=1 run script -qec "$quickstart --built $build --fast" /dev/null
check_no_match "unless NO_COLOR is set" $'\e\\[32m' "$output"

# It notices when things are not as it tells: a sallyport that always says yes.
mkdir -p "$TEST_TMP/fake/src/cli"
printf '#!/bin/sh\nexit 0\n' >"$TEST_TMP/fake/src/cli/sallyport"
chmod 755 "$TEST_TMP/fake/src/cli/sallyport"
check_exit 1 "with a program that does nothing" "$quickstart" --built "$TEST_TMP/fake" --fast
check_match "it says what went differently" 'was not expected: FAIL tcp 203.0.113.7' "$output"
finish
