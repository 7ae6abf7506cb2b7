/* What a server answers to a ClientHello, read from bytes. */
#ifndef SALLYPORT_PROBER_REPLY_H
#define SALLYPORT_PROBER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_kind {
	REPLY_MORE, /* nothing is decided yet */
	REPLY_SERVER_HELLO,
	REPLY_ALERT, /* a fatal one, before any ServerHello */
	REPLY_CLEAR_TEXT,
	REPLY_MALFORMED,
};

struct server_hello {
	/* What the ServerHello itself says, supported_versions (RFC 8446 section
	 * 4.2.1) included; never a record's version. */
	uint16_t version;
	uint16_t suite, group; /* group 0: no key_share */
	uint8_t compression;
	bool retry; /* HelloRetryRequest */
	bool secure_renegotiation, heartbeat, extended_master_secret; /* echoed */
	bool downgrade_sentinel; /* RFC 8446 section 4.1.3 */
};

/* What a ServerKeyExchange says; 0: it does not. */
struct key_exchange {
	uint16_t group, scheme;
	uint32_t dh_bits;
};

/* How far to read. */
enum reply_depth { REPLY_TO_SERVER_HELLO, REPLY_TO_KEY_EXCHANGE };

struct reply {
	enum reply_kind kind;
	uint8_t alert;
	bool warned; /* whole warning alerts and nothing else so far */
	/* Whole, whatever the kind: of REPLY_MORE the key exchange is missing. */
	bool has_hello;
	struct server_hello hello;
	struct key_exchange exchange;
	const char *why; /* of REPLY_MALFORMED; a literal */
};

/* Reads all that has come so far, from the first byte on. */
struct reply reply_read(const uint8_t *bytes, size_t length, enum reply_depth depth);

/* The body of a ServerKeyExchange message of a suite that chose (EC)DHE. */
struct key_exchange reply_read_key_exchange(
    const uint8_t *bytes, size_t length, const struct server_hello *hello);

/* The body of a ServerHello message. False: malformed. */
bool reply_read_server_hello(
    const uint8_t *bytes, size_t length, struct server_hello *ret);

/* The first line of clear text, at most `size` - 1 bytes, without NULs. */
void reply_first_line(const uint8_t *bytes, size_t length, char *line, size_t size);

#endif
