#!/bin/bash
# memcheck over the optimised build: what reads policies, what asks a real server and
# what commits, and the unit tests that take little time. No error, no leak.
. "$(dirname "$0")/../lib/sallyport.sh"
need_command valgrind
need_sallyport
[[ -z ${SP_RELEASE:-} ]] || SALLYPORT=$SP_RELEASE/src/cli/sallyport
build=${SALLYPORT%/src/cli/sallyport}
[[ $(nm -D "$SALLYPORT" 2>/dev/null) != *__asan_init* ]] ||
	skip "valgrind cannot run a sanitizers' build; an optimised build is needed (SP_RELEASE)"
firewall_lab
certificates good
policy <<-END

	[service ssh]
	from = 10.0.0.0/8, @office

	[service https]
	name = $NAME
	ca = $PKI/root.pem

	[addresses office]
	elements = 198.51.100.0/24, 2001:db8:77::/48
END
{
	cat "$POLICY"
	printf '\n[service http]\n'
} >"$TEST_TMP/new.ini"
web web good "$S4:443"

# 99 is memcheck's. The prober is a program of its own, and memcheck cannot live in its
# sandbox: what it is made of is in the unit tests, and under the sanitizers.
kinds=definite,indirect,possible
checked=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=$kinds
	--errors-for-leak-kinds=$kinds)

# clean CODE WHAT COMMAND...: the exit code that it has without valgrind.
clean() {
	local code=$1 what=$2
	shift 2
	check_exit "$code" "$what" in_host server "${checked[@]}" "$SALLYPORT" "$@" --state "$STATE" --run "$RUN"
	check_no_match "$what: memcheck is silent" '^==[0-9]+==' "$errors"
}

clean 0 "check" check "$POLICY"
clean 2 "check of a bad policy" check "$SP_ROOT/tests/rejects/bad-words.ini"
clean 0 "compile" compile "$POLICY"
clean 0 "compile to netlink" compile --format netlink "$POLICY"
clean 1 "diff" diff "$POLICY" "$TEST_TMP/new.ini"
clean 1 "diff as json" diff --format json "$POLICY" "$TEST_TMP/new.ini"
clean 0 "explain" explain "$POLICY" --from 10.1.2.3 --port 22/tcp
clean 0 "verify" verify --timeout 60 --port-timeout 120 "$POLICY"
clean 0 "apply --dry-run" apply --dry-run --no-verify "$POLICY"
clean 0 "apply" apply --no-verify "$POLICY"
clean 1 "diff against the kernel" diff "$TEST_TMP/new.ini"
clean 0 "apply --boot" apply --boot
clean 0 "status" status

for name in base profile report policy_reader verify certificates upgrade observe plan plain gates; do
	program=$build/tests/unit/test-$name
	[[ -x $program ]] || abort "there is no $program"
	run "${checked[@]}" "$program"
	check_equal "unit.$name" 0 "$status"
	check_no_match "unit.$name: memcheck is silent" '^==[0-9]+==' "$errors"
done

# What it would find.
printf '#include <stdlib.h>\nint main(int c, char **v) { int *p = malloc(4); (void)v; return c > 1 ? p[c] : !(p = NULL); }\n' \
	>"$TEST_TMP/bad.c"
gcc -o "$TEST_TMP/bad" "$TEST_TMP/bad.c" || abort "no compiler"
run "${checked[@]}" "$TEST_TMP/bad"
check_match "a leak would be found" 'definitely lost' "$errors"
check_equal "and fail" 99 "$status"
run "${checked[@]}" "$TEST_TMP/bad" argument
check_equal "a read past the end would be found" 99 "$status"
finish
