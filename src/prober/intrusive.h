/* Questions that disturb a server: asked only where somebody asked for them. */
#ifndef SALLYPORT_PROBER_INTRUSIVE_H
#define SALLYPORT_PROBER_INTRUSIVE_H

#include <stdint.h>

#include <sallyport/observation.h>

#include "channel.h"
#include "flight.h"

struct intrusion {
	struct channel *channel; /* which connections come from, as many as it takes */
	const struct sp_request *request;
	const char *name; /* SNI; NULL: none */
};

/* The question of SP_KIND_INTRUSIVE that the observation names. SP_REPLY_YES: it is
 * vulnerable, and the text says how that was seen; SP_REPLY_NO: it is not. */
void intrusive_ask(struct channel *channel, const struct sp_request *request,
    struct sp_observation *observation);

/* What each of them does; intrusive.c has the table. */
void heartbleed_ask(
    const struct intrusion *intrusion, struct sp_observation *observation);
void ccs_ask(const struct intrusion *intrusion, struct sp_observation *observation);
void robot_ask(const struct intrusion *intrusion, struct sp_observation *observation);

/* A fresh connection and the server's first flight on it. With `suites` those and
 * no other; NULL: whatever servers have. *ret_deadline_ms is the connection's. */
bool intrusive_begin(const struct intrusion *intrusion, const uint16_t *suites,
    size_t suite_count, bool extras, struct flight *ret, int64_t *ret_deadline_ms,
    struct sp_observation *observation);

/* The end of a wait for what a server may well not say, or of a part of one.
 * Milliseconds of the clock. */
int64_t intrusive_wait(
    const struct intrusion *intrusion, unsigned parts, int64_t deadline_ms);

/* Appends to `bytes`, at `at`, a record with a Finished in plain text, which has no
 * place before keys were agreed on, and returns where it ends. */
#define INTRUSIVE_FINISHED_BYTES (5 + 64)
size_t intrusive_finished(const struct flight *flight, uint8_t *bytes, size_t at);

void intrusive_conclude(struct sp_observation *observation, enum sp_reply reply,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
