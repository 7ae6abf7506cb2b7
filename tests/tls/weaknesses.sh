#!/bin/bash
# Weaknesses that a server shows beside its version, suites and certificate: what it
# takes up, and what it lacks. Passwords before the upgrade are in starttls*.sh.
. "$(dirname "$0")/lab.sh"
firewall_lab
few_addresses

rows <<'END'
# heartbeats: GnuTLS takes them up to this day, OpenSSL 1.0.1 bleeds (intrusive.sh)
gnutls-heartbeat | pass | ^TLS 1.2, TLS 1.3; && heartbeat warn negotiates heartbeats in TLS 1.2 && no no_ems | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3 --heartbeat
gnutls-without   | pass | ^TLS 1.2, TLS 1.3; && no heartbeat && no no_ems && no insecure_renegotiation && no no_fallback_scsv | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3
heartbeat-fails  | fail | ^negotiates heartbeats in TLS 1.2 && only heartbeat | profile = strict | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2 --heartbeat
# the library of 2013: none of what came after it
bleeding         | fail | ^accepts SSLv2 && heartbeat warn && no_ems warn no extended master secret in TLS 1.2 && no_fallback_scsv warn falls back to TLS 1.1 && no insecure_renegotiation && no compression | | bleeding good-rsa ALL
node-0.10.41     | fail | ^accepts SSLv2 && no heartbeat && no_ems warn && no no_fallback_scsv | | node good-rsa SSLv23_method
# RFC 7627
gnutls-no-ems    | pass | ^TLS 1.2, TLS 1.3; && no_ems warn no extended master secret in TLS 1.2 | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3:%NO_SESSION_HASH
nss-ems          | pass | ^TLS 1.2, TLS 1.3; && no no_ems | | selfserv good-rsa tls1.2:tls1.3 -c :1301:C02F:C030
no-ems-fails     | fail | ^no extended master secret in TLS 1.2 && only no_ems | profile = strict | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH
# RFC 5746
gnutls-renegotiation | fail | ^no secure renegotiation in TLS 1.2 && only insecure_renegotiation | | gnutls good NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION
gnutls-renegotiation-10 | fail | ^accepts TLS_ && insecure_renegotiation fail no secure renegotiation in TLS 1.0 | profile = mozilla-old | gnutls good-rsa NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION
openssl-legacy   | pass | ^TLS 1.2; && no insecure_renegotiation | | s_server good -tls1_2 -legacy_renegotiation
# RFC 7507, and RFC 8446's mark
openssl-fallback | fail | ^accepts TLS 1.0 && no no_fallback_scsv | | s_server good-rsa -cipher DEFAULT:@SECLEVEL=0
nss-fallback     | fail | ^accepts TLS 1.1 && no no_fallback_scsv | | selfserv good-rsa tls1.1:tls1.2
# where old versions are allowed they are proven, by whole handshakes
old-10           | pass | ^TLS 1.0; certificate valid until | profile = mozilla-old | s_server good-rsa -tls1 -cipher ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0
old-11           | pass | ^TLS 1.1; certificate valid until | profile = mozilla-old | s_server good-rsa -tls1_1 -cipher AES128-SHA:@SECLEVEL=0
old-10-13        | pass | ^TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3; && no no_fallback_scsv | profile = mozilla-old | nginx good-rsa ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:@SECLEVEL=0;
old-nss          | pass | ^TLS 1.0, TLS 1.1; | profile = mozilla-old | selfserv good-rsa tls1.0:tls1.1 -c :C013:002F
old-expired      | fail | ^certificate expired on && only certificate_expired | profile = mozilla-old | s_server expired-rsa -tls1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0
old-two-kinds    | pass | ^TLS 1.0; | profile = older | nginx good ssl_protocols TLSv1; ssl_ciphers ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0; ssl_certificate @PKI/good-rsa.pem; ssl_certificate_key @PKI/good-rsa.key;
old-expired-rsa  | fail | ^certificate expired on && only certificate_expired | profile = older | nginx good ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0; ssl_certificate @PKI/expired-rsa.pem; ssl_certificate_key @PKI/expired-rsa.key;
old-unknown      | fail | ^certificate.s root is not trusted && only certificate_untrusted | profile = mozilla-old | s_server unknown-root-rsa -tls1_1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0
old-without-end  | fail | ^TLS 1.0 is offered and does not complete && only incomplete_handshake && unproven inconclusive | profile = mozilla-old | double tls10_without_end
# handshakes signed with SHA-1, where nothing else is offered: RFC 9155
sha1-baseline    | pass | ^TLS 1.2, TLS 1.3; && weak_signature warn signs key exchanges with signature scheme 0x0201 | | s_server rsa3072 -no_tls1 -no_tls1_1 -sigalgs rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA1 -groups P-256 -ciphersuites TLS_AES_128_GCM_SHA256 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0
sha1-nist        | fail | ^signs key exchanges with signature scheme 0x0201 in TLS 1.2 && only weak_signature | profile = nist-800-52r2 | s_server rsa3072 -no_tls1 -no_tls1_1 -sigalgs rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA1 -groups P-256 -ciphersuites TLS_AES_128_GCM_SHA256 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0
sha1-bsi         | fail | ^signs key exchanges with signature scheme 0x0201 in TLS 1.2 && only weak_signature | profile = bsi-tr-02102-2 | s_server rsa3072 -no_tls1 -no_tls1_1 -sigalgs rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA1 -groups P-256 -ciphersuites TLS_AES_128_GCM_SHA256 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0
sha1-not-bsi     | pass | ^TLS 1.2, TLS 1.3; && no weak_signature | profile = bsi-tr-02102-2 | s_server rsa3072 -no_tls1 -no_tls1_1 -sigalgs rsa_pss_rsae_sha256:RSA+SHA256 -groups P-256 -ciphersuites TLS_AES_128_GCM_SHA256 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0
# in bytes: no server can be had that does this, or only in the long suite
compression      | fail | ^accepts TLS_.* in TLS 1.2 && compression fail compresses in TLS 1.2 | | double compresses
export           | fail | ^speaks only TLS 1.0 && export fail accepts TLS_RSA_EXPORT_WITH_RC4_40_MD5 in TLS 1.0 | | double exports
END
{
	printf '\n[profile strict]\nbase = baseline\n'
	printf '%s = fail\n' heartbeat no_ems no_fallback_scsv
	printf '[profile older]\nbase = mozilla-old\nkey_types = any\n'
} >>"$POLICY"
rows_check --timeout 1.5 --port-timeout 6
finish
