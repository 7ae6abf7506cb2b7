#include "intrusive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/tls.h>

#include "record.h"
#include "starttls.h"

/* A server on the other side of the world answers in 300 ms. */
#define WAIT_MS 1000

/* What anybody's TLS 1.2 and less has: AEAD first, then CBC, 3DES and RC4. */
static const uint16_t usual_suites[] = { 0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9,
	0x009e, 0x009f, 0xc013, 0xc014, 0xc009, 0xc00a, 0x0033, 0x0039, 0x009c, 0x009d,
	0x003c, 0x003d, 0x002f, 0x0035, 0x000a, 0x0005, 0x0004 };

void intrusive_conclude(
    struct sp_observation *observation, enum sp_reply reply, const char *format, ...)
{
	va_list arguments;
	char text[160];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	observation->reply = reply;
	free(observation->text);
	observation->text = strdup(text);
}

size_t intrusive_finished(const struct flight *flight, uint8_t *bytes, size_t at)
{
	static const uint8_t finished[INTRUSIVE_FINISHED_BYTES - 5] = { 20, 0, 0,
		sizeof(finished) - 4 };

	return record_write(bytes, at, RECORD_HANDSHAKE, flight->hello.version, finished,
	    sizeof(finished));
}

int64_t intrusive_wait(
    const struct intrusion *intrusion, unsigned parts, int64_t deadline_ms)
{
	int64_t half = intrusion->request->connection_ms / 2;
	int64_t until = clock_ms() + (half < WAIT_MS ? half : WAIT_MS) / parts;

	return until < deadline_ms ? until : deadline_ms;
}

/* -1, and the observation says why. */
static int open_connection(const struct intrusion *intrusion, int64_t deadline_ms,
    struct sp_observation *observation)
{
	struct connected connected;

	channel_connect(intrusion->channel, deadline_ms, 1, &connected);
	observation->error = connected.error;
	if (connected.fd < 0) {
		observation->reply = SP_REPLY_NO_CONNECTION;
		return -1;
	}
	if (starttls_upgrade(intrusion->request->dialect, connected.fd, intrusion->name,
		deadline_ms, observation))
		return connected.fd;
	close(connected.fd);
	return -1;
}

bool intrusive_begin(const struct intrusion *intrusion, const uint16_t *suites,
    size_t suite_count, bool extras, struct flight *ret, int64_t *ret_deadline_ms,
    struct sp_observation *observation)
{
	struct hello hello = { .version = SP_TLS12,
		.name = intrusion->name,
		.suites = suites ? suites : usual_suites,
		.suite_count =
		    suites ? suite_count : sizeof(usual_suites) / sizeof(usual_suites[0]),
		.extras = extras };
	int64_t deadline = clock_ms() + intrusion->request->connection_ms;
	int fd;

	if (deadline > intrusion->channel->deadline_ms)
		deadline = intrusion->channel->deadline_ms;
	*ret_deadline_ms = deadline;
	fd = open_connection(intrusion, deadline, observation);
	if (fd < 0)
		return false;
	if (flight_begin(fd, &hello, deadline, ret, observation))
		return true;
	close(fd);
	return false;
}

void intrusive_ask(struct channel *channel, const struct sp_request *request,
    struct sp_observation *observation)
{
	struct intrusion intrusion = { channel, request,
		observation->name == SP_NO_NAME ? NULL
						: request->names[observation->name] };

	observation->sha1_offered = true;
	switch (observation->question) {
	case SP_ASK_HEARTBLEED: heartbleed_ask(&intrusion, observation); return;
	case SP_ASK_CCS_INJECTION: ccs_ask(&intrusion, observation); return;
	case SP_ASK_ROBOT: robot_ask(&intrusion, observation); return;
	default: break;
	}
	intrusive_conclude(observation, SP_REPLY_FAILED, "no such question");
}
