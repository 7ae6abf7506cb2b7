/* One question in bytes, over one connection. */
#ifndef SALLYPORT_PROBER_RAW_H
#define SALLYPORT_PROBER_RAW_H

#include <stdint.h>

#include <sallyport/observation.h>

#include "hello.h"
#include "reply.h"

/* Sends the hello, reads until the answer is known or the deadline passes, and
 * fills reply, alert, text and what the server chose. `fd` stays the caller's. */
void raw_ask(int fd, const struct hello *hello, enum reply_depth depth,
    int64_t deadline_ms, struct sp_observation *observation);

/* The same with SSLv2's own hello. */
void raw_ask_ssl2(int fd, int64_t deadline_ms, struct sp_observation *observation);

#endif
