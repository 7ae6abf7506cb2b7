#include "characters.h"

#include <stdint.h>

/* Decodes one character after RFC 3629 section 4: no overlong forms, no
 * surrogates, nothing above U+10FFFF. Its length, or 0. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = at[0] < 0x80			? 1
			: at[0] >= 0xc2 && at[0] < 0xe0 ? 2
			: at[0] >= 0xe0 && at[0] < 0xf0 ? 3
			: at[0] >= 0xf0 && at[0] < 0xf5 ? 4
							: 0;
	uint32_t code;

	if (!length || length > left)
		return 0;
	code = length == 1 ? at[0] : at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return length;
}

static const char *refused(uint32_t code)
{
	if (code == 0)
		return "a NUL character: is this a text file?";
	if (code == '\r')
		return "a carriage return inside a line: lines end in LF or CR LF";
	if ((code < 0x20 && code != '\t') || (code >= 0x7f && code <= 0x9f))
		return "a control character: only the tab is accepted";
	if (code == 0x2028 || code == 0x2029)
		return "a Unicode line separator: lines end in LF or CR LF";
	if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	    code == 0x200e || code == 0x200f || code == 0xfeff)
		return "an invisible character that changes how the text is shown";
	return NULL;
}

size_t sp_refused_character(struct sp_slice line, const char **ret_why)
{
	const unsigned char *bytes = (const unsigned char *)line.text;
	size_t at = 0;

	while (at < line.length) {
		uint32_t code;
		size_t length;

		if (bytes[at] >= 0x20 && bytes[at] < 0x7f) {
			at++;
			continue;
		}
		length = decode(bytes + at, line.length - at, &code);
		if (!length) {
			*ret_why = "invalid UTF-8";
			return at;
		}
		*ret_why = refused(code);
		if (*ret_why)
			return at;
		at += length;
	}
	return at;
}
