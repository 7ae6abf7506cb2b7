/* A full handshake by OpenSSL, its chain verified. */
#ifndef SALLYPORT_PROBER_HANDSHAKE_H
#define SALLYPORT_PROBER_HANDSHAKE_H

#include <stdint.h>

#include <openssl/ssl.h>

#include <sallyport/observation.h>

#include "trust.h"

/* In the parent: a context that trusts nobody yet. NULL when memory is out. */
SSL_CTX *handshake_context(void);

/* What the peer sent and what was built of it; owned. */
struct handshake_chain {
	STACK_OF(X509) * sent, *built;
};

/* What to offer. */
enum handshake_certificates {
	HANDSHAKE_ANY,
	HANDSHAKE_RSA,	   /* signatures by RSA keys alone */
	HANDSHAKE_NOT_RSA, /* by any other */
};

/* As they are asked for in turn: with all, and plain. */
#define HANDSHAKE_SHAPES 2

struct handshake {
	const struct trust *trust;
	char *const *alpn; /* protocols to offer */
	size_t alpn_count;
	uint16_t version;
	enum handshake_certificates certificates;
	const char *name;	 /* NULL: none */
	bool plain;		 /* without what may be left out: status_request */
	enum sp_dialect dialect; /* how the session ends within TLS */
	int64_t now;
	int64_t deadline_ms;
};

/* What OpenSSL reads of a connection. It goes on for as long as there is something to
 * read and to skip (HelloRequests, tickets), and a fast peer never lets it return: so
 * nothing is there to read any more from the deadline on. Lives as long as the SSL. */
struct handshake_intake {
	int64_t deadline_ms;
	uint8_t first[80]; /* bytes of the wire, before OpenSSL took them */
	size_t first_length;
};

bool handshake_attach(SSL *ssl, int fd, struct handshake_intake *intake);

/* One handshake over `fd`, non-blocking, which stays the caller's. Fills the
 * observation but for its lists of certificates, which need numbers; `ret_chain`
 * holds them, and is the caller's to free. */
void handshake_ask(const struct handshake *handshake, int fd,
    struct sp_observation *observation, struct handshake_chain *ret_chain);

/* Runs SSL_connect on what is attached to its end. 1: done; 0: failed, *ret_error is the
 * errno that ended the socket; -1: the deadline passed. */
int handshake_drive(SSL *ssl, int fd, int64_t deadline_ms, int *ret_error);

void handshake_chain_free(struct handshake_chain *chain);

#endif
