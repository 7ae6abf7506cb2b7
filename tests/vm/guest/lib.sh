# shellcheck shell=bash
# Checks inside the guest; their lines are what the host reads.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
state=/var/lib/sallyport

pass() { echo "ok   $*"; }
fail() { echo "FAIL $*" && touch /tmp/.failed; }
check() {
	local what=$1
	shift
	if "$@" >/tmp/.output 2>&1; then pass "$what"; else
		fail "$what"
		tail -n 5 /tmp/.output | sed 's/^/     /'
	fi
}
check_not() {
	local what=$1
	shift
	if "$@" >/tmp/.output 2>&1; then fail "$what"; else pass "$what"; fi
}
check_equal() {
	if [[ $2 == "$3" ]]; then pass "$1"; else
		fail "$1"
		diff <(echo "$2") <(echo "$3") | head -n 20 | sed 's/^/     /'
	fi
}
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}
note() { echo "note $*"; }

# The kernel's timeline: seconds, who, what. Of hooks, those that nf_tables puts
# in for the family inet (1, then kind 1: 257; conntrack's and others' are none of it).
timeline() {
	sed -nE -e 's/^ *(.+)-[0-9]+ +\[[0-9]+\] [^ ]+ +([0-9.]+): (hook|unhook): .*=257( .*)?$/\2 \1 \3/p' \
		-e 's/^ *(.+)-[0-9]+ +\[[0-9]+\] [^ ]+ +([0-9.]+): (up): .* device="(.*)"$/\2 \1 \3 \4/p' \
		/sys/kernel/tracing/trace
}
# first PATTERN: when it first happened
first() { timeline | awk -v pattern="$1" '$0 ~ pattern { print $1; exit }'; }

shape() {
	nft list ruleset | sed -E 's/ expires [0-9a-z]+//g; s/packets [0-9]+ bytes [0-9]+//
		/elements = \{ tcp timeout 30s/d; s/timeout [0-9a-z]+//g'
}
ours() { nft list table inet sallyport; }
has_lease() { nft list set inet sallyport verified | grep -q "tcp \. $1 "; }

# Whole seconds left of it; 0 without one.
lease_seconds() {
	nft -j list set inet sallyport verified | python3 -c '
import json, sys
for item in json.load(sys.stdin)["nftables"]:
    for element in item.get("set", {}).get("elem", []):
        if element["elem"]["val"]["concat"] == ["tcp", int(sys.argv[1])]:
            print(element["elem"]["expires"])
            sys.exit()
print(0)' "$1"
}

# A client behind a cable of its own, and what it reaches.
client_make() {
	ip netns add client
	ip link add host0 type veth peer name eth0 netns client
	ip address add 192.0.2.1/24 dev host0
	ip link set host0 up
	ip -n client address add 192.0.2.2/24 dev eth0
	ip -n client address add 203.0.113.7/32 dev eth0
	ip -n client link set eth0 up
	ip -n client link set lo up
}
# Refused is reachable, too: nobody may listen there. Shut is silence.
reach() { # port
	local said
	said=$(ip netns exec client timeout 1.5 bash -c "exec 3<>/dev/tcp/192.0.2.1/$1" 2>&1) ||
		[[ $said == *refused* ]]
}
# Again and again: an emulated machine that is busy may lose a packet, or take longer.
reachable() { check "$1: port $2 is reachable" wait_until 20 reach "$2"; }
shut() { check_not "$1: port $2 is shut" reach "$2"; }

floor_came_first() {
	local laid up
	# Loading a module (autoload) aborts a batch, which takes its hook away and
	# begins again: what counts is from when on one is always there.
	laid=$(timeline | awk '
		/ sallyport hook$/ && ++standing == 1 { since = $1 }
		/ sallyport unhook$/ { standing-- }
		END { if (standing > 0) print since }')
	up=$(first ' up (en|eth|host)')
	timeline | sed 's/^/     /' | head -n 30
	check "an interface came up ($up)" test -n "$up"
	check "the hook of sallyport (${laid:-never}) was there before the first interface but lo was up ($up)" \
		awk -v laid="${laid:-9999999}" -v up="${up:-0}" 'BEGIN { exit !(laid < up) }'
}
