#!/bin/bash
# The manual says of commands, options, keys, words, defaults, lints, findings and
# exit codes what the program says, and mandoc has nothing to say about its form.
. "$(dirname "$0")/../lib/test.sh"
need_command mandoc /usr/bin/python3
need_sallyport
here=$(dirname "$0")
manual=$SP_ROOT/src/manual

# It looks for what .Xr names beside the page, and in its own list of pages.
lint() { cd "$manual" && mandoc -T lint ./*.[0-9] 2>&1 | grep -v 'outdated mandoc.db'; }
check_equal "mandoc -T lint" "" "$(lint)"
for page in "$manual"/*.[0-9]; do
	check_equal "${page##*/} in eighty columns" "" \
		"$(mandoc -T utf8 "$page" 2>/dev/null | sed 's/.\x08//g' | grep -E '.{81}')"
	check "${page##*/} is installed" grep -q "${page##*/}" "$manual/CMakeLists.txt"
done

tables() { /usr/bin/python3 "$here/tables.py" "$SALLYPORT" "$1" "$TEST_TMP/said"; }
mkdir "$TEST_TMP/said"
run tables "$SP_ROOT"
check_equal "every table" "" "$output$errors"
check_equal "all of them" 0 "$status"

# The test fails when there is something to find.
other=$TEST_TMP/other
mkdir -p "$other/src"
for name in cli policy report; do
	ln -s "$SP_ROOT/src/$name" "$other/src/$name"
done
ln -s "$SP_ROOT/policies" "$other/policies"
# changed WHAT PAGE SED-EXPRESSION PATTERN
changed() {
	rm -rf "$other/src/manual"
	cp -r "$manual" "$other/src/manual"
	sed -i -E "$3" "$other/src/manual/$2"
	run tables "$other"
	check_match "$1 is found" "$4" "$output$errors"
}
changed "an option that is gone" sallyport.8 's/^\.It Fl -dry-run$/.Pp/' '^options of apply:'
changed "one without its argument" sallyport.8 's/^(\.It Fl -confirm) Ar time$/\1/' '^options of apply:'
changed "a command that is gone" sallyport.8 's/^\.Ss recheck$/.Pp/' '^commands:'
changed "another exit code" sallyport.8 's/^\.It 4$/.It 5/' '^exit status:'
changed "a reason of audit" sallyport.8 's/^\.It Li no_rule$/.It Li norule/' '^reasons of audit:'
changed "a key that is gone" sallyport.ini.5 's/^\.It Ic revoke .*/.Pp/' '^keys of \[service\]:'
changed "another default" sallyport.ini.5 's/^\.Li 24h \.$/.Li 12h ./' '^default of lease in \[service\]:'
changed "another weight" sallyport.ini.5 '/^\.It Ic lucky13/{n;s/warn/fail/}' '^default of lucky13 in \[profile\]:'
changed "another word" sallyport.ini.5 's/^(\.It Ic default .*) reject$/\1 refuse/' '^words of default in \[policy\]:'
changed "a lint that is gone" sallyport.ini.5 's/^\.It Li redundant$/.Pp/' '^lints:'
changed "a dialect that is gone" sallyport.ini.5 's/^\.It Li nntp$/.Pp/' '^dialects:'
changed "another title" sallyport-tls.7 's/^SSLv3 is accepted\.$/SSLv3 is used./' '^finding sslv3:'
changed "a finding that is gone" sallyport-tls.7 's/^\.It Li weak_key$/.Pp/' '^findings:'
finish
