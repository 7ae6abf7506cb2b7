#!/bin/bash
# The policies to start from: each explains itself, has no lint, and promises things
# that break when somebody opens or shuts what they should not.
. "$(dirname "$0")/../lib/test.sh"
need_sallyport
cd "$SP_ROOT/policies" || abort "no policies"

# with SECTION FILE: the policy and one section more.
with() { { cat "$2" && printf '%s\n' "$1"; } >"$TEST_TMP/changed.ini"; }
for policy in *.ini; do
	check_match "$policy explains itself" '^; ' "$(head -n 1 "$policy")"
	check_exit 0 "$policy has nothing to be warned of" "$SALLYPORT" check --strict "$policy"
	check_exit 0 "$policy is what it prints" "$SALLYPORT" check --print "$policy"
	# The README's example is as short as can be.
	[[ $policy != quickstart.ini ]] || continue
	check "$policy promises something" test "$(grep -c '^\[expect ' "$policy")" -ge 3
	sed -E '/^\[expect /,$!s/^from = .*/from = any/' "$policy" >"$TEST_TMP/changed.ini"
	check_exit 1 "$policy, open to everybody: a promise breaks" "$SALLYPORT" check "$TEST_TMP/changed.ini"
	with $'\n[addresses everybody]\nelements = 0.0.0.0/0, ::/0\naction = block' "$policy"
	check "$policy, everything shut: it breaks or is refused" \
		test "$("$SALLYPORT" check "$TEST_TMP/changed.ini" >/dev/null 2>&1; echo $?)" -gt 0
done
for kind in web-server mail-server directory-server database-server rdp-host workstation lockdown; do
	check "there is one for a $kind" test -s $kind.ini
done
finish
