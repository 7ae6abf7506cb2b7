/* One question in bytes over one connection: said first and heard later, so that
 * several can be under way. */
#ifndef SALLYPORT_PROBER_RAW_H
#define SALLYPORT_PROBER_RAW_H

#include <stdint.h>

#include <sallyport/observation.h>

#include "hello.h"
#include "reply.h"

struct raw_question {
	bool ssl2; /* SSLv2's own hello; the rest is not looked at */
	struct hello hello;
	enum reply_depth depth;
};

/* Sends the hello. False: that failed, and the observation says how. */
bool raw_say(int fd, const struct raw_question *question, int64_t deadline_ms,
    struct sp_observation *observation);

/* Reads until the answer is known or the deadline passes, and fills reply, alert,
 * text and what the server chose. `fd` stays the caller's. */
void raw_hear(int fd, const struct raw_question *question, int64_t deadline_ms,
    struct sp_observation *observation);

#endif
