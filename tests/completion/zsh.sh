#!/bin/bash
. "$(dirname "$0")/shell.sh"
need_command zsh
export HOME=$TEST_TMP ZDOTDIR=$TEST_TMP

# zsh completes only on a terminal: one is made by zsh's own zpty, the line is typed,
# and what the completion system would offer is printed by a compadd in its place.
cat >"$TEST_TMP/inner.zsh" <<'END'
PROMPT= RPROMPT=
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit && compinit -u -d $ZDOTDIR/dump
setopt rcexpandparam no_list_beep
zstyle ':completion:*' list-grouped false
zstyle ':completion:*' insert-tab false
compadd() {
	# Called to fill arrays, not to offer anything.
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	local -a hits
	builtin compadd -A hits "$@"
	(($#hits)) && print -rl -- "<"${^hits}">"
	builtin compadd "$@" # what is offered stops the search for more
}
listing_begins() { print -r -- '<<<' }
listing_ends() { print -r -- '>>>'; exit }
compprefuncs=(listing_begins)
comppostfuncs=(listing_ends)
bindkey '^I' complete-word
bindkey '^M' undefined-key
bindkey '^J' undefined-key
print -r -- ready
END
cat >"$TEST_TMP/outer.zsh" <<'END'
zmodload zsh/zpty || exit 1
zpty inner zsh -f -i
zpty -w inner "COMPLETIONS=${(q)COMPLETIONS}; source ${(q)INNER}"
zpty -r inner said '*ready[^a-z]*'
zpty -n -w inner "$1"$'\t'
zpty -r inner said '*>>>*'
print -r -- "$said"
zpty -d inner
END
complete() {
	COMPLETIONS=$completions INNER=$TEST_TMP/inner.zsh timeout 30 zsh -f "$TEST_TMP/outer.zsh" "$1" |
		tr -d '\r' | sed -nE 's/^<([^<>]*)>$/\1/p'
}
[[ $(complete "sallyport co") == *confirm* ]] || abort "zsh completes nothing on a terminal made by zpty"
all_of_it
finish
