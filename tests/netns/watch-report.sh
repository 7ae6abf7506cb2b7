#!/bin/bash
# drift = report: what others change in our table is said and left, while gates go
# on opening and shutting.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good
answer server tcp/22 tcp/80
{
	printf 'drift = report\n\n[service ssh]\n'
	tls_service https 443 'recheck = 1s'
	tls_service shop 8443 'recheck = 1s'
} | policy
web web good "$S4:443"
check_exit 0 "apply" sp apply "$POLICY"
enforcer_start
check "443 is open" wait_until 4 enforcer_said "^opened: https"

in_host server nft insert rule inet sallyport input tcp dport 80 accept
check "drift is said" wait_until 2 enforcer_said '^drift: nft .*left as it is'
web shop good "$S4:8443"
check "a gate opens" wait_until 3 has_lease 8443
server_stop web
check "a gate shuts" wait_until 3 eval '! has_lease 443'
sleep 1.5
packets_reach client <<END
open tcp $B4 -> $S4:22,80
END
check_not "nothing was put back" enforcer_said '^restored'
enforcer_stop
enforcer_start again
sleep 1.5
packets_reach client <<END
open tcp $B4 -> $S4:80
connects tcp $B4 -> $S4:8443
END
in_host server nft delete table inet sallyport
check "that is said too" wait_until 2 enforcer_said '^drift' again
sleep 1.5
check_equal "and left" "" "$(ruleset)"
check_no_match "no trouble" '^trouble' "$(<"$TEST_TMP/again.log")"
check_exit 0 "apply puts it right" sp apply "$POLICY"
packets_reach client <<END
shut tcp $B4 -> $S4:80
connects tcp $B4 -> $S4:8443
END
check "the enforcer ends as told" enforcer_stop again
finish
