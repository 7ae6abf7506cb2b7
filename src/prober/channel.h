/* The child's end of its endpoint's channel: it asks for connections and says
 * what it saw. */
#ifndef SALLYPORT_PROBER_CHANNEL_H
#define SALLYPORT_PROBER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/frame.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_ms(void);

struct channel {
	int fd;
	uint32_t sequence;   /* of the last connection asked for */
	int64_t deadline_ms; /* absolute, of the whole endpoint */
};

/* Sends a frame; false when the caller is gone or the frame does not fit. */
bool channel_send(const struct channel *channel, const struct sp_frame *frame);

/* Asks for `count` connections at once and waits for them until `deadline_ms`: of
 * each a non-blocking descriptor, or -1 and the error: connect's errno, ETIMEDOUT
 * past the deadline, EPROTO when the caller is gone. */
struct connected {
	int fd;
	uint32_t error;
};
void channel_connect(struct channel *channel, int64_t deadline_ms, size_t count,
    struct connected connected[]);

/* Waits for `events`; false past the deadline. */
bool wait_for(int fd, short events, int64_t deadline_ms);

#endif
