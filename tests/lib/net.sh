# shellcheck shell=bash
# Hosts made of network namespaces, joined by veth pairs, gone when the test
# ends; servers in them; packets between them.
. "$(dirname "${BASH_SOURCE[0]}")/test.sh"

net_prefix=sp-test-$$-
packets=$SP_ROOT/tests/lib/packets.py
server_pids=()

# Needs root and what makes namespaces; says so and skips otherwise.
net_begin() {
	((EUID == 0)) || skip "not root: network namespaces cannot be made (sudo tests/run)"
	need_command ip nft /usr/bin/python3
	net_reap
	at_exit net_end
	ip netns add "${net_prefix}try" 2>/dev/null ||
		skip "the kernel makes no network namespaces here (CAP_SYS_ADMIN, CAP_NET_ADMIN)"
	ip netns exec "${net_prefix}try" nft add table inet try 2>/dev/null ||
		skip "no nf_tables in a network namespace here"
	ip netns delete "${net_prefix}try"
}

# Namespaces and scratch directories of tests that were killed before they could
# clean up: the process whose number is in the name is gone.
net_reap() {
	local name pid
	for name in "${TMPDIR:-/tmp}"/sallyport-test.*; do
		pid=${name##*/sallyport-test.}
		[[ ! -d $name || -e /proc/${pid%%.*} ]] || rm -rf "$name"
	done
	ip netns list 2>/dev/null | while read -r name _; do
		[[ $name =~ ^sp-test-([0-9]+)- ]] || continue
		pid=${BASH_REMATCH[1]}
		[[ -e /proc/$pid ]] || net_delete "$name"
	done
}

# Everything in the namespace was started there by its test.
net_delete() {
	local pids
	pids=$(ip netns pids "$1" 2>/dev/null)
	# shellcheck disable=SC2086 # one word for each process
	[[ -z $pids ]] || kill -KILL $pids 2>/dev/null
	ip netns delete "$1" 2>/dev/null
}

net_end() {
	local name
	servers_stop
	ip netns list 2>/dev/null | while read -r name _; do
		[[ $name != "$net_prefix"* ]] || net_delete "$name"
	done
}

# host NAME: a host of its own, loopback up, no duplicate address detection
# (an address is there at once), no filter on where packets come in.
host() {
	local namespace=$net_prefix$1
	ip netns add "$namespace" || abort "cannot make the namespace $namespace"
	in_host "$1" sysctl -q -w \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	in_host "$1" ip link set lo up
}

in_host() {
	local name=$1
	shift
	ip netns exec "$net_prefix$name" "$@"
}

# link HOST INTERFACE HOST INTERFACE
link() {
	ip -n "$net_prefix$1" link add "$2" type veth peer name "$4" netns "$net_prefix$3" &&
		ip -n "$net_prefix$1" link set "$2" up && ip -n "$net_prefix$3" link set "$4" up ||
		abort "cannot link $1 to $3"
}

# addresses HOST INTERFACE ADDRESS/LENGTH...
addresses() {
	local name=$1 interface=$2 address
	shift 2
	for address; do
		if [[ $address == *:* ]]; then
			ip -n "$net_prefix$name" address add "$address" dev "$interface" nodad
		else
			ip -n "$net_prefix$name" address add "$address" dev "$interface"
		fi || abort "cannot give $name the address $address"
	done
}

# everything_on_link HOST INTERFACE: every other address is the neighbour's.
everything_on_link() {
	ip -n "$net_prefix$1" route add default dev "$2" &&
		ip -n "$net_prefix$1" -6 route add default dev "$2" || abort "cannot route $1"
}

# The lab most tests use: `server` with two addresses of each family on eth0 and
# one on eth1, and `client` at the other ends with many source addresses.
S4=192.0.2.1 S4b=192.0.2.10 S6=2001:db8::1 S6b=2001:db8::10
T4=198.51.100.1 T6=2001:db8:1::1
A4=10.1.2.3 A6=fd00::5        # in 10.0.0.0/8 and fd00::/8
B4=203.0.113.7 B6=2001:db8:bad::7 # in neither
export S4 S4b S6 S6b T4 T6 A4 A6 B4 B6
lab() {
	net_begin
	host server
	host client
	link server eth0 client eth0
	link server eth1 client eth1
	addresses server eth0 $S4/24 $S4b/24 $S6/64 $S6b/64
	addresses server eth1 $T4/24 $T6/64
	addresses client eth0 192.0.2.2/24 2001:db8::2/64 $A4/32 $A6/128 $B4/32 $B6/128
	addresses client eth1 198.51.100.2/24 2001:db8:1::2/64
	everything_on_link server eth0
	everything_on_link client eth0
	STATE=$TEST_TMP/state RUN=$TEST_TMP/run
	mkdir -p "$STATE" "$RUN"
}

# server_start NAME HOST COMMAND...: in the background; its output in
# $TEST_TMP/NAME.log.
server_start() {
	local name=$1 where=$2
	shift 2
	ip netns exec "$net_prefix$where" "$@" >"$TEST_TMP/$name.log" 2>&1 </dev/null &
	printf -v "pid_${name//-/_}" '%s' $!
	server_pids+=($!)
}

# Of what ended long ago the number may be somebody else's by now: in an hour there are
# more processes than numbers.
is_ours() { grep -qsx "PPid:[[:space:]]*$$" "/proc/$1/status"; }

server_stop() {
	local pid=pid_${1//-/_}
	! is_ours "${!pid}" || kill "${!pid}"
	wait "${!pid}" 2>/dev/null
}

servers_stop() {
	local pid
	for pid in "${server_pids[@]}"; do
		! is_ours "$pid" || kill "$pid" 2>/dev/null
	done
	for pid in "${server_pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	server_pids=()
}

# wait_for_port HOST tcp|udp PORT: until somebody listens there.
wait_for_port() {
	wait_until 10 port_is_bound "$@" || {
		tail -n 5 "$TEST_TMP"/*.log
		abort "nobody listens on $3/$2 of $1 after ten seconds"
	}
}

port_is_bound() {
	[[ -n $(in_host "$1" ss -H -n -l "--$2" "sport = :$3") ]]
}

# answer HOST PORTS...: echo servers ("tcp/22", "udp/53", "tcp/9000-9010") on
# every address of the host; returns when they listen.
answer() {
	local where=$1 name=answer_$RANDOM
	shift
	server_start "$name" "$where" /usr/bin/python3 "$packets" serve "$@"
	wait_until 10 grep -q '^ready' "$TEST_TMP/$name.log" || {
		cat "$TEST_TMP/$name.log"
		abort "the echo servers of $where do not start"
	}
}

# packets_reach HOST <TABLE: sends what the table says from HOST, all at once,
# and checks what becomes of each. packets.py documents the table.
packets_reach() {
	local line
	in_host "$1" /usr/bin/python3 "$packets" probe >"$TEST_TMP/.probes" ||
		abort "the packet tool failed"
	[[ -s $TEST_TMP/.probes ]] || abort "the packet tool answered nothing"
	while IFS= read -r line; do
		if [[ $line == ok\ * ]]; then pass "${line#ok }"; else fail "${line#FAIL }"; fi
	done <"$TEST_TMP/.probes"
}

# connection_open NAME HOST SOURCE TARGET [download]: a TCP connection that stays,
# to be asked about with connection_lives.
connection_open() {
	local name=$1 where=$2
	shift 2
	server_start "$name" "$where" /usr/bin/python3 "$packets" hold "$TEST_TMP/$name.sock" "$@"
	wait_until 5 grep -q '^ready' "$TEST_TMP/$name.log" || {
		cat "$TEST_TMP/$name.log"
		abort "the connection $name does not come up"
	}
}

# Does data still go both ways (with `download`: do more bytes arrive)?
connection_lives() {
	/usr/bin/python3 "$packets" ask "$TEST_TMP/$1.sock"
}
