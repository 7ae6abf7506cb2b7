#include <sallyport/array.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sp_array_grow(
    void **items, size_t *capacity, size_t length, size_t more, size_t item_size)
{
	size_t wanted, room, bytes;
	void *grown;

	if (__builtin_add_overflow(length, more, &wanted))
		return false;
	if (wanted <= *capacity)
		return true;
	room = *capacity ? *capacity : 8;
	while (room < wanted)
		if (__builtin_mul_overflow(room, 2, &room))
			return false;
	if (__builtin_mul_overflow(room, item_size, &bytes))
		return false;
	grown = realloc(*items, bytes);
	if (!grown)
		return false;
	*items = grown;
	*capacity = room;
	return true;
}

void sp_array_release(void **items, size_t *length, size_t *capacity)
{
	free(*items);
	*items = NULL;
	*length = 0;
	*capacity = 0;
}

static bool text_reserve(struct sp_text *text, size_t more)
{
	if (!text->failed &&
	    !sp_array_grow((void **)&text->bytes, &text->capacity, text->length, more, 1))
		text->failed = true;
	return !text->failed;
}

void sp_text_add_bytes(struct sp_text *text, const void *bytes, size_t length)
{
	if (length > SIZE_MAX - 1 || !text_reserve(text, length + 1))
		return;
	if (length)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void sp_text_add(struct sp_text *text, const char *format, ...)
{
	va_list arguments;
	char small[512];
	int length;

	va_start(arguments, format);
	length = vsnprintf(small, sizeof(small), format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if ((size_t)length < sizeof(small)) {
		sp_text_add_bytes(text, small, (size_t)length);
		return;
	}
	if (!text_reserve(text, (size_t)length + 1))
		return;
	va_start(arguments, format);
	vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

void sp_text_free(struct sp_text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}
