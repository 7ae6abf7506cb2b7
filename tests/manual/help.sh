#!/bin/bash
# Every --help fits a terminal of 80 columns and 24 lines, the prompt included.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport

fits() { # WHAT TEXT
	check "$1: $(wc -l <<<"$2") lines of 23" test "$(wc -l <<<"$2")" -le 23
	check_equal "$1 in eighty columns" "" "$(grep -E '.{81}' <<<"$2")"
}
run "$SALLYPORT" --help
fits "sallyport --help" "$output"
commands=$(sed -nE 's/^  ([a-z]+) .*/\1/p' <<<"$output")
check "commands" test "$(wc -l <<<"$commands")" -ge 16
for command in $commands; do
	check_exit 0 "$command --help" "$SALLYPORT" "$command" --help
	fits "$command --help" "$output"
	check_match "it has the common options" '^  --state DIR  --run DIR  --config DIR  --quiet  --help$' "$output"
done
finish
