#!/bin/bash
. "$(dirname "$0")/shell.sh"

# complete LINE: as readline calls the function, in a bash of its own. Words are
# split at "=" as COMP_WORDBREAKS has it.
complete() {
	bash --norc -c '
		source "$1" || exit
		line=$2
		read -r -a COMP_WORDS <<<"${line//=/ = }"
		[[ $line != *[[:space:]=] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
		compopt() { :; }
		_sallyport sallyport "${COMP_WORDS[COMP_CWORD]}"
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"
	' bash "$completions/sallyport.bash" "$1"
}
all_of_it
completes "behind an equals sign" "sallyport status --format=p" "prometheus"
check_equal "bash knows the function" "complete -F _sallyport sallyport" \
	"$(bash --norc -c 'source "$1" && complete -p sallyport' bash "$completions/sallyport.bash")"
check_equal "loading it prints nothing" "" "$(bash --norc -c 'source "$1"' bash "$completions/sallyport.bash" 2>&1)"
finish
