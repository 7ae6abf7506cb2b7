/* ClientHellos in bytes, for what the linked OpenSSL does not speak. */
#ifndef SALLYPORT_PROBER_HELLO_H
#define SALLYPORT_PROBER_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some servers fall silent on a long hello, on extensions, or on a name that
 * they do not know: each shape leaves out more. */
enum hello_shape { HELLO_FULL, HELLO_SHORT, HELLO_BARE };
#define HELLO_SHAPES (HELLO_BARE + 1)

/* RFC 8446 section 5.1: a record's fragment is at most 2^14 bytes; ours are far
 * below: the longest lists of a request and the longest name. */
#define HELLO_MAX_BYTES 2048

/* What to say. A list that is NULL is the usual one of the version; the usual
 * suites are there below TLS 1.2 alone. */
struct hello {
	uint16_t version; /* 0x0300 to 0x0304 */
	enum hello_shape shape;
	const char *name; /* SNI, but for SSLv3 and bare hellos; NULL: none */
	const uint16_t *suites, *groups, *schemes;
	size_t suite_count, group_count, scheme_count;
	bool extras;   /* offer compression, heartbeat, extended master secret */
	bool fallback; /* TLS_FALLBACK_SCSV, RFC 7507 */
};

/* Writes a record with the ClientHello and returns its length. */
size_t hello_write(
    const struct hello *hello, const uint8_t random[32], uint8_t bytes[HELLO_MAX_BYTES]);

/* Does it offer the suite? */
bool hello_offers(const struct hello *hello, uint16_t suite);

/* Does it carry SHA-1 signature schemes? Before TLS 1.2 there is nothing to
 * choose, and without the extension SHA-1 is meant (RFC 5246 section 7.4.1.4.1). */
bool hello_offers_sha1(const struct hello *hello);

/* Does it carry the extras? */
bool hello_has_extras(const struct hello *hello);

#endif
