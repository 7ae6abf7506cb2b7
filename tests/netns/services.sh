#!/bin/bash
# What a policy opens connects, and nothing else does: by source, by port, by
# protocol, IPv4 and IPv6.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/25 tcp/80 tcp/443 tcp/853 tcp/5353 tcp/8443 \
	tcp/9000-9010 udp/53 udp/123 udp/443 udp/9000 tcp/53

policy <<END

[service ssh]
from = 10.0.0.0/8, fd00::/8

[service http]

; two services with different sources on one port
[service metrics-inside]
port = 8443
tls = none
from = $A4, $A6

[service metrics-outside]
port = 8443
tls = none
from = @partners

; a range with a single port inside it
[service bulk]
port = 9000-9009
tls = none
from = 10.0.0.0/8, fd00::/8

[service single]
port = 9005
tls = none

[service dns]
from = 10.0.0.0/8, fd00::/8

[service ntp]

[addresses partners]
elements = 192.0.2.2, 2001:db8::2
END
apply

packets_reach client <<END
# ssh: its sources and no other
open tcp $A4 -> $S4:22 $S4b:22 $T4:22
open tcp $A6 -> [$S6]:22 [$S6b]:22 [$T6]:22
shut tcp $B4 -> $S4:22 $S4b:22 $T4:22
shut tcp $B6 -> [$S6]:22 [$T6]:22
shut tcp * -> $S4:22 [$S6]:22
# http: everybody
open tcp $B4 -> $S4:80
open tcp $B6 -> [$S6]:80
# 8443: two services' sources, each
open tcp $A4 -> $S4:8443
open tcp $A6 -> [$S6]:8443
open tcp 192.0.2.2 -> $S4:8443
open tcp 2001:db8::2 -> [$S6]:8443
shut tcp $B4 -> $S4:8443
shut tcp $B6 -> [$S6]:8443
# the range, and the port inside it that is everybody's
open tcp $A4 -> $S4:9000-9009
open tcp $A6 -> [$S6]:9000-9009
open tcp $B4 -> $S4:9005
open tcp $B6 -> [$S6]:9005
shut tcp $B4 -> $S4:9000-9004,9006-9010
shut tcp $B6 -> [$S6]:9000-9004,9006-9010
shut tcp $A4 -> $S4:9010
# a TCP range opens no UDP
shut udp $A4 -> $S4:9000
# dns: both protocols, its sources
open udp $A4 -> $S4:53 $S4b:53
open udp $A6 -> [$S6]:53
open tcp $A4 -> $S4:53
shut udp $B4 -> $S4:53
shut udp $B6 -> [$S6]:53
shut tcp $B4 -> $S4:53
# ntp: everybody
open udp $B4 -> $S4:123
open udp $B6 -> [$S6]:123
# what no service names
shut tcp $A4 -> $S4:25,443,853,5353
shut tcp $A6 -> [$S6]:25,443,853,5353
shut udp $A4 -> $S4:443
# nobody listens, and the firewall does not say so
shut tcp $A4 -> $S4:4444
END

# From the host itself everything answers.
packets_reach server <<END
open tcp * -> 127.0.0.1:25 [::1]:25 $S4:443 [$S6]:443
END
finish
