#!/bin/bash
# cppcheck: warnings, performance, portability.
. "$(dirname "$0")/lib.sh"
need_command cppcheck
check "cppcheck ends well" cppcheck -j 2 --quiet --project="$TEST_TMP/compile_commands.json" \
	--enable=warning,performance,portability --inline-suppr \
	--template='{file}:{line}:{column}: warning: {message} [{id}]' \
	--output-file="$TEST_TMP/found"
judge cppcheck "$TEST_TMP/found"

printf 'int f(int *p);\nint f(int *p)\n{\n\tint a[4] = { 0 };\n\treturn *p + a[4];\n}\n' \
	>"$TEST_TMP/bad.c"
run cppcheck --quiet "$TEST_TMP/bad.c"
check_match "an array's end would be found" 'arrayIndexOutOfBounds' "$errors"
finish
