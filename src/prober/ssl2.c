#include "ssl2.h"

#include <string.h>

/* Three bytes each: RC4 and RC2 with 128 bits and as EXPORT, IDEA, DES, 3DES, RC4
 * with 64 bits, and 3DES with SHA. */
static const uint8_t specs[9 * 3] = { 1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, 5,
	0, 0x80, 6, 0, 0x40, 7, 0, 0xc0, 8, 0, 0x80, 7, 1, 0xc0 };

void ssl2_write_hello(const uint8_t challenge[16], uint8_t bytes[SSL2_HELLO_BYTES])
{
	/* Length with its high bit, CLIENT-HELLO, version, lengths of specs, session
	 * and challenge. */
	static const uint8_t head[] = { 0x80, SSL2_HELLO_BYTES - 2, 1, 0, 2, 0,
		sizeof(specs), 0, 0, 0, 16 };

	memcpy(bytes, head, sizeof(head));
	memcpy(bytes + sizeof(head), specs, sizeof(specs));
	memcpy(bytes + sizeof(head) + sizeof(specs), challenge, 16);
}

static size_t get16(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

/* Its fields: type, session hit, certificate type, version, and the lengths of
 * certificate, specs and connection id, which add up to the record's. No specs at
 * all is still SSLv2 (CVE-2015-3197: OpenSSL took them all the same). */
enum ssl2_reply ssl2_read(const uint8_t *bytes, size_t length)
{
	size_t size;

	if (length == 0)
		return SSL2_MORE;
	if (!(bytes[0] & 0x80))
		return SSL2_NONE;
	if (length < 3)
		return SSL2_MORE;
	size = get16(bytes) & 0x7fff;
	if (bytes[2] != 4 || size < 11)
		return SSL2_NONE;
	if (length < 2 + 11)
		return SSL2_MORE;
	if (get16(bytes + 5) != 0x0002 ||
	    11 + get16(bytes + 7) + get16(bytes + 9) + get16(bytes + 11) != size ||
	    get16(bytes + 9) % 3 != 0)
		return SSL2_NONE;
	return SSL2_SERVER_HELLO;
}
