#include "reply.h"

#include <string.h>

#include <sallyport/limits.h>
#include <sallyport/tls.h>

/* A cursor that never passes the end; past it, everything reads as 0. */
struct in {
	const uint8_t *bytes;
	size_t length;
	bool short_of;
};

static unsigned get(struct in *in, unsigned count)
{
	unsigned value = 0;

	if (in->length < count) {
		in->short_of = true;
		in->length = 0;
		return 0;
	}
	for (unsigned i = 0; i < count; i++)
		value = value << 8 | in->bytes[i];
	in->bytes += count;
	in->length -= count;
	return value;
}

static struct in slice(struct in *in, size_t length)
{
	struct in part = { in->bytes, length, false };

	if (in->length < length) {
		in->short_of = part.short_of = true;
		in->length = part.length = 0;
		return part;
	}
	in->bytes += length;
	in->length -= length;
	return part;
}

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
	0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a,
	0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

static bool read_extensions(struct in in, struct server_hello *hello)
{
	struct in all;

	if (in.length == 0)
		return true; /* before TLS 1.2 they may be missing altogether */
	all = slice(&in, get(&in, 2));
	if (in.short_of || in.length)
		return false;
	while (all.length) {
		unsigned type = get(&all, 2);
		struct in body = slice(&all, get(&all, 2));

		if (type == 43) /* supported_versions */
			hello->version = (uint16_t)get(&body, 2);
		if (type == 51) /* key_share: the group, and but for a retry a key */
			hello->group = (uint16_t)get(&body, 2);
		if (type == 0xff01)
			hello->secure_renegotiation = true; /* RFC 5746 */
		if (type == 15)
			hello->heartbeat = true;
		if (type == 23)
			hello->extended_master_secret = true;
		if (all.short_of || body.short_of)
			return false;
	}
	return true;
}

/* RFC 8446 section 4.1.3: "DOWNGRD" and 0 or 1 end the random. */
static bool has_sentinel(const uint8_t random[32])
{
	return memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
}

bool reply_read_server_hello(
    const uint8_t *bytes, size_t length, struct server_hello *ret)
{
	struct in in = { bytes, length, false }, random, session;
	struct server_hello hello = { 0 };

	hello.version = (uint16_t)get(&in, 2);
	random = slice(&in, 32);
	session = slice(&in, get(&in, 1));
	hello.suite = (uint16_t)get(&in, 2);
	hello.compression = (uint8_t)get(&in, 1);
	if (in.short_of || session.length > 32)
		return false;
	hello.retry = memcmp(random.bytes, retry_random, 32) == 0;
	hello.downgrade_sentinel = has_sentinel(random.bytes);
	if (!read_extensions(in, &hello))
		return false;
	/* 0 would be taken for "none was named", and SSLv2's hello is another one. */
	if (hello.version < 0x0300)
		return false;
	*ret = hello;
	return true;
}

static struct reply malformed(const char *why)
{
	return (struct reply){ .kind = REPLY_MALFORMED, .why = why };
}

static bool is_printable(uint8_t byte)
{
	return (byte >= 0x20 && byte < 0x7f) || byte == '\r' || byte == '\n' ||
	       byte == '\t';
}

/* Bytes that are no record: text when the first of them are. (What follows may be
 * our own hello: an echo service greets first.) */
static struct reply not_a_record(const uint8_t *bytes, size_t length)
{
	size_t looked_at = length < 4 ? length : 4;

	for (size_t i = 0; i < looked_at; i++)
		if (!is_printable(bytes[i]))
			return malformed("no TLS record");
	return (struct reply){ .kind = REPLY_CLEAR_TEXT };
}

static uint32_t bits_of(struct in number)
{
	uint32_t bits = 0;

	while (number.length && number.bytes[0] == 0)
		slice(&number, 1);
	if (number.length)
		for (unsigned first = number.bytes[0]; first; first >>= 1)
			bits++;
	return number.length ? bits + 8 * (uint32_t)(number.length - 1) : 0;
}

/* RFC 5246 section 7.4.3, RFC 8422 section 5.4. */
struct key_exchange reply_read_key_exchange(
    const uint8_t *bytes, size_t length, const struct server_hello *hello)
{
	const struct sp_suite *suite = sp_suite_find(hello->suite);
	struct in in = { bytes, length, false };
	struct key_exchange found = { 0 };

	if (suite && suite->exchange == SP_EXCHANGE_DHE) {
		found.dh_bits = bits_of(slice(&in, get(&in, 2)));
		slice(&in, get(&in, 2)); /* generator */
		slice(&in, get(&in, 2)); /* public key */
	} else if (suite && suite->exchange == SP_EXCHANGE_ECDHE) {
		if (get(&in, 1) != 3) /* named_curve */
			return found;
		found.group = (uint16_t)get(&in, 2);
		slice(&in, get(&in, 1));
	} else {
		return found;
	}
	if (hello->version == SP_TLS12 && suite->signer != SP_SIGNER_NONE)
		found.scheme = (uint16_t)get(&in, 2);
	return in.short_of ? (struct key_exchange){ 0 } : found;
}

/* A suite whose ServerKeyExchange says more, in a version that has one. */
static bool exchanges_keys(const struct server_hello *hello)
{
	const struct sp_suite *suite = sp_suite_find(hello->suite);

	return suite && hello->version <= SP_TLS12 &&
	       (suite->exchange == SP_EXCHANGE_DHE ||
		   suite->exchange == SP_EXCHANGE_ECDHE);
}

enum message { CERTIFICATE = 11, KEY_EXCHANGE, CERTIFICATE_REQUEST, HELLO_DONE };

/* What follows a ServerHello, up to its key exchange or what comes instead. */
static void read_rest(struct in *in, struct reply *reply)
{
	while (in->length >= 4) {
		unsigned type = get(in, 1);
		struct in body = slice(in, get(in, 3));

		if (body.short_of)
			break;
		if (type == KEY_EXCHANGE)
			reply->exchange = reply_read_key_exchange(
			    body.bytes, body.length, &reply->hello);
		/* CertificateStatus (22) comes between. */
		if (type != CERTIFICATE && type != 22)
			return;
	}
	reply->kind = REPLY_MORE;
}

/* Handshake bytes gathered from records so far. */
static struct reply read_messages(
    const uint8_t *bytes, size_t length, enum reply_depth depth)
{
	struct in in = { bytes, length, false }, body;
	struct reply reply = { .kind = REPLY_SERVER_HELLO };
	unsigned type, size;

	if (length < 4)
		return (struct reply){ .kind = REPLY_MORE };
	type = get(&in, 1);
	size = get(&in, 3);
	if (type != 2)
		return malformed("a handshake message that is no ServerHello");
	if (size > SP_MAX_HELLO_REPLY_BYTES)
		return malformed("a ServerHello beyond any size");
	if (in.length < size)
		return (struct reply){ .kind = REPLY_MORE };
	body = slice(&in, size);
	if (!reply_read_server_hello(body.bytes, size, &reply.hello))
		return malformed("a broken ServerHello");
	reply.has_hello = true;
	if (depth == REPLY_TO_KEY_EXCHANGE && exchanges_keys(&reply.hello))
		read_rest(&in, &reply);
	return reply;
}

/* One whole alert record. Level 1 is a warning, after which more may come. */
static struct reply read_alert(struct in body, bool in_message)
{
	unsigned level = get(&body, 1), description = get(&body, 1);

	if (body.short_of || body.length || in_message || level < 1 || level > 2)
		return malformed("a broken alert");
	if (level == 1)
		return (struct reply){ .kind = REPLY_MORE, .warned = true };
	return (struct reply){ .kind = REPLY_ALERT, .alert = (uint8_t)description };
}

/* A record that is no part of an answer: after a ServerHello that is whole it
 * takes nothing back. */
static struct reply spoilt(const struct reply *so_far, struct reply how)
{
	struct reply reply = *so_far;

	if (!reply.has_hello)
		return how;
	reply.kind = REPLY_SERVER_HELLO;
	return reply;
}

struct reply reply_read(const uint8_t *bytes, size_t length, enum reply_depth depth)
{
	struct in in = { bytes, length, false };
	uint8_t message[SP_MAX_HELLO_REPLY_BYTES + SP_MAX_CHAIN_BYTES];
	size_t most =
	    depth == REPLY_TO_SERVER_HELLO ? SP_MAX_HELLO_REPLY_BYTES : sizeof(message);
	size_t gathered = 0;
	struct reply reply = { .kind = REPLY_MORE };

	while (in.length && reply.kind == REPLY_MORE) {
		unsigned type = in.bytes[0], size;
		struct in body;

		if ((type != 21 && type != 22) || (in.length > 1 && in.bytes[1] != 3))
			return spoilt(&reply, gathered
						  ? malformed("no TLS record")
						  : not_a_record(in.bytes, in.length));
		if (in.length < 5)
			break;
		get(&in, 3);
		size = get(&in, 2);
		if (size == 0 || size > 1u << 14)
			return spoilt(
			    &reply, malformed("a record of an impossible length"));
		if (type == 21 && in.length < size)
			break;
		body = slice(&in, in.length < size ? in.length : size);
		if (type == 21) {
			reply = spoilt(&reply, read_alert(body, gathered > 0));
			continue;
		}
		if (body.length > most - gathered)
			return spoilt(&reply, malformed("a ServerHello beyond any size"));
		memcpy(message + gathered, body.bytes, body.length);
		gathered += body.length;
		reply = read_messages(message, gathered, depth);
	}
	/* Warnings are all there is only while nothing else has begun. */
	if (in.length)
		reply.warned = false;
	return reply;
}

void reply_first_line(const uint8_t *bytes, size_t length, char *line, size_t size)
{
	size_t end = 0;

	while (end < length && end + 1 < size && bytes[end] != '\r' &&
	       bytes[end] != '\n' && bytes[end] != '\0') {
		line[end] = (char)bytes[end];
		end++;
	}
	line[end] = '\0';
}
