#include "flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/x509.h>

#include <sallyport/limits.h>
#include <sallyport/tls.h>

#include "record.h"

enum message { SERVER_HELLO = 2, CERTIFICATE = 11, HELLO_DONE = 14 };

/* Handshake messages, of which the first are taken already. */
struct gathered {
	uint8_t bytes[SP_MAX_HELLO_REPLY_BYTES + SP_MAX_CHAIN_BYTES];
	size_t length, taken;
};

static void say(struct sp_observation *observation, enum sp_reply reply, const char *text)
{
	observation->reply = reply;
	free(observation->text);
	observation->text = text ? strdup(text) : NULL;
}

static size_t get24(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2];
}

/* RFC 5246 section 7.4.2: a list of certificates, the server's own first. */
static EVP_PKEY *key_of_leaf(const uint8_t *body, size_t length)
{
	const uint8_t *der = body + 6;
	X509 *leaf;
	EVP_PKEY *key;

	if (length < 6 || get24(body + 3) > length - 6)
		return NULL;
	leaf = d2i_X509(NULL, &der, (long)get24(body + 3));
	key = leaf ? X509_get_pubkey(leaf) : NULL;
	X509_free(leaf);
	return key;
}

/* Takes the messages that are whole. True: the last one was among them. */
static bool take_messages(struct gathered *gathered, struct flight *flight, bool *ret_bad)
{
	while (gathered->length - gathered->taken >= 4) {
		const uint8_t *message = gathered->bytes + gathered->taken;
		size_t size = get24(message + 1);

		if (gathered->length - gathered->taken - 4 < size)
			return false;
		gathered->taken += 4 + size;
		if (message[0] == SERVER_HELLO &&
		    !reply_read_server_hello(message + 4, size, &flight->hello))
			*ret_bad = true;
		if (flight->hello.version == 0)
			*ret_bad = true; /* something else came first */
		if (message[0] == CERTIFICATE && !flight->key)
			flight->key = key_of_leaf(message + 4, size);
		if (message[0] == HELLO_DONE || *ret_bad)
			return !*ret_bad;
	}
	return false;
}

/* No flight: what was it then? */
static void say_end(enum record_end end, const struct record *record, bool begun,
    struct sp_observation *observation)
{
	static const enum sp_reply replies[] = { [RECORD_WHOLE] = SP_REPLY_MALFORMED,
		[RECORD_CLOSED] = SP_REPLY_CLOSED,
		[RECORD_RESET] = SP_REPLY_RESET,
		[RECORD_TIMEOUT] = SP_REPLY_TIMEOUT,
		[RECORD_MALFORMED] = SP_REPLY_MALFORMED };
	uint8_t alert;

	if (begun && end != RECORD_TIMEOUT) {
		say(observation, SP_REPLY_MALFORMED, "ended within its first flight");
	} else if (end == RECORD_WHOLE && record_is_alert(record, &alert)) {
		observation->alert = alert;
		say(observation, SP_REPLY_ALERT, NULL);
	} else {
		say(observation, replies[end],
		    begun ? "silent within its first flight" : NULL);
	}
}

static bool add_record(struct gathered *gathered, const struct record *record)
{
	if (record->type != RECORD_HANDSHAKE ||
	    record->length > sizeof(gathered->bytes) - gathered->length)
		return false;
	memcpy(gathered->bytes + gathered->length, record->body, record->length);
	gathered->length += record->length;
	return true;
}

static bool read_flight(int fd, int64_t deadline_ms, struct flight *flight,
    struct sp_observation *observation)
{
	struct gathered *gathered = calloc(1, sizeof(*gathered));
	struct record *record = calloc(1, sizeof(*record));
	enum record_end end = RECORD_MALFORMED;
	bool done = false, bad = false;

	while (gathered && record && !done && !bad) {
		end = record_read(fd, deadline_ms, record);
		/* A warning may come first (RFC 6066 section 3: unrecognized_name). */
		if (end == RECORD_WHOLE && record->type == RECORD_ALERT &&
		    record->length == 2 && record->body[0] == 1)
			continue;
		if (end != RECORD_WHOLE || !add_record(gathered, record))
			break;
		done = take_messages(gathered, flight, &bad);
	}
	if (!gathered || !record)
		say(observation, SP_REPLY_FAILED, "out of memory");
	else if (!done)
		say_end(end, record, gathered->length > 0, observation);
	free(gathered);
	free(record);
	return done;
}

static bool is_as_offered(const struct hello *hello, const struct server_hello *chosen)
{
	return chosen->version <= hello->version && hello_offers(hello, chosen->suite);
}

bool flight_begin(int fd, const struct hello *hello, int64_t deadline_ms,
    struct flight *ret, struct sp_observation *observation)
{
	struct flight flight = { .fd = fd };
	uint8_t random[32], bytes[HELLO_MAX_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		say(observation, SP_REPLY_FAILED, "no random bytes");
		return false;
	}
	record_send(fd, deadline_ms, bytes, hello_write(hello, random, bytes));
	if (read_flight(fd, deadline_ms, &flight, observation)) {
		observation->version = flight.hello.version;
		observation->suite = flight.hello.suite;
		if (is_as_offered(hello, &flight.hello)) {
			*ret = flight;
			return true;
		}
		say(observation, SP_REPLY_MALFORMED, "chose what was not offered");
	}
	EVP_PKEY_free(flight.key);
	memset(ret, 0, sizeof(*ret));
	return false;
}

void flight_end(struct flight *flight)
{
	EVP_PKEY_free(flight->key);
	close(flight->fd);
	memset(flight, 0, sizeof(*flight));
}
