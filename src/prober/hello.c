#include "hello.h"

#include <string.h>

/* Everything a server before TLS 1.2 may have been left with, what is likely
 * first. IANA TLS Cipher Suites. */
static const uint16_t suites[] = {
	/* The short hello ends after these. */
	0xc014, 0xc00a, 0xc013, 0xc009, /* ECDHE-RSA, ECDHE-ECDSA with AES CBC */
	0x0039, 0x0033, 0x0038, 0x0032, /* DHE-RSA, DHE-DSS with AES CBC */
	0x0035, 0x002f,			/* RSA with AES CBC */
	0xc012, 0xc008, 0x0016, 0x000a, /* 3DES */
	0xc011, 0xc007, 0x0005, 0x0004, /* RC4 */
	/* NSS with an ECDSA certificate wants the ECDHE suites above even in an
	 * SSLv3 hello. */
	0x0088, 0x0087, 0x0045, 0x0044, 0x0084, 0x0041,		/* Camellia */
	0x009a, 0x0099, 0x0096, 0x0007, 0x0013,			/* SEED, IDEA, DSS 3DES */
	0x0015, 0x0012, 0x0009,					/* DES */
	0xc00f, 0xc00e, 0xc005, 0xc004,				/* static ECDH */
	0x0014, 0x0011, 0x0008, 0x0006, 0x0003,			/* EXPORT */
	0x0064, 0x0062,						/* EXPORT1024 */
	0xc010, 0xc006, 0x0002, 0x0001, 0x003b,			/* NULL */
	0xc019, 0xc018, 0xc017, 0xc016, 0xc015,			/* anonymous ECDH */
	0x003a, 0x0034, 0x001b, 0x001a, 0x0018, 0x0019, 0x0017, /* anonymous DH */
};
#define SHORT_SUITES 18

/* RFC 5746 section 3.3: some servers refuse a hello without it. wolfSSL refuses
 * one with both it and the renegotiation_info extension, so there is no such
 * extension here. */
#define SCSV_RENEGOTIATION 0x00ff

/* RFC 7507 section 2. */
#define SCSV_FALLBACK 0x5600

/* RFC 8422 section 5.1.1: P-256, P-384, P-521, X25519, and the older ones. */
static const uint16_t usual_groups[] = { 23, 24, 25, 29, 22, 21, 19 };
/* RFC 8446 section 4.2.7, and X25519MLKEM768, which the linked OpenSSL lacks. */
static const uint16_t usual_tls13_groups[] = { 29, 4588, 23, 24, 25, 30, 256, 257, 258 };
/* RFC 8446 section 4.2.3, RFC 5246 section 7.4.1.4.1; SHA-1 and MD5 among them,
 * because OpenSSL says internal_error where nothing fits, SHA-384 because others
 * miss it. */
static const uint16_t usual_schemes[] = { 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804,
	0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0303,
	0x0201, 0x0203, 0x0202, 0x0101 };

struct list {
	const uint16_t *values;
	size_t count;
};
#define LIST_OF(array) ((struct list){ (array), sizeof(array) / sizeof((array)[0]) })

static struct list suites_of(const struct hello *hello)
{
	if (hello->suites)
		return (struct list){ hello->suites, hello->suite_count };
	if (hello->shape == HELLO_FULL)
		return LIST_OF(suites);
	return (struct list){ suites, SHORT_SUITES };
}

static struct list groups_of(const struct hello *hello)
{
	if (hello->groups)
		return (struct list){ hello->groups, hello->group_count };
	if (hello->version == 0x0304)
		return LIST_OF(usual_tls13_groups);
	return LIST_OF(usual_groups);
}

/* None: the extension is left out. */
static struct list schemes_of(const struct hello *hello)
{
	if (hello->schemes)
		return (struct list){ hello->schemes, hello->scheme_count };
	if (hello->version == 0x0304 || hello->shape == HELLO_FULL)
		return LIST_OF(usual_schemes);
	return (struct list){ NULL, 0 };
}

static bool contains(struct list list, uint16_t value)
{
	for (size_t i = 0; i < list.count; i++)
		if (list.values[i] == value)
			return true;
	return false;
}

bool hello_offers(const struct hello *hello, uint16_t suite)
{
	return contains(suites_of(hello), suite);
}

bool hello_offers_sha1(const struct hello *hello)
{
	struct list schemes = schemes_of(hello);

	return hello->version < 0x0303 || schemes.count == 0 ||
	       (contains(schemes, 0x0201) && contains(schemes, 0x0203));
}

bool hello_has_extras(const struct hello *hello)
{
	return hello->extras && hello->shape == HELLO_FULL;
}

struct out {
	uint8_t *bytes;
	size_t length;
};

static void put8(struct out *out, unsigned value)
{
	out->bytes[out->length++] = (uint8_t)value;
}

static void put16(struct out *out, unsigned value)
{
	put8(out, value >> 8);
	put8(out, value & 0xff);
}

static void put_bytes(struct out *out, const void *bytes, size_t length)
{
	memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
}

/* Leaves room for a 16-bit length, which `close16` fills in. */
static size_t open16(struct out *out)
{
	put16(out, 0);
	return out->length;
}

static void close16(struct out *out, size_t start)
{
	size_t length = out->length - start;

	out->bytes[start - 2] = (uint8_t)(length >> 8);
	out->bytes[start - 1] = (uint8_t)length;
}

/* RFC 6066 section 3. */
static void put_server_name(struct out *out, const char *name)
{
	size_t extension, list, host;

	put16(out, 0);
	extension = open16(out);
	list = open16(out);
	put8(out, 0); /* host_name */
	host = open16(out);
	put_bytes(out, name, strlen(name));
	close16(out, host);
	close16(out, list);
	close16(out, extension);
}

static void put_list(struct out *out, unsigned type, struct list values)
{
	size_t extension, list;

	put16(out, type);
	extension = open16(out);
	list = open16(out);
	for (size_t i = 0; i < values.count; i++)
		put16(out, values.values[i]);
	close16(out, list);
	close16(out, extension);
}

/* An empty list of key shares asks for a HelloRetryRequest, which names the group
 * (RFC 8446 section 4.2.8): no key of any group need be made. */
static void put_tls13(struct out *out)
{
	static const uint8_t versions[] = { 0, 43, 0, 3, 2, 3, 4 };
	static const uint8_t shares[] = { 0, 51, 0, 2, 0, 0 };

	put_bytes(out, versions, sizeof(versions));
	put_bytes(out, shares, sizeof(shares));
}

static void put_extras(struct out *out)
{
	static const uint8_t heartbeat[] = { 0, 15, 0, 1, 1 };	/* RFC 6520 section 2 */
	static const uint8_t master_secret[] = { 0, 23, 0, 0 }; /* RFC 7627 section 5.1 */

	put_bytes(out, heartbeat, sizeof(heartbeat));
	put_bytes(out, master_secret, sizeof(master_secret));
}

static void put_extensions(struct out *out, const struct hello *hello)
{
	static const uint8_t point_formats[] = { 0, 11, 0, 2, 1, 0 };
	struct list schemes = schemes_of(hello);
	size_t start = open16(out);

	if (hello->name && hello->shape != HELLO_BARE)
		put_server_name(out, hello->name);
	put_list(out, 10, groups_of(hello));
	if (hello->version < 0x0304)
		put_bytes(out, point_formats, sizeof(point_formats));
	if (schemes.count && hello->version >= 0x0301)
		put_list(out, 13, schemes);
	if (hello_has_extras(hello))
		put_extras(out);
	if (hello->version == 0x0304)
		put_tls13(out);
	close16(out, start);
}

/* A bare hello of the usual suites has none at all. */
static bool has_extensions(const struct hello *hello)
{
	return hello->version >= 0x0303 || hello->suites ||
	       (hello->version != 0x0300 && hello->shape != HELLO_BARE);
}

static void put_suites(struct out *out, const struct hello *hello)
{
	struct list offered = suites_of(hello);
	size_t list = open16(out);

	for (size_t i = 0; i < offered.count; i++)
		put16(out, offered.values[i]);
	if (hello->version < 0x0304)
		put16(out, SCSV_RENEGOTIATION);
	if (hello->fallback)
		put16(out, SCSV_FALLBACK);
	close16(out, list);
}

size_t hello_write(
    const struct hello *hello, const uint8_t random[32], uint8_t bytes[HELLO_MAX_BYTES])
{
	struct out out = { bytes, 0 };
	size_t record, message;
	bool tls13 = hello->version == 0x0304;

	put8(&out, 22); /* handshake */
	/* A first record of 0x0301 is what servers expect (RFC 5246 appendix E.1);
	 * SSLv3 servers want their own. */
	put16(&out, hello->version == 0x0300 ? 0x0300 : 0x0301);
	record = open16(&out);
	put8(&out, 1); /* client_hello */
	put8(&out, 0); /* of a 24-bit length, the byte that stays 0 */
	message = open16(&out);
	put16(&out, tls13 ? 0x0303 : hello->version);
	put_bytes(&out, random, 32);
	/* Nothing is ever resumed; TLS 1.3 wants a session of its own for what sits
	 * in the middle (RFC 8446 appendix D.4), and any bytes do. */
	put8(&out, tls13 ? 32 : 0);
	put_bytes(&out, random, tls13 ? 32 : 0);
	put_suites(&out, hello);
	if (hello_has_extras(hello) && !tls13)
		put_bytes(&out, "\2\1", 2); /* DEFLATE (RFC 3749), or … */
	else
		put8(&out, 1);
	put8(&out, 0); /* … no compression */
	if (has_extensions(hello))
		put_extensions(&out, hello);
	close16(&out, message);
	close16(&out, record);
	return out.length;
}
