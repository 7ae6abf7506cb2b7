#!/bin/bash
# A snapshot whose digest another version counted: it is in force all the same, its
# services are proven, and it is followed once.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good good-rsa
tls_service https 443 | policy
web web good "$S4:443" "[$S6]:443"
check_exit 0 "apply" sp apply "$POLICY"
check "443 is open" has_lease 443
sha256sum <"$STATE/active/digest" | cut -d' ' -f1 >"$TEST_TMP/other"
cp "$TEST_TMP/other" "$STATE/active/digest"
lease_end tcp 443
check_exit 0 "recheck" sp recheck https
check "443 is proven by hand" has_lease 443
lease_end tcp 443
enforcer_start
check "443 is proven by the enforcer" wait_until 8 has_lease 443
sleep 1
check_equal "no other policy is followed" 0 "$(enforcer_count '^policy: follows')"

# Another one is followed, as ever.
{
	tls_service https 443
	tls_service shop 8443
} | policy
check_exit 0 "apply another" sp apply --no-verify "$POLICY"
check "it is followed" wait_until 5 enforcer_said '^policy: follows a new policy: 2 services'
sleep 1
check_equal "once" 1 "$(enforcer_count '^policy: follows')"
check "the enforcer ends as it is told to" enforcer_stop
finish
