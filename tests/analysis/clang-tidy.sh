#!/bin/bash
# clang-tidy, with the checks that .clang-tidy gives reasons for.
. "$(dirname "$0")/lib.sh"
need_command clang-tidy
xargs -P 2 -n 4 clang-tidy --quiet -p "$TEST_TMP" <"$TEST_TMP/files" \
	>"$TEST_TMP/found" 2>"$TEST_TMP/log"
# It ends with 1 when there are findings, and when it could not read a file.
check_no_match "it reads every file" '(Error while processing|clang-diagnostic-error)' \
	"$(cat "$TEST_TMP/found" "$TEST_TMP/log")"
judge clang-tidy "$TEST_TMP/found"

cat >"$TEST_TMP/bad.c" <<'END'
#include <stdlib.h>
int bad(const char *text);
int bad(const char *text)
{
	int *number = malloc(sizeof(number));
	if (text[0])
		return 1;
	free(number);
	return *number;
}
END
run clang-tidy --quiet --config-file="$SP_ROOT/.clang-tidy" "$TEST_TMP/bad.c" --
check_match "a leak would be found" 'unix\.Malloc' "$output"
finish
