# shellcheck shell=bash
# What every shell has to complete. A test sources this, defines
#   complete LINE   one candidate a line for the cursor at the end of LINE
# and calls `all_of_it`.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/test.sh"
need_sallyport
completions=$SP_ROOT/src/completion

line() { sort | paste -sd ' '; }
completes() { check_equal "$1" "$(tr -s ' ' '\n' <<<"$3" | line)" "$(complete "$2" | line)"; }

# Options as --help has them.
options() { "$SALLYPORT" "$1" --help | sed '1,/^Options:/d' | grep -oE '  --[a-z-]+' | tr -d ' ' | line; }
formats() { # COMMAND OPERAND
	"$SALLYPORT" "$1" --format '?' $2 2>&1 | sed -nE 's/.* prints //p' | sed 's/,//g; s/ or / /' | head -n 1
}

all_of_it() {
	local commands command operand name rest
	commands=$("$SALLYPORT" --help | sed -nE 's/^  ([a-z]+) .*/\1/p' | xargs)
	completes "commands" "sallyport " "$commands"
	completes "commands that begin with co" "sallyport co" "compile confirm"
	for command in $commands; do
		completes "options of $command" "sallyport $command --" "$(options "$command")"
		operand=
		[[ $command != probe ]] || operand=x:1
		[[ $(options "$command") != *--format* ]] ||
			completes "formats of $command" "sallyport $command --format " "$(formats "$command" "$operand")"
	done
	completes "what diff may fail on" "sallyport diff --fail-on " "any opens"
	completes "lints" "sallyport check --explain " \
		"all $("$SALLYPORT" check --explain all | awk '{ print $1 }' | xargs)"
	completes "profiles" "sallyport probe --profile " \
		"$(cd "$SP_ROOT/policies/profiles" && echo *.ini | sed 's/\.ini//g')"
	completes "dialects" "sallyport probe --starttls " \
		"$(sed -nE 's/.*\{ "([a-z0-9-]+)", SP_DIALECT_[^N].*/\1/p; s/.*\{ "(nntp)".*/\1/p' <(sed 's/}, {/},\n{/g' "$SP_ROOT/src/policy/tables.c") | sort -u | xargs)"
	completes "nothing for a reason" "sallyport override --reason " ""

	mkdir "$TEST_TMP/here" && cd "$TEST_TMP/here" || abort "no directory"
	touch one.ini other.txt 'two words.ini'
	mkdir folder
	complete "sallyport check " >"$TEST_TMP/files"
	check_match "a policy" '^one\.ini$' "$(<"$TEST_TMP/files")"
	check_match "a folder" '^folder/?$' "$(<"$TEST_TMP/files")"
	check_no_match "nothing else" 'other' "$(<"$TEST_TMP/files")"
	completes "a policy that no folder begins like" "sallyport check on" "one.ini"
}
