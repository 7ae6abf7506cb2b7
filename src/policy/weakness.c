#include <sallyport/profile.h>

#include <stdlib.h>
#include <string.h>

static const struct sp_weakness_entry weaknesses[SP_WEAKNESSES] = {
	[SP_WEAK_SSLV2] = { "sslv2", "SSLv2 is accepted",
	    "RFC 6176; CVE-2016-0800 (DROWN)" },
	[SP_WEAK_SSLV3] = { "sslv3", "SSLv3 is accepted",
	    "RFC 7568; CVE-2014-3566 (POODLE)" },
	[SP_WEAK_TLS10] = { "tls10", "TLS 1.0 is accepted",
	    "RFC 8996; CVE-2011-3389 (BEAST)" },
	[SP_WEAK_TLS11] = { "tls11", "TLS 1.1 is accepted", "RFC 8996" },
	[SP_WEAK_NULL] = { "null", "A suite without encryption is accepted",
	    "RFC 9325 section 4.1" },
	[SP_WEAK_ANONYMOUS] = { "anonymous", "A suite without a certificate is accepted",
	    "RFC 9325 section 4.1" },
	[SP_WEAK_EXPORT] = { "export", "An EXPORT suite is accepted",
	    "RFC 9325 section 4.1; CVE-2015-0204 (FREAK)" },
	[SP_WEAK_LOGJAM] = { "logjam", "The Diffie-Hellman group is too small",
	    "RFC 9325 section 4.5; CVE-2015-4000 (LOGJAM)" },
	[SP_WEAK_RC4] = { "rc4", "An RC4 suite is accepted", "RFC 7465; CVE-2013-2566" },
	[SP_WEAK_SWEET32] = { "sweet32", "A suite with blocks of 64 bits is accepted",
	    "CVE-2016-2183 (SWEET32)" },
	[SP_WEAK_LUCKY13] = { "lucky13", "A CBC suite is accepted",
	    "CVE-2013-0169 (LUCKY13)" },
	[SP_WEAK_NO_FORWARD_SECRECY] = { "no_forward_secrecy",
	    "A suite without forward secrecy is accepted", "RFC 9325 section 4.1" },
	[SP_WEAK_COMPRESSION] = { "compression", "TLS compression is accepted",
	    "RFC 9325 section 3.3; CVE-2012-4929 (CRIME)" },
	[SP_WEAK_INSECURE_RENEGOTIATION] = { "insecure_renegotiation",
	    "Renegotiation is not tied to its connection", "RFC 5746; CVE-2009-3555" },
	[SP_WEAK_NO_EMS] = { "no_ems", "No extended master secret", "RFC 7627" },
	[SP_WEAK_HEARTBEAT] = { "heartbeat", "The heartbeat extension is negotiated",
	    "RFC 6520" },
	[SP_WEAK_NO_FALLBACK_SCSV] = { "no_fallback_scsv",
	    "A downgrade is not noticed (no TLS_FALLBACK_SCSV)", "RFC 7507" },
	[SP_WEAK_KEY] = { "weak_key", "A key is too weak", "NIST SP 800-57 part 1" },
	[SP_WEAK_SIGNATURE] = { "weak_signature", "A signature is too weak",
	    "RFC 9155; RFC 6151" },
	[SP_WEAK_STARTTLS_INJECTION] = { "starttls_injection",
	    "Plain text before the upgrade counts after it", "CVE-2011-0411" },
	[SP_WEAK_PLAINTEXT_AUTH] = { "plaintext_auth",
	    "Passwords are taken before the upgrade to TLS", "RFC 8314; RFC 4513" },
	[SP_WEAK_UNDECLARED_TLS] = { "undeclared_tls",
	    "TLS on a port that the policy calls plain", "policy: tls" },
	[SP_WEAK_PLAIN_TEXT] = { "plain_text", "Plain text where the policy wants TLS",
	    "policy: tls" },
};

const struct sp_weakness_entry *sp_weakness(enum sp_weakness weakness)
{
	return &weaknesses[weakness];
}

/* The properties that show each weakness; those of a handshake show none. RC2,
 * DES and IDEA work on blocks of 64 bits, as 3DES does. */
static const unsigned shown_by[SP_WEAKNESSES] = {
	[SP_WEAK_NULL] = SP_SUITE_NULL,
	[SP_WEAK_ANONYMOUS] = SP_SUITE_ANONYMOUS,
	[SP_WEAK_EXPORT] = SP_SUITE_EXPORT,
	[SP_WEAK_RC4] = SP_SUITE_RC4,
	[SP_WEAK_SWEET32] = SP_SUITE_3DES | SP_SUITE_DES | SP_SUITE_RC2 | SP_SUITE_64_BIT,
	[SP_WEAK_LUCKY13] = SP_SUITE_CBC,
};

bool sp_suite_shows(const struct sp_suite *suite, enum sp_weakness weakness)
{
	if (weakness == SP_WEAK_NO_FORWARD_SECRECY)
		return !(suite->properties & SP_SUITE_FORWARD_SECRECY);
	return suite->properties & shown_by[weakness];
}
