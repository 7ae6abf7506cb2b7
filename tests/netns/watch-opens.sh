#!/bin/bash
# The enforcer opens a gated port within two seconds of its service listening and
# shuts it within two seconds of another, an unfit one, taking its place.
. "$(dirname "$0")/../lib/enforcer.sh"
need_command curl
enforcer_lab
certificates good good-rsa

{
	tls_service https 443
	tls_service shop 8443
} | policy
check_exit 0 "apply before anything listens" sp apply "$POLICY"
timeline_start <<END
https connect $A4 $S4:443
https6 connect $A6 [$S6]:443
shop connect $B4 $S4:8443
END
enforcer_start

# The later times find a gate that has been backing off.
for round in 1 2 3; do
	sleep $((round - 1))
	began=$(now)
	web web good "$S4:443" "[$S6]:443"
	wait_until 4 seen open https6 "$began"
	within "round $round: 443 opens after nginx was started" \
		"$(took "$began" "$(at first open https "$began")")" 0 2
	within "round $round: over IPv6" \
		"$(took "$began" "$(at first open https6 "$began")")" 0 2
	check_equal "round $round: a page" "web says hello" "$(page $A4 $S4 443)"
	stopped=$(now)
	server_stop web
	wait_until 4 eval '! has_lease 443'
	within "round $round: the lease is withdrawn when nobody listens any more" \
		"$(took "$stopped" "$(now)")" 0 1.5
done
check_equal "each opening is said once" 3 "$(enforcer_count '^opened: https 443/tcp')"
check_equal "and each withdrawal" 3 "$(enforcer_count '^withdrawn: https 443/tcp')"

# The same port, another server: SSLv3 only.
web web good "$S4:8443"
wait_until 4 has_lease 8443
check "8443 is open" wait_until 1 seen open shop
server_stop web
began=$(now)
ssl3_only old good-rsa 8443
sleep 4
timeline_stop
within "a service replaced by an SSLv3-only one: its last connection" \
	"$(took "$began" "$(at last open shop || echo "$began")")" -0.5 2
check "nothing connects to it later" seen shut shop "$(awk -v t="$began" 'BEGIN { printf "%.3f", t + 3.5 }')"
check "the log names the reason" wait_until 10 enforcer_said '^(refused|revoked): shop 8443/tcp: speaks only SSLv3'
check "the enforcer ends as it is told to" enforcer_stop
finish
