#include "raw.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "channel.h"
#include "reply.h"

static void say(struct sp_observation *observation, enum sp_reply reply, const char *text)
{
	observation->reply = reply;
	free(observation->text);
	observation->text = text ? strdup(text) : NULL;
}

static bool send_all(int fd, const uint8_t *bytes, size_t length, int64_t deadline_ms)
{
	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			if (!wait_for(fd, POLLOUT, deadline_ms)) {
				errno = ETIMEDOUT;
				return false;
			}
		} else if (sent < 0 && errno != EINTR) {
			return false;
		}
	}
	return true;
}

static void say_server_hello(const struct server_hello *hello, enum hello_shape shape,
    struct sp_observation *observation)
{
	char text[64];

	observation->version = hello->version;
	observation->suite = hello->suite;
	observation->group = hello->group;
	if (hello_offers(shape, hello->suite)) {
		say(observation, SP_REPLY_SERVER_HELLO, NULL);
		return;
	}
	snprintf(text, sizeof(text), "chose cipher suite 0x%04x, which was not offered",
	    hello->suite);
	say(observation, SP_REPLY_MALFORMED, text);
}

/* True when the answer is known. */
static bool decided(const uint8_t *bytes, size_t length, enum hello_shape shape,
    struct sp_observation *observation)
{
	struct reply reply = reply_read(bytes, length);
	char line[80];

	switch (reply.kind) {
	case REPLY_MORE: return false;
	case REPLY_SERVER_HELLO:
		say_server_hello(&reply.hello, shape, observation);
		return true;
	case REPLY_ALERT:
		observation->alert = reply.alert;
		say(observation, SP_REPLY_ALERT, NULL);
		return true;
	case REPLY_CLEAR_TEXT:
		reply_first_line(bytes, length, line, sizeof(line));
		say(observation, SP_REPLY_CLEAR_TEXT, line);
		return true;
	case REPLY_MALFORMED:
		say(observation, SP_REPLY_MALFORMED, reply.why);
		return true;
	}
	return false;
}

/* The peer ended the connection: a refusal only when it said nothing before,
 * or nothing but warnings. */
static void say_end(
    const uint8_t *bytes, size_t length, bool reset, struct sp_observation *observation)
{
	if (length == 0 || reply_read(bytes, length).warned)
		say(observation, reset ? SP_REPLY_RESET : SP_REPLY_CLOSED, NULL);
	else
		say(observation, SP_REPLY_MALFORMED, "ended within its answer");
}

static void read_answer(int fd, enum hello_shape shape, int64_t deadline_ms,
    struct sp_observation *observation)
{
	uint8_t bytes[SP_MAX_HELLO_REPLY_BYTES];
	size_t length = 0;

	while (length < sizeof(bytes)) {
		ssize_t got = recv(fd, bytes + length, sizeof(bytes) - length, 0);

		if (got > 0) {
			length += (size_t)got;
			if (decided(bytes, length, shape, observation))
				return;
		} else if (got == 0) {
			say_end(bytes, length, false, observation);
			return;
		} else if (errno == EAGAIN) {
			if (!wait_for(fd, POLLIN, deadline_ms)) {
				say(observation, SP_REPLY_TIMEOUT,
				    length ? "stopped within its answer" : NULL);
				return;
			}
		} else if (errno != EINTR) {
			say_end(bytes, length, true, observation);
			return;
		}
	}
	say(observation, SP_REPLY_MALFORMED, "an answer beyond any size");
}

void raw_ask(int fd, uint16_t version, const char *name, enum hello_shape shape,
    int64_t deadline_ms, struct sp_observation *observation)
{
	uint8_t random[32], hello[HELLO_MAX_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		say(observation, SP_REPLY_FAILED, "no random bytes");
		return;
	}
	observation->sha1_offered = hello_offers_sha1(version, shape);
	if (send_all(
		fd, hello, hello_write(version, name, shape, random, hello), deadline_ms))
		read_answer(fd, shape, deadline_ms, observation);
	else if (errno == ETIMEDOUT)
		say(observation, SP_REPLY_TIMEOUT, NULL);
	else
		/* Ended before it had the whole hello: that is no answer to it. */
		say(observation, SP_REPLY_MALFORMED, "ended before our hello was sent");
}
