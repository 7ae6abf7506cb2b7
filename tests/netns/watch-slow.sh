#!/bin/bash
# Servers that take their time hold up nobody else: neither the first opening
# nor a renewal of the others on the same host.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good

{
	tls_service https 443 'lease = 6s'
	tls_service late 8443
	for port in {9001..9006} {9011..9032}; do tls_service "silent-$port" "$port"; done
} | policy
check_exit 0 "apply" sp apply --no-verify "$POLICY"
silent mute {9001..9006}
web web good "$S4:443"
timeline_start <<END
https connect $A4 $S4:443
END
at=$(now)
# Longer than it takes to start them all.
enforcer_options=(--timeout 20)
enforcer_start
check "443 opens beside six silent servers" wait_until 4 has_lease 443
within "after the enforcer's start" "$(took "$at" "$(now)")" 0 2
opened=$(now)
# With the deadlines that `watch` has, a silent server takes many seconds.
sleep 3
at=$(now)
web late good "$S4:8443"
check "a service that comes later opens" wait_until 4 has_lease 8443
within "after it was started" "$(took "$at" "$(now)")" 0 2
# One after the other, so that each is asked in a round of its own, until there are
# more of those than may be under way.
for port in {9011..9032}; do
	silent "mute-$port" "$port"
	sleep 0.3
done
sleep 6
timeline_stop
check_equal "443 was renewed all the while" "" \
	"$(awk -v from="$opened" '$1 > from + 0.1 && $3 != "open"' "$TEST_TMP/timeline" | head -n 3)"
check "the enforcer ends as told" enforcer_stop
finish
