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
	/* What is large has few of it: a rule's statements, a service's prefixes. */
	room = *capacity ? *capacity : item_size <= 16 ? 8 : 4;
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

/* Into the room that is there; how long it is or would be, negative: it failed. */
__attribute__((format(printf, 2, 0))) static int print_there(
    struct sp_text *text, const char *format, va_list arguments)
{
	return vsnprintf(
	    text->bytes + text->length, text->capacity - text->length, format, arguments);
}

void sp_text_add(struct sp_text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (!text_reserve(text, 64))
		return;
	va_start(arguments, format);
	length = print_there(text, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length >= text->capacity - text->length) {
		if (!text_reserve(text, (size_t)length + 1))
			return;
		va_start(arguments, format);
		length = print_there(text, format, arguments);
		va_end(arguments);
	}
	if (length < 0)
		text->failed = true;
	else
		text->length += (size_t)length;
}

void sp_text_join_words(struct sp_text *text, ...)
{
	va_list words;

	va_start(words, text);
	for (const char *word; (word = va_arg(words, const char *));)
		sp_text_add_bytes(text, word, strlen(word));
	va_end(words);
}

void sp_text_add_number(struct sp_text *text, unsigned number)
{
	char digits[SP_DECIMAL];

	sp_text_join(text, sp_decimal(digits, number));
}

void sp_join_words(char *to, size_t size, ...)
{
	va_list words;
	size_t length = 0;

	va_start(words, size);
	for (const char *word; (word = va_arg(words, const char *));) {
		size_t more = strnlen(word, size - 1 - length);

		memcpy(to + length, word, more);
		length += more;
	}
	va_end(words);
	to[length] = '\0';
}

const char *sp_decimal(char digits[SP_DECIMAL], unsigned number)
{
	char *at = digits + SP_DECIMAL;

	*--at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

void sp_text_free(struct sp_text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}
