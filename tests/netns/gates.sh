#!/bin/bash
# A TLS service's port opens with its lease and closes with it: TCP and UDP,
# `drain` and `cut`. The leases are given by hand, so that only packets count.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/443 udp/443 tcp/8443 tcp/990 tcp/25
answer client tcp/7000

policy <<END

[service https]
protocol = tcp, udp
name = $NAME
revoke = cut

[service shop]
use = https
port = 8443
name = $NAME
from = 10.0.0.0/8, fd00::/8

; nobody listens on these two: their ports are free for connections outwards
[service idle-cut]
use = https
port = 5443
name = $NAME
revoke = cut

[service idle-drain]
use = https
port = 6443
name = $NAME

[service shop-plain]
port = 990
tls = none

[service smtp]
name = $NAME
END
apply
shut() {
	packets_reach client <<-END
		shut tcp $A4 -> $S4:443,8443
		shut tcp $A6 -> [$S6]:443,8443
		shut udp $A4 -> $S4:443
		shut udp $A6 -> [$S6]:443
		shut tcp $A4 -> $S4:25
		open tcp $A4 -> $S4:990
	END
}
shut

# From a local port that is in `cut`, outwards, while the gate is shut.
connection_open outbound server $S4:6443 $A4:7000
connection_open outbound_cut server $S4b:5443 $A4:7000
check "an outbound connection from a gated local port works" connection_lives outbound
check "and from one with revoke = cut" connection_lives outbound_cut
connection_open outbound_cut6 server "[$S6]:5443" "[$A6]:7000"
check "over IPv6 too" connection_lives outbound_cut6

lease tcp 443
packets_reach client <<END
open tcp $A4 -> $S4:443
open tcp $B6 -> [$S6]:443
shut udp $A4 -> $S4:443
shut tcp $A4 -> $S4:8443
END
lease udp 443
lease tcp 8443
packets_reach client <<END
open udp $A4 -> $S4:443
open udp $B6 -> [$S6]:443
open tcp $A4 -> $S4:8443
open tcp $A6 -> [$S6]:8443
shut tcp $B4 -> $S4:8443
shut tcp $B6 -> [$S6]:8443
END

# Applying without asking keeps what was proven.
printf '\n[service http]\n' >>"$POLICY"
apply
connection_open cut client $A4 $S4:443
connection_open cut6 client $B6 "[$S6]:443"
connection_open drain client $A4 $S4:8443
packets_reach client <<END
open tcp $A4 -> $S4:443,8443
END

lease_end tcp 443
lease_end udp 443
lease_end tcp 8443
shut
check_not "revoke = cut stops an established connection" connection_lives cut
check_not "over IPv6 too" connection_lives cut6
check "revoke = drain lets it end by itself" connection_lives drain
check "an outbound connection from the port in cut goes on" connection_lives outbound_cut

# The kernel closes the port by itself when a lease runs out.
lease tcp 443 5s
packets_reach client <<END
open tcp $A4 -> $S4:443
END
sleep 5.1
packets_reach client <<END
shut tcp $A4 -> $S4:443
END
finish
