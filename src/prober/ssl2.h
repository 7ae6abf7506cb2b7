/* SSLv2, the one protocol with a hello of its own (the SSL 2.0 draft of 1995;
 * RFC 6176 forbids it). */
#ifndef SALLYPORT_PROBER_SSL2_H
#define SALLYPORT_PROBER_SSL2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A two-byte record header, 9 bytes of fields, nine cipher specs of three bytes, a
 * challenge of 16. */
#define SSL2_HELLO_BYTES (2 + 9 + 9 * 3 + 16)

void ssl2_write_hello(const uint8_t challenge[16], uint8_t bytes[SSL2_HELLO_BYTES]);

enum ssl2_reply {
	SSL2_MORE,
	SSL2_SERVER_HELLO, /* SSLv2 is spoken, whatever specs it offers */
	SSL2_NONE,	   /* anything else; TLS's own reader may know it */
};

/* Reads all that has come so far. */
enum ssl2_reply ssl2_read(const uint8_t *bytes, size_t length);

#endif
