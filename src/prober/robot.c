/* ROBOT (Böck, Somorovsky, Young: Return Of Bleichenbacher's Oracle Threat, 2018): does
 * a server with RSA key transport tell whether a ClientKeyExchange was padded well?
 * Their five messages are sent, and their two ways to go on; only whether the answers
 * differ counts, for whoever sees a difference decrypts what was recorded before. */
#include "intrusive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#include <sallyport/tls.h>

#include "record.h"

/* RSA key transport, RFC 5246 appendix A.5: AEAD, CBC, 3DES, RC4. */
static const uint16_t suites[] = { 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041,
	0x0084, 0x000a, 0x0005, 0x0004 };

enum variant {
	VARIANT_GOOD,		/* 00 02, padding, 00, version, 46 bytes */
	VARIANT_FIRST_BYTES,	/* 41 17 instead of 00 02 */
	VARIANT_ZERO_MISPLACED, /* 00 in the last two bytes alone */
	VARIANT_NO_ZERO,
	VARIANT_VERSION, /* 02 02 instead of the version that was offered */
};
#define VARIANTS (VARIANT_VERSION + 1)

static const char *const titles[VARIANTS] = { "good padding", "wrong first bytes",
	"a misplaced zero", "no zero", "a wrong version" };

/* How a message is followed up. */
enum flow {
	FLOW_WHOLE, /* ChangeCipherSpec, and a Finished that is none */
	FLOW_SHORT, /* nothing: the server waits, unless it looks at the padding first */
};

#define SECRET_BYTES 46
/* RSA keys of 512 to 16,384 bits, what OpenSSL reads. */
#define MIN_KEY_BYTES 64
#define MAX_KEY_BYTES 2048

/* What came, as one number: the end, or the record's type and the alert in it. */
static unsigned code_of(enum record_end end, const struct record *record)
{
	uint8_t alert = 0;

	if (end != RECORD_WHOLE)
		return (unsigned)end;
	return record_is_alert(record, &alert) ? 0x10000u | alert
					       : 0x20000u | record->type;
}

static const char *name_of(unsigned code, char text[40])
{
	static const char *const ends[] = { [RECORD_CLOSED] = "an end",
		[RECORD_RESET] = "a reset",
		[RECORD_TIMEOUT] = "silence",
		[RECORD_MALFORMED] = "garbage" };

	if (code < sizeof(ends) / sizeof(ends[0]))
		return ends[code];
	snprintf(text, 40, code >> 16 == 1 ? "alert %u" : "record %u", code & 0xffff);
	return text;
}

/* RFC 8017 section 7.2.1, or what is wrong of it on purpose: the key's length of
 * bytes. Everything but the variant is the same each time. */
static void write_block(enum variant variant, uint8_t *block, size_t size)
{
	uint8_t *tail = block + size - SECRET_BYTES - 3;

	memset(block, 0xab, size);
	block[0] = 0;
	block[1] = 2;
	memcpy(tail, "\0\3\3", 3);
	switch (variant) {
	case VARIANT_GOOD: break;
	case VARIANT_FIRST_BYTES: memcpy(block, "\x41\x17", 2); break;
	case VARIANT_ZERO_MISPLACED:
		memset(tail, 0x11, 3);
		block[size - 2] = 0;
		break;
	case VARIANT_NO_ZERO: memset(tail, 0x11, 3); break;
	case VARIANT_VERSION: memcpy(tail, "\0\2\2", 3); break;
	}
}

/* RSA without any padding of OpenSSL's own. */
static bool encrypt(EVP_PKEY *key, const uint8_t *block, uint8_t *cipher, size_t size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t length = size;
	bool done = context && EVP_PKEY_encrypt_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
		    EVP_PKEY_encrypt(context, cipher, &length, block, size) == 1 &&
		    length == size;

	EVP_PKEY_CTX_free(context);
	return done;
}

/* ClientKeyExchange (RFC 5246 section 7.4.7.1; SSLv3 has no length before the cipher
 * text), and what follows it. 0: the key is not one that can be used. */
static size_t write_turn(const struct flight *flight, enum flow flow,
    enum variant variant, uint8_t bytes[MAX_KEY_BYTES + 128])
{
	static const uint8_t change[] = { 1 };
	uint8_t message[6 + MAX_KEY_BYTES] = { 16 }, block[MAX_KEY_BYTES], finished[64];
	uint16_t version = flight->hello.version;
	size_t prefix = version > SP_SSL3 ? 2 : 0, size, length;

	if (!flight->key || EVP_PKEY_get_base_id(flight->key) != EVP_PKEY_RSA)
		return 0;
	size = (size_t)EVP_PKEY_get_size(flight->key);
	if (size < MIN_KEY_BYTES || size > MAX_KEY_BYTES)
		return 0;
	write_block(variant, block, size);
	message[2] = (uint8_t)((size + prefix) >> 8);
	message[3] = (uint8_t)(size + prefix);
	message[4] = (uint8_t)(size >> 8);
	message[5] = (uint8_t)size;
	if (!encrypt(flight->key, block, message + 4 + prefix, size))
		return 0;
	length =
	    record_write(bytes, 0, RECORD_HANDSHAKE, version, message, 4 + prefix + size);
	if (flow == FLOW_SHORT)
		return length;
	length = record_write(
	    bytes, length, RECORD_CHANGE_CIPHER_SPEC, version, change, sizeof(change));
	memset(finished, 0xaa, sizeof(finished));
	return record_write(
	    bytes, length, RECORD_HANDSHAKE, version, finished, sizeof(finished));
}

/* One message, and the code of what is answered. False: the observation says why
 * there is none. */
static bool ask_one(const struct intrusion *intrusion, enum flow flow,
    enum variant variant, unsigned *ret_code, struct sp_observation *observation)
{
	uint8_t bytes[MAX_KEY_BYTES + 128];
	struct flight flight;
	struct record record;
	int64_t deadline;
	size_t length;

	if (!intrusive_begin(intrusion, suites, sizeof(suites) / sizeof(suites[0]), false,
		&flight, &deadline, observation))
		return false;
	length = write_turn(&flight, flow, variant, bytes);
	if (length) {
		record_send(flight.fd, deadline, bytes, length);
		*ret_code = code_of(record_read(flight.fd,
					intrusive_wait(intrusion, 1, deadline), &record),
		    &record);
	} else {
		intrusive_conclude(observation, SP_REPLY_MALFORMED,
		    "RSA key transport, and no RSA key of a usual size");
	}
	flight_end(&flight);
	return length > 0;
}

static bool ask_all(const struct intrusion *intrusion, enum flow flow,
    unsigned codes[VARIANTS], struct sp_observation *observation)
{
	for (unsigned i = 0; i < VARIANTS; i++)
		if (!ask_one(intrusion, flow, (enum variant)i, &codes[i], observation))
			return false;
	return true;
}

static bool all_alike(const unsigned codes[VARIANTS])
{
	for (unsigned i = 1; i < VARIANTS; i++)
		if (codes[i] != codes[0])
			return false;
	return true;
}

/* The paper's section 3.2: where only a block that is right in everything stands out,
 * an attack takes many millions of questions. */
static bool is_weak(const unsigned codes[VARIANTS])
{
	return codes[VARIANT_FIRST_BYTES] == codes[VARIANT_ZERO_MISPLACED] &&
	       codes[VARIANT_FIRST_BYTES] == codes[VARIANT_NO_ZERO];
}

static void conclude_oracle(
    const unsigned codes[VARIANTS], struct sp_observation *observation)
{
	char first[40], other[40];
	unsigned i = 1;

	while (codes[i] == codes[0])
		i++;
	intrusive_conclude(observation, SP_REPLY_YES, "%s oracle: %s to %s, %s to %s",
	    is_weak(codes) ? "weak" : "strong", name_of(codes[0], first), titles[0],
	    name_of(codes[i], other), titles[i]);
}

/* Differences are asked for once more: a server that answers at random is none. */
static void confirm(const struct intrusion *intrusion, enum flow flow,
    const unsigned codes[VARIANTS], struct sp_observation *observation)
{
	unsigned again[VARIANTS];

	if (!ask_all(intrusion, flow, again, observation))
		return;
	if (memcmp(again, codes, sizeof(again)))
		intrusive_conclude(observation, SP_REPLY_TIMEOUT,
		    "answers differ from one time to the next");
	else
		conclude_oracle(codes, observation);
}

void robot_ask(const struct intrusion *intrusion, struct sp_observation *observation)
{
	unsigned whole[VARIANTS], alone[VARIANTS];
	char text[40];

	if (!ask_all(intrusion, FLOW_WHOLE, whole, observation))
		return;
	if (!all_alike(whole)) {
		confirm(intrusion, FLOW_WHOLE, whole, observation);
		return;
	}
	if (!ask_all(intrusion, FLOW_SHORT, alone, observation))
		return;
	if (!all_alike(alone))
		confirm(intrusion, FLOW_SHORT, alone, observation);
	else if (whole[0] == RECORD_TIMEOUT && alone[0] == RECORD_TIMEOUT)
		intrusive_conclude(
		    observation, SP_REPLY_TIMEOUT, "silent to good and bad padding");
	else
		intrusive_conclude(observation, SP_REPLY_NO,
		    "the same answer to good and bad padding (%s)",
		    name_of(whole[0], text));
}
