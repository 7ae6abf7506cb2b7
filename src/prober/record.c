#include "record.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"
#include "session.h"

#define HEADER_BYTES 5
#define LEVEL_FATAL 2

static enum record_end read_exactly(
    int fd, uint8_t *bytes, size_t length, int64_t deadline_ms)
{
	while (length) {
		ssize_t got = recv(fd, bytes, length, 0);

		if (got > 0) {
			bytes += got;
			length -= (size_t)got;
		} else if (got == 0) {
			return RECORD_CLOSED;
		} else if (errno == EAGAIN) {
			if (!wait_for(fd, POLLIN, deadline_ms))
				return RECORD_TIMEOUT;
		} else if (errno != EINTR) {
			return RECORD_RESET;
		}
	}
	return RECORD_WHOLE;
}

enum record_end record_read(int fd, int64_t deadline_ms, struct record *ret)
{
	uint8_t header[HEADER_BYTES];
	enum record_end end;

	/* Whoever skips records must end too, and a fast peer is never waited for. */
	if (clock_ms() >= deadline_ms)
		return RECORD_TIMEOUT;
	end = read_exactly(fd, header, sizeof(header), deadline_ms);
	if (end != RECORD_WHOLE)
		return end;
	ret->type = header[0];
	ret->version = (uint16_t)(header[1] << 8 | header[2]);
	ret->length = (size_t)header[3] << 8 | header[4];
	if (ret->type < RECORD_CHANGE_CIPHER_SPEC || ret->type > RECORD_HEARTBEAT ||
	    header[1] != 3 || ret->length > sizeof(ret->body))
		return RECORD_MALFORMED;
	return read_exactly(fd, ret->body, ret->length, deadline_ms);
}

size_t record_write(uint8_t *bytes, size_t at, enum record_type type, uint16_t version,
    const uint8_t *body, size_t length)
{
	bytes[at] = (uint8_t)type;
	bytes[at + 1] = (uint8_t)(version >> 8);
	bytes[at + 2] = (uint8_t)version;
	bytes[at + 3] = (uint8_t)(length >> 8);
	bytes[at + 4] = (uint8_t)length;
	memcpy(bytes + at + HEADER_BYTES, body, length);
	return at + HEADER_BYTES + length;
}

void record_send(int fd, int64_t deadline_ms, const uint8_t *bytes, size_t length)
{
	struct session session = { .fd = fd, .deadline_ms = deadline_ms };

	(void)session_send(&session, bytes, length);
}

bool record_is_alert(const struct record *record, uint8_t *ret_alert)
{
	if (record->type != RECORD_ALERT || record->length != 2 ||
	    record->body[0] != LEVEL_FATAL)
		return false;
	*ret_alert = record->body[1];
	return true;
}
