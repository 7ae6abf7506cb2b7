/* A connection on which the server has said all that it says before the client's
 * second turn: where questions about the middle of a handshake begin. */
#ifndef SALLYPORT_PROBER_FLIGHT_H
#define SALLYPORT_PROBER_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include <sallyport/observation.h>

#include "hello.h"
#include "reply.h"

struct flight {
	int fd;
	struct server_hello hello;
	EVP_PKEY *key; /* of the leaf; NULL: there was none that could be read */
};

/* Sends the hello, of TLS 1.2 or less, over a fresh connection and reads up to
 * ServerHelloDone. False: `fd` is still the caller's, and the observation says what
 * came instead. `ret` is then empty. */
bool flight_begin(int fd, const struct hello *hello, int64_t deadline_ms,
    struct flight *ret, struct sp_observation *observation);

/* Closes the connection. */
void flight_end(struct flight *flight);

#endif
