#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

static void put(struct writer *writer, uint64_t value, unsigned bytes)
{
	if (writer->failed || writer->capacity - writer->length < bytes) {
		writer->failed = true;
		return;
	}
	for (unsigned i = bytes; i-- > 0;)
		writer->bytes[writer->length++] = (uint8_t)(value >> (8 * i));
}

static void put_bytes(struct writer *writer, const void *bytes, size_t length)
{
	if (writer->failed || writer->capacity - writer->length < length) {
		writer->failed = true;
		return;
	}
	if (length)
		memcpy(writer->bytes + writer->length, bytes, length);
	writer->length += length;
}

static uint64_t take(struct reader *reader, unsigned bytes)
{
	uint64_t value = 0;

	if (reader->failed || reader->length < bytes) {
		reader->failed = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | reader->bytes[i];
	reader->bytes += bytes;
	reader->length -= bytes;
	return value;
}

/* Borrowed; NULL when there is not so much. */
static const uint8_t *take_bytes(struct reader *reader, size_t length)
{
	const uint8_t *bytes = reader->bytes;

	if (reader->failed || reader->length < length) {
		reader->failed = true;
		return NULL;
	}
	reader->bytes += length;
	reader->length -= length;
	return bytes;
}

static void put_text(struct writer *writer, const char *text, size_t most)
{
	size_t length = text ? strlen(text) : 0;

	if (length > most || length > UINT16_MAX)
		writer->failed = true;
	put(writer, length, 2);
	put_bytes(writer, text, length);
}

static char *take_text(struct reader *reader, size_t most)
{
	size_t length = (size_t)take(reader, 2);
	const uint8_t *bytes = take_bytes(reader, length);
	char *text = NULL;

	if (bytes && length <= most && !memchr(bytes, '\0', length))
		text = strndup((const char *)bytes, length);
	if (!text)
		reader->failed = true;
	return text;
}

static size_t count_of(const struct field *field, const uint8_t *body)
{
	size_t count;

	memcpy(&count, body + field->count, sizeof(count));
	return count;
}

static size_t take_count(struct reader *reader, const struct field *field, unsigned bytes)
{
	size_t count = (size_t)take(reader, bytes);

	if (count > field->most)
		reader->failed = true;
	return reader->failed ? 0 : count;
}

static void write_many(
    struct writer *writer, const struct field *field, const uint8_t *body)
{
	size_t count = count_of(field, body);
	const void *items = body + field->offset;

	if (count > field->most) {
		writer->failed = true;
		return;
	}
	put(writer, count, field->wire == WIRE_BYTES ? 4 : 2);
	if (field->wire == WIRE_BYTES)
		put_bytes(writer, *(uint8_t *const *)items, count);
	for (size_t i = 0; i < count && !writer->failed; i++) {
		if (field->wire == WIRE_TEXTS)
			put_text(writer, (*(char **const *)items)[i], SP_MAX_PEER_TEXT);
		else if (field->wire == WIRE_U16S)
			put(writer, ((const uint16_t *)items)[i], 2);
		else if (field->wire == WIRE_ITEMS)
			sp_codec_write(writer, field->fields,
			    (const uint8_t *)items + i * field->item_size);
	}
}

void sp_codec_write(struct writer *writer, const struct field *fields, const void *body)
{
	for (const struct field *field = fields; field->wire != WIRE_END; field++) {
		const uint8_t *at = (const uint8_t *)body + field->offset;

		switch (field->wire) {
		case WIRE_END: break;
		case WIRE_BOOL: put(writer, *(const bool *)at, 1); break;
		case WIRE_ENUM: put(writer, *(const unsigned *)at, 1); break;
		case WIRE_U16: put(writer, *(const uint16_t *)at, 2); break;
		case WIRE_U32: put(writer, *(const uint32_t *)at, 4); break;
		case WIRE_U64: put(writer, *(const uint64_t *)at, 8); break;
		case WIRE_DIGEST: put_bytes(writer, at, 32); break;
		case WIRE_TEXT: put_text(writer, *(char *const *)at, field->most); break;
		case WIRE_TEXTS:
		case WIRE_BYTES:
		case WIRE_U16S:
		case WIRE_ITEMS: write_many(writer, field, body); break;
		}
	}
}

static void read_texts(
    struct reader *reader, const struct field *field, size_t count, uint8_t *body)
{
	char **texts = count ? calloc(count, sizeof(*texts)) : NULL;

	if (count && !texts)
		reader->failed = true;
	for (size_t i = 0; i < count && !reader->failed; i++)
		texts[i] = take_text(reader, SP_MAX_PEER_TEXT);
	/* The count stands even when a text failed: sp_codec_free frees them all. */
	memcpy(body + field->offset, &texts, sizeof(texts));
	if (!texts)
		memset(body + field->count, 0, sizeof(size_t));
}

static void read_bytes(
    struct reader *reader, const struct field *field, size_t count, uint8_t *body)
{
	const uint8_t *bytes = take_bytes(reader, count);
	uint8_t *copy = bytes && count ? malloc(count) : NULL;

	if (copy)
		memcpy(copy, bytes, count);
	else if (count)
		reader->failed = true;
	memcpy(body + field->offset, &copy, sizeof(copy));
	if (!copy)
		memset(body + field->count, 0, sizeof(size_t));
}

static void read_many(struct reader *reader, const struct field *field, uint8_t *body)
{
	size_t count = take_count(reader, field, field->wire == WIRE_BYTES ? 4 : 2);
	uint8_t *items = body + field->offset;

	memcpy(body + field->count, &count, sizeof(count));
	if (field->wire == WIRE_TEXTS)
		read_texts(reader, field, count, body);
	else if (field->wire == WIRE_BYTES)
		read_bytes(reader, field, count, body);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		if (field->wire == WIRE_U16S)
			((uint16_t *)items)[i] = (uint16_t)take(reader, 2);
		else if (field->wire == WIRE_ITEMS)
			sp_codec_read(
			    reader, field->fields, items + i * field->item_size);
	}
}

/* An 8-bit value below `limit`. */
static unsigned take_below(struct reader *reader, size_t limit)
{
	unsigned value = (unsigned)take(reader, 1);

	if (value >= limit)
		reader->failed = true;
	return reader->failed ? 0 : value;
}

void sp_codec_read(struct reader *reader, const struct field *fields, void *body)
{
	for (const struct field *field = fields; field->wire != WIRE_END; field++) {
		uint8_t *at = (uint8_t *)body + field->offset;

		switch (field->wire) {
		case WIRE_END: break;
		case WIRE_BOOL: *(bool *)at = take_below(reader, 2) != 0; break;
		case WIRE_ENUM: *(unsigned *)at = take_below(reader, field->most); break;
		case WIRE_U16: *(uint16_t *)at = (uint16_t)take(reader, 2); break;
		case WIRE_U32: *(uint32_t *)at = (uint32_t)take(reader, 4); break;
		case WIRE_U64: *(uint64_t *)at = take(reader, 8); break;
		case WIRE_DIGEST: {
			const uint8_t *digest = take_bytes(reader, 32);

			if (digest)
				memcpy(at, digest, 32);
			break;
		}
		case WIRE_TEXT: *(char **)at = take_text(reader, field->most); break;
		case WIRE_TEXTS:
		case WIRE_BYTES:
		case WIRE_U16S:
		case WIRE_ITEMS: read_many(reader, field, body); break;
		}
		if (reader->failed)
			return;
	}
}

static void free_many(const struct field *field, uint8_t *body)
{
	size_t count = count_of(field, body);
	uint8_t *items = body + field->offset;

	if (field->wire == WIRE_ITEMS)
		for (size_t i = 0; i < count; i++)
			sp_codec_free(field->fields, items + i * field->item_size);
	if (field->wire == WIRE_TEXTS)
		for (size_t i = 0; i < count; i++)
			free((*(char ***)items)[i]);
	if (field->wire == WIRE_TEXTS || field->wire == WIRE_BYTES)
		free(*(void **)items);
}

void sp_codec_free(const struct field *fields, void *body)
{
	for (const struct field *field = fields; field->wire != WIRE_END; field++) {
		switch (field->wire) {
		case WIRE_TEXT: free(*(char **)((uint8_t *)body + field->offset)); break;
		case WIRE_TEXTS:
		case WIRE_BYTES:
		case WIRE_ITEMS: free_many(field, body); break;
		case WIRE_END:
		case WIRE_BOOL:
		case WIRE_ENUM:
		case WIRE_U16:
		case WIRE_U32:
		case WIRE_U64:
		case WIRE_DIGEST:
		case WIRE_U16S: break;
		}
	}
}
