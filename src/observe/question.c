#include <sallyport/observation.h>

#include <stdio.h>

#define IN(dialect) (UINT32_C(1) << SP_DIALECT_##dialect)
#define ROW(key, title, kind, purpose, version)                                   \
	{                                                                         \
		key, title, SP_KIND_##kind, SP_PURPOSE_##purpose, SP_##version, 0 \
	}

static const struct sp_question_entry questions[SP_QUESTIONS] = {
	[SP_ASK_TLS13] = ROW("tls13", "TLS 1.3", HANDSHAKE, VERSION, TLS13),
	[SP_ASK_TLS12] = ROW("tls12", "TLS 1.2", HANDSHAKE, VERSION, TLS12),
	[SP_ASK_TLS11] = ROW("tls11", "TLS 1.1", HELLO, VERSION, TLS11),
	[SP_ASK_TLS10] = ROW("tls10", "TLS 1.0", HELLO, VERSION, TLS10),
	[SP_ASK_SSL3] = ROW("sslv3", "SSLv3", HELLO, VERSION, SSL3),
	[SP_ASK_SSL2] = ROW("sslv2", "SSLv2", HELLO, VERSION, SSL2),
	[SP_ASK_TLS13_OTHER] = ROW("tls13_other_certificate",
	    "TLS 1.3, certificate of the other type", HANDSHAKE, CERTIFICATE, TLS13),
	[SP_ASK_TLS12_OTHER] = ROW("tls12_other_certificate",
	    "TLS 1.2, certificate of the other type", HANDSHAKE, CERTIFICATE, TLS12),
	[SP_ASK_SUITES13] = ROW("tls13_forbidden_suites", "TLS 1.3, forbidden suites",
	    HELLO, COMPLEMENT, TLS13),
	[SP_ASK_SUITES12_A] = ROW("tls12_forbidden_suites", "TLS 1.2, forbidden suites",
	    HELLO, COMPLEMENT, TLS12),
	[SP_ASK_SUITES12_B] = ROW("tls12_forbidden_suites_2",
	    "TLS 1.2, more forbidden suites", HELLO, COMPLEMENT, TLS12),
	[SP_ASK_SUITES11] = ROW("old_forbidden_suites",
	    "before TLS 1.2, forbidden suites", HELLO, COMPLEMENT, TLS11),
	[SP_ASK_CONTROL13] = ROW("tls13_control", "TLS 1.3, the same with allowed ones",
	    HELLO, CONTROL, TLS13),
	[SP_ASK_CONTROL12] = ROW("tls12_control", "TLS 1.2, the same with allowed ones",
	    HELLO, CONTROL, TLS12),
	[SP_ASK_SCHEMES12] = ROW("tls12_forbidden_signatures",
	    "TLS 1.2, forbidden signatures", HELLO, COMPLEMENT, TLS12),
	[SP_ASK_GROUPS12] = ROW("tls12_forbidden_groups",
	    "TLS 1.2, forbidden groups, finite fields", HELLO, COMPLEMENT, TLS12),
	[SP_ASK_GROUPS13] = ROW("tls13_forbidden_groups", "TLS 1.3, forbidden groups",
	    HELLO, COMPLEMENT, TLS13),
	/* RDP, the databases and XMPP servers have no password that the plain
	 * session would name. */
	[SP_ASK_PLAINTEXT_AUTH] = { "plaintext_auth", "passwords", SP_KIND_SESSION,
	    SP_PURPOSE_SESSION, 0,
	    IN(SMTP) | IN(LMTP) | IN(IMAP) | IN(POP3) | IN(FTP) | IN(LDAP) |
		IN(XMPP_CLIENT) | IN(SIEVE) | IN(NNTP) },
	/* Where commands are lines, one can stand behind the upgrade, and so can a
	 * message of PostgreSQL's. */
	[SP_ASK_STARTTLS_INJECTION] = { "starttls_injection", "injection",
	    SP_KIND_SESSION, SP_PURPOSE_SESSION, 0,
	    IN(SMTP) | IN(LMTP) | IN(IMAP) | IN(POP3) | IN(FTP) | IN(SIEVE) | IN(NNTP) |
		IN(POSTGRESQL) },
	[SP_ASK_WARN12] = ROW("tls12_weak_suites", "TLS 1.2, suites that are warned of",
	    HELLO, WARNING, TLS12),
	[SP_ASK_FALLBACK] =
	    ROW("fallback_scsv", "a downgrade's mark", HELLO, FALLBACK, TLS11),
	[SP_ASK_HEARTBLEED] =
	    ROW("heartbleed", "Heartbleed", INTRUSIVE, INTRUSIVE, TLS12),
	[SP_ASK_CCS_INJECTION] =
	    ROW("ccs_injection", "CCS injection", INTRUSIVE, INTRUSIVE, TLS12),
	[SP_ASK_ROBOT] = ROW("robot", "ROBOT", INTRUSIVE, INTRUSIVE, TLS12),
	[SP_ASK_UNDECLARED] = ROW("undeclared_tls", "any TLS", HELLO, PLAIN, TLS12),
};

const struct sp_question_entry *sp_question(enum sp_question question)
{
	return &questions[question];
}

const char *sp_version_name(uint16_t version, char text[16])
{
	for (size_t i = 0; i < SP_QUESTIONS; i++)
		if (questions[i].purpose == SP_PURPOSE_VERSION &&
		    questions[i].version == version)
			return questions[i].title;
	snprintf(text, 16, "version 0x%04x", version);
	return text;
}
