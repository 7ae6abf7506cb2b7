/* The closed choices that name a service's traffic: shared by policy, ruleset,
 * verify and report. */
#ifndef SALLYPORT_SERVICE_H
#define SALLYPORT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* IANA protocol numbers. */
enum sp_protocol { SP_TCP = 6, SP_UDP = 17 };

/* Inclusive; a single port has first == last. */
struct sp_ports {
	uint16_t first, last;
};

enum sp_tls { SP_TLS_NONE, SP_TLS_REQUIRED, SP_TLS_STARTTLS };

/* How a plain session is upgraded to TLS (tls.md, STARTTLS). */
enum sp_dialect {
	SP_DIALECT_NONE, /* TLS from the first byte */
	SP_DIALECT_SMTP,
	SP_DIALECT_LMTP,
	SP_DIALECT_IMAP,
	SP_DIALECT_POP3,
	SP_DIALECT_FTP,
	SP_DIALECT_LDAP,
	SP_DIALECT_RDP,
	SP_DIALECT_POSTGRESQL,
	SP_DIALECT_MYSQL,
	SP_DIALECT_XMPP_CLIENT,
	SP_DIALECT_XMPP_SERVER,
	SP_DIALECT_SIEVE,
	SP_DIALECT_NNTP,
};
#define SP_DIALECTS (SP_DIALECT_NNTP + 1)

const char *sp_protocol_name(enum sp_protocol protocol); /* "tcp", "udp" */
const char *sp_tls_name(enum sp_tls tls);	      /* "none", "required", "starttls" */
const char *sp_dialect_name(enum sp_dialect dialect); /* "smtp"; "" for none */
/* What asks for TLS there: "STARTTLS", "AUTH TLS", … */
const char *sp_dialect_upgrade(enum sp_dialect dialect);
/* False: there is no such dialect. */
bool sp_dialect_parse(const char *name, enum sp_dialect *ret);

#endif
