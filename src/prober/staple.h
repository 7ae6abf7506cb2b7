/* A stapled OCSP response (RFC 6960, RFC 6066 section 8). */
#ifndef SALLYPORT_PROBER_STAPLE_H
#define SALLYPORT_PROBER_STAPLE_H

#include <openssl/ssl.h>

#include <sallyport/observation.h>

/* Reads what the server stapled, checks it against the chain that was built, and
 * fills staple, staple_says and staple_until. */
void staple_read(
    SSL *ssl, STACK_OF(X509) * chain, int64_t now, struct sp_observation *observation);

#endif
