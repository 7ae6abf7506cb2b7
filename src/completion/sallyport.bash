# shellcheck shell=bash
# bash completion for sallyport(8). tests/completion holds it against the program.

# Services of the policy that is in force by default, for who may read it.
_sallyport_services() {
	sed -nE 's/^\[service ([A-Za-z0-9_.-]+)\].*/\1/p' /etc/sallyport/policy.ini 2>/dev/null
}

# Profiles beside those that are compiled in.
_sallyport_profiles() {
	sed -nE 's/^\[profile ([A-Za-z0-9_.-]+)\].*/\1/p' /etc/sallyport/profiles.d/*.ini 2>/dev/null
}

# Those of the words that begin like WORD. (compgen -W would expand them, whoever
# chose a name among them.)
_sallyport_choose() { # WORD WORDS
	local choice
	local -a choices
	read -r -d '' -a choices <<<"$2"
	for choice in "${choices[@]}"; do
		[[ $choice != "$1"* ]] || COMPREPLY+=("$choice")
	done
}

# Interfaces whose names need no quoting.
_sallyport_interfaces() {
	local path
	for path in /sys/class/net/*; do
		path=${path##*/}
		[[ $path == *[!A-Za-z0-9._:-]* ]] || echo "$path"
	done
}

# Options of a command beside those that every one has.
_sallyport_options() {
	case $1 in
	check) echo "--format --strict --kernel --print --explain" ;;
	compile) echo "--format" ;;
	diff) echo "--format --fail-on --rules" ;;
	explain) echo "--format --from --to --port --interface" ;;
	verify) echo "--format --profile --timeout --port-timeout" ;;
	probe) echo "--format --profile --name --starttls --intrusive --ca
		--timeout --port-timeout" ;;
	apply) echo "--format --strict --dry-run --no-verify --timeout
		--port-timeout --lock-wait --confirm --wait --boot --yes" ;;
	confirm) echo "--lock-wait" ;;
	rollback) echo "--lock-wait --to-open --yes" ;;
	lockdown) echo "--lock-wait" ;;
	override) echo "--lock-wait --for --reason --end" ;;
	recheck) echo "--timeout --port-timeout --lock-wait" ;;
	watch) echo "--timeout --port-timeout --lock-wait" ;;
	status) echo "--format --watch --verify" ;;
	audit) echo "--format --timeout --port-timeout" ;;
	discover) echo "--ca --timeout --port-timeout" ;;
	esac
}

_sallyport_formats() {
	case $1 in
	compile) echo "nft json netlink" ;;
	status) echo "text json prometheus" ;;
	diff | verify | probe | audit) echo "text json markdown sarif" ;;
	*) echo "text json" ;;
	esac
}

# What an option takes; false: it takes nothing.
_sallyport_argument() { # OPTION COMMAND WORD
	local words=
	case $1 in
	--state | --run | --config)
		mapfile -t COMPREPLY < <(compgen -d -- "$3")
		compopt -o filenames 2>/dev/null
		return
		;;
	--ca)
		mapfile -t COMPREPLY < <(compgen -f -- "$3")
		compopt -o filenames 2>/dev/null
		return
		;;
	--format) words=$(_sallyport_formats "$2") ;;
	--fail-on) words="any opens" ;;
	--starttls) words="smtp lmtp imap pop3 ftp ldap rdp postgresql mysql xmpp-client
		xmpp-server sieve nntp" ;;
	--profile)
		words="baseline bsi-tr-02102-2 mozilla-intermediate
			mozilla-modern mozilla-old nist-800-52r2 pci-dss-4
			$(_sallyport_profiles)"
		;;
	--explain)
		words="all shadowed shadowed-in-part redundant subset-source
			empty-addresses unused-addresses overlapping-addresses
			plain-from-any plain-for-tls plain-on-tls-port
			tls-on-plain-port"
		;;
	--interface) words=$(_sallyport_interfaces) ;;
	--confirm | --for) words="60s 5m 1h" ;;
	--from | --lock-wait | --name | --port | --port-timeout | --reason | --timeout | --to) ;;
	*) return 1 ;;
	esac
	_sallyport_choose "$3" "$words"
}

_sallyport_operand() { # COMMAND WORD
	case $1 in
	check | compile | diff | explain | verify | apply | watch | audit)
		mapfile -t COMPREPLY < <(compgen -d -- "$2"; compgen -f -X '!*.ini' -- "$2")
		compopt -o filenames 2>/dev/null
		;;
	override | recheck) _sallyport_choose "$2" "$(_sallyport_services)" ;;
	probe) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
	esac
}

_sallyport() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]}
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		local words="check compile diff explain verify probe apply confirm
			rollback lockdown override recheck watch status audit
			discover"
		[[ $word != -* ]] || words="--help --version"
		_sallyport_choose "$word" "$words"
		return
	fi
	# --format=json comes as three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_sallyport_argument "$before" "$command" "$word" && return
	if [[ $word == -* ]]; then
		_sallyport_choose "$word" "$(_sallyport_options "$command")
			--state --run --config --quiet --help"
	else
		_sallyport_operand "$command" "$word"
	fi
}
complete -F _sallyport sallyport
