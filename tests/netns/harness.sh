#!/bin/bash
# The tests' own tools, proven both ways with a ruleset written by hand: what is
# open is seen open, what is shut is seen shut, and how it was refused.
. "$(dirname "$0")/../lib/net.sh"
lab
answer server tcp/22 tcp/25 tcp/80 tcp/443 tcp/9000-9010 udp/53 udp/443 download/8080 silent/7000

# Without a firewall everything answers, and what nobody serves is reset.
packets_reach client <<END
open   tcp  $A4 -> $S4:22,80,443,9000-9010
open   tcp  $A6 -> [$S6]:22,80
open   tcp  * -> $S4b:22 $T4:22 [$T6]:22
open   udp  $B4 -> $S4:53,443 $S4b:53
open   udp  $B6 -> [$S6]:53 [$S6b]:443
open   ping $A4 -> $S4
open   ping $B6 -> $S6b
reset  tcp  $A4 -> $S4:81
icmp   udp  $A4 -> $S4:81
connects tcp $A6 -> [$S6]:22
END

connection_open running client $B4 $S4:9000
connection_open loading client $B4 $S4:8080 download
check "a connection moves data" connection_lives running
check "a download moves data" connection_lives loading

in_host server nft -f - <<END || abort "nft refuses the ruleset"
table inet sallyport {
	set verified { type inet_proto . inet_service; flags timeout; }
	chain tcp-22 {
		ip saddr 10.0.0.0/8 accept
		ip6 saddr fd00::/8 accept
	}
	chain gate-443 {
		meta l4proto . th dport @verified accept
	}
	chain tcp-25 {
		meta l4proto tcp reject with tcp reset
	}
	chain udp-53 {
		reject with icmpx port-unreachable
	}
	chain tcp-80 {
		reject with icmpx admin-prohibited
	}
	chain tcp-7000 {
		accept
	}
	map ports {
		type inet_proto . inet_service : verdict
		elements = { tcp . 22 : jump tcp-22, tcp . 443 : jump gate-443, udp . 443 : jump gate-443,
			tcp . 25 : jump tcp-25, udp . 53 : jump udp-53, tcp . 80 : jump tcp-80, tcp . 7000 : jump tcp-7000 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		ct state vmap { established : accept, related : accept, invalid : drop }
		meta l4proto . th dport vmap @ports
	}
}
END

packets_reach client <<END
open   tcp  $A4 -> $S4:22 $S4b:22
open   tcp  $A6 -> [$S6]:22
shut   tcp  $B4 -> $S4:22
shut   tcp  $B6 -> [$S6]:22
shut   tcp  $A4 -> $S4:443,9000-9010
shut   tcp  $A6 -> [$S6]:443
shut   udp  $A4 -> $S4:443
shut   udp  $A6 -> [$S6]:443
reset  tcp  $A4 -> $S4:25
reset  tcp  $A6 -> [$S6]:25
icmp   tcp  $A4 -> $S4:80
icmp   tcp  $A6 -> [$S6]:80
icmp   udp  $A4 -> $S4:53
icmp   udp  $A6 -> [$S6]:53
shut   ping $A4 -> $S4
shut   ping $A6 -> $S6
END
# That the first packet after the load comes from the server is what saves the
# download: its answer is then seen as established (nf_conntrack_tcp_loose).
check_not "a connection that was there before conntrack stops" connection_lives running

in_host server nft add element inet sallyport verified '{ tcp . 443 timeout 1h }'
packets_reach client <<END
open   tcp  $B4 -> $S4:443
open   tcp  $B6 -> [$S6]:443
connects tcp $A4 -> $S4:7000
shut   udp  $B4 -> $S4:443
END

in_host server nft insert rule inet sallyport input ip saddr $B4 drop
check_not "a download that is blocked is seen to stop" connection_lives loading

# A wrong expectation must show: in each direction, for each answer, and of a
# server that takes connections and says nothing.
wrong=$(in_host client /usr/bin/python3 "$packets" probe 3 <<END
shut tcp $A4 -> $S4:22
open tcp $A4 -> $S4:9000
open udp $A4 -> $S4:443
reset tcp $A4 -> $S4:80
icmp tcp $A4 -> $S4:25
open ping $A4 -> $S4
connects tcp $A4 -> $S4:9000
shut tcp $A4 -> $S4:7000
open tcp $A4 -> $S4:7000
reset tcp $A4 -> $S4:7000
END
)
check_equal "every wrong expectation is reported" 10 "$(grep -c ^FAIL <<<"$wrong")"
finish
