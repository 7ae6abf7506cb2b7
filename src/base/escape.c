#include <sallyport/escape.h>

#include <stdint.h>

/* Length of a well-formed UTF-8 sequence (RFC 3629 section 4) and its character;
 * 0 when there is none. A NUL ends the text, so no look-ahead runs past it. */
static size_t decode(const unsigned char *at, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = at[0] < 0x80   ? 1
			: at[0] < 0xc2 ? 0
			: at[0] < 0xe0 ? 2
			: at[0] < 0xf0 ? 3
			: at[0] < 0xf5 ? 4
				       : 0;
	uint32_t character = length < 2 ? at[0] : at[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (at[i] & 0x3fu);
	}
	if (length && (character < least[length] || character > 0x10ffff ||
			  (character >= 0xd800 && character <= 0xdfff)))
		return 0;
	*ret = character;
	return length;
}

static bool is_unsafe(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

void sp_text_add_escaped(struct sp_text *text, const char *unsafe)
{
	const unsigned char *at = (const unsigned char *)unsafe;

	while (*at) {
		uint32_t character = 0;
		size_t length = decode(at, &character);
		bool escapes = !length || is_unsafe(character);

		if (!length)
			length = 1;
		if (*at == '\\')
			sp_text_add(text, "\\\\");
		else if (!escapes)
			sp_text_add_bytes(text, at, length);
		for (size_t i = 0; escapes && i < length; i++)
			sp_text_add(text, "\\x%02x", at[i]);
		at += length;
	}
}

char *sp_escape(const char *unsafe)
{
	struct sp_text text = { 0 };

	sp_text_add_escaped(&text, unsafe);
	sp_text_add_bytes(&text, "", 0);
	if (text.failed) {
		sp_text_free(&text);
		return NULL;
	}
	return text.bytes;
}
