#!/bin/bash
# Block beats reject beats allow, whatever the order in the file; how a refusal
# looks from outside; block lists stand before established connections.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/25 tcp/80 tcp/9000-9001 udp/53 udp/123

policy <<END

[service allow-first]
port = 9000
tls = none

[service block-some]
port = 9000
tls = none
action = block
from = $B4, $B6

[service reject-some]
port = 9000
tls = none
action = reject
from = 203.0.113.0/24, 2001:db8:bad::/48, 192.0.2.2, 2001:db8::2

[service block-first]
port = 9001
tls = none
action = block
from = $A4

[service allow-later]
port = 9001
tls = none
from = 10.0.0.0/8, fd00::/8

[service smtp]
tls = none
action = reject

[service dns]
action = reject

[service http]

[service ntp]
END
apply
packets_reach client <<END
open  tcp $A4 -> $S4:9000
open  tcp $A6 -> [$S6]:9000
shut  tcp $B4 -> $S4:9000
shut  tcp $B6 -> [$S6]:9000
reset tcp 192.0.2.2 -> $S4:9000
reset tcp 2001:db8::2 -> [$S6]:9000
shut  tcp $A4 -> $S4:9001
open  tcp $A6 -> [$S6]:9001
reset tcp $B4 -> $S4:25
reset tcp $B6 -> [$S6]:25
icmp  udp $B4 -> $S4:53
icmp  udp $B6 -> [$S6]:53
shut  tcp $A4 -> $S4:22
END

# What no service names is dropped, or rejected where the policy says so.
printf 'default = reject\n' >"$TEST_TMP/default"
sed -i "2r $TEST_TMP/default" "$POLICY"
apply
packets_reach client <<END
open  tcp $A4 -> $S4:9000
shut  tcp $B4 -> $S4:9000
reset tcp $A4 -> $S4:22
reset tcp $B6 -> [$S6]:22
icmp  udp $A4 -> $S4:4444
icmp  udp $B6 -> [$S6]:4444
open  udp $A4 -> $S4:123
END

# A block list: ahead of every service, and of connections that run.
connection_open blocked client $B4 $S4:80
connection_open spared client $A4 $S4:80
connection_open blocked6 client $B6 "[$S6]:80"
cat >>"$POLICY" <<END

[addresses bad]
elements = 203.0.113.0/24, 2001:db8:bad::/48
action = block
END
apply
check_not "a running connection from a blocked address stops" connection_lives blocked
check_not "the same over IPv6" connection_lives blocked6
check "others go on" connection_lives spared
packets_reach client <<END
shut tcp $B4 -> $S4:80
shut tcp $B6 -> [$S6]:80
shut udp $B4 -> $S4:123
shut ping $B4 -> $S4
open tcp $A4 -> $S4:80
open tcp $A6 -> [$S6]:80
END
finish
