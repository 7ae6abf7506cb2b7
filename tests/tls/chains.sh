#!/bin/bash
# Certificates and chains of them, as forge.py makes them: what x509-limbo and
# BetterTLS ask of whoever verifies (read there, made anew here), and what verify says.
# Where it says another thing than those suites, the row's comment says why.
#
#   case | outcome | reason, findings | further policy
#
# Reasons are as lab.sh has them; ~ stands for "TLS 1.2, TLS 1.3;" and no finding that
# a certificate has.
. "$(dirname "$0")/lab.sh"
/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "python3-cryptography is not installed"
need_command nginx
firewall_lab
few_addresses
/usr/bin/python3 "$SP_ROOT/tests/tls/forge.py" "$PKI" $NAME || abort "no certificates"

serve_forged() {
	local more=
	[[ ! -e $PKI/$2.ocsp ]] || more="ssl_stapling on; ssl_stapling_file $PKI/$2.ocsp;"
	nginx_row "$1" "$2" "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:@SECLEVEL=0; $more"
}

good='^TLS 1.2, TLS 1.3; && no certificate_form && no certificate_chain && no certificate_order'
# The rows, each with its trust anchors and its list of revocations.
table() {
	local name outcome reason policy
	while IFS='|' read -r name outcome reason policy; do
		name=$(trim "$name") policy=$(trim "$policy") reason=$(trim "$reason")
		[[ -n $name && $name != \#* ]] || continue
		[[ -e $PKI/$name.pem ]] || abort "forge.py makes no $name"
		[[ $policy == *"ca ="* ]] || policy+="; ca = $PKI/$(readlink "$PKI/$name.roots")"
		[[ ! -e $PKI/$name.crl ]] || policy+="; crl = $PKI/$name.crl"
		[[ $reason != \~* ]] || reason=$good${reason#\~}
		echo "$name | $outcome | $reason | ${policy#; } | forged $name"
	done
}
made() { (cd "$PKI" && printf '%s\n' *.roots | sed 's/\.roots$//' | sort); }

rows < <(table <<'END'
usual                 | pass | ~
# --- how long a path may be ---
length-0              | pass | ~
length-1              | pass | ~
length-0-broken       | fail | ^certificate chain: path length constraint exceeded && only certificate_chain
length-rises          | pass | ~
length-below-broken   | fail | ^certificate chain: path length constraint exceeded && only certificate_chain
length-self-issued    | pass | ~
length-of-root        | pass | ~
length-of-root-broken | fail | ^certificate chain: path length constraint exceeded && only certificate_chain
# --- who may issue ---
ca-no-basic           | fail | ^certificate chain: invalid CA certificate
ca-version-1          | fail | ^CA certificate CN=int.* may not issue certificates of TLS servers
ca-no-cert-sign       | fail | ^CA certificate CN=int.* may not issue certificates of TLS servers
ca-length-without-sign | fail | ^CA certificate CN=int.* may not issue certificates of TLS servers
ca-serving            | pass | ~
ca-client-only        | fail | ^CA certificate CN=int.* may not issue certificates of TLS servers && only certificate_purpose
ca-any-purpose        | fail | ^CA certificate CN=int.* may not issue certificates of TLS servers && only certificate_purpose
ca-unknown            | fail | ^certificate chain: unhandled critical extension && only certificate_chain
ca-unknown-unused     | pass | ^TLS 1.2, TLS 1.3;
ca-explicit-curve     | fail | ^certificate chain: Certificate public key has explicit ECC parameters && only certificate_chain
ca-expired            | fail | ^CA certificate CN=int.* expired on && only certificate_expired
# Against RFC 5280, and refused by the suites; browsers take them, and so does the
# baseline, with a word.
ca-nameless           | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn .*: Subject name empty
ca-basic-not-critical | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=int.*: Basic Constraints of CA cert not marked critical
ca-no-usage           | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=int.*: CA cert does not include key usage
ca-no-subject-key     | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=int.*: Missing Subject Key Identifier
ca-no-issuer-key      | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=int.*: Missing Authority Key Identifier
ca-critical-issuer-key | fail | ^certificate chain: unhandled critical extension && only certificate_chain
ca-critical-subject-key| fail | ^certificate chain: unhandled critical extension && only certificate_chain
# Policies are not looked at: none is asked for, and no public authority demands one.
ca-policies           | pass | ~
ca-policies-not-critical | pass | ~
root-serving          | pass | ~
# An anchor is trusted for its name and key (RFC 5280 section 6.1.1): the suites want
# one to be a CA certificate, and it does warn; one that says that it is none fails.
root-no-basic         | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=root.*: invalid CA
root-version-1        | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn CA certificate CN=root.*: invalid CA
root-not-ca           | fail | ^CA certificate CN=root.* may not issue
root-no-sign          | fail | ^CA certificate CN=root.* may not issue
root-client-only      | fail | ^CA certificate CN=root.* may not issue && only certificate_purpose
root-unknown          | fail | ^certificate chain: unhandled critical extension && only certificate_chain
root-unknown-unused   | pass | ~
root-expired          | fail | ^CA certificate CN=root.* expired on && only certificate_expired
# --- the leaf ---
no-basic              | pass | ~
no-usage              | pass | ~
no-purpose            | pass | ~
client-and-server     | pass | ~
critical-purpose      | pass | ~
any-purpose           | fail | ^certificate is not for TLS servers \(extendedKeyUsage\) && only certificate_purpose
empty-purpose         | fail | ^certificate is not for TLS servers && only certificate_purpose
usage-crl-sign        | fail | ^certificate is not for TLS servers && only certificate_purpose
unknown               | fail | ^certificate chain: unhandled critical extension && only certificate_chain
twice                 | fail | ^certificate && certificate_chain fail certificate has an extension that cannot be read, or one twice && no certificate_incomplete
version-1             | fail | ^certificate is not valid for www.example.com, but for no name && only certificate_name
no-issuer-name        | fail | ^certificate's issuer is unknown and its certificate not sent && only certificate_incomplete
other-issuer-key      | fail | ^certificate's issuer is unknown and its certificate not sent && only certificate_incomplete
other-algorithm       | fail | ^certificate chain: .*signature && only certificate_chain
issuers-url           | pass | ~
critical-issuers-url  | fail | ^certificate chain: unhandled critical extension && only certificate_chain
# Nothing is fetched from there, and what is not read cannot mislead; nor is a common
# name, whatever it says.
broken-issuers-url    | pass | ~
other-common-name     | pass | ~
usage-cert-sign       | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn certificate is.*: Key usage keyCertSign invalid
length-in-leaf        | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn certificate is.*: Path length invalid for non-CA
no-issuer-key         | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn certificate is.*: Missing Authority Key Identifier
version-2-with-extensions | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn certificate is.*: Using cert extension requires
# A CA's certificate that serves is allowed by RFC 5280 and forbidden to public
# authorities; `openssl req -x509` makes them. Limits in a leaf limit nobody.
is-ca                 | pass | ~
constraints-in-leaf   | pass | ~
# Numbers that RFC 5280 section 4.1.2.2 forbids identify a certificate all the same;
# the suites call them pedantic.
serial-zero           | pass | ~
serial-negative       | pass | ~
serial-long           | pass | ~
# --- so much that is wrong in form that what counts comes late ---
forms-many            | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn && no certificate_chain
forms-many-other-name | fail | ^certificate is not valid for www.example.com && only certificate_name
forms-many-forged     | fail | ^certificate chain: certificate signature failure && only certificate_chain
forms-many-revoked    | fail | ^certificate was revoked, says a list && only certificate_revoked
forms-too-many        | fail | ^certificate chain: more errors && only certificate_chain
# --- when ---
to-2050               | pass | ~
to-9999               | pass | ~
utc-2049              | pass | ~
long-before-2050      | pass | ~
utc-1950              | fail | ^certificate expired on 1950-01-01 && only certificate_expired
seconds-past          | fail | ^certificate expired on && only certificate_expired
minutes-ahead         | fail | ^certificate is valid only from && only certificate_not_yet_valid
backwards             | fail | ^certificate expired on && only certificate_expired certificate_not_yet_valid
no-seconds            | fail | ^certificate chain: format error in certificate's notAfter && only certificate_chain
fraction              | fail | ^certificate chain: format error in certificate's notAfter && only certificate_chain
offset                | fail | ^certificate chain: format error in certificate's notAfter && only certificate_chain
no-date               | fail | ^certificate expired on 1970-01-01 && certificate_chain fail .*notAfter
# --- for whom ---
no-names              | fail | ^certificate is not valid for www.example.com, but for no name && only certificate_name
empty-names           | fail | ^certificate is not valid for www.example.com, but for no name && only certificate_name
broken-names          | fail | ^certificate && certificate_chain fail certificate has an extension that cannot be read && no certificate_incomplete
second-of-names       | pass | ~
many-names            | pass | ~
critical-names        | pass | ~
nameless-critical     | pass | ~
nameless              | pass | ^TLS 1.2, TLS 1.3; && certificate_form warn .*: Subject empty and Subject Alt Name extension not critical
nul-in-name           | fail | ^certificate is not valid for www.example.com && only certificate_name
nul-at-end            | fail | ^certificate is not valid for www.example.com && only certificate_name
dot-before            | fail | ^certificate is not valid for www.example.com && only certificate_name
dot-behind            | fail | ^certificate is not valid for www.example.com && only certificate_name
space-behind          | fail | ^certificate is not valid for www.example.com && only certificate_name
star                  | fail | ^certificate is not valid for www.example.com && only certificate_name
star-tld              | fail | ^certificate is not valid for example.com && only certificate_name | name = example.com
# No list of public suffixes is at hand; public authorities issue no such name.
star-suffix           | pass | ~ | name = example.co.uk
star-middle           | fail | ^certificate is not valid for www.example.com && only certificate_name
star-twice            | fail | ^certificate is not valid for www.example.com && only certificate_name
star-within           | fail | ^certificate is not valid for www.example.com && only certificate_name
star-behind           | fail | ^certificate is not valid for www.example.com && only certificate_name
star-a-label          | fail | ^certificate is not valid for xn--bliss-1b3c148a.example.com && only certificate_name | name = xn--bliss-1b3c148a.example.com
star-alone-in-label   | pass | ~
u-label               | fail | ^certificate is not valid for xn--bcher-kva.example.com && only certificate_name | name = xn--bcher-kva.example.com
underscore            | pass | ~ | name = a_b.example.com
a-label               | pass | ~ | name = xn--bcher-kva.example.com
mail-alone            | fail | ^certificate is not valid for www.example.com && only certificate_name
uri-alone             | fail | ^certificate is not valid for www.example.com && only certificate_name
other-name-alone      | fail | ^certificate is not valid for www.example.com && only certificate_name
address               | pass | ~ | name = 192.0.2.1, 2001:db8::1
address-as-name       | fail | ^certificate is not valid for 192.0.2.1, but for 192.0.2.1 && only certificate_name | name = 192.0.2.1
address-in-common-name | fail | ^certificate is not valid for 192.0.2.1, but for no name && only certificate_name | name = 192.0.2.1
address-mapped        | fail | ^certificate is not valid for 192.0.2.1 && only certificate_name | name = 192.0.2.1
address-range         | fail | ^certificate is not valid for 192.0.2.1 && only certificate_name | name = 192.0.2.1
address-short         | fail | ^certificate is not valid for 192.0.2.1 && only certificate_name | name = 192.0.2.1
# --- within which names an authority may issue ---
nc-permitted          | pass | ~
nc-permitted-exactly  | pass | ~
nc-permitted-not-critical | pass | ~
# A dot before a limit is no name (RFC 5280 section 4.2.1.10) and OpenSSL takes it for
# "below"; such authorities are in use.
nc-permitted-dot      | pass | ~
nc-other-permitted    | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-suffix-of-label    | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-second-name        | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-excluded           | fail | ^certificate chain: excluded subtree violation && only certificate_chain
nc-both               | fail | ^certificate chain: excluded subtree violation && only certificate_chain
nc-of-addresses       | pass | ~
nc-excludes-addresses | pass | ~
nc-star-permitted     | pass | ~
nc-star-wider         | fail | ^certificate chain: permitted subtree violation && only certificate_chain
# A wildcard that could stand for an excluded name (CVE-2025-61727): the name that is
# asked for is none of those, and the one who asks for those is not here.
nc-star-touches       | pass | ~
nc-address            | pass | ~ | name = 192.0.2.1
nc-address-outside    | fail | ^certificate chain: permitted subtree violation && only certificate_chain | name = 192.0.2.1
nc-address-excluded   | fail | ^certificate chain: excluded subtree violation && only certificate_chain | name = 192.0.2.1
nc-address-broken     | fail | ^certificate chain: unsupported or invalid name syntax && only certificate_chain | name = 192.0.2.1
nc-name-star          | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-directory          | pass | ~
nc-directory-other    | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-directory-excluded | fail | ^certificate chain: excluded subtree violation && only certificate_chain
nc-other-name         | fail | ^certificate chain: unsupported name constraint type && only certificate_chain
nc-other-name-unused  | pass | ~
# Limits to nothing limit nothing; the suites want them refused.
nc-empty              | pass | ~
nc-null               | fail | ^CA certificate CN=int.* has an extension that cannot be read && only certificate_chain
nc-common-name        | fail | ^certificate is not valid for www.example.com
nc-of-root            | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-of-root-permits    | pass | ~
nc-narrows            | pass | ~
nc-narrows-away       | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-widens             | fail | ^certificate chain: permitted subtree violation && only certificate_chain
nc-name-of-ca         | fail | ^certificate chain: excluded subtree violation && only certificate_chain
nc-self-issued        | pass | ~
nc-many               | pass | ~
nc-too-many           | fail | ^certificate chain: && only certificate_chain
# --- several ways up ---
# OpenSSL goes up one way and does not come back: where the first way of its choice is
# barred, another one does not help. A server whose chain only some clients can build
# is not told to be good.
paths-first           | pass | ^TLS 1.2, TLS 1.3;
paths-second          | fail | ^certificate's issuer is unknown: CN=root
paths-both            | pass | ^TLS 1.2, TLS 1.3;
paths-first-expired   | pass | ^TLS 1.2, TLS 1.3;
paths-first-expired-one-root | pass | ^TLS 1.2, TLS 1.3;
paths-only-expired    | fail | ^certificate's issuer is unknown: CN=other-root
paths-first-limited   | fail | ^certificate chain: permitted subtree violation
cross                 | pass | ^TLS 1.2, TLS 1.3;
cross-not-needed      | pass | ^TLS 1.2, TLS 1.3;
cross-expired         | pass | ^TLS 1.2, TLS 1.3;
cross-expired-alone   | fail | ^CA certificate CN=root.* expired on && only certificate_expired
int-is-root           | pass | ~
int-is-root-expired-above | fail | ^intermediate certificate is not sent && only certificate_incomplete
circle                | fail | ^certificate's issuer is unknown && only certificate_untrusted
circle-with-exit      | pass | ^TLS 1.2, TLS 1.3;
twin                  | pass | ^TLS 1.2, TLS 1.3;
twin-alone            | fail | ^certificate's issuer is unknown and its certificate not sent && only certificate_incomplete
twin-without-key-names | fail | ^certificate chain: certificate signature failure && only certificate_chain
deep-8                | pass | ~
deep-14               | pass | ~
deep-40               | fail | ^certificate's issuer is unknown
same-name-12          | fail | ^certificate's root is not trusted
same-name-12-no-root  | fail | ^certificate's root is not trusted
same-all-25-no-root   | fail | ^certificate's root is not trusted && only certificate_untrusted
# --- lists of revocations ---
list-revoked          | fail | ^certificate was revoked, says a list && only certificate_revoked
list-revoked-no-root  | fail | ^certificate was revoked, says a list && only certificate_revoked
list-revoked-pinned   | fail | ^certificate was revoked, says a list && only certificate_revoked
list-without-it       | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
list-expired          | pass | ~ && revocation_unknown warn .*CRL has expired | profile = mozilla-intermediate
list-expired-revoked  | fail | ^certificate was revoked, says a list && revocation_unknown warn .*CRL has expired
# The suites want a list without a number refused (RFC 5280 section 5.2.3): it names no
# successor, and is as good as its signature and its dates.
list-no-number        | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
list-critical-number  | pass | ~ && revocation_unknown warn .*critical CRL extension | profile = mozilla-intermediate
list-unknown          | pass | ~ && revocation_unknown warn .*critical CRL extension | profile = mozilla-intermediate
list-of-other-issuer  | pass | ~ && revocation_unknown warn .*unable to get certificate CRL | profile = mozilla-intermediate
list-and-older        | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
list-older-above      | pass | ~ && revocation_unknown warn .*CRL has expired | profile = mozilla-intermediate
list-forged           | pass | ~ && revocation_unknown warn | profile = mozilla-intermediate
list-no-sign          | pass | ~ && revocation_unknown warn | profile = mozilla-intermediate
list-sign             | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
# --- stapled answers ---
staple                | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
staple-no-end         | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
staple-revoked        | fail | ^certificate was revoked, says the OCSP response && only certificate_revoked
staple-revoked-stale  | fail | ^certificate was revoked, says the OCSP response && only certificate_revoked
staple-revoked-no-root | fail | ^certificate was revoked, says the OCSP response && only certificate_revoked
staple-delegated-no-root | fail | ^certificate was revoked, says the OCSP response && only certificate_revoked
staple-unknown        | pass | ~ && revocation_unknown warn .*: it does not speak of this certificate | profile = mozilla-intermediate
staple-stale          | pass | ~ && revocation_unknown warn .*: it is out of date | profile = mozilla-intermediate
staple-ahead          | pass | ~ && revocation_unknown warn .*: it is out of date | profile = mozilla-intermediate
staple-of-other       | pass | ~ && revocation_unknown warn .*: it does not speak of this certificate | profile = mozilla-intermediate
staple-later          | pass | ~ && revocation_unknown warn .*: it does not verify | profile = mozilla-intermediate
staple-delegated      | pass | ~ && no revocation_unknown | profile = mozilla-intermediate
staple-not-delegated  | pass | ~ && revocation_unknown warn .*: it does not verify | profile = mozilla-intermediate
staple-by-stranger    | pass | ~ && revocation_unknown warn .*: it does not verify | profile = mozilla-intermediate
staple-garbage        | pass | ~ && revocation_unknown warn .*: it does not verify | profile = mozilla-intermediate
must-staple-good      | pass | ~ && no must_staple
must-staple-stale     | pass | ~ && must_staple warn .*: it is out of date
must-staple-none      | pass | ~ && must_staple warn .*: there is none
END
)
check_equal "every case has its row" "$(made)" "$(printf '%s\n' "${row_names[@]}" | sort)"
rows_check
# Minutes that the row's lease lasts.
lease_minutes() {
	local i
	for i in "${!row_names[@]}"; do
		[[ ${row_names[i]} != "$1" ]] || /usr/bin/python3 - "$TEST_TMP/.output" "${row_ports[i]}" <<-'END'
			import datetime, json, sys
			ends = [port["lease"]["not_after"] for port in json.load(open(sys.argv[1]))["ports"] if port["port"] == int(sys.argv[2])]
			left = datetime.datetime.fromisoformat(ends[0].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
			print(int(left.total_seconds() / 60))
		END
	done
}
# What a row is told to pass for: with a list or a staple no other certificate.
told() {
	local i
	for i in "${!row_names[@]}"; do
		[[ ${row_names[i]} != "$1" ]] || grep -m 1 "^${row_ports[i]} " "$TEST_TMP/rows" | cut -d' ' -f4-
	done
}
for name in list-without-it list-and-older staple; do
	check_equal "$name: a certificate ends when it ends" "$(told usual)" "$(told $name)"
done
check "a lease lasts a day" test "$(lease_minutes usual)" -gt 1400
for name in list-and-older list-older-above; do
	check "$name: it does not outlive the list that counts" test "$(lease_minutes $name)" -le 180
done
finish
