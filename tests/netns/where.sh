#!/bin/bash
# `to` and `interface`: which local address, which way in.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
link server wan0 client wan0
addresses server wan0 198.18.0.1/24 2001:db8:2::1/64
addresses client wan0 198.18.0.2/24 2001:db8:2::2/64
answer server tcp/22 tcp/80 tcp/8080-8082 udp/53

policy <<END

[service ssh]
to = $S4b, $S6b

[service http]
interface = eth1

[service any-eth]
port = 8080
tls = none
interface = eth*

[service two-ways]
port = 8081
tls = none
interface = wan0, eth1

; an interface that is not there (yet) is no error
[service later]
port = 8082
tls = none
interface = ppp*

[service dns]
protocol = udp
to = $S4
from = 10.0.0.0/8
END
apply

packets_reach client <<END
open tcp * -> $S4b:22 [$S6b]:22
shut tcp * -> $S4:22 [$S6]:22 $T4:22 [$T6]:22
open tcp * -> $T4:80 [$T6]:80
shut tcp * -> $S4:80 [$S6]:80 198.18.0.1:80 [2001:db8:2::1]:80
open tcp * -> $S4:8080 [$S6]:8080 $T4:8080 [$T6]:8080
shut tcp * -> 198.18.0.1:8080 [2001:db8:2::1]:8080
open tcp * -> 198.18.0.1:8081 [2001:db8:2::1]:8081 $T4:8081
shut tcp * -> $S4:8081 [$S6]:8081
shut tcp * -> $S4:8082 $T4:8082 198.18.0.1:8082
open udp $A4 -> $S4:53
shut udp $A4 -> $S4b:53
shut udp $B4 -> $S4:53
END

# The way in counts, not the address that was asked: eth1's address through eth0.
ip -n "${net_prefix}client" route replace $T4/32 dev eth0
packets_reach client <<END
shut tcp * -> $T4:80
open tcp * -> $T4:8080
END

# The interface that appears later is the one that was meant.
link server ppp7 client ppp7
addresses server ppp7 198.19.0.1/24
addresses client ppp7 198.19.0.2/24
packets_reach client <<END
open tcp * -> 198.19.0.1:8082
shut tcp * -> 198.19.0.1:8081
END
finish
