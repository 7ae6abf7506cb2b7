#!/bin/bash
# The enforcer is killed, or stopped: the kernel itself shuts every gated port
# within lease + 0.3 s, as real connections see it. With `revoke = cut`
# established connections stop in the same bound; outbound ones never do.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good
# Renewed below half of it: held up for less than that, nothing lapses.
lease=5

{
	tls_service https 443 "lease = ${lease}s" 'recheck = 1s' 'revoke = cut' 'protocol = tcp, udp'
	tls_service shop 8443 "lease = ${lease}s" 'recheck = 1s'
	printf '\n[service plain]\nport = 80\ntls = none\n'
} | policy
web web good "$S4:443" "[$S6]:443" "$S4:8443"
answer server tcp/80 udp/443
answer client tcp/7000
check_exit 0 "apply" sp apply --no-verify "$POLICY"
bound=$(awk -v lease=$lease 'BEGIN { print lease + 0.3 }')

# Outwards from the very ports that are gated, one with cut.
ip -n "${net_prefix}server" address add $S4b/24 dev eth0
connection_open outbound_cut server $S4b:443 $A4:7000
connection_open outbound_drain server $S4b:8443 $A4:7000
ip -n "${net_prefix}server" address add $S6b/64 dev eth0 nodad
connection_open outbound_cut6 server "[$S6b]:443" "[$A6]:7000"

dies() { # signal, and seconds after the lease's length at which it comes
	local at port later most
	enforcer_start
	check "$1: both gates open" wait_until 4 eval 'has_lease 443 && has_lease 8443'
	timeline_start <<-END
		https connect $A4 $S4:443
		https6 connect $B6 [$S6]:443
		shop connect $B4 $S4:8443
		plain connect $B4 $S4:80
		cut talk $A4 $S4:443
		cut6 talk $B6 [$S6]:443
		drain talk $A4 $S4:8443
	END
	# Renewals go on: the gates stay open beyond their first lease.
	sleep "$(awk -v lease=$lease -v more="$2" 'BEGIN { print lease + more }')"
	at=$(now)
	enforcer_signal "$1"
	most=$(awk -v at="$at" -v now="$(now)" -v bound="$bound" 'BEGIN { print bound + now - at }')
	check_equal "$1: nothing was shut while the enforcer was alive" "" \
		"$(grep -E ' (https6?|shop|cut6?|drain) (shut|reset)$' "$TEST_TMP/timeline" |
			awk -v at="$at" '$1 < at - 0.3' | head -n 3)"
	sleep $((lease + 1))
	timeline_stop
	for port in https https6 shop cut cut6; do
		stops "$1: the last of $port" $port "$at" "$at" 0.3 "$most"
	done
	later=$(awk -v at="$at" -v bound="$bound" 'BEGIN { printf "%.3f", at + bound }')
	check "$1: an established connection with revoke = drain goes on" seen open drain "$later"
	check "$1: a port without a gate stays open" seen open plain "$later"
	packets_reach client <<-END
		shut udp $A4 -> $S4:443
		shut udp $A6 -> [$S6]:443
		open tcp $B4 -> $S4:80
	END
	for port in cut drain cut6; do
		check "$1: an outbound connection ($port) goes on" connection_lives outbound_$port
	done
}

dies KILL 1
wait "$(enforcer_pid)" 2>/dev/null
dies STOP 2.3
# Going on, it proves everything again.
at=$(now)
enforcer_signal CONT
check "the gates open again when the enforcer goes on" wait_until 4 eval 'has_lease 443 && has_lease 8443'
within "that took" "$(took "$at" "$(now)")" 0 2
packets_reach client <<END
connects tcp $A4 -> $S4:443,8443
connects tcp $A6 -> [$S6]:443
END
check "and it ends as told" enforcer_stop
finish
