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
 * below. */
#define HELLO_MAX_BYTES 1024

/* Writes a record with a ClientHello that offers `version` (0x0300 to 0x0303)
 * and returns its length. `name` (NULL: none) becomes SNI unless the shape is
 * bare or the version is SSLv3, whose hello has no extensions. */
size_t hello_write(uint16_t version, const char *name, enum hello_shape shape,
    const uint8_t random[32], uint8_t bytes[HELLO_MAX_BYTES]);

/* Does a hello of this shape offer the suite? */
bool hello_offers(enum hello_shape shape, uint16_t suite);

/* Does a hello of this version and shape carry SHA-1 signature schemes? Before
 * TLS 1.2 there is nothing to choose, so one that offers less always counts. */
bool hello_offers_sha1(uint16_t version, enum hello_shape shape);

#endif
