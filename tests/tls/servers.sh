#!/bin/bash
# Real servers and doubles: each row starts one and says what verify makes of it.
. "$(dirname "$0")/lab.sh"
firewall_lab
few_addresses

rows <<'END'
# good ones
nginx            | pass | ^TLS 1.2, TLS 1.3; certificate valid until | | nginx good
nginx-rsa        | pass | ^TLS 1.2, TLS 1.3; | | nginx good-rsa
nginx-12         | pass | ^TLS 1.2; | | nginx good ssl_protocols TLSv1.2;
nginx-13         | pass | ^TLS 1.3; | | nginx good ssl_protocols TLSv1.3;
wildcard         | pass | ^TLS 1.2, TLS 1.3; | | nginx wildcard
rsa3072          | pass | ^TLS 1.2, TLS 1.3; | | nginx rsa3072
p384             | pass | ^TLS 1.2, TLS 1.3; | | nginx ec-p384
p521             | pass | ^TLS 1.2, TLS 1.3; | | s_server ec-p521
koblitz          | pass | ^TLS 1.2; | | s_server ec-koblitz
brainpool        | pass | ^TLS 1.2; | | s_server ec-brainpool
ed25519          | pass | ^TLS 1.2, TLS 1.3; | | s_server ed25519
ed448            | pass | ^TLS 1.2, TLS 1.3; | | s_server ed448
by-ed25519       | pass | ^TLS 1.2, TLS 1.3; | | s_server by-ed25519
rsa-pss          | pass | ^TLS 1.2, TLS 1.3; | | s_server rsa-pss
rsa2052          | pass | ^TLS 1.2, TLS 1.3; | | s_server rsa2052
chain-alone      | pass | ^TLS 1.2, TLS 1.3; | name = none | nginx wrong-name
client-cert      | pass | ^TLS 1.2, TLS 1.3; | | s_server good -Verify 2
client-cert-12   | pass | ^TLS 1.2; | | s_server good -Verify 2 -tls1_2
openssl-13       | pass | ^TLS 1.3; | | s_server good -tls1_3
openssl-12       | pass | ^TLS 1.2; | | s_server good-rsa -tls1_2
nss-12-13        | pass | ^TLS 1.2, TLS 1.3; | | selfserv good-rsa tls1.2:tls1.3 -c :1301:C02F:C030
nss-stock        | fail | ^accepts TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA in TLS 1.2 | | selfserv good-rsa tls1.2:tls1.3
nss-13           | pass | ^TLS 1.3; | | selfserv good-rsa tls1.3:tls1.3
gnutls           | pass | ^TLS 1.2, TLS 1.3; | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3
# old versions
nss-ssl3         | fail | ^speaks only SSLv3 \(ServerHello 0300\) \( | | selfserv good-rsa ssl3:ssl3
nss-ssl3-12      | fail | ^accepts SSLv3 \(ServerHello 0300\) | | selfserv good-rsa ssl3:tls1.2
nss-10           | fail | ^speaks only TLS 1.0 \(ServerHello 0301\) | | selfserv good-rsa tls1.0:tls1.0
nss-11           | fail | ^speaks only TLS 1.1 \(ServerHello 0302\) | | selfserv good-rsa tls1.1:tls1.1
nss-10-13        | fail | ^accepts TLS 1.0 \(ServerHello 0301\) | | selfserv good-rsa tls1.0:tls1.3
nss-11-12        | fail | ^accepts TLS 1.1 | | selfserv good-rsa tls1.1:tls1.2
nginx-10         | fail | ^accepts TLS 1.0 | | nginx good ssl_protocols TLSv1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;
nginx-11         | fail | ^accepts TLS 1.1 | | nginx good-rsa ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;
nginx-stock      | pass | ^TLS 1.2; | | nginx good ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
openssl-10       | fail | ^speaks only TLS 1.0 | | s_server good-rsa -tls1 -cipher ALL:@SECLEVEL=0
gnutls-10        | fail | ^accepts TLS 1.0 | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.2
nginx-ssl3-trap  | inconclusive | alert 70 | | nginx good ssl_protocols SSLv3;
ssl2             | fail | ^speaks only SSLv2 \(ServerHello 0002\) | | double ssl2
ssl2-no-specs    | fail | ^speaks only SSLv2 | | double ssl2_without_specs
ssl2-alert       | inconclusive | ^TLS 1.3: | | double ssl2_alert
real-ssl2        | fail | ^speaks only SSLv2 \(ServerHello 0002\) | | node good-rsa SSLv2_method
real-ssl2-12     | fail | ^accepts SSLv2 \(ServerHello 0002\) | | node good-rsa SSLv23_method
# suites, by the software that still has them
nss-rc4          | fail | ^accepts TLS_.*RC4_128.* in TLS 1.2 | | selfserv good-rsa tls1.2:tls1.3 -c :0005:0004:C011:C02F
nss-3des         | fail | ^accepts TLS_.*3DES.* in TLS 1.2 | | selfserv good-rsa tls1.2:tls1.3 -c :000A:0016:C012:C02F
nss-null         | fail | ^accepts TLS_.*WITH_NULL.* in TLS 1.2 | | selfserv good-rsa tls1.2:tls1.3 -c :0001:0002:003B:C010:C02F
nss-des          | fail | ^accepts TLS_.*DES_CBC_SHA in TLS 1.2 | | selfserv good-rsa tls1.2:tls1.2 -c :0009:C02F
gnutls-rc4       | fail | ^accepts TLS_.*RC4.* in TLS 1.2 | | gnutls good-rsa NORMAL:-VERS-ALL:+VERS-TLS1.2:+ARCFOUR-128
gnutls-3des      | fail | ^accepts TLS_.*3DES.* in TLS 1.2 | | gnutls good-rsa NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3:+3DES-CBC
gnutls-null      | fail | ^accepts TLS_.*NULL.* in TLS 1.2 | | gnutls good-rsa NORMAL:-VERS-ALL:+VERS-TLS1.2:+NULL
gnutls-anonymous | fail | ^accepts TLS_.*anon.* in TLS 1.2 | | gnutls good-rsa NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH:+ANON-DH
openssl-anonymous | fail | ^accepts TLS_.*anon.* in TLS 1.2 | | s_server good-rsa -no_tls1 -no_tls1_1 -cipher ALL:aNULL:@SECLEVEL=0
openssl-null     | fail | ^accepts TLS_.*NULL.* in TLS 1.2 | | s_server good-rsa -no_tls1 -no_tls1_1 -cipher ALL:eNULL:!aNULL:@SECLEVEL=0
nginx-anonymous  | fail | ^accepts TLS_.*anon.* in TLS 1.2 | | nginx good-rsa ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:aNULL:!kRSA:@SECLEVEL=0;
nginx-null-alone | fail | ^accepts TLS_.*NULL.* in TLS 1.2 | | nginx good-rsa ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers eNULL:!aNULL:@SECLEVEL=0;
nginx-cbc        | pass | ^TLS 1.2; | | nginx good-rsa ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA;
openssl-dh1024   | fail | ^Diffie-Hellman group of 1024 bits in TLS 1.2 | | s_server good-rsa -tls1_2 -dhparam @PKI/dh1024.pem -cipher DHE:@SECLEVEL=0
openssl-sha1     | pass | ^TLS 1.2; | | s_server good-rsa -tls1_2 -sigalgs RSA+SHA1:RSA+SHA256 -cipher ECDHE:!eNULL:@SECLEVEL=0
openssl-sha1-only | fail | ^signs key exchanges with signature scheme 0x0201 | | s_server good-rsa -tls1_2 -sigalgs RSA+SHA1 -cipher ECDHE:!eNULL:@SECLEVEL=0
openssl-p192     | fail | ^accepts the group secp192r1 in TLS 1.2 | | s_server good-rsa -tls1_2 -groups P-256:P-192 -cipher ECDHE:!eNULL:@SECLEVEL=0
# certificates
expired          | fail | ^certificate expired on 20 | | nginx expired
expired-rsa      | fail | ^certificate expired on 20 | | nginx expired-rsa
not-yet          | fail | ^certificate is valid only from 20 | | nginx not-yet
wrong-name       | fail | ^certificate is not valid for www.example.com, but for other.example.net | | nginx wrong-name
name-in-cn       | fail | ^certificate is not valid for www.example.com, but for no name | | nginx name-in-cn
partial-wildcard | fail | ^certificate is not valid for www.example.com | | nginx partial-wildcard
second-name      | fail | ^certificate is not valid for two.example.com | name = www.example.com, two.example.com | nginx good
unknown-root     | fail | ^certificate's root is not trusted: CN=other-root | | nginx unknown-root
no-intermediate  | fail | ^certificate's issuer is unknown and its certificate not sent: CN=int | | nginx no-intermediate
self-signed      | fail | ^certificate is self-signed | | nginx self-signed
client-only      | fail | ^certificate is not for TLS servers | | nginx client-only
rsa1024          | fail | ^certificate has a weak key: RSA, 1024 bits | | nginx rsa1024 ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;
ec-p192          | fail | ^certificate has a weak key: EC, 192 bits | | s_server ec-p192 -tls1_2 -cipher DEFAULT:@SECLEVEL=0
sha1             | fail | ^certificate has a weak signature: ecdsa-with-SHA1 | | nginx sha1 ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;
md5              | fail | ^certificate has a weak signature: md5 | | nginx md5 ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;
old-intermediate | fail | ^CA certificate CN=old-int.* expired on && only certificate_expired | | nginx expired-intermediate
bridged          | fail | ^intermediate certificate is not sent: CN=int | ca = @PKI/root-int.pem | nginx no-intermediate
rsa-beside-ec    | fail | ^certificate expired on 20 | | nginx good ssl_certificate @PKI/expired-rsa.pem; ssl_certificate_key @PKI/expired-rsa.key;
ec-beside-rsa    | fail | ^certificate expired on 20 | | nginx good-rsa ssl_certificate @PKI/expired.pem; ssl_certificate_key @PKI/expired.key;
both-good        | pass | ^TLS 1.2; | | nginx good-rsa ssl_certificate @PKI/good.pem; ssl_certificate_key @PKI/good.key;
revoked          | fail | ^certificate was revoked, says a list | crl = @PKI/int.crl | nginx revoked
not-revoked      | pass | ^TLS 1.2, TLS 1.3; && no revocation_unknown | crl = @PKI/int.crl; profile = mozilla-intermediate | nginx good ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;
not-known        | pass | ^TLS 1.2, TLS 1.3; && revocation_unknown warn .*: there is none | profile = mozilla-intermediate | nginx good ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;
list-in-der      | inconclusive | ^was not asked: no revocation list in PEM in .*/int-der.crl | crl = @PKI/int-der.crl | nginx revoked
stale-list       | pass | ^TLS 1.2, TLS 1.3; && revocation_unknown warn .*CRL has expired | crl = @PKI/int-stale.crl | nginx good
stapled          | pass | ^TLS 1.2; && no revocation_unknown | profile = mozilla-intermediate | nginx stapled ssl_ciphers ECDHE+AESGCM; ssl_stapling on; ssl_stapling_file @PKI/stapled-good.ocsp;
stapled-revoked  | fail | ^certificate was revoked, says the OCSP response | | nginx stapled ssl_stapling on; ssl_stapling_file @PKI/stapled-revoked.ocsp;
must-staple      | pass | ^TLS 1.2, TLS 1.3; && must_staple warn .*: there is none | | nginx must-staple
upper-case       | pass | ^TLS 1.2, TLS 1.3; | | nginx upper-case
wildcard-deeper  | fail | ^certificate is not valid for a.b.example.com | name = a.b.example.com | nginx wildcard
wildcard-base    | fail | ^certificate is not valid for example.com | name = example.com | nginx wildcard
unknown-critical | fail | ^certificate chain: unhandled critical extension | | nginx unknown-extension
constrained      | fail | ^certificate chain: permitted subtree violation | | nginx constrained
excluded         | fail | ^certificate chain: excluded subtree violation | | nginx excluded
too-deep         | fail | ^certificate chain: path length constraint exceeded | | nginx too-deep
by-a-leaf        | fail | ^CA certificate CN=no-ca.* may not issue | | nginx by-a-leaf
by-no-signer     | fail | ^CA certificate CN=no-signer.* may not issue | | nginx by-no-signer
by-client-ca     | fail | ^CA certificate CN=client-int.* may not issue | | nginx by-client-ca
odd-order        | pass | ^TLS 1.2, TLS 1.3; | | nginx odd-order
doubled          | pass | ^TLS 1.2, TLS 1.3; | | nginx doubled
with-root        | pass | ^TLS 1.2, TLS 1.3; | | nginx with-root
chain-200        | fail | ^TLS 1.. is offered and does not complete: .*excessive message size | | nginx chain-200
client-shown     | pass | ^TLS 1.2, TLS 1.3; | client_certificate = @PKI/client.full | s_server good -Verify 2 -CAfile @PKI/root-int.pem
client-keyless   | inconclusive | could not set up a session | client_certificate = @PKI/client.pem | s_server good -Verify 2
alpn             | pass | ^TLS 1.2, TLS 1.3; | alpn = h2, http/1.1 | s_server good -alpn http/1.1
alpn-refused     | inconclusive | alert 120 | alpn = h2 | s_server good -alpn http/1.1
bidi             | pass | ^TLS 1.2, TLS 1.3; | | nginx bidi
system-store     | fail | ^certificate's issuer is unknown | ca = system | nginx good
# not TLS, or hardly
nobody           | absent | ^nobody listens$ | | none
http             | fail | ^answers in plain text: HTTP/1.1 400 | | double http
greets           | fail | ^answers in plain text: 220 mail.example.com | | double greets
jealous          | pass | ^TLS 1.2, TLS 1.3; | | jealous good-rsa nginx
shy              | pass | ^TLS 1.2, TLS 1.3; | | shy good-rsa nginx
shy-expired      | fail | ^certificate expired | | shy expired nginx
jealous-null     | fail | ^accepts TLS_.*NULL.* in TLS 1.2 | | jealous good-rsa nginx ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:eNULL:!aNULL:@SECLEVEL=0;
strict-null      | fail | ^accepts TLS_.*NULL.* in TLS 1.2 | | strict good-rsa nginx ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:eNULL:!aNULL:@SECLEVEL=0;
strict           | pass | ^TLS 1.2, TLS 1.3; | | strict good-rsa nginx
silent           | inconclusive | ^TLS 1.3: silent until the deadline | | double silent
garbage          | inconclusive | ^TLS 1.3: not TLS | | double garbage
resets           | inconclusive | ^TLS 1.3: reset the connection | | double resets
closes           | inconclusive | ^TLS 1.3: closed the connection | | double closes
closes-at-once   | inconclusive | ^TLS 1.3: [a-z]+ the connection | | double closes_at_once
alert-70         | inconclusive | ^TLS 1.3: alert 70 | | double alert_70
alert-as-ssl3    | inconclusive | ^TLS 1.3: alert 40 | | double alert_40_as_ssl3
warns            | inconclusive | ^TLS 1.3: alert 40 | | double warns_then_refuses
warns-and-closes | inconclusive | ^TLS 1.3: closed the connection | | double warns_and_closes
tls12-to-all     | fail | ^accepts TLS_RSA_WITH_NULL_MD5 in TLS 1.2 | | double tls12_to_all
ssl3-to-all      | fail | ^speaks only SSLv3 | | double ssl3_to_all
ssl3-unoffered   | fail | ^speaks only SSLv3 | | double ssl3_unoffered
ssl3-half        | inconclusive | ^TLS 1.3: | | double ssl3_half
ssl3-record      | fail | ^accepts TLS_RSA_WITH_NULL_MD5 in TLS 1.2 | | double ssl3_record_only
endless          | inconclusive | ^TLS 1.3: | | double endless
drips            | inconclusive | ^TLS 1.3:  | | double drips
huge-record      | inconclusive | ^TLS 1.3: not TLS | | double huge_record
tls12-unoffered  | fail | . && no sslv3 | | double tls12_unoffered
tls13-unoffered  | fail | ^TLS 1.3 is offered and does not complete && no sslv3 | | double tls13_unoffered
tls12-to-13      | fail | . && incomplete_handshake fail TLS 1.2 is offered && unanswered inconclusive TLS 1.3: ServerHello 0303 | | double tls12_to_13
warns-for-ever   | inconclusive | ^TLS 1.3: | | double warns_for_ever
http-to-tls      | fail | ^answers in plain text: <!DOCTYPE HTML | | double http_to_tls
END
rows_check --timeout 1.5 --port-timeout 6
# Whatever strange things were said: SSLv3 is what a ServerHello says it is.
check_equal "SSLv3 is spoken by those who said 0300 in a ServerHello, and by nobody else" \
	"nss-ssl3 nss-ssl3-12 ssl3-to-all ssl3-unoffered" \
	"$(for i in "${!row_names[@]}"; do
		[[ ${row_names[i]} == real-* ]] || ! grep -q "^${row_ports[i]} finding sslv3 " "$TEST_TMP/rows" || echo "${row_names[i]}"
	done | sort | paste -sd' ')"
finish
