# shellcheck shell=bash
# What every shell test stands on: a scratch directory, clean-up on every exit,
# checks that are counted, skips that say why. A test sources this, makes its
# checks and ends with `finish`.
set -u -o pipefail

SP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SALLYPORT=${SALLYPORT:-$SP_ROOT/build/sanitize/src/cli/sallyport}
# leak detection needs ptrace, which strace and sandboxes take away: a test that
# uses those turns it off for that one command (see `traced`).
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export LC_ALL=C.UTF-8 NO_COLOR=1 PATH=$PATH:/usr/sbin:/sbin

TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-test.$$.XXXXXX") || exit 1
test_checks=0
test_failures=0
test_cleanups=()

# at_exit COMMAND...: runs when the test ends, however it ends; last in, first out.
at_exit() { test_cleanups+=("$(printf '%q ' "$@")"); }

test_clean_up() {
	local status=$? i
	trap - EXIT
	trap '' INT TERM HUP
	for ((i = ${#test_cleanups[@]} - 1; i >= 0; i--)); do
		eval "${test_cleanups[i]}"
	done
	rm -rf "$TEST_TMP"
	exit "$status"
}
trap test_clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# 77 is SKIP_RETURN_CODE in tests/CMakeLists.txt; tests/run collects the lines.
skip() {
	echo "SKIP: $*"
	exit 77
}

# Something that the test needs went wrong: not a finding, but no pass either.
abort() {
	echo "ABORT: $*"
	exit 99
}

pass() {
	test_checks=$((test_checks + 1))
	echo "ok   $*"
}

fail() {
	test_checks=$((test_checks + 1))
	test_failures=$((test_failures + 1))
	echo "FAIL $*"
}

# The last lines of the test: a test without checks is a failure.
finish() {
	echo "$test_checks checks, $test_failures failed"
	((test_checks > 0 && test_failures == 0)) || exit 1
	exit 0
}

# check WHAT COMMAND...: the command must succeed.
check() {
	local what=$1
	shift
	if "$@"; then pass "$what"; else fail "$what"; fi
}

check_not() {
	local what=$1
	shift
	if "$@"; then fail "$what"; else pass "$what"; fi
}

# check_equal WHAT WANTED GOT
check_equal() {
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		fail "$1"
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed 's/^/     /' | head -n 30
	fi
}

# check_match WHAT EXTENDED-REGEX TEXT: some line of TEXT matches.
check_match() {
	if grep -Eq -- "$2" <<<"$3"; then
		pass "$1"
	else
		fail "$1: no line matches /$2/ in:"
		sed 's/^/     /' <<<"$3" | head -n 40
	fi
}

check_no_match() {
	if grep -Eq -- "$2" <<<"$3"; then
		fail "$1: /$2/ matches in:"
		grep -E -- "$2" <<<"$3" | sed 's/^/     /' | head -n 10
	else
		pass "$1"
	fi
}

# run COMMAND...: keeps exit code, standard output and error in these three.
status=0 output= errors=
run() {
	"$@" >"$TEST_TMP/.output" 2>"$TEST_TMP/.errors"
	status=$?
	output=$(<"$TEST_TMP/.output")
	errors=$(<"$TEST_TMP/.errors")
}

# check_exit CODE WHAT COMMAND...: runs it; leaves status, output and errors.
check_exit() {
	local wanted=$1 what=$2
	shift 2
	run "$@"
	if ((status == wanted)); then
		pass "$what (exit $status)"
	else
		fail "$what: exit $status, not $wanted"
		printf '     | %s\n' "$@" | tr '\n' ' '
		echo
		{ printf '%s\n' "$output" "$errors"; } | sed 's/^/     /' | tail -n 40
	fi
}

# Microseconds since the boot for which this machine kept somebody waiting: for a
# processor or the disk (proc(5), pressure), or by standing still itself (stolen time).
held_up() {
	local line kind held=0 stolen
	for kind in cpu io; do
		{ read -r line <"/proc/pressure/$kind"; } 2>/dev/null || continue
		held=$((held + ${line##*total=}))
	done
	{ read -r _ _ _ _ _ _ _ _ stolen _ </proc/stat; } 2>/dev/null || stolen=0
	echo $((held + stolen * 10000))
}

# wait_until SECONDS COMMAND...: polls; false when it never succeeded. What the machine
# was held up meanwhile does not count, up to three times as long again.
wait_until() {
	local began=${EPOCHREALTIME/./} patience=$(($1 * ${SP_SLOW:-1} * 1000000)) held waited
	shift
	held=$(held_up)
	until "$@" >/dev/null 2>&1; do
		waited=$((${EPOCHREALTIME/./} - began))
		((waited < patience ||
			waited < 4 * patience && waited - ($(held_up) - held) < patience)) || return 1
		sleep 0.02
	done
}

need_command() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

need_sallyport() {
	[[ -x $SALLYPORT ]] || abort "there is no $SALLYPORT"
}
