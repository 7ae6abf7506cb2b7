/* Heartbleed, CVE-2014-0160: OpenSSL 1.0.1 to 1.0.1f answers a heartbeat with as many
 * bytes as it claims to hold. We claim 16 and hold none: a vulnerable server sends the
 * 16 bytes that lie behind, which are counted and not kept. */
#include "intrusive.h"

#include <string.h>

#include "record.h"

#define REQUEST 1
#define RESPONSE 2
#define CLAIMED 16
/* RFC 6520 section 4. */
#define PADDING 16

static const uint8_t lie[] = { REQUEST, 0, CLAIMED };

/* What is said, one after the other: a lie, which is to be dropped (RFC 6520 section
 * 4), the truth, and what ends a handshake with an alert. OpenSSL keeps small answers
 * to itself until it has something to say at once, and then all come in their order:
 * who has nothing to say before the alert has dropped both. */
enum turn { TURN_LIE, TURN_TRUTH, TURN_END };

static size_t write_turn(
    const struct flight *flight, enum turn turn, uint8_t bytes[INTRUSIVE_FINISHED_BYTES])
{
	uint8_t truth[3 + CLAIMED + PADDING] = { REQUEST, 0, CLAIMED };

	memset(truth + 3, 's', CLAIMED);
	switch (turn) {
	case TURN_LIE:
		return record_write(
		    bytes, 0, RECORD_HEARTBEAT, flight->hello.version, lie, sizeof(lie));
	case TURN_TRUTH:
		return record_write(bytes, 0, RECORD_HEARTBEAT, flight->hello.version,
		    truth, sizeof(truth));
	case TURN_END: return intrusive_finished(flight, bytes, 0);
	}
	return 0;
}

/* The first record that is answered to any turn. OpenSSL returns to its caller after
 * each heartbeat, and the caller may wait for more to come. */
static enum record_end converse(const struct intrusion *intrusion,
    const struct flight *flight, int64_t deadline_ms, struct record *record)
{
	enum record_end end = RECORD_TIMEOUT;

	for (unsigned turn = TURN_LIE; turn <= TURN_END && end == RECORD_TIMEOUT;
	     turn++) {
		uint8_t bytes[INTRUSIVE_FINISHED_BYTES];

		record_send(flight->fd, deadline_ms, bytes,
		    write_turn(flight, (enum turn)turn, bytes));
		end = record_read(flight->fd,
		    intrusive_wait(intrusion, turn == TURN_END ? 1 : 4, deadline_ms),
		    record);
	}
	return end;
}

static bool is_honest(const struct record *record)
{
	uint8_t sent[CLAIMED];

	memset(sent, 's', sizeof(sent));
	return record->length >= 3 + CLAIMED && !memcmp(record->body + 3, sent, CLAIMED);
}

static void conclude(
    enum record_end end, const struct record *record, struct sp_observation *observation)
{
	uint8_t alert;

	switch (end) {
	case RECORD_WHOLE: break;
	case RECORD_CLOSED:
	case RECORD_RESET:
		intrusive_conclude(observation, SP_REPLY_MALFORMED,
		    "takes heartbeats up, then ends without saying why");
		return;
	case RECORD_TIMEOUT:
		intrusive_conclude(
		    observation, SP_REPLY_TIMEOUT, "takes heartbeats up, then is silent");
		return;
	case RECORD_MALFORMED:
		intrusive_conclude(observation, SP_REPLY_MALFORMED, "no TLS record");
		return;
	}
	if (record_is_alert(record, &alert))
		intrusive_conclude(observation, SP_REPLY_NO,
		    "drops a heartbeat that claims more than it holds (alert %u)", alert);
	else if (record->type != RECORD_HEARTBEAT || record->length < 3 ||
		 record->body[0] != RESPONSE)
		intrusive_conclude(
		    observation, SP_REPLY_MALFORMED, "something other than a heartbeat");
	else if (is_honest(record))
		intrusive_conclude(observation, SP_REPLY_NO,
		    "drops a heartbeat that claims more than it holds");
	else
		intrusive_conclude(observation, SP_REPLY_YES,
		    "answers an empty heartbeat with %d bytes that it did not hold",
		    CLAIMED);
}

void heartbleed_ask(const struct intrusion *intrusion, struct sp_observation *observation)
{
	struct flight flight;
	struct record record;
	int64_t deadline;

	if (!intrusive_begin(intrusion, NULL, 0, true, &flight, &deadline, observation))
		return;
	if (flight.hello.heartbeat) {
		conclude(converse(intrusion, &flight, deadline, &record), &record,
		    observation);
	} else {
		intrusive_conclude(
		    observation, SP_REPLY_NO, "heartbeats are not negotiated");
	}
	flight_end(&flight);
}
