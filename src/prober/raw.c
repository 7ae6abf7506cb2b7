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
#include "ssl2.h"

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

static void say_server_hello(const struct raw_question *question,
    const struct reply *reply, struct sp_observation *observation)
{
	const struct server_hello *hello = &reply->hello;
	char text[64];

	observation->version = hello->version;
	observation->suite = hello->suite;
	observation->group = hello->group ? hello->group : reply->exchange.group;
	observation->scheme = reply->exchange.scheme;
	observation->dh_bits = reply->exchange.dh_bits;
	observation->compression = hello->compression != 0;
	observation->heartbeat = hello->heartbeat;
	observation->secure_renegotiation = hello->secure_renegotiation;
	observation->extended_master_secret = hello->extended_master_secret;
	observation->downgrade_sentinel = hello->downgrade_sentinel;
	if (question->ssl2 || !hello_offers(&question->hello, hello->suite)) {
		snprintf(text, sizeof(text),
		    "chose cipher suite 0x%04x, which was not offered", hello->suite);
		say(observation, SP_REPLY_MALFORMED, text);
	} else if (question->hello.version == SP_TLS13 && hello->version != SP_TLS13) {
		/* supported_versions offered no other. */
		say(observation, SP_REPLY_MALFORMED, "an older version than was offered");
	} else {
		say(observation, SP_REPLY_SERVER_HELLO, NULL);
	}
}

static bool say_reply(const struct raw_question *question, const uint8_t *bytes,
    size_t length, const struct reply *reply, struct sp_observation *observation)
{
	char line[80];

	switch (reply->kind) {
	case REPLY_MORE: return false;
	case REPLY_SERVER_HELLO:
		say_server_hello(question, reply, observation);
		return true;
	case REPLY_ALERT:
		observation->alert = reply->alert;
		say(observation, SP_REPLY_ALERT, NULL);
		return true;
	case REPLY_CLEAR_TEXT:
		reply_first_line(bytes, length, line, sizeof(line));
		say(observation, SP_REPLY_CLEAR_TEXT, line);
		return true;
	case REPLY_MALFORMED:
		say(observation, SP_REPLY_MALFORMED, reply->why);
		return true;
	}
	return false;
}

/* True when the answer is known. */
static bool decided(const struct raw_question *question, const uint8_t *bytes,
    size_t length, struct sp_observation *observation)
{
	struct reply reply;

	if (question->ssl2) {
		switch (ssl2_read(bytes, length)) {
		case SSL2_MORE: return false;
		case SSL2_SERVER_HELLO:
			observation->version = SP_SSL2;
			say(observation, SP_REPLY_SERVER_HELLO, NULL);
			return true;
		case SSL2_NONE: break;
		}
	}
	reply = reply_read(bytes, length, question->depth);
	return say_reply(question, bytes, length, &reply, observation);
}

/* No more comes, and nothing was decided. A whole ServerHello counts by itself;
 * silence before it is `otherwise`, with `within` when something had begun. */
static void say_end(const struct raw_question *question, const uint8_t *bytes,
    size_t length, enum sp_reply otherwise, const char *within,
    struct sp_observation *observation)
{
	struct reply reply = reply_read(bytes, length, question->depth);

	if (!question->ssl2 && reply.has_hello)
		say_server_hello(question, &reply, observation);
	else if (otherwise == SP_REPLY_TIMEOUT)
		say(observation, otherwise, length ? within : NULL);
	/* Ended: a refusal only when it said nothing before, or nothing but
	 * warnings. */
	else if (length == 0 || reply.warned)
		say(observation, otherwise, NULL);
	else
		say(observation, SP_REPLY_MALFORMED, within);
}

void raw_hear(int fd, const struct raw_question *question, int64_t deadline_ms,
    struct sp_observation *observation)
{
	static const char cut[] = "ended within its answer";
	uint8_t bytes[SP_MAX_HELLO_REPLY_BYTES + SP_MAX_CHAIN_BYTES];
	size_t length = 0, most = question->depth == REPLY_TO_SERVER_HELLO
				      ? SP_MAX_HELLO_REPLY_BYTES
				      : sizeof(bytes);

	while (length < most) {
		ssize_t got = recv(fd, bytes + length, most - length, 0);

		if (got > 0) {
			length += (size_t)got;
			if (decided(question, bytes, length, observation))
				return;
		} else if (got == 0) {
			say_end(
			    question, bytes, length, SP_REPLY_CLOSED, cut, observation);
			return;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLIN, deadline_ms))
				continue;
			say_end(question, bytes, length, SP_REPLY_TIMEOUT,
			    "stopped within its answer", observation);
			return;
		} else if (errno != EINTR) {
			say_end(
			    question, bytes, length, SP_REPLY_RESET, cut, observation);
			return;
		}
	}
	say(observation, SP_REPLY_MALFORMED, "an answer beyond any size");
}

/* The bytes, and what they offer; 0: no random bytes. */
static size_t write_hello(const struct raw_question *question,
    uint8_t bytes[HELLO_MAX_BYTES], struct sp_observation *observation)
{
	uint8_t random[32];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return 0;
	if (question->ssl2) {
		observation->sha1_offered = true; /* there is nothing else to choose */
		ssl2_write_hello(random, bytes);
		return SSL2_HELLO_BYTES;
	}
	observation->sha1_offered = hello_offers_sha1(&question->hello);
	observation->extras = hello_has_extras(&question->hello);
	return hello_write(&question->hello, random, bytes);
}

bool raw_say(int fd, const struct raw_question *question, int64_t deadline_ms,
    struct sp_observation *observation)
{
	uint8_t bytes[HELLO_MAX_BYTES];
	size_t length = write_hello(question, bytes, observation);

	if (!length)
		say(observation, SP_REPLY_FAILED, "no random bytes");
	else if (send_all(fd, bytes, length, deadline_ms))
		return true;
	else if (errno == ETIMEDOUT)
		say(observation, SP_REPLY_TIMEOUT, NULL);
	else
		/* Ended before it had the whole hello: that is no answer to it. */
		say(observation, SP_REPLY_MALFORMED, "ended before our hello was sent");
	return false;
}
