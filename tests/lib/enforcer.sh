# shellcheck shell=bash
# `sallyport watch` in the lab's server, and what ports do over time meanwhile.
. "$(dirname "${BASH_SOURCE[0]}")/sallyport.sh"

timeline_py=$SP_ROOT/tests/lib/timeline.py

# enforcer_lab: one address of each family, so that one listener is one endpoint.
enforcer_lab() {
	firewall_lab
	ip -n "${net_prefix}server" address del $S4b/24 dev eth0
	ip -n "${net_prefix}server" address del $S6b/64 dev eth0
	ip -n "${net_prefix}server" link delete eth1
}

# Servers on this machine answer at once; options of `watch` for the next start.
enforcer_options=()

# enforcer_start [NAME] [COMMAND...]: until it says that it enforces; its log is
# $TEST_TMP/NAME.log. COMMAND is what it is run under.
enforcer_start() {
	local name=${1:-watch}
	shift
	rm -f "$TEST_TMP/$name.log"
	server_start "$name" server "$@" "$SALLYPORT" watch --state "$STATE" --run "$RUN" \
		${enforcer_options[@]+"${enforcer_options[@]}"}
	wait_until 10 grep -q '^started' "$TEST_TMP/$name.log" || {
		cat "$TEST_TMP/$name.log"
		abort "the enforcer $name does not start"
	}
}

enforcer_pid() {
	local pid=pid_${1:-watch}
	echo "${!pid}"
}

enforcer_signal() { kill "-$1" "$(enforcer_pid "${2:-watch}")"; }

# Stops it as a service manager does: 0 is expected.
enforcer_stop() {
	local name=${1:-watch} pid
	pid=$(enforcer_pid "$name")
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
}

# enforcer_said PATTERN [NAME]: a line of its log.
enforcer_said() { grep -Eq -- "$1" "$TEST_TMP/${2:-watch}.log"; }
enforcer_count() { grep -Ec -- "$1" "$TEST_TMP/${2:-watch}.log"; }

# TLS servers get a quarter second each here: they are on this machine.
tls_service() { # name port lines...
	local line
	printf '\n[service %s]\nport = %d\ntls = required\nname = %s\nca = %s\n' "$1" "$2" \
		"$NAME" "$PKI/root.pem"
	shift 2
	for line; do printf '%s\n' "$line"; done
}

# silent NAME PORT...: takes connections and never says anything.
silent() {
	local name=$1
	shift
	server_start "$name" server /usr/bin/python3 "$SP_ROOT/tests/tls/doubles.py" "${@/%/=silent}"
	wait_until 10 grep -q '^ready' "$TEST_TMP/$name.log" || abort "the silent server does not start"
}

# Milliseconds left of a port's lease; -1 without one. (nft's JSON has seconds.)
lease_left() {
	in_host server nft list set inet sallyport verified 2>/dev/null | tr -d '\n' |
		/usr/bin/python3 -c '
import re, sys
units = {"d": 86400000, "h": 3600000, "m": 60000, "s": 1000, "ms": 1}
found = re.search(rf"tcp \. {sys.argv[1]}\b[^,}}]* expires (\w+)", sys.stdin.read())
print(sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)(ms|[dhms])", found[1])) if found else -1)
' "$1"
}

has_lease() { (($(lease_left "$1") >= 0)); }

# Beside each reading it is kept what the machine was held up until then.
now() {
	local at=$EPOCHREALTIME
	echo "$at $(held_up)" >>"$TEST_TMP/.clock"
	echo "$at"
}

# seconds FROM TO: with milliseconds
seconds() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.3f\n", to - from }'; }

# took FROM TO: the same, for `within`, with what of it the machine was held up at the
# most: from the last `now` before FROM to the first one after TO, or this one.
took() {
	[[ -n $1 && -n $2 ]] || return
	now >/dev/null
	awk -v from="$1" -v to="$2" '
		$1 <= from || NR == 1 { before = $2 }
		{ after = $2 }
		$1 >= to { exit }
		END {
			held = (after - before) / 1e6
			printf "%.3f %.3f\n", to - from, held < to - from ? held : to - from
		}' "$TEST_TMP/.clock"
}

# within WHAT SECONDS LEAST MOST: the figure is printed, whatever it is; one of `took`
# may be later by what the machine was held up.
within() {
	local got=${2% *} held=
	[[ $2 != *" "* ]] || held=${2#* }
	if awk -v got="$got" -v least="$3" -v most="$4" -v held="${held:-0}" \
		'BEGIN { exit !(got != "" && got >= least && got <= most + held) }'; then
		pass "$1: $got s${held:+, held up for $held s} (between $3 and $4)"
	else
		fail "$1: ${got:-never}${held:+ s, held up for $held}, not between $3 and $4 s"
	fi
}

# timeline_start [STEP-MS] <TABLE: from the client; timeline.py documents the table.
timeline_start() {
	local table
	table=$(cat)
	rm -f "$TEST_TMP/timeline" "$TEST_TMP/timeline.out"
	ip netns exec "${net_prefix}client" /usr/bin/python3 "$timeline_py" "$TEST_TMP/timeline" \
		"${1:-20}" >"$TEST_TMP/timeline.out" 2>&1 <<<"$table" &
	timeline_pid=$!
	server_pids+=($!)
	wait_until 10 grep -q '^ready' "$TEST_TMP/timeline.out" || {
		cat "$TEST_TMP/timeline.out"
		abort "the timeline does not start"
	}
}

timeline_stop() {
	# The last attempts shall be settled.
	sleep 0.4
	kill "$timeline_pid" 2>/dev/null
	wait "$timeline_pid" 2>/dev/null
}

# at first|last FATE NAME [FROM]: when
at() { /usr/bin/python3 "$timeline_py" "$1" "$2" "$3" "$TEST_TMP/timeline" "${4:-0}"; }

# stops WHAT NAME SINCE FROM LEAST MOST: of the attempts that began at SINCE or later the
# last that was open began at most MOST seconds after FROM, and the next one at least
# LEAST: between the two nobody looked, whatever held them up.
stops() {
	local last next
	read -r last next < <(/usr/bin/python3 "$timeline_py" turn "$2" "$TEST_TMP/timeline" "$3")
	last=${last:+$(seconds "$4" "$last")} next=${next:+$(seconds "$4" "$next")}
	if awk -v last="$last" -v following="$next" -v least="$5" -v most="$6" \
		'BEGIN { exit !(last != "" && last <= most && following >= least) }'; then
		pass "$1: $last s, shut at $next s (between $5 and $6)"
	else
		fail "$1: ${last:-never}, shut at ${next:-no time}, not between $5 and $6 s"
	fi
}

# Did something like it happen (since FROM)?
seen() { at first "$@" >/dev/null; }
