/* What chains are checked with, and what is shown when a server asks who we are. */
#ifndef SALLYPORT_PROBER_TRUST_H
#define SALLYPORT_PROBER_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <sallyport/frame.h>

struct trust {
	/* PEM as it came, until trust_make. The client's certificate and key stay: a
	 * child parses them, the parent never has a key in a form to use. */
	struct {
		uint8_t *bytes;
		size_t length, capacity;
		bool given;
	} parts[SP_STORE_PARTS];
	SSL_CTX *context; /* trusts the anchors and nothing else; NULL before */
	uint32_t anchors;
	uint32_t revocation_lists;
	STACK_OF(X509) * local; /* anchors that are no public authority's */
};

/* Takes one more piece. False: over a limit, out of turn, or memory is out. */
bool trust_add(struct trust *trust, const struct sp_store_piece *piece);

/* Once the anchors are there: parses. False: memory is out. */
bool trust_make(struct trust *trust);

/* Is it one of the distribution's anchors? */
bool trust_is_public(const struct trust *trust, const X509 *anchor);

/* Shows the client's certificate, where there is one. False: it cannot be read, or
 * its key is not its own. */
bool trust_show_client(const struct trust *trust, SSL *ssl);

/* Nothing of the client's file is left in memory; no session can show it any more. */
void trust_forget_client(struct trust *trust);

void trust_free(struct trust *trust);

#endif
