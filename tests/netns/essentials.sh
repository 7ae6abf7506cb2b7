#!/bin/bash
# What IP itself needs works under a ruleset that drops everything: neighbour
# discovery, path MTU, and ping as the policy says.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 udp/53
answer client tcp/7000 udp/7001

icmp_policy() {
	{
		printf '[policy]\nversion = 1\n'
		[[ -z $1 ]] || printf 'icmp = %s\n' "$1"
		printf '\n[service ssh]\n'
	} >"$POLICY"
	apply
}

forget_neighbours() {
	local name
	for name in server client; do
		ip -n "$net_prefix$name" neighbour flush all
		ip -n "$net_prefix$name" -6 neighbour flush all
	done
}

for icmp in "" ping all minimal; do
	answered=open
	[[ $icmp != minimal ]] || answered=shut
	icmp_policy "$icmp"
	forget_neighbours
	packets_reach client <<-END
		open tcp $A6 -> [$S6]:22
		open tcp $A4 -> $S4:22
		$answered ping $A4 -> $S4
		$answered ping $B6 -> $S6
		shut udp $A4 -> $S4:53
	END
	forget_neighbours
	# Outwards: the neighbour's solicitation and our own, echo answers, errors.
	packets_reach server <<-END
		open ping $S4 -> $A4
		open ping $S6 -> $A6
		open tcp $S6 -> [$B6]:7000
		open udp $S4 -> $B4:7001
		icmp udp $S4 -> $A4:7999
		icmp udp $S6 -> [$A6]:7999
		reset tcp $S6 -> [$A6]:7999
	END
done

# A router in between that passes only 1300 bytes says so in an ICMP error, and
# the server must hear it: router <-> far host beyond it.
host far
link client far0 far eth0
addresses client far0 198.18.5.1/24 2001:db8:5::1/64
addresses far eth0 198.18.5.2/24 2001:db8:5::2/64
everything_on_link far eth0
ip -n "${net_prefix}far" route replace default via 198.18.5.1
ip -n "${net_prefix}far" -6 route replace default via 2001:db8:5::1
in_host client sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n "${net_prefix}client" link set far0 mtu 1300
ip -n "${net_prefix}server" route add 198.18.5.0/24 via 192.0.2.2
ip -n "${net_prefix}server" -6 route add 2001:db8:5::/64 via 2001:db8::2
for target in 198.18.5.2 2001:db8:5::2; do
	in_host server ping -c 1 -W 1 -M do -s 1400 $target >/dev/null 2>&1
	run ip -n "${net_prefix}server" route get $target
	check_match "the path's MTU to $target was learnt" 'mtu 1300' "$output"
done
finish
