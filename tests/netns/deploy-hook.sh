#!/bin/bash
# examples/certbot: a port that is shut for an expired certificate opens as soon as the
# certificate is renewed, with and without the enforcer. certbot itself needs an
# authority to talk to: a stand-in puts the new certificate in place and runs what is
# in renewal-hooks/deploy as certbot does.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good expired
live=$TEST_TMP/letsencrypt/live/$NAME
hooks=$TEST_TMP/letsencrypt/renewal-hooks/deploy
mkdir -p "$live" "$hooks" "$TEST_TMP/bin"
cp "$SP_ROOT/examples/certbot/deploy-hook" "$hooks/90-sallyport"
ln -s "$SALLYPORT" "$TEST_TMP/bin/sallyport"

certificate() { # LEAF
	cp "$PKI/$1.pem" "$live/fullchain.pem"
	cp "$PKI/$1.key" "$live/privkey.pem"
}
# renew: what `certbot renew` does once it has the certificate.
renew() {
	local hook
	certificate good
	for hook in "$hooks"/*; do
		in_host server env PATH="$TEST_TMP/bin:$PATH" RENEWED_LINEAGE="$live" \
			RENEWED_DOMAINS="$NAME" SALLYPORT_RELOAD="kill -HUP $pid_web" \
			SALLYPORT_OPTIONS="--state $STATE --run $RUN" timeout 60 "$hook" || return
	done
}
certificate expired
{
	printf '\n[service http]\n'
	tls_service https 443
} | policy
web web good "$S4:443"
server_stop web
sed -i "s|$PKI/good.pem|$live/fullchain.pem|; s|$PKI/good.key|$live/privkey.pem|" "$TEST_TMP/web/nginx.conf"
server_start web server nginx -e "$TEST_TMP/web/error.log" -c "$TEST_TMP/web/nginx.conf"
wait_for_port server tcp 443
answer server tcp/80

check_exit 0 "apply" sp apply "$POLICY"
check_not "443 is shut: its certificate has expired" has_lease 443
packets_reach client <<END
open tcp $B4 -> $S4:80
shut tcp $B4 -> $S4:443
END
at=$(now)
check_exit 0 "a renewal" renew
check_match "the hook says which certificate" "$NAME was renewed" "$output"
check "443 is open" has_lease 443
within "after the renewal" "$(took "$at" "$(now)")" 0 5
packets_reach client <<END
connects tcp $B4 -> $S4:443
END

# Beside the enforcer, which has backed off from a port that fails.
certificate expired
web_reload web
enforcer_start
check "the enforcer shuts it" wait_until 5 eval '! has_lease 443'
sleep 4
check_exit 0 "a renewal" renew
check "443 is open at once" has_lease 443
sleep 2
check "and stays open" has_lease 443
check_not "which is no drift" enforcer_said '^drift'
check "the enforcer ends as told" enforcer_stop

# A renewal that the server did not take up is a failed hook, which certbot reports.
certificate expired
web_reload web
renew_in_vain() {
	in_host server env PATH="$TEST_TMP/bin:$PATH" SALLYPORT_RELOAD=true \
		SALLYPORT_OPTIONS="--state $STATE --run $RUN" timeout 60 "$hooks/90-sallyport"
}
check_exit 1 "a renewal that changes nothing" renew_in_vain
check_not "443 is shut" has_lease 443
finish
