#include <sallyport/service.h>

#include <string.h>

const char *sp_protocol_name(enum sp_protocol protocol)
{
	switch (protocol) {
	case SP_TCP: return "tcp";
	case SP_UDP: return "udp";
	}
	return "?";
}

const char *sp_tls_name(enum sp_tls tls)
{
	switch (tls) {
	case SP_TLS_NONE: return "none";
	case SP_TLS_REQUIRED: return "required";
	case SP_TLS_STARTTLS: return "starttls";
	}
	return "?";
}

/* RFC 3207, 2595, 4217, 4511, 6120, 4642, 5804; MS-RDPBCGR; the databases'
 * protocols. */
static const struct {
	const char *name, *upgrade;
} dialects[SP_DIALECTS] = {
	[SP_DIALECT_NONE] = { "", "" },
	[SP_DIALECT_SMTP] = { "smtp", "STARTTLS" },
	[SP_DIALECT_LMTP] = { "lmtp", "STARTTLS" },
	[SP_DIALECT_IMAP] = { "imap", "STARTTLS" },
	[SP_DIALECT_POP3] = { "pop3", "STLS" },
	[SP_DIALECT_FTP] = { "ftp", "AUTH TLS" },
	[SP_DIALECT_LDAP] = { "ldap", "StartTLS" },
	[SP_DIALECT_RDP] = { "rdp", "TLS" },
	[SP_DIALECT_POSTGRESQL] = { "postgresql", "TLS" },
	[SP_DIALECT_MYSQL] = { "mysql", "TLS" },
	[SP_DIALECT_XMPP_CLIENT] = { "xmpp-client", "STARTTLS" },
	[SP_DIALECT_XMPP_SERVER] = { "xmpp-server", "STARTTLS" },
	[SP_DIALECT_SIEVE] = { "sieve", "STARTTLS" },
	[SP_DIALECT_NNTP] = { "nntp", "STARTTLS" },
};

const char *sp_dialect_name(enum sp_dialect dialect)
{
	return dialects[dialect].name;
}

const char *sp_dialect_upgrade(enum sp_dialect dialect)
{
	return dialects[dialect].upgrade;
}

bool sp_dialect_parse(const char *name, enum sp_dialect *ret)
{
	for (unsigned i = SP_DIALECT_NONE + 1; i < SP_DIALECTS; i++) {
		if (strcmp(dialects[i].name, name) == 0) {
			*ret = (enum sp_dialect)i;
			return true;
		}
	}
	return false;
}
