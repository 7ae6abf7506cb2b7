# shellcheck shell=bash
# What the checkers look at: every file of src as this build compiles it.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/test.sh"
here=$SP_ROOT/tests/analysis
build=${SP_BUILD:-$SP_ROOT/build/sanitize}
need_command /usr/bin/python3
/usr/bin/python3 "$here/findings.py" database "$build" "$TEST_TMP" >"$TEST_TMP/files" ||
	abort "no files to look at"
files=$(wc -l <"$TEST_TMP/files")
((files > 100)) || abort "only $files files"

# judge TOOL OUTPUT: nothing new, and nothing that is gone.
judge() {
	check_equal "$1 finds nothing in $files files but what tests/analysis/known explains" "" \
		"$(/usr/bin/python3 "$here/findings.py" judge "$1" "$here/known" <"$2")"
}
