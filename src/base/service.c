#include <sallyport/service.h>

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

const char *sp_dialect_name(enum sp_dialect dialect)
{
	switch (dialect) {
	case SP_DIALECT_NONE: return "";
	case SP_DIALECT_SMTP: return "smtp";
	case SP_DIALECT_LMTP: return "lmtp";
	case SP_DIALECT_IMAP: return "imap";
	case SP_DIALECT_POP3: return "pop3";
	case SP_DIALECT_FTP: return "ftp";
	case SP_DIALECT_LDAP: return "ldap";
	case SP_DIALECT_RDP: return "rdp";
	case SP_DIALECT_POSTGRESQL: return "postgresql";
	case SP_DIALECT_MYSQL: return "mysql";
	case SP_DIALECT_XMPP_CLIENT: return "xmpp-client";
	case SP_DIALECT_XMPP_SERVER: return "xmpp-server";
	case SP_DIALECT_SIEVE: return "sieve";
	case SP_DIALECT_NNTP: return "nntp";
	}
	return "?";
}
