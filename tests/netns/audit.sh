#!/bin/bash
# mode = audit: what would be blocked is counted and gets through; the same policy
# enforced blocks just that.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/23 tcp/25 tcp/443 tcp/9000 udp/53

rules="
[addresses bad]
elements = $B4, $B6
action = block

[service ssh]

[service telnet]
port = 23
tls = none
action = block

[service smtp]
tls = none
action = reject

[service https]
name = $NAME
revoke = cut
"
printf '[policy]\nversion = 1\nmode = audit\n%s' "$rules" >"$POLICY"
sp apply --no-verify "$POLICY" >"$TEST_TMP/applied" || abort "cannot apply"
check "apply says that nothing is blocked" grep -q 'nothing is blocked' "$TEST_TMP/applied"
sp status >"$TEST_TMP/status"
check "status says it too" grep -q 'nothing is blocked' "$TEST_TMP/status"
before=$(counter blocked)
packets_reach client <<END
open tcp $A4 -> $S4:22
open tcp $A4 -> $S4:23
open tcp $A6 -> [$S6]:25
open tcp $A4 -> $S4:443
open tcp $A6 -> [$S6]:9000
open udp $A4 -> $S4:53
open tcp $B4 -> $S4:22
open tcp $B6 -> [$S6]:9000
END
check "what would be blocked was counted" test "$(($(counter blocked) - before))" -ge 3
check "by its block list" test "$(counter set-bad)" -gt 0
check "by its service" test "$(counter svc-telnet)" -gt 0

connection_open login client $A4 $S4:443
check "an established one goes on without a lease" connection_lives login

printf '[policy]\nversion = 1\n%s' "$rules" >"$POLICY"
apply
packets_reach client <<END
open  tcp $A4 -> $S4:22
shut  tcp $A4 -> $S4:23
reset tcp $A6 -> [$S6]:25
shut  tcp $A4 -> $S4:443
shut  tcp $A6 -> [$S6]:9000
shut  udp $A4 -> $S4:53
shut  tcp $B4 -> $S4:22
END
finish
