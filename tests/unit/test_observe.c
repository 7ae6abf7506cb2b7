/* The wire codec: what goes in comes out, and everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/frame.h>

static char *names[] = { (char *)"www.example.com", (char *)"two.example.com" };
static char *alternatives[] = { (char *)"DNS:www.example.com", (char *)"IP:fd00::1" };

/* One of each, every field with a value of its own. */
static struct sp_frame sample(enum sp_frame_type type)
{
	static uint8_t piece[] = { 'P', 'E', 'M', 0, 0xff };
	struct sp_frame frame = { .type = type };

	switch (type) {
	case SP_FRAME_STORE:
		frame.store = (struct sp_store_piece){ 7, SP_STORE_CRL, true, piece,
			sizeof(piece) };
		break;
	case SP_FRAME_ENDPOINT:
		frame.endpoint.endpoint = 42;
		frame.endpoint.request = (struct sp_request){ .names = names,
			.name_count = 2,
			.dialect = SP_DIALECT_SMTP,
			.questions = 0x1f,
			.offers = { { .question = SP_ASK_SUITES13,
			    .suites = { 0x1301, 0x1302 },
			    .suite_count = 2,
			    .groups = { 29 },
			    .group_count = 1,
			    .schemes = { 0x0401 },
			    .scheme_count = 1 } },
			.offer_count = 1,
			.store = 3,
			.connection_ms = 5000,
			.port_ms = 30000,
			.now = 1700000000 };
		break;
	case SP_FRAME_READY: frame.ready.sandboxed = true; break;
	case SP_FRAME_STORED: frame.stored = (struct sp_stored){ 7, 140, 2 }; break;
	case SP_FRAME_ENDED:
		frame.end = (struct sp_endpoint_end){ 42, SP_ENDED_SIGNAL, 31 };
		break;
	case SP_FRAME_CONNECT: frame.connect.sequence = 9; break;
	case SP_FRAME_CERTIFICATE:
		frame.certificate = (struct sp_certificate){ .subject = (char *)"CN=a",
			.issuer = (char *)"CN=b",
			.serial = (char *)"0102",
			.names = alternatives,
			.name_count = 2,
			.name_total = 200,
			.sha256 = { 1, 2, 3 },
			.key_type = SP_KEY_EC,
			.key_bits = 256,
			.key = (char *)"prime256v1",
			.signature = (char *)"ecdsa-with-SHA256",
			.signature_hash = SP_HASH_SHA256,
			.not_before = -1,
			.not_after = INT64_MAX,
			.purposes = true,
			.server_auth = true,
			.authority = true,
			.self_signed = true,
			.must_staple = true,
			.malformed = true };
		break;
	case SP_FRAME_OBSERVATION:
		frame.observation = (struct sp_observation){ .question = SP_ASK_TLS12,
			.name = 1,
			.reply = SP_REPLY_HANDSHAKE,
			.tries = 2,
			.error = 111,
			.alert = 40,
			.version = 0x0303,
			.suite = 0xc02f,
			.group = 29,
			.sha1_offered = true,
			.proven = true,
			.client_certificate = true,
			.staple = true,
			.sent_total = 200,
			.sent = { 0, 5 },
			.sent_count = 2,
			.chain = { 0, 5, 6 },
			.chain_count = 3,
			.chain_checked = true,
			.errors = { { 10, 0, (char *)"certificate has expired" },
			    { 62, 0, (char *)"hostname mismatch" } },
			.error_count = 2,
			.error_total = 9,
			.text = (char *)"HTTP/1.1 400 Bad Request" };
		break;
	case SP_FRAME_DONE:
		frame.done = (struct sp_done){ true, (char *)"resource limits" };
		break;
	case SP_FRAME_CONNECTED: frame.connected = (struct sp_connected){ 9, 111 }; break;
	}
	return frame;
}

/* Decoding and encoding again gives the same bytes: nothing is lost, and since
 * the samples differ in every field, nothing is mixed up. */
static void every_frame_survives_the_wire(void **state)
{
	static uint8_t first[SP_MAX_FRAME_BYTES], second[SP_MAX_FRAME_BYTES];

	(void)state;
	for (unsigned type = 0; type < SP_FRAME_TYPES; type++) {
		struct sp_frame frame = sample((enum sp_frame_type)type), back;
		size_t length = sp_frame_encode(&frame, first);

		assert_true(length > 0);
		assert_true(sp_frame_decode(first, length, &back));
		assert_int_equal(sp_frame_encode(&back, second), length);
		assert_memory_equal(first, second, length);
		sp_frame_free(&back);
	}
}

static void fields_arrive_as_they_were(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES];
	struct sp_frame frame = sample(SP_FRAME_OBSERVATION), back;

	(void)state;
	assert_true(sp_frame_decode(bytes, sp_frame_encode(&frame, bytes), &back));
	assert_int_equal(back.observation.question, SP_ASK_TLS12);
	assert_int_equal(back.observation.suite, 0xc02f);
	assert_int_equal(back.observation.chain[2], 6);
	assert_int_equal(back.observation.errors[1].code, 62);
	assert_string_equal(back.observation.errors[1].text, "hostname mismatch");
	assert_string_equal(back.observation.text, "HTTP/1.1 400 Bad Request");
	sp_frame_free(&back);

	frame = sample(SP_FRAME_CERTIFICATE);
	assert_true(sp_frame_decode(bytes, sp_frame_encode(&frame, bytes), &back));
	assert_int_equal(back.certificate.not_before, -1);
	assert_int_equal(back.certificate.not_after, INT64_MAX);
	assert_string_equal(back.certificate.names[1], "IP:fd00::1");
	sp_frame_free(&back);
}

static void a_frame_that_is_not_whole_is_refused(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES];

	(void)state;
	for (unsigned type = 0; type < SP_FRAME_TYPES; type++) {
		struct sp_frame frame = sample((enum sp_frame_type)type), back;
		size_t length = sp_frame_encode(&frame, bytes);

		for (size_t cut = 0; cut < length; cut++) {
			uint8_t *part = malloc(cut + 1);

			memcpy(part, bytes, cut);
			assert_false(sp_frame_decode(part, cut, &back));
			/* and with a length that says so */
			if (cut >= 5) {
				part[0] = part[1] = 0;
				part[2] = (uint8_t)(cut >> 8);
				part[3] = (uint8_t)cut;
				assert_false(sp_frame_decode(part, cut, &back));
			}
			free(part);
		}
		bytes[length] = 0;
		assert_false(sp_frame_decode(bytes, length + 1, &back));
		bytes[2] = (uint8_t)((length + 1) >> 8);
		bytes[3] = (uint8_t)(length + 1);
		assert_false(sp_frame_decode(bytes, length + 1, &back));
	}
}

/* Whatever one byte becomes: refused, or a frame that encodes to just that. */
static void one_wrong_byte_does_no_harm(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES], again[SP_MAX_FRAME_BYTES];

	(void)state;
	for (unsigned type = 0; type < SP_FRAME_TYPES; type++) {
		struct sp_frame frame = sample((enum sp_frame_type)type), back;
		size_t length = sp_frame_encode(&frame, bytes);

		for (size_t at = 0; at < length; at++) {
			uint8_t right = bytes[at];

			for (unsigned wrong = 0; wrong < 256; wrong += at < 64 ? 1 : 17) {
				bytes[at] = (uint8_t)wrong;
				if (!sp_frame_decode(bytes, length, &back))
					continue;
				assert_int_equal(sp_frame_encode(&back, again), length);
				assert_memory_equal(bytes, again, length);
				sp_frame_free(&back);
			}
			bytes[at] = right;
		}
	}
}

static void limits_hold_when_writing(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES];
	char *long_text = malloc(SP_MAX_PEER_TEXT + 2),
	     **many = calloc(101, sizeof(char *));
	struct sp_frame frame;

	(void)state;
	memset(long_text, 'x', SP_MAX_PEER_TEXT + 1);
	long_text[SP_MAX_PEER_TEXT + 1] = '\0';
	frame = sample(SP_FRAME_CERTIFICATE);
	frame.certificate.subject = long_text;
	assert_int_equal(sp_frame_encode(&frame, bytes), 0);
	long_text[SP_MAX_PEER_TEXT] = '\0';
	assert_int_not_equal(sp_frame_encode(&frame, bytes), 0);

	for (size_t i = 0; i < 101; i++)
		many[i] = long_text;
	frame.certificate.names = many;
	frame.certificate.name_count = SP_MAX_CERTIFICATE_NAMES;
	assert_int_not_equal(sp_frame_encode(&frame, bytes), 0);
	frame.certificate.name_count = SP_MAX_CERTIFICATE_NAMES + 1;
	assert_int_equal(sp_frame_encode(&frame, bytes), 0);

	frame = sample(SP_FRAME_OBSERVATION);
	frame.observation.chain_count = SP_MAX_CHAIN_CERTIFICATES + 1;
	assert_int_equal(sp_frame_encode(&frame, bytes), 0);
	free(long_text);
	free(many);
}

/* The largest piece of a store fits a frame. */
static void a_whole_store_piece_fits(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES], piece[SP_STORE_PIECE_BYTES];
	struct sp_frame frame = { .type = SP_FRAME_STORE,
		.store = { 1, SP_STORE_ANCHORS, false, piece, sizeof(piece) } };
	struct sp_frame back;
	size_t length = sp_frame_encode(&frame, bytes);

	(void)state;
	assert_true(length > 0);
	assert_true(sp_frame_decode(bytes, length, &back));
	assert_int_equal(back.store.length, sizeof(piece));
	sp_frame_free(&back);
}

/* A text with a NUL in it, a bool that is 2, an enum past its end. */
static void impossible_values_are_refused(void **state)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES];
	struct sp_frame frame = sample(SP_FRAME_DONE), back;
	size_t length = sp_frame_encode(&frame, bytes);

	(void)state;
	bytes[5] = 2; /* done.sandboxed */
	assert_false(sp_frame_decode(bytes, length, &back));
	bytes[5] = 1;
	bytes[length - 3] = 0; /* within done.failure */
	assert_false(sp_frame_decode(bytes, length, &back));
	frame = sample(SP_FRAME_OBSERVATION);
	length = sp_frame_encode(&frame, bytes);
	bytes[5] = SP_QUESTIONS; /* observation.question */
	assert_false(sp_frame_decode(bytes, length, &back));
	bytes[4] = SP_FRAME_TYPES;
	assert_false(sp_frame_decode(bytes, length, &back));
}

/* What a child may say about its endpoint. */
static void a_testimony_takes_only_what_was_asked(void **state)
{
	struct sp_request request = { .names = names, .name_count = 2, .questions = 0x3 };
	static const struct {
		struct sp_observation observation;
		bool taken;
	} rows[] = {
		{ { .question = SP_ASK_TLS13, .name = 0 }, true },
		{ { .question = SP_ASK_TLS13, .name = 0 }, false }, /* twice */
		{ { .question = SP_ASK_TLS13, .name = 1 }, true },
		{ { .question = SP_ASK_TLS12, .name = 2 }, false }, /* no such name */
		{ { .question = SP_ASK_TLS12, .name = SP_NO_NAME }, false },
		{ { .question = SP_ASK_SSL3, .name = 0 }, false }, /* not asked */
		{ { .question = SP_ASK_TLS12,
		      .name = 0,
		      .chain = { 0 },
		      .chain_count = 1 },
		    true },
		{ { .question = SP_ASK_TLS12,
		      .name = 1,
		      .chain = { 1 },
		      .chain_count = 1 },
		    false }, /* a certificate that was not described */
		{ { .question = SP_ASK_TLS12,
		      .name = 1,
		      .sent = { 0, 9 },
		      .sent_count = 2 },
		    false },
	};
	struct sp_testimony testimony = { 0 };
	struct sp_certificate certificate = { .subject = strdup("CN=a") };

	(void)state;
	assert_true(sp_testimony_add_certificate(&testimony, &certificate));
	assert_null(certificate.subject);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_observation observation = rows[i].observation;

		assert_int_equal(
		    sp_testimony_add_observation(&testimony, &request, &observation),
		    rows[i].taken);
	}
	assert_non_null(testimony.failure);
	assert_int_equal(testimony.observation_count, 3);
	assert_null(sp_testimony_find(&testimony, SP_ASK_TLS12, 1));
	for (size_t i = 1; i < SP_MAX_TESTIMONY_CERTIFICATES; i++)
		assert_true(sp_testimony_add_certificate(&testimony, &certificate));
	assert_false(sp_testimony_add_certificate(&testimony, &certificate));
	sp_testimony_free(&testimony);
}

static void questions_have_their_own_keys(void **state)
{
	char text[16];

	(void)state;
	for (unsigned a = 0; a < SP_QUESTIONS; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(sp_question((enum sp_question)a)->key,
			    sp_question((enum sp_question)b)->key);
	assert_string_equal(sp_version_name(0x0300, text), "SSLv3");
	assert_string_equal(sp_version_name(0x0399, text), "version 0x0399");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_survives_the_wire),
		cmocka_unit_test(fields_arrive_as_they_were),
		cmocka_unit_test(a_frame_that_is_not_whole_is_refused),
		cmocka_unit_test(one_wrong_byte_does_no_harm),
		cmocka_unit_test(limits_hold_when_writing),
		cmocka_unit_test(a_whole_store_piece_fits),
		cmocka_unit_test(impossible_values_are_refused),
		cmocka_unit_test(a_testimony_takes_only_what_was_asked),
		cmocka_unit_test(questions_have_their_own_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
