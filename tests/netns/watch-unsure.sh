#!/bin/bash
# A server that cannot be judged (silent, stopped) neither gets a lease nor
# loses one: what stands runs out by itself, and it is asked again meanwhile.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good
lease=8

tls_service https 443 "lease = ${lease}s" 'revoke = cut' | policy
check_exit 0 "apply" sp apply --no-verify "$POLICY"

# A silent server never opens.
silent server_silent 443
enforcer_options=(--timeout 1 --port-timeout 3)
enforcer_start
timeline_start <<END
https connect $A4 $S4:443
END
check "the log says that a silent server is not judged" \
	wait_until 20 enforcer_said '^unproven: https 443/tcp: .*silent until the deadline'
check_not "it has no lease" has_lease 443
check_not "it was never open" seen open https
server_stop server_silent

# A stopped nginx takes connections, since the kernel does, and says nothing.
web web good "$S4:443"
check "nginx proves itself" wait_until 4 has_lease 443
workers=$(pgrep -P "$pid_web")
# Stopped right after a renewal, so that the lease is whole.
sleep 3
wait_until $((lease * 2)) eval '(($(lease_left 443) > lease * 1000 - 1500))' ||
	fail "it is not renewed"
sleep 0.2
# shellcheck disable=SC2086 # one word for each process
kill -STOP $workers
sleep 0.2
at=$(now)
left=$(awk -v ms="$(lease_left 443)" 'BEGIN { print ms / 1000 }')
read_in=$(seconds "$at" "$(now)")
unproven=$(enforcer_count '^unproven')
sleep 2.5
check "two seconds later the lease still stands" has_lease 443
check_not "nothing was revoked" enforcer_said '^(revoked|withdrawn)'
sleep $((lease + 3 - 2))
timeline_stop
stops "the last connection, from the time that was left" https "$at" \
	"$(awk -v at="$at" -v left="$left" 'BEGIN { printf "%.3f", at + left }')" \
	-0.7 "$(awk -v more="$read_in" 'BEGIN { print 0.3 + more }')"
check_not "it has no lease any more" has_lease 443
check "the log warns once more" eval '(($(enforcer_count "^unproven") > unproven))'
check_not "nothing was revoked even then" enforcer_said '^(revoked|withdrawn)'
# shellcheck disable=SC2086
kill -CONT $workers
check "it opens again when the server answers" wait_until 20 has_lease 443
check "the enforcer ends as told" enforcer_stop
finish
