#include "slice.h"

/* Long enough for every name that a person types, short enough that a
 * diagnostic stays one line. */
#define SHOWN_BYTES 80

struct sp_slice sp_slice_trim(struct sp_slice slice)
{
	while (slice.length && sp_is_blank(slice.text[0])) {
		slice.text++;
		slice.length--;
	}
	while (slice.length && sp_is_blank(slice.text[slice.length - 1]))
		slice.length--;
	return slice;
}

struct sp_slice sp_slice_word(struct sp_slice *rest)
{
	struct sp_slice word = sp_slice_trim(*rest);
	size_t length = 0;

	while (length < word.length && !sp_is_blank(word.text[length]))
		length++;
	rest->text = word.text + length;
	rest->length = word.length - length;
	word.length = length;
	return word;
}

int sp_slice_shown(struct sp_slice slice)
{
	size_t length = slice.length;

	if (length > SHOWN_BYTES) {
		length = SHOWN_BYTES;
		/* 10xxxxxx continues a character, RFC 3629 section 3. */
		while (length && ((unsigned char)slice.text[length] & 0xc0) == 0x80)
			length--;
	}
	return (int)length;
}

bool sp_slice_number(struct sp_slice slice, unsigned long most, unsigned long *ret)
{
	unsigned long number = 0;

	if (!slice.length || (slice.length > 1 && slice.text[0] == '0'))
		return false;
	for (size_t i = 0; i < slice.length; i++) {
		unsigned digit = (unsigned)(slice.text[i] - '0');

		if (!sp_is_digit(slice.text[i]) || number > (most - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret = number;
	return true;
}
