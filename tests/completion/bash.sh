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
# And as somebody types it: readline's own Tab on a terminal, then the line echoed.
typed() { # KEYS-BEFORE-TAB
	/usr/bin/python3 - "$completions/sallyport.bash" "$1" <<-'END'
		import os, pty, re, select, sys
		child, terminal = pty.fork()
		if child == 0:
		    # A dumb terminal: nothing but the characters comes back.
		    os.environ.update(PS1="ready> ", TERM="dumb")
		    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
		def until(pattern):
		    said = ""
		    while not (found := re.search(pattern, said)):
		        if not select.select([terminal], [], [], 20)[0]:
		            sys.exit("bash says no more: " + repr(said))
		        said += os.read(terminal, 4096).decode()
		    return found
		until("ready> ")
		os.write(terminal, f"source {sys.argv[1]}; PS1='complete> '\n".encode())
		until("\ncomplete> ")
		# Ctrl-A goes to the line's beginning.
		os.write(terminal, f"{sys.argv[2]}\t\x01echo typed: \n".encode())
		print(until("\ntyped: (.*?) *\r\n")[1])
		os.write(terminal, b"exit\n")
	END
}
check_equal "Tab ends a command" "sallyport confirm" "$(typed "sallyport conf")"
check_equal "and an option" "sallyport apply --dry-run" "$(typed "sallyport apply --dr")"
check_equal "and a file with a blank" "sallyport check two words.ini" "$(typed "sallyport check two")"
check_equal "loading it prints nothing" "" "$(bash --norc -c 'source "$1"' bash "$completions/sallyport.bash" 2>&1)"
finish
