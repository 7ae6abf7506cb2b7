#!/bin/bash
# Each library asks of the outside only what libraries.toml lets it.
. "$(dirname "$0")/../lib/test.sh"
need_command nm /usr/bin/python3 gcc ar
here=$(dirname "$0")
build=${SP_BUILD:-$SP_ROOT/build/sanitize}

symbols() { /usr/bin/python3 "$here/symbols.py" "$1" "$here/libraries.toml"; }

run symbols "$build"
check_equal "no library calls what it must not" "" "$output"

# The test fails when there is something to find: a ruleset that opens a socket
# and prints, and a base that calls upwards.
fake=$TEST_TMP/fake/src
mkdir -p "$fake/base" "$fake/ruleset"
cat >"$TEST_TMP/ruleset.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
int sp_ruleset_bad(void);
int sp_ruleset_bad(void)
{
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		exit(1);
	return printf("%ld\n", (long)time(0));
}
int sp_twice(void);
int sp_twice(void)
{
	return 2;
}
END
cat >"$TEST_TMP/base.c" <<'END'
int sp_ruleset_bad(void);
int naked(void);
int naked(void)
{
	return sp_ruleset_bad();
}
int sp_twice(void);
int sp_twice(void)
{
	return 1;
}
END
for name in ruleset base; do
	gcc -c -o "$TEST_TMP/$name.o" "$TEST_TMP/$name.c" &&
		ar rc "$fake/$name/libsp_$name.a" "$TEST_TMP/$name.o" || abort "gcc, ar"
done
run symbols "$TEST_TMP/fake"
check_equal "what is forbidden is found" 1 "$status"
check_equal "all of it" "base: defines sp_twice, as ruleset does
base: calls sp_ruleset_bad of ruleset
base: exports naked, which has no sp_ prefix
ruleset: calls exit
ruleset: calls printf
ruleset: calls socket
ruleset: calls time" "$output"
finish
