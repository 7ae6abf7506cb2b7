#!/bin/bash
# Connections that run when a policy is applied go on: at the first apply, on a
# host that tracked no connection before, and at every later one.
. "$(dirname "$0")/../lib/sallyport.sh"
firewall_lab
answer server tcp/22 tcp/9000 download/8080
answer client tcp/7000 download/7080

# None of these ports is open in the policy: only having been there saves them.
connection_open download client $B4 $S4:8080 download
connection_open download6 client $B6 "[$S6]:8080" download
connection_open session client $A4 $S4:9000
connection_open session6 client $A6 "[$S6]:9000"
connection_open outward server $S4 $A4:7000
connection_open fetch server $S6 "[$A6]:7080" download

survive() {
	local one
	for one in download download6 session session6 outward fetch; do
		check "$one goes on $1" connection_lives $one
	done
}
survive "before there is any ruleset"

policy <<END

[service ssh]
END
apply
survive "after the first apply"
packets_reach client <<END
open tcp $B4 -> $S4:22
shut tcp $B4 -> $S4:9000
shut tcp $B6 -> [$S6]:8080
END

connection_open login client $B4 $S4:22
policy <<END

[service ntp]
END
apply
survive "after the second apply"
check "a login goes on after ssh was closed" connection_lives login
packets_reach client <<END
shut tcp $B4 -> $S4:22
END
finish
