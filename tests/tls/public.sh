#!/bin/bash
# The system's trust store: how long certificates of its own authorities may live, and
# nobody else's. The store of the lab's server is bound over the host's for sallyport
# alone (`ip netns exec` gives what it starts mounts of its own).
. "$(dirname "$0")/lab.sh"
firewall_lab
few_addresses
system=/etc/ssl/certs/ca-certificates.crt local=/usr/local/share/ca-certificates
[[ -e $system ]] || skip "ca-certificates is not installed"
mkdir -p "$TEST_TMP/local" "$TEST_TMP/none"

# sp COMMAND...: as in sallyport.sh, with $store and $added as the system's.
sp() {
	local command=$1
	shift
	in_host server "$BASH" -c 'mount --bind "$0" '"$system"' && mount --bind "$1" '"$local"' && exec "${@:2}"' \
		"$store" "$added" timeout 120 "$SALLYPORT" "$command" --state "$STATE" --run "$RUN" "$@"
}
rows <<'END'
usual       | pass | ^TLS 1.2, TLS 1.3; && no lifetime && no expires_soon | ca = system | nginx good
only-12     | pass | ^TLS 1.2; | ca = system | nginx good ssl_protocols TLSv1.2;
long        | pass | ^TLS 1.2, TLS 1.3; && lifetime warn certificate of a public authority is valid for 902 days, not [0-9]+$ | ca = system | nginx long-lived
long-own    | pass | ^TLS 1.2, TLS 1.3; && no lifetime | ca = @PKI/root.pem | nginx long-lived
soon        | pass | ^TLS 1.2, TLS 1.3; && expires_soon warn certificate expires in [01] days?, on 20 && no lifetime | ca = system | nginx short
unknown     | fail | ^certificate's root is not trusted | ca = system | nginx unknown-root-rsa
none        | absent | ^nobody listens | ca = system | none
END
cat "$system" "$PKI/root.pem" >"$TEST_TMP/store.pem"
store=$TEST_TMP/store.pem added=$TEST_TMP/none
rows_check

# The same root, added to this host alone: update-ca-certificates(8) puts it into the
# store too, and its certificates live as long as their owner likes.
cp "$PKI/root.pem" "$TEST_TMP/local/ours.crt"
added=$TEST_TMP/local
run sp verify --format json "$POLICY"
check_no_match "of an authority that was added here, life may be long" 'certificate of a public authority' "$output"
check_match "and it is trusted" '"reason": "TLS 1.2, TLS 1.3;' "$output"
check_match "so is one whose TLS 1.3 handshake ended without certificates" '"reason": "TLS 1.2;' "$output"
finish
