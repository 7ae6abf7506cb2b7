/* Records of TLS one by one, in bytes, where a question is about what comes between
 * them. RFC 5246 section 6.2. */
#ifndef SALLYPORT_PROBER_RECORD_H
#define SALLYPORT_PROBER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT,
	RECORD_HANDSHAKE,
	RECORD_HEARTBEAT = 24, /* RFC 6520 section 3 */
};

/* RFC 5246 section 6.2.3: a fragment that is encrypted has up to 2,048 bytes more. */
#define RECORD_MAX_BODY ((1u << 14) + 2048)

struct record {
	uint8_t type;
	uint16_t version;
	size_t length;
	uint8_t body[RECORD_MAX_BODY];
};

enum record_end {
	RECORD_WHOLE,
	RECORD_CLOSED, /* FIN, whether or not something had begun */
	RECORD_RESET,
	RECORD_TIMEOUT,
	RECORD_MALFORMED,
};

/* The next record; whatever came before the end of it is lost with it. */
enum record_end record_read(int fd, int64_t deadline_ms, struct record *ret);

/* Appends a record to `bytes` at `at` and returns where it ends. */
size_t record_write(uint8_t *bytes, size_t at, enum record_type type, uint16_t version,
    const uint8_t *body, size_t length);

/* Sends all of it. What the peer makes of it is seen by reading: it may have ended
 * the connection before, with an alert that is still there. */
void record_send(int fd, int64_t deadline_ms, const uint8_t *bytes, size_t length);

/* A fatal alert in plain text; false: anything else. */
bool record_is_alert(const struct record *record, uint8_t *ret_alert);

#endif
