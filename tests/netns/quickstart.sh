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
	# Without what moves by itself: packets counted, an address's lifetime left.
	nft -s list ruleset 2>/dev/null
	ip -o link
	ip -o address | sed 's/ *valid_lft.*//'
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

# The README shows this very output in part: `SP_UPDATE=1 tests/netns/quickstart.sh`
# writes it there. Only dates may differ.
transcript() {
	sed -n '/^server# sallyport verify/,/^$/p' <<<"$output"
	sed -n '/^server# sallyport apply/,/^(exit/p;/^(exit/q' <(sed -n '/Apply/,$p' <<<"$output") |
		sed '/^(exit/d'
	echo
	sed -n '/Real connections/,/client/p' <<<"$output" | grep '→' | sed -n '1p;2p;5p;7p;9p'
}
readme=$SP_ROOT/README.md
if [[ -n ${SP_UPDATE:-} ]]; then
	{
		sed '/^```console$/q' "$readme"
		transcript
		sed -n '/^```console$/,$p' "$readme" | sed '1,/^```$/{/^```$/!d}'
	} >"$TEST_TMP/readme" && cat "$TEST_TMP/readme" >"$readme"
fi
dateless() { sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2} UTC)?/DATE/g'; }
check_equal "the README shows this output" "$(transcript | dateless)" \
	"$(sed -n '/^```console$/,/^```$/p' "$readme" | grep -v '^```' | dateless)"

run script -qec "$quickstart --built $build --fast" /dev/null
check_equal "on a terminal it works too" 0 $status
check_match "with colour there" $'\e\\[32m' "$output"

# The README's pictures are drawn from it, and from a diff: SP_UPDATE draws them anew.
picture() { # NAME, what it shows on standard input
	/usr/bin/python3 "$SP_ROOT/tests/lib/terminal_svg.py" >"$TEST_TMP/$1.svg"
	[[ -z ${SP_UPDATE:-} ]] || cp "$TEST_TMP/$1.svg" "$SP_ROOT/examples/pictures/$1.svg"
	check_equal "the picture $1.svg shows this output" "$(dateless <"$TEST_TMP/$1.svg")" \
		"$(dateless <"$SP_ROOT/examples/pictures/$1.svg")"
}
picture verify < <(sed -n '/server# sallyport verify/,/exit code/p' <<<"$output" |
	sed '/exit code/d; /^sallyport: note/,$d') # a sanitizers' build says that it is one
on_terminal() { # COMMAND
	printf '\e[1m$ %s\e[0m\n' "$1"
	(cd "$SP_ROOT/examples/pictures" && PATH=$(dirname "$SALLYPORT"):$PATH \
		script -qec "stty cols 80 rows 24; $1" /dev/null)
}
picture plan < <(on_terminal "sallyport diff before.ini after.ini")
NO_COLOR=1 run script -qec "$quickstart --built $build --fast" /dev/null
check_no_match "unless NO_COLOR is set" $'\e\\[32m' "$output"

# It notices when things are not as it tells: a sallyport that always says yes.
mkdir -p "$TEST_TMP/fake/src/cli"
printf '#!/bin/sh\nexit 0\n' >"$TEST_TMP/fake/src/cli/sallyport"
chmod 755 "$TEST_TMP/fake/src/cli/sallyport"
check_exit 1 "with a program that does nothing" "$quickstart" --built "$TEST_TMP/fake" --fast
check_match "it says what went differently" 'was not expected: FAIL tcp 203.0.113.7' "$output"
finish
