#!/bin/bash
. "$(dirname "$0")/shell.sh"
need_command fish
export HOME=$TEST_TMP XDG_CONFIG_HOME=$TEST_TMP/config XDG_DATA_HOME=$TEST_TMP/data

complete() {
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$completions/sallyport.fish" "$1" |
		cut -f 1
}
all_of_it
check_match "with what it means" '^--strict	exit 1 for warnings or shut gates too$' \
	"$(fish --no-config -c 'source $argv[1]; complete -C "sallyport check --s"' "$completions/sallyport.fish")"
finish
