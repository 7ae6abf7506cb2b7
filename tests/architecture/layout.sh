#!/bin/bash
# The top level holds what was agreed, files keep their size, and what was
# promised not to be there is not there.
. "$(dirname "$0")/../lib/test.sh"
need_command git
cd "$SP_ROOT" || abort "no $SP_ROOT"

# A clone of one user tested by root is no reason for git to refuse.
files() { git -c safe.directory='*' ls-files -- "$@"; }
files >/dev/null 2>&1 || skip "not a git checkout: no list of files"

top=$(files | cut -d/ -f1 | sort -u | grep -v '^\.')
wanted=$(printf '%s\n' CMakeLists.txt CMakePresets.json LICENSE README.md \
	examples include policies src tests | sort)
check_equal "nothing unagreed at the top" "" "$(comm -23 <(sort <<<"$top") <(cat <<<"$wanted"))"
check_equal "nothing missing at the top" "" "$(comm -13 <(sort <<<"$top") <(cat <<<"$wanted"))"

# Beyond some 600 lines a file has more than one noun.
long=$(files 'src/*.[ch]' 'include/*.h' | xargs -d '\n' wc -l | awk '$2 != "total" && $1 > 650 { print $2 ": " $1 }')
check_equal "no source file far above 600 lines" "" "$long"

unfinished=$(files 'src/*' 'include/*' 'policies/*' | xargs -d '\n' grep -nE '\b(TODO|FIXME|XXX|HACK)\b')
check_equal "nothing left to do in the sources" "" "$unfinished"

calls=$(files 'src/*.c' | grep -v '^src/\(cli\|prober\)/' | xargs -d '\n' grep -nE '\b(exit|abort|printf|puts|perror|system|popen)\(')
check_equal "the library does not print, exit or run a shell" "" "$(grep -v '^src/report/' <<<"$calls")"
finish
