/* The findings, as data: what each is called, where it is written, how much it
 * weighs where no profile says otherwise, and what to change at the server. */
#include <sallyport/verdict.h>

#define VERSIONS                                                                         \
	"nginx `ssl_protocols TLSv1.2 TLSv1.3;`, Apache `SSLProtocol -all +TLSv1.2 "     \
	"+TLSv1.3`, postfix `smtpd_tls_protocols = >=TLSv1.2` (and mandatory), dovecot " \
	"`ssl_min_protocol = TLSv1.2`, slapd `olcTLSCipherSuite: "                       \
	"NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3` (with GnuTLS), exim4 the same as "  \
	"tls_require_ciphers"
#define SUITES                                                                       \
	"list good suites alone: nginx ssl_ciphers, Apache SSLCipherSuite, postfix " \
	"tls_high_cipherlist with smtpd_tls_ciphers=high, dovecot ssl_cipher_list; " \
	"for example `ECDHE+AESGCM:ECDHE+CHACHA20`"
#define RFC5280 "RFC 5280 section "

static const struct sp_finding_entry entries[SP_FINDINGS] = {
#define ROW(id, key, title, reference, weight, remedy) \
	[SP_FINDING_##id] = { key, title, reference, SP_WEIGHT_##weight, remedy }
	ROW(PLAIN_TEXT, "plain_text", "Plain text where the policy wants TLS",
	    "policy: tls", FAIL,
	    "switch TLS on for this port: nginx `listen PORT ssl;`, Apache `SSLEngine "
	    "on`, postfix smtpd_tls_wrappermode=yes in master.cf, dovecot `ssl = yes` in "
	    "the inet_listener"),
	ROW(SSLV2, "sslv2", "SSLv2 is accepted", "RFC 6176; CVE-2016-0800 (DROWN)", FAIL,
	    "replace the TLS library, which is older than 2016, and the key: another "
	    "server with the same key is open too (DROWN)"),
	ROW(SSLV3, "sslv3", "SSLv3 is accepted", "RFC 7568; CVE-2014-3566 (POODLE)", FAIL,
	    VERSIONS),
	ROW(TLS10, "tls10", "TLS 1.0 is accepted", "RFC 8996; CVE-2011-3389 (BEAST)",
	    FAIL, VERSIONS),
	ROW(TLS11, "tls11", "TLS 1.1 is accepted", "RFC 8996", FAIL, VERSIONS),
	ROW(VERSION, "version", "A version that the profile forbids is accepted",
	    "profile: min_version", FAIL, VERSIONS),
	ROW(CERTIFICATE_EXPIRED, "certificate_expired", "A certificate has expired",
	    RFC5280 "4.1.2.5", FAIL,
	    "renew the certificate and reload the server; a server with an RSA and an "
	    "ECDSA certificate has two to renew"),
	ROW(CERTIFICATE_NOT_YET_VALID, "certificate_not_yet_valid",
	    "A certificate is not valid yet", RFC5280 "4.1.2.5", FAIL,
	    "look at the clocks of this host and of the authority"),
	ROW(CERTIFICATE_NAME, "certificate_name", "The certificate is for another name",
	    "RFC 9525 section 6", FAIL,
	    "get a certificate with this name among its subjectAltName entries (a common "
	    "name does not count), or correct `name` in the policy"),
	ROW(CERTIFICATE_REVOKED, "certificate_revoked", "A certificate was revoked",
	    RFC5280 "5; RFC 6960", FAIL, "make a new key and get a new certificate"),
	ROW(CERTIFICATE_SELF_SIGNED, "certificate_self_signed",
	    "The certificate is signed by itself", RFC5280 "6.1", FAIL,
	    "get a certificate from an authority, or name it as `ca` in the policy"),
	ROW(CERTIFICATE_INCOMPLETE, "certificate_incomplete",
	    "An intermediate certificate is not sent",
	    "RFC 8446 section 4.4.2; RFC 5246 section 7.4.2", FAIL,
	    "send the leaf and every intermediate: nginx ssl_certificate and Apache "
	    "SSLCertificateFile with fullchain.pem, postfix smtpd_tls_chain_files, "
	    "dovecot ssl_cert"),
	ROW(CERTIFICATE_UNTRUSTED, "certificate_untrusted",
	    "The chain ends at nobody who is trusted", RFC5280 "6.1", FAIL,
	    "get a certificate from an authority of the trust store, or name its root as "
	    "`ca` in the policy"),
	ROW(CERTIFICATE_PURPOSE, "certificate_purpose",
	    "The certificate is not for servers", RFC5280 "4.2.1.12", FAIL,
	    "get a certificate whose extendedKeyUsage has serverAuth"),
	ROW(CERTIFICATE_CHAIN, "certificate_chain", "The chain does not verify",
	    RFC5280 "6.1", FAIL, NULL),
	ROW(CERTIFICATE_MISSING, "certificate_missing",
	    "The server showed no certificate", "RFC 8446 section 4.4.2", FAIL, NULL),
	ROW(WEAK_KEY, "weak_key", "A key is too weak", "NIST SP 800-57 part 1", FAIL,
	    "make a new key, EC P-256 or RSA with 2048 bits or more, and get a "
	    "certificate for it"),
	ROW(WEAK_SIGNATURE, "weak_signature", "A signature is too weak",
	    "RFC 9155; RFC 6151", FAIL,
	    "get a certificate signed with SHA-256 or better; of handshakes: nginx "
	    "`ssl_conf_command SignatureAlgorithms`, Apache `SSLOpenSSLConfCmd "
	    "SignatureAlgorithms`"),
	ROW(NULL, "null", "A suite without encryption is accepted",
	    "RFC 9325 section 4.1", FAIL, SUITES),
	ROW(ANONYMOUS, "anonymous", "A suite without a certificate is accepted",
	    "RFC 9325 section 4.1", FAIL,
	    "leave them out: nginx ssl_ciphers, Apache SSLCipherSuite and dovecot "
	    "ssl_cipher_list with `:!aNULL` at the end, postfix "
	    "`smtpd_tls_exclude_ciphers = aNULL`"),
	ROW(EXPORT, "export", "An EXPORT suite is accepted",
	    "RFC 9325 section 4.1; CVE-2015-0204 (FREAK)", FAIL, SUITES),
	ROW(LOGJAM, "logjam", "The Diffie-Hellman group is too small",
	    "RFC 9325 section 4.5; CVE-2015-4000 (LOGJAM)", FAIL,
	    "use a group of 2048 bits or more (`openssl dhparam 2048`) or none: nginx "
	    "ssl_dhparam, Apache SSLOpenSSLConfCmd DHParameters, postfix "
	    "smtpd_tls_dh1024_param_file, dovecot ssl_dh"),
	ROW(RC4, "rc4", "An RC4 suite is accepted", "RFC 7465; CVE-2013-2566", FAIL,
	    SUITES),
	ROW(SWEET32, "sweet32", "A suite with blocks of 64 bits is accepted",
	    "CVE-2016-2183 (SWEET32)", FAIL, SUITES),
	ROW(SUITE, "suite", "A cipher suite that the profile does not list is accepted",
	    "profile: ciphers", FAIL, SUITES),
	ROW(GROUP, "group", "A group that the profile does not list is accepted",
	    "profile: groups", FAIL,
	    "list the groups of the profile: nginx ssl_ecdh_curve, Apache "
	    "SSLOpenSSLConfCmd Groups, postfix tls_eecdh_auto_curves, dovecot "
	    "ssl_curve_list"),
	ROW(COMPRESSION, "compression", "TLS compression is accepted",
	    "RFC 9325 section 3.3; CVE-2012-4929 (CRIME)", FAIL,
	    "switch it off: Apache `SSLCompression off`, dovecot "
	    "ssl_options=no_compression, postfix tls_ssl_options=NO_COMPRESSION; nginx "
	    "has none since 1.3.2"),
	ROW(INSECURE_RENEGOTIATION, "insecure_renegotiation",
	    "Renegotiation is not tied to its connection", "RFC 5746; CVE-2009-3555",
	    FAIL,
	    "replace the TLS library, which is older than 2010; Apache "
	    "`SSLInsecureRenegotiation off`; with GnuTLS leave "
	    "%DISABLE_SAFE_RENEGOTIATION out of the priorities"),
	ROW(HEARTBLEED, "heartbleed", "The server leaks its memory",
	    "CVE-2014-0160 (Heartbleed)", FAIL,
	    "replace OpenSSL (1.0.1g or later), then the key, the certificate and every "
	    "password that the server saw"),
	ROW(CCS_INJECTION, "ccs_injection", "A ChangeCipherSpec is taken too early",
	    "CVE-2014-0224", FAIL, "replace OpenSSL (1.0.1h, 1.0.0m, 0.9.8za or later)"),
	ROW(ROBOT, "robot", "The server tells good RSA padding from bad",
	    "CVE-2017-13099 and others (ROBOT); RFC 8446 section 4.2.3", FAIL,
	    "switch suites with RSA key transport off (`!kRSA` in the list of suites) "
	    "and replace the TLS library"),
	ROW(STARTTLS_INJECTION, "starttls_injection",
	    "Plain text before the upgrade counts after it",
	    "CVE-2011-0411; CVE-2021-23214 (PostgreSQL)", FAIL,
	    "replace the server's software: what is buffered before the upgrade must be "
	    "dropped"),
	ROW(PLAINTEXT_AUTH, "plaintext_auth",
	    "Passwords are taken before the upgrade to TLS", "RFC 8314; RFC 4513", FAIL,
	    "take them only inside TLS: postfix smtpd_tls_auth_only=yes, dovecot "
	    "disable_plaintext_auth=yes, slapd `olcSecurity: simple_bind=128`"),
	ROW(UNDECLARED_TLS, "undeclared_tls", "TLS on a port that the policy calls plain",
	    "policy: tls", WARN, "say `tls = required` in the policy"),
	ROW(REQUIRED_VERSION, "required_version",
	    "A version that the profile requires is refused", "profile: required_version",
	    FAIL, VERSIONS),
	ROW(INCOMPLETE, "incomplete_handshake",
	    "A version is offered and does not complete", "RFC 8446 section 4.4", FAIL,
	    NULL),
	ROW(KEY_KIND, "key_kind", "A key of a kind that the profile does not list",
	    "profile: key_types, key_curves", FAIL,
	    "get a certificate for a key of a type and curve that the profile lists"),
	ROW(LIFETIME, "lifetime", "A certificate is valid for too long",
	    "CA/Browser Forum Baseline Requirements section 6.3.2", WARN,
	    "get certificates that live shorter, renewed by a program (ACME, RFC 8555)"),
	ROW(MUST_STAPLE, "must_staple",
	    "The certificate wants a stapled answer and there is none", "RFC 7633", WARN,
	    "staple: nginx `ssl_stapling on` with a resolver, Apache `SSLUseStapling "
	    "on`; or get a certificate without the extension"),
	ROW(REVOCATION_UNKNOWN, "revocation_unknown",
	    "Whether a certificate was revoked is not known", RFC5280 "6.3; RFC 6960",
	    WARN,
	    "staple: nginx `ssl_stapling on` with a resolver, Apache `SSLUseStapling "
	    "on`; or name a list as `crl` in the policy, and keep it fresh"),
	ROW(LUCKY13, "lucky13", "A CBC suite is accepted", "CVE-2013-0169 (LUCKY13)",
	    WARN, SUITES),
	ROW(NO_FORWARD_SECRECY, "no_forward_secrecy",
	    "A suite without forward secrecy is accepted", "RFC 9325 section 4.1", WARN,
	    SUITES),
	ROW(NO_EMS, "no_ems", "No extended master secret", "RFC 7627", WARN,
	    "replace the TLS library, which is older than 2016; with GnuTLS leave "
	    "%NO_SESSION_HASH out of the priorities"),
	ROW(HEARTBEAT, "heartbeat", "The heartbeat extension is negotiated", "RFC 6520",
	    WARN,
	    "replace OpenSSL: 1.1.1 and later have no heartbeat; with GnuTLS switch it "
	    "off "
	    "where the server has it on"),
	ROW(NO_FALLBACK_SCSV, "no_fallback_scsv",
	    "A downgrade is not noticed (no TLS_FALLBACK_SCSV)", "RFC 7507", WARN,
	    "switch the older versions off, or replace the TLS library, which is older "
	    "than 2015"),
	ROW(EXPIRES_SOON, "expires_soon", "A certificate expires soon",
	    "profile: expire_warn", WARN, "renew the certificate and reload the server"),
	ROW(CERTIFICATE_FORM, "certificate_form",
	    "A certificate is not made as the standard wants it", RFC5280 "4", WARN,
	    "get a certificate from an authority that follows RFC 5280: strict clients "
	    "refuse this one (Python 3.13 and later do)"),
	ROW(CERTIFICATE_ORDER, "certificate_order",
	    "Certificates are sent that no chain needs", "RFC 8446 section 4.4.2", WARN,
	    "send the leaf first, then each certificate's issuer, and nothing else"),
	ROW(PROBER, "prober", "The endpoint could not be asked to the end",
	    "sallyport(8), verify", INCONCLUSIVE, NULL),
	ROW(UNREACHABLE, "unreachable", "No connection", "sallyport(8), verify",
	    INCONCLUSIVE, NULL),
	ROW(STARTTLS, "starttls", "The upgrade to TLS did not work",
	    "sallyport(8), verify", INCONCLUSIVE, NULL),
	ROW(UNANSWERED, "unanswered", "A question was not answered well",
	    "sallyport(8), verify", INCONCLUSIVE, NULL),
	ROW(UNPROVEN, "unproven", "No allowed version was proven", "sallyport(8), verify",
	    INCONCLUSIVE, NULL),
	ROW(CLIENT_CERTIFICATE, "client_certificate",
	    "The server asks for a client certificate", "RFC 8446 section 4.3.2", NOTE,
	    NULL),
#undef ROW
};

const struct sp_finding_entry *sp_finding_entry(enum sp_finding_id id)
{
	return &entries[id];
}

enum sp_finding_id sp_finding_of_weakness(enum sp_weakness weakness)
{
	static const enum sp_finding_id found[SP_WEAKNESSES] = {
		[SP_WEAK_SSLV2] = SP_FINDING_SSLV2,
		[SP_WEAK_SSLV3] = SP_FINDING_SSLV3,
		[SP_WEAK_TLS10] = SP_FINDING_TLS10,
		[SP_WEAK_TLS11] = SP_FINDING_TLS11,
		[SP_WEAK_NULL] = SP_FINDING_NULL,
		[SP_WEAK_ANONYMOUS] = SP_FINDING_ANONYMOUS,
		[SP_WEAK_EXPORT] = SP_FINDING_EXPORT,
		[SP_WEAK_LOGJAM] = SP_FINDING_LOGJAM,
		[SP_WEAK_RC4] = SP_FINDING_RC4,
		[SP_WEAK_SWEET32] = SP_FINDING_SWEET32,
		[SP_WEAK_LUCKY13] = SP_FINDING_LUCKY13,
		[SP_WEAK_NO_FORWARD_SECRECY] = SP_FINDING_NO_FORWARD_SECRECY,
		[SP_WEAK_COMPRESSION] = SP_FINDING_COMPRESSION,
		[SP_WEAK_INSECURE_RENEGOTIATION] = SP_FINDING_INSECURE_RENEGOTIATION,
		[SP_WEAK_NO_EMS] = SP_FINDING_NO_EMS,
		[SP_WEAK_HEARTBEAT] = SP_FINDING_HEARTBEAT,
		[SP_WEAK_NO_FALLBACK_SCSV] = SP_FINDING_NO_FALLBACK_SCSV,
		[SP_WEAK_KEY] = SP_FINDING_WEAK_KEY,
		[SP_WEAK_SIGNATURE] = SP_FINDING_WEAK_SIGNATURE,
		[SP_WEAK_STARTTLS_INJECTION] = SP_FINDING_STARTTLS_INJECTION,
		[SP_WEAK_PLAINTEXT_AUTH] = SP_FINDING_PLAINTEXT_AUTH,
		[SP_WEAK_UNDECLARED_TLS] = SP_FINDING_UNDECLARED_TLS,
		[SP_WEAK_PLAIN_TEXT] = SP_FINDING_PLAIN_TEXT,
	};

	return found[weakness];
}
