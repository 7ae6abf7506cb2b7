#include "reply.h"

#include <string.h>

#include <sallyport/limits.h>

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
		if (all.short_of || body.short_of)
			return false;
	}
	return true;
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
	if (!read_extensions(in, &hello))
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

/* Handshake bytes gathered from records so far. */
static struct reply read_message(const uint8_t *bytes, size_t length)
{
	struct in in = { bytes, length, false };
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
	if (!reply_read_server_hello(in.bytes, size, &reply.hello))
		return malformed("a broken ServerHello");
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

struct reply reply_read(const uint8_t *bytes, size_t length)
{
	struct in in = { bytes, length, false };
	uint8_t message[SP_MAX_HELLO_REPLY_BYTES];
	size_t gathered = 0;
	struct reply reply = { .kind = REPLY_MORE };

	while (in.length && reply.kind == REPLY_MORE) {
		unsigned type = in.bytes[0], size;
		struct in body;

		if ((type != 21 && type != 22) || (in.length > 1 && in.bytes[1] != 3))
			return gathered ? malformed("no TLS record")
					: not_a_record(in.bytes, in.length);
		if (in.length < 5)
			return (struct reply){ .kind = REPLY_MORE };
		get(&in, 3);
		size = get(&in, 2);
		if (size == 0 || size > 1u << 14)
			return malformed("a record of an impossible length");
		if (type == 21 && in.length < size)
			return (struct reply){ .kind = REPLY_MORE };
		body = slice(&in, in.length < size ? in.length : size);
		if (type == 21) {
			reply = read_alert(body, gathered > 0);
			continue;
		}
		if (body.length > sizeof(message) - gathered)
			return malformed("a ServerHello beyond any size");
		memcpy(message + gathered, body.bytes, body.length);
		gathered += body.length;
		reply = read_message(message, gathered);
	}
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
