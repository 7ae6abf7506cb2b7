#!/bin/bash
# What the enforcer lives with: apply while it runs, SIGHUP, a second enforcer,
# being stopped and started again.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good expired
answer server tcp/22

tls_service https 443 | policy
web web good "$S4:443"
web shop good "$S4:8443"
check_exit 0 "apply" sp apply "$POLICY"
enforcer_start
check "443 is open" wait_until 4 has_lease 443

# apply: followed, kept, and no drift.
tls_service shop 8443 >>"$POLICY"
at=$(now)
check_exit 0 "apply a second gate" sp apply --no-verify "$POLICY"
check "the enforcer opens it" wait_until 4 has_lease 8443
within "after the apply" "$(took "$at" "$(now)")" 0 2
check_equal "it says that it follows" 1 "$(enforcer_count '^policy: follows a new policy: 2 services, 2 gates')"
lease443=$(lease_left 443)
for round in {1..10}; do
	printf '\n; round %d\n[service ssh]\nfrom = 10.0.0.%d\n' "$round" "$round" >"$TEST_TMP/ssh"
	sed -n '/^; round/q; p' "$POLICY" >"$TEST_TMP/policy.new"
	cat "$TEST_TMP/policy.new" "$TEST_TMP/ssh" >"$POLICY"
	check_exit 0 "apply $round of ten" sp apply --no-verify "$POLICY"
done
sleep 1
check_not "no apply was taken for drift" enforcer_said '^(drift|restored)'
check "443 never lost its lease" eval '(($(lease_left 443) > 0 && $(lease_left 443) <= lease443))'
check_match "the last policy stands" '10\.0\.0\.10' "$(ruleset)"
tls_service https 443 | policy
check_exit 0 "apply without the second gate" sp apply --no-verify "$POLICY"
check_equal "closes it" -1 "$(lease_left 8443)"
sleep 1
check_equal "for good" -1 "$(lease_left 8443)"

# SIGHUP: everything is proven again, now.
sed -i "s|$PKI/good|$PKI/expired|" "$TEST_TMP/web/nginx.conf"
web_reload web
sleep 1
check "a day's lease stands beside a certificate that was changed" has_lease 443
enforcer_signal HUP
check "SIGHUP: asked again, revoked" wait_until 4 enforcer_said '^revoked: https 443/tcp: certificate expired'
check_equal "and shut" -1 "$(lease_left 443)"
sed -i "s|$PKI/expired|$PKI/good|" "$TEST_TMP/web/nginx.conf"
web_reload web
opened=$(enforcer_count '^opened: https')
exec 9>>"$RUN/lock"
flock 9
enforcer_signal HUP
sleep 1.5
check_equal "443 is not said to be open while nothing can be committed" "$opened" \
	"$(enforcer_count '^opened: https')"
check_not "nor is it" has_lease 443
exec 9>&-
check "SIGHUP: open again" wait_until 4 has_lease 443
check "and said to be" wait_until 1 eval '(($(enforcer_count "^opened: https") == opened + 1))'

# A snapshot that cannot be loaded: said once, and the policy before it goes on.
cp -a "$STATE/active" "$TEST_TMP/whole"
echo nonsense >"$STATE/active/policy.ini"
tr 0-9a-f 1-9a-f0 <"$TEST_TMP/whole/digest" >"$STATE/active/digest"
check "it is said" wait_until 4 enforcer_said '^trouble: the new snapshot cannot be loaded'
troubles=$(enforcer_count '^trouble')
sleep 2
check_equal "and not again" "$troubles" "$(enforcer_count '^trouble')"
check "443 stays open" has_lease 443
rm -rf "$STATE/active" && cp -a "$TEST_TMP/whole" "$STATE/active"

# A second one: neither takes the other's commits for drift, for long.
enforcer_start second
sleep 3
drifts=$(($(enforcer_count '^restored') + $(enforcer_count '^restored' second)))
check_equal "two enforcers put nothing back" 0 "$drifts"
check "443 is open with two" has_lease 443
check "one ends as told" enforcer_stop second
check "443 is open with one" has_lease 443

# Stopping leaves everything in place; starting again changes nothing.
before=$(shape)
check "the other ends as told" enforcer_stop
check_equal "the ruleset and its leases are as before" "$before" "$(shape)"
packets_reach client <<END
connects tcp $A4 -> $S4:443
END
enforcer_start
sleep 1.5
check_equal "a new enforcer leaves them as they are" "$before" "$(shape)"
check "and ends as told" enforcer_stop

# Nothing to enforce is said, and is no success.
rm -rf "$STATE"
run sp watch
check_equal "without a snapshot: exit 3" 3 "$status"
check_match "it says what to do" 'sallyport apply' "$errors"
finish
