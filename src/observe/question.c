#include <sallyport/observation.h>

#include <stdio.h>

#define IN(dialect) (UINT32_C(1) << SP_DIALECT_##dialect)

static const struct sp_question_entry questions[SP_QUESTIONS] = {
	[SP_ASK_TLS13] = { "tls13", "TLS 1.3", SP_KIND_HANDSHAKE, 0x0304, 0 },
	[SP_ASK_TLS12] = { "tls12", "TLS 1.2", SP_KIND_HANDSHAKE, 0x0303, 0 },
	[SP_ASK_TLS11] = { "tls11", "TLS 1.1", SP_KIND_HELLO, 0x0302, 0 },
	[SP_ASK_TLS10] = { "tls10", "TLS 1.0", SP_KIND_HELLO, 0x0301, 0 },
	[SP_ASK_SSL3] = { "sslv3", "SSLv3", SP_KIND_HELLO, 0x0300, 0 },
	/* RDP, the databases and XMPP servers have no password that the plain
	 * session would name. */
	[SP_ASK_PLAINTEXT_AUTH] = { "plaintext_auth", "passwords", SP_KIND_SESSION, 0,
	    IN(SMTP) | IN(LMTP) | IN(IMAP) | IN(POP3) | IN(FTP) | IN(LDAP) |
		IN(XMPP_CLIENT) | IN(SIEVE) | IN(NNTP) },
	/* Where commands are lines, one can stand behind the upgrade. */
	[SP_ASK_STARTTLS_INJECTION] = { "starttls_injection", "injection",
	    SP_KIND_SESSION, 0,
	    IN(SMTP) | IN(LMTP) | IN(IMAP) | IN(POP3) | IN(FTP) | IN(SIEVE) | IN(NNTP) },
};

const struct sp_question_entry *sp_question(enum sp_question question)
{
	return &questions[question];
}

const char *sp_version_name(uint16_t version, char text[16])
{
	for (size_t i = 0; i < SP_QUESTIONS; i++)
		if (version && questions[i].version == version)
			return questions[i].title;
	snprintf(text, 16, "version 0x%04x", version);
	return text;
}
