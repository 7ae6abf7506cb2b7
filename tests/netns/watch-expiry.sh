#!/bin/bash
# A certificate that expires in a few seconds closes its port at its notAfter:
# with the enforcer alive, which then says why, and with it dead.
. "$(dirname "$0")/../lib/enforcer.sh"
enforcer_lab
certificates good

tls_service https 443 'lease = 1h' 'revoke = cut' | policy

# not_after LEAF: seconds of the epoch
not_after() {
	date -d "$(openssl x509 -noout -enddate -in "$PKI/$1.crt" | cut -d= -f2)" +%s
}

lives() { awk -v now="$(now)" -v end="$1" 'BEGIN { exit !(now < end - 2) }'; }

expires() { # alive|dead
	local end life
	# A longer one, where a busy machine took its time to get here.
	for life in 8 16 32; do
		rm -f "$PKI"/seconds.*
		SP_PKI_SECONDS=$life certificates seconds
		end=$(not_after seconds)
		web web seconds "$S4:443" "[$S6]:443"
		enforcer_start
		wait_until 4 has_lease 443 && lives "$end" && break
		enforcer_stop
		server_stop web
	done
	check "$1: the port opens" has_lease 443
	check "$1: while the certificate lives" lives "$end"
	timeline_start <<-END
		https connect $A4 $S4:443
		https6 connect $B6 [$S6]:443
		cut talk $A4 $S4:443
	END
	[[ $1 == alive ]] || enforcer_signal KILL
	sleep "$(seconds "$(now)" $((end + 3)))"
	timeline_stop
	# To the instant: leases are counted in milliseconds.
	for name in https https6 cut; do
		stops "$1: the last of $name, from notAfter" $name 0 "$end" -0.3 0.3
	done
	if [[ $1 == alive ]]; then
		check "alive: the log says why" enforcer_said \
			'^(revoked|refused): https 443/tcp: certificate expired'
		check "alive: the enforcer ends as told" enforcer_stop
	fi
	server_stop web
}

check_exit 0 "apply" sp apply --no-verify "$POLICY"
expires alive
in_host server nft flush set inet sallyport verified
expires dead
finish
