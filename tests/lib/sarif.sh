# shellcheck shell=bash
# SARIF 2.1.0: what we write of it by our own words of the standard
# (sarif-2.1.0.schema.json), and by the whole schema, as a package of npm's has it,
# where that can be had.

sarif_package=@microsoft/jest-sarif@1.0.0-beta.0
sarif_integrity=A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==

# Prints where the whole schema is, or fails. It is kept in the build directory.
sarif_schema() {
	local kept=${SP_BUILD:-$SP_ROOT/build}/unpacked/sarif-2.1.0-rtm.5.json
	local got
	if [[ ! -s $kept ]]; then
		command -v npm >/dev/null || return 1
		got=$(mktemp -d "$TEST_TMP/sarif.XXXXXX")
		(cd "$got" && timeout 60 npm pack --silent --prefer-offline "$sarif_package") >/dev/null 2>&1
		[[ $(openssl dgst -sha512 -binary "$got"/*.tgz 2>/dev/null | base64 -w0) == "$sarif_integrity" ]] || return 1
		tar -xzf "$got"/*.tgz -C "$got" package/lib/schemas/sarif-2.1.0-rtm.5.json || return 1
		mkdir -p "${kept%/*}" && mv -f "$got/package/lib/schemas/sarif-2.1.0-rtm.5.json" "$kept" || return 1
	fi
	printf '%s\n' "$kept"
}

# check_sarif WHAT FILE: two checks, one where the whole schema cannot be had.
check_sarif() {
	local whole
	check "$1" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" \
		"$SP_ROOT/tests/lib/sarif-2.1.0.schema.json" "$2"
	if whole=$(sarif_schema); then
		check "$1, by the whole schema" /usr/bin/python3 "$SP_ROOT/tests/lib/schema.py" "$whole" "$2"
	else
		echo "not checked: npm has no $sarif_package here"
	fi
}
