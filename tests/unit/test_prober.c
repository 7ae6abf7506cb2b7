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
	at += 2;		   /* compression */
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
	static const uint16_t versions[] = { 0x0300, 0x0301, 0x0302, 0x0303 };
	uint8_t hello[HELLO_MAX_BYTES];
	char name[SP_MAX_HOST_NAME + 1];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t v = 0; v < 4; v++) {
		for (unsigned shape = 0; shape < HELLO_SHAPES; shape++) {
			size_t length = hello_write(versions[v], name,
			    (enum hello_shape)shape, random_bytes, hello);
			bool bare = versions[v] == 0x0300 || shape == HELLO_BARE;

			assert_true(length < HELLO_MAX_BYTES);
			assert_int_equal(hello[0], 22);
			assert_int_equal(
			    u16(hello + 1), versions[v] == 0x0300 ? 0x0300 : 0x0301);
			assert_int_equal(u16(hello + 3), length - 5);
			assert_int_equal(hello[5], 1);
			assert_int_equal(u16(hello + 7), length - 9);
			assert_int_equal(u16(hello + 9), versions[v]);
			assert_memory_equal(hello + 11, random_bytes, 32);
			assert_int_equal(hello[43], 0);
			assert_true(has_suite(hello, 0x00ff));
			assert_true(has_suite(hello, 0x000a));
			assert_int_equal(has_suite(hello, 0x0003), shape == HELLO_FULL);
			assert_int_equal(has_extension(hello, length, 0), bare ? -1 : 1);
			/* never beside the SCSV */
			assert_int_not_equal(has_extension(hello, length, 0xff01), 1);
			assert_int_equal(hello_offers((enum hello_shape)shape, 0x0003),
			    shape == HELLO_FULL);
		}
	}
	assert_int_equal(
	    has_extension(
		hello, hello_write(0x0301, NULL, HELLO_FULL, random_bytes, hello), 0),
	    0);
	assert_false(hello_offers(HELLO_FULL, 0x1301));
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
		reply = reply_read(exact, length);
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
		struct reply reply = reply_read(bytes, cut);

		assert_int_equal(reply.kind, REPLY_MORE);
		assert_false(reply.warned);
	}
}

static void warnings_alone_are_known(void **state)
{
	uint8_t bytes[64];

	(void)state;
	assert_true(reply_read(bytes, unhex("15 0303 0002 0100", bytes)).warned);
	assert_false(reply_read(bytes, unhex("15 0303 0002 0100 16", bytes)).warned);
	assert_false(reply_read(bytes, 0).warned);
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
	assert_int_equal(reply_read(bytes, length).kind, REPLY_MALFORMED);
	free(bytes);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
