#!/bin/bash
# gcc's own analyzer over every file.
. "$(dirname "$0")/lib.sh"
need_command gcc
/usr/bin/python3 "$here/findings.py" commands "$TEST_TMP" >"$TEST_TMP/commands"
check "gcc compiles every file" xargs -P 2 -d '\n' -n 1 bash -c \
	<"$TEST_TMP/commands" 2>"$TEST_TMP/found"
judge fanalyzer "$TEST_TMP/found"

printf '#include <stdlib.h>\nvoid f(void *p);\nvoid f(void *p)\n{\n\tfree(p);\n\tfree(p);\n}\n' \
	>"$TEST_TMP/bad.c"
run gcc -fanalyzer -c -o /dev/null "$TEST_TMP/bad.c"
check_match "a double free would be found" 'analyzer-double-free' "$errors"
finish
