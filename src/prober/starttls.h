/* From a plain session to the moment where TLS begins (tls.md, STARTTLS), and
 * what may be asked of the plain session itself. */
#ifndef SALLYPORT_PROBER_STARTTLS_H
#define SALLYPORT_PROBER_STARTTLS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <sallyport/observation.h>

/* Upgrades what `fd`, non-blocking and just connected, holds. True: the next byte
 * is TLS's. Fills upgrade, injected and upgrade_text, and when false the reply.
 * `name` (NULL: none) is said where a dialect wants to know whom it addresses. */
bool starttls_upgrade(enum sp_dialect dialect, int fd, const char *name,
    int64_t deadline_ms, struct sp_observation *observation);

/* One question of SP_KIND_SESSION over a fresh connection; the observation says
 * which. `context` is for the one that goes on within TLS. With that one `passwords`,
 * where not NULL, is SP_ASK_PLAINTEXT_AUTH: answered on the way where it can be, else
 * its reply stays SP_REPLY_NOT_ASKED. */
void starttls_ask(enum sp_dialect dialect, SSL_CTX *context, int fd, const char *name,
    int64_t deadline_ms, struct sp_observation *observation,
    struct sp_observation *passwords);

/* Within TLS, once a handshake is complete: ends the session as its protocol
 * wants it where a server counts those who just leave. */
void starttls_end(enum sp_dialect dialect, SSL *ssl, int fd, int64_t deadline_ms);

#endif
