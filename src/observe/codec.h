/* A struct's fields as one table, which encoding, decoding and freeing share. */
#ifndef SALLYPORT_OBSERVE_CODEC_H
#define SALLYPORT_OBSERVE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire {
	WIRE_END,
	WIRE_BOOL,   /* bool; 0 or 1 */
	WIRE_ENUM,   /* an enum below `most`; 8 bits on the wire */
	WIRE_U16,    /* uint16_t */
	WIRE_U32,    /* uint32_t */
	WIRE_U64,    /* uint64_t or int64_t */
	WIRE_DIGEST, /* uint8_t[32] */
	WIRE_TEXT,   /* char *, owned, at most `most` bytes, no NUL */
	WIRE_TEXTS,  /* char **, owned, at most `most` of them, and their count */
	WIRE_BYTES,  /* uint8_t *, owned, at most `most`, and their count */
	WIRE_U16S,   /* uint16_t[most] and their count */
	WIRE_ITEMS,  /* a struct[most] of `fields`, and their count */
};

struct field {
	enum wire wire;
	size_t offset;
	size_t most;	  /* see above */
	size_t count;	  /* offset of the size_t that counts them */
	size_t item_size; /* of WIRE_ITEMS */
	const struct field *fields;
};

struct writer {
	uint8_t *bytes;
	size_t length, capacity;
	bool failed; /* did not fit, or broke a limit */
};

struct reader {
	const uint8_t *bytes;
	size_t length; /* that are left */
	bool failed;
};

void sp_codec_write(struct writer *writer, const struct field *fields, const void *body);
/* `body` is zero; after a failure it may hold what sp_codec_free frees. */
void sp_codec_read(struct reader *reader, const struct field *fields, void *body);
void sp_codec_free(const struct field *fields, void *body);

/* The tables, each ended by WIRE_END. */
extern const struct field sp_observation_fields[], sp_certificate_fields[],
    sp_request_fields[];

#endif
