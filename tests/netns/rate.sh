#!/bin/bash
# `rate`: so many new connections for each source, and no more; an established
# one is not new.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
addresses client eth0 fd00::6/128 fd00:0:0:1::5/128 10.1.2.4/32
answer server tcp/22 udp/123

policy <<END

[service ssh]
rate = 3/hour burst 3

[service ntp]
rate = 2/hour burst 2
END
apply

connection_open early client $A4 $S4:22
packets_reach client <<END
open tcp $A4 -> $S4:22,22
shut tcp $A4 -> $S4:22,22
open tcp 10.1.2.4 -> $S4:22,22,22
shut tcp 10.1.2.4 -> $S4:22
open tcp $B4 -> $S4:22
END
# A /64 is one source: whoever has one has all its addresses.
packets_reach client <<END
open tcp $A6 -> [$S6]:22,22,22
END
packets_reach client <<END
shut tcp fd00::6 -> [$S6]:22
open tcp fd00:0:0:1::5 -> [$S6]:22
open udp $A4 -> $S4:123,123
END
packets_reach client <<END
shut udp $A4 -> $S4:123
open udp $B4 -> $S4:123
END
check "the connection that was let in goes on" connection_lives early

# An apply that changes something else does not give a source a fresh budget.
printf '\n[service http]\n' >>"$POLICY"
apply
packets_reach client <<END
shut tcp 10.1.2.4 -> $S4:22
shut udp $A4 -> $S4:123
END
finish
