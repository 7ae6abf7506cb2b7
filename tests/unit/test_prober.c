/* ClientHellos in bytes, and what servers answer to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/limits.h>

#include "hello.h"
#include "reply.h"
#include "ssl2.h"

static const uint8_t random_bytes[32] = { 0xaa };

static unsigned u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Does the hello carry this extension? -1: it has no extensions at all. */
static int has_extension(const uint8_t *hello, size_t length, unsigned type)
{
	size_t at = 5 + 4 + 2 + 32 + 1;

	at += 2 + u16(hello + at); /* suites */
	at += 1u + hello[at];	   /* compression */
	if (at == length)
		return -1;
	assert_int_equal(u16(hello + at), length - at - 2);
	for (at += 2; at < length; at += 4 + u16(hello + at + 2))
		if (u16(hello + at) == type)
			return 1;
	assert_int_equal(at, length);
	return 0;
}

static bool has_suite(const uint8_t *hello, unsigned suite)
{
	unsigned length = u16(hello + 44);

	for (unsigned i = 0; i < length; i += 2)
		if (u16(hello + 46 + i) == suite)
			return true;
	return false;
}

static void hellos_are_what_the_versions_want(void **state)
{
	static const uint16_t versions[] = { 0x0300, 0x0301, 0x0302 };
	uint8_t bytes[HELLO_MAX_BYTES];
	char name[SP_MAX_HOST_NAME + 1];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		for (unsigned shape = 0; shape < HELLO_SHAPES; shape++) {
			struct hello hello = { .version = versions[v],
				.shape = (enum hello_shape)shape,
				.name = name };
			size_t length = hello_write(&hello, random_bytes, bytes);
			bool bare = versions[v] == 0x0300 || shape == HELLO_BARE;

			assert_true(length < HELLO_MAX_BYTES);
			assert_int_equal(bytes[0], 22);
			assert_int_equal(
			    u16(bytes + 1), versions[v] == 0x0300 ? 0x0300 : 0x0301);
			assert_int_equal(u16(bytes + 3), length - 5);
			assert_int_equal(bytes[5], 1);
			assert_int_equal(u16(bytes + 7), length - 9);
			assert_int_equal(u16(bytes + 9), versions[v]);
			assert_memory_equal(bytes + 11, random_bytes, 32);
			assert_int_equal(bytes[43], 0);
			assert_true(has_suite(bytes, 0x00ff));
			assert_true(has_suite(bytes, 0x000a));
			assert_int_equal(has_suite(bytes, 0x0003), shape == HELLO_FULL);
			assert_int_equal(has_extension(bytes, length, 0), bare ? -1 : 1);
			/* never beside the SCSV */
			assert_int_not_equal(has_extension(bytes, length, 0xff01), 1);
			assert_int_equal(
			    hello_offers(&hello, 0x0003), shape == HELLO_FULL);
			assert_false(hello_offers(&hello, 0x1301));
			assert_true(hello_offers_sha1(&hello));
			hello.name = NULL;
			length = hello_write(&hello, random_bytes, bytes);
			assert_int_equal(has_extension(bytes, length, 0), bare ? -1 : 0);
		}
	}
}

/* The longest lists that a request can carry fit, and say what was asked. */
static void hellos_carry_what_is_offered(void **state)
{
	uint16_t suites[SP_MAX_OFFERED_SUITES], groups[SP_MAX_OFFERED_GROUPS];
	uint16_t schemes[SP_MAX_OFFERED_SCHEMES];
	char name[SP_MAX_HOST_NAME + 1];
	uint8_t bytes[HELLO_MAX_BYTES];
	struct hello hello = { .version = 0x0303,
		.name = name,
		.suites = suites,
		.suite_count = SP_MAX_OFFERED_SUITES,
		.groups = groups,
		.group_count = SP_MAX_OFFERED_GROUPS,
		.schemes = schemes,
		.scheme_count = SP_MAX_OFFERED_SCHEMES,
		.extras = true,
		.fallback = true };
	size_t length;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < SP_MAX_OFFERED_SUITES; i++)
		suites[i] = (uint16_t)(0xa000 + i);
	memset(groups, 0, sizeof(groups));
	memset(schemes, 0, sizeof(schemes));
	length = hello_write(&hello, random_bytes, bytes);
	assert_true(length <= HELLO_MAX_BYTES);
	assert_int_equal(u16(bytes + 3), length - 5);
	for (unsigned i = 0; i < SP_MAX_OFFERED_SUITES; i++)
		assert_true(has_suite(bytes, suites[i]));
	assert_int_equal(u16(bytes + 44), 2 * (SP_MAX_OFFERED_SUITES + 2));
	assert_true(has_suite(bytes, 0x00ff));
	assert_true(has_suite(bytes, 0x5600));
	assert_int_equal(has_extension(bytes, length, 15), 1);
	assert_int_equal(has_extension(bytes, length, 23), 1);
	assert_false(hello_offers_sha1(&hello));
	/* a shorter one leaves the extras out, and keeps what the question is about */
	hello.shape = HELLO_BARE;
	length = hello_write(&hello, random_bytes, bytes);
	assert_true(has_suite(bytes, suites[SP_MAX_OFFERED_SUITES - 1]));
	assert_int_equal(has_extension(bytes, length, 0), 0);
	assert_int_equal(has_extension(bytes, length, 10), 1);
	assert_int_equal(has_extension(bytes, length, 13), 1);
	assert_int_equal(has_extension(bytes, length, 15), 0);
	/* TLS 1.3: its version in an extension, no key share, no SCSV */
	hello = (struct hello){ .version = 0x0304, .suites = suites, .suite_count = 1 };
	length = hello_write(&hello, random_bytes, bytes);
	assert_int_equal(u16(bytes + 9), 0x0303);
	assert_int_equal(bytes[43], 32);
	assert_int_equal(u16(bytes + 5 + 4 + 2 + 32 + 33), 2);
}

/* tls.md: "80 34 01 0002 001b 0000 0010", nine specs, a challenge. */
static void the_ssl2_hello_is_exact(void **state)
{
	static const uint8_t head[] = { 0x80, 0x34, 1, 0, 2, 0, 0x1b, 0, 0, 0, 0x10 };
	uint8_t bytes[SSL2_HELLO_BYTES];

	(void)state;
	ssl2_write_hello(random_bytes, bytes);
	assert_int_equal(sizeof(bytes), 2 + 0x34);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_memory_equal(bytes + sizeof(bytes) - 16, random_bytes, 16);
}

/* "16 0300" and the like, blanks left out. */
static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t length = 0;

	for (; *text; text++) {
		unsigned value = 0;

		if (*text == ' ')
			continue;
		assert_int_equal(sscanf(text, "%2x", &value), 1);
		bytes[length++] = (uint8_t)value;
		text++;
	}
	return length;
}

#define ZEROS32 "00000000000000000000000000000000 00000000000000000000000000000000"
#define RETRY32 "CF21AD74E59A6111BE1D8C021E65B891 C2A211167ABB8C5E079E09E2C8A8339C"
/* ServerHello bodies: version, random, no session, suite, no compression. */
#define SSL3 "16 0300 002a 02 000026 0300" ZEROS32 "00 000a 00"
#define TLS12_IN_13 "16 0303 002a 02 000026 0303" ZEROS32 "00 1301 00"

static const struct {
	const char *bytes;
	enum reply_kind kind;
	unsigned version, suite, alert;
} replies[] = {
	{ "", REPLY_MORE, 0, 0, 0 },
	{ SSL3, REPLY_SERVER_HELLO, 0x0300, 0x000a, 0 },
	/* several messages in one record (NSS) */
	{ "16 0300 002e 02 000026 0300" ZEROS32 "00 000a 00 0e000000", REPLY_SERVER_HELLO,
	    0x0300, 0x000a, 0 },
	/* cut into records of a few bytes */
	{ "16 0300 0001 02 16 0300 0005 0000260300 16 0300 0024" ZEROS32 "00 000a 00",
	    REPLY_SERVER_HELLO, 0x0300, 0x000a, 0 },
	/* the record's version says nothing, the hello's does */
	{ "16 0301 002a 02 000026 0300" ZEROS32 "00 000a 00", REPLY_SERVER_HELLO, 0x0300,
	    0x000a, 0 },
	{ "16 0300 002a 02 000026 0301" ZEROS32 "00 000a 00", REPLY_SERVER_HELLO, 0x0301,
	    0x000a, 0 },
	{ TLS12_IN_13, REPLY_SERVER_HELLO, 0x0303, 0x1301, 0 },
	/* TLS 1.3: supported_versions decides */
	{ "16 0303 0032 02 00002e 0303" ZEROS32 "00 1301 00 0006 002b 0002 0304",
	    REPLY_SERVER_HELLO, 0x0304, 0x1301, 0 },
	{ "16 0303 0038 02 000034 0303" RETRY32
	  "00 1301 00 000c 002b 0002 0304 0033 0002 0017",
	    REPLY_SERVER_HELLO, 0x0304, 0x1301, 0 },
	/* alerts: a record's version 0300 is no support for SSLv3 */
	{ "15 0300 0002 0228", REPLY_ALERT, 0, 0, 40 },
	{ "15 0303 0002 0246", REPLY_ALERT, 0, 0, 70 },
	{ "15 0303 0002 0170", REPLY_MORE, 0, 0, 0 },
	{ "15 0303 0002 0170 15 0303 0002 0228", REPLY_ALERT, 0, 0, 40 },
	{ "15 0301 0002 0170" SSL3, REPLY_SERVER_HELLO, 0x0300, 0x000a, 0 },
	{ "15 0303 0002 0328", REPLY_MALFORMED, 0, 0, 0 },
	{ "15 0303 0001 02", REPLY_MALFORMED, 0, 0, 0 },
	{ "15 0303 0003 022800", REPLY_MALFORMED, 0, 0, 0 },
	/* an alert in the middle of a ServerHello */
	{ "16 0300 0004 02 000026 15 0300 0002 0228", REPLY_MALFORMED, 0, 0, 0 },
	/* not whole */
	{ "16 0300 002a 02 000026 0300 00000000", REPLY_MORE, 0, 0, 0 },
	{ "16 0300", REPLY_MORE, 0, 0, 0 },
	/* broken ServerHellos */
	{ "16 0300 0006 02 000002 0300", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0300 002a 02 000026 0300" ZEROS32 "21 000a 00", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 0030 02 00002c 0303" ZEROS32 "00 1301 00 0006 002b 0002",
	    REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 0032 02 00002e 0303" ZEROS32 "00 1301 00 0006 002b 0003 0304",
	    REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 002d 02 000029 0303" ZEROS32 "00 1301 00 0005 00", REPLY_MALFORMED, 0,
	    0, 0 },
	{ "16 0303 0004 02 ffffff", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 0004 0b 000000", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 0000", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 0303 ffff", REPLY_MALFORMED, 0, 0, 0 },
	/* not TLS at all */
	{ "48545450 2f312e31 20343030", REPLY_CLEAR_TEXT, 0, 0, 0 },
	{ "32323020 6d61696c 0d0a", REPLY_CLEAR_TEXT, 0, 0, 0 },
	{ "68656c6c6f 16 0301", REPLY_CLEAR_TEXT, 0, 0, 0 },
	{ "0000000000", REPLY_MALFORMED, 0, 0, 0 },
	{ "ff", REPLY_MALFORMED, 0, 0, 0 },
	{ "16 48 5454", REPLY_MALFORMED, 0, 0, 0 },
	{ "17 0303 0001 00", REPLY_MALFORMED, 0, 0, 0 },
};

static void replies_are_read(void **state)
{
	uint8_t bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		size_t length = unhex(replies[i].bytes, bytes);
		/* Exactly as long, so that the sanitizer sees a read past it. */
		uint8_t *exact = malloc(length + !length);
		struct reply reply;

		memcpy(exact, bytes, length);
		reply = reply_read(exact, length, REPLY_TO_SERVER_HELLO);
		if (reply.kind != replies[i].kind)
			fail_msg("%s: %d", replies[i].bytes, (int)reply.kind);
		assert_int_equal(reply.hello.version, replies[i].version);
		assert_int_equal(reply.hello.suite, replies[i].suite);
		assert_int_equal(reply.alert, replies[i].alert);
		free(exact);
	}
}

/* However a good answer is cut into packets: nothing is decided too early. */
static void a_part_of_an_answer_decides_nothing(void **state)
{
	uint8_t bytes[512];
	size_t length = unhex(SSL3, bytes);

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		struct reply reply = reply_read(bytes, cut, REPLY_TO_SERVER_HELLO);

		assert_int_equal(reply.kind, REPLY_MORE);
		assert_false(reply.warned);
	}
}

static void warnings_alone_are_known(void **state)
{
	uint8_t bytes[64];

	(void)state;
	assert_true(
	    reply_read(bytes, unhex("15 0303 0002 0100", bytes), REPLY_TO_SERVER_HELLO)
		.warned);
	assert_false(
	    reply_read(bytes, unhex("15 0303 0002 0100 16", bytes), REPLY_TO_SERVER_HELLO)
		.warned);
	assert_false(reply_read(bytes, 0, REPLY_TO_SERVER_HELLO).warned);
}

/* The gathered message is bounded, however many records it comes in. */
static void endless_records_end(void **state)
{
	size_t length = 0, room = 2 * SP_MAX_HELLO_REPLY_BYTES;
	uint8_t *bytes = calloc(1, room + 64);

	(void)state;
	length = unhex("16 0300 0004 02 004000", bytes);
	while (length + 261 < room) {
		memcpy(bytes + length, "\x16\x03\x00\x01\x00", 5);
		length += 5 + 256;
	}
	assert_int_equal(
	    reply_read(bytes, length, REPLY_TO_SERVER_HELLO).kind, REPLY_MALFORMED);
	free(bytes);
}

static const struct {
	const char *bytes;
	enum ssl2_reply reply;
} ssl2_replies[] = {
	{ "", SSL2_MORE },
	{ "80", SSL2_MORE },
	{ "80 0e 04 00 01 0002 0000 0003 0000", SSL2_SERVER_HELLO },
	{ "80 0b 04 00 01 0002 0000 0000 0000", SSL2_SERVER_HELLO }, /* CVE-2015-3197 */
	{ "80 0b 04 00 01 0002 0000 0000", SSL2_MORE },
	{ "80 0b 04 00 01 0002 0000 0003 0000", SSL2_NONE }, /* longer than it says */
	{ "80 0c 04 00 01 0002 0000 0001 0000", SSL2_NONE }, /* no whole spec */
	{ "80 0b 04 00 01 0300 0000 0000 0000", SSL2_NONE },
	{ "80 0b 01 00 01 0002 0000 0000 0000", SSL2_NONE },
	{ "80 03 00 0001", SSL2_NONE }, /* an SSLv2 error */
	{ "15 0300 0002 0246", SSL2_NONE },
	{ "15 0002 0002 0246", SSL2_NONE }, /* an alert, whatever its version */
	{ "00 0b 04 00 01 0002 0000 0000 0000", SSL2_NONE },
};

static void ssl2_is_proven_by_its_server_hello(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(ssl2_replies) / sizeof(ssl2_replies[0]); i++)
		assert_int_equal(ssl2_read(bytes, unhex(ssl2_replies[i].bytes, bytes)),
		    ssl2_replies[i].reply);
}

/* A ServerHello of TLS 1.2, suite c030 or 009f, and what follows it. */
#define ECDHE_HELLO "16 0303 002a 02 000026 0303" ZEROS32 "00 c030 00"
#define DHE_HELLO "16 0303 002a 02 000026 0303" ZEROS32 "00 009f 00"
#define CHAIN "16 0303 0007 0b 000003 000000"

static const struct {
	const char *bytes;
	enum reply_kind kind;
	unsigned group, scheme, dh_bits;
} exchanges[] = {
	{ ECDHE_HELLO, REPLY_MORE, 0, 0, 0 },
	{ ECDHE_HELLO CHAIN, REPLY_MORE, 0, 0, 0 },
	{ ECDHE_HELLO CHAIN "16 0303 000d 0c 000009 03 0017 01 04 0401 0000",
	    REPLY_SERVER_HELLO, 23, 0x0401, 0 },
	{ DHE_HELLO CHAIN "16 0303 0013 0c 00000f 0003 00ff01 0001 02 0001 05 0201 0000",
	    REPLY_SERVER_HELLO, 0, 0x0201, 16 },
	{ DHE_HELLO CHAIN "16 0303 0008 0c 000004 ffff 0000", REPLY_SERVER_HELLO, 0, 0,
	    0 },
	/* what comes after a whole ServerHello takes nothing back */
	{ ECDHE_HELLO "15 0303 0002 0228", REPLY_SERVER_HELLO, 0, 0, 0 },
	{ ECDHE_HELLO "48545450", REPLY_SERVER_HELLO, 0, 0, 0 },
	{ ECDHE_HELLO "16 0303 0004 0e 000000", REPLY_SERVER_HELLO, 0, 0, 0 },
};

static void key_exchanges_are_read(void **state)
{
	uint8_t bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		size_t length = unhex(exchanges[i].bytes, bytes);
		struct reply reply = reply_read(bytes, length, REPLY_TO_KEY_EXCHANGE);

		print_message("%zu\n", i);
		assert_int_equal(reply.kind, exchanges[i].kind);
		assert_true(reply.has_hello);
		assert_int_equal(reply.exchange.group, exchanges[i].group);
		assert_int_equal(reply.exchange.scheme, exchanges[i].scheme);
		assert_int_equal(reply.exchange.dh_bits, exchanges[i].dh_bits);
	}
}

static void first_lines_end(void **state)
{
	char line[8];

	(void)state;
	reply_first_line((const uint8_t *)"220 mail\r\n", 10, line, sizeof(line));
	assert_string_equal(line, "220 mai");
	reply_first_line((const uint8_t *)"ab\0c", 4, line, sizeof(line));
	assert_string_equal(line, "ab");
	reply_first_line(NULL, 0, line, sizeof(line));
	assert_string_equal(line, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hellos_are_what_the_versions_want),
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(a_part_of_an_answer_decides_nothing),
		cmocka_unit_test(warnings_alone_are_known),
		cmocka_unit_test(endless_records_end),
		cmocka_unit_test(first_lines_end),
		cmocka_unit_test(hellos_carry_what_is_offered),
		cmocka_unit_test(the_ssl2_hello_is_exact),
		cmocka_unit_test(ssl2_is_proven_by_its_server_hello),
		cmocka_unit_test(key_exchanges_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
