/* CCS injection, CVE-2014-0224: OpenSSL before 0.9.8za, 1.0.0m and 1.0.1h takes a
 * ChangeCipherSpec before any key was agreed on and goes on with keys that everybody
 * knows. It shows at the next record: what is no cipher text for those keys. */
#include "intrusive.h"

#include <string.h>

#include "record.h"

#define ALERT_BAD_RECORD_MAC 20
#define ALERT_DECRYPTION_FAILED 21

static void send_change(const struct flight *flight, int64_t deadline_ms)
{
	static const uint8_t change[] = { 1 };
	uint8_t bytes[5 + sizeof(change)];

	record_send(flight->fd, deadline_ms, bytes,
	    record_write(bytes, 0, RECORD_CHANGE_CIPHER_SPEC, flight->hello.version,
		change, sizeof(change)));
}

static void send_next(const struct flight *flight, int64_t deadline_ms)
{
	uint8_t bytes[INTRUSIVE_FINISHED_BYTES];

	record_send(flight->fd, deadline_ms, bytes, intrusive_finished(flight, bytes, 0));
}

/* True: it said something to the ChangeCipherSpec itself. */
static bool conclude_at_once(
    enum record_end end, const struct record *record, struct sp_observation *observation)
{
	uint8_t alert;

	switch (end) {
	case RECORD_TIMEOUT: return false;
	case RECORD_CLOSED:
	case RECORD_RESET:
		intrusive_conclude(observation, SP_REPLY_NO,
		    "ends the connection at an early ChangeCipherSpec");
		return true;
	case RECORD_WHOLE:
		if (record_is_alert(record, &alert)) {
			intrusive_conclude(observation, SP_REPLY_NO,
			    "answers an early ChangeCipherSpec with alert %u", alert);
			return true;
		}
		break;
	case RECORD_MALFORMED: break;
	}
	intrusive_conclude(observation, SP_REPLY_MALFORMED,
	    "something other than an alert to an early ChangeCipherSpec");
	return true;
}

/* It was silent to the ChangeCipherSpec. Only a server that took it tries to decrypt
 * what follows; one that left it out sees a message that has no place. */
static void conclude_later(
    enum record_end end, const struct record *record, struct sp_observation *observation)
{
	uint8_t alert;

	if (end == RECORD_WHOLE && record_is_alert(record, &alert)) {
		if (alert == ALERT_BAD_RECORD_MAC || alert == ALERT_DECRYPTION_FAILED)
			intrusive_conclude(observation, SP_REPLY_YES,
			    "takes an early ChangeCipherSpec and decrypts what follows "
			    "(alert %u)",
			    alert);
		else
			intrusive_conclude(observation, SP_REPLY_NO,
			    "leaves an early ChangeCipherSpec out (then alert %u)",
			    alert);
		return;
	}
	intrusive_conclude(observation,
	    end == RECORD_TIMEOUT ? SP_REPLY_TIMEOUT : SP_REPLY_MALFORMED,
	    end == RECORD_TIMEOUT
		? "silent to an early ChangeCipherSpec and to what follows"
		: "silent to an early ChangeCipherSpec, then ends without saying why");
}

void ccs_ask(const struct intrusion *intrusion, struct sp_observation *observation)
{
	struct flight flight;
	struct record record;
	int64_t deadline;

	if (!intrusive_begin(intrusion, NULL, 0, false, &flight, &deadline, observation))
		return;
	send_change(&flight, deadline);
	if (!conclude_at_once(
		record_read(flight.fd, intrusive_wait(intrusion, 1, deadline), &record),
		&record, observation)) {
		send_next(&flight, deadline);
		conclude_later(record_read(flight.fd,
				   intrusive_wait(intrusion, 1, deadline), &record),
		    &record, observation);
	}
	flight_end(&flight);
}
