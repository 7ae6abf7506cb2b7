/* A piece of somebody else's text: not owned, not terminated. */
#ifndef SALLYPORT_POLICY_SLICE_H
#define SALLYPORT_POLICY_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct sp_slice {
	const char *text;
	size_t length;
};

static inline struct sp_slice sp_slice(const char *text)
{
	return (struct sp_slice){ text, strlen(text) };
}

static inline bool sp_slice_equal(struct sp_slice a, struct sp_slice b)
{
	return a.length == b.length && (!a.length || !memcmp(a.text, b.text, a.length));
}

static inline bool sp_slice_is(struct sp_slice slice, const char *text)
{
	/* Most comparisons end at the first letter. */
	if (!slice.length || slice.text[0] != text[0])
		return !slice.length && !text[0];
	return sp_slice_equal(slice, sp_slice(text));
}

static inline bool sp_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool sp_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool sp_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Without blanks at both ends. */
struct sp_slice sp_slice_trim(struct sp_slice slice);

/* Cuts the part before the first blank off `rest`; empty at its end. */
struct sp_slice sp_slice_word(struct sp_slice *rest);

/* The two arguments that "%.*s" takes; a long text is clipped. */
#define SP_SHOW(slice) sp_slice_shown(slice), (slice).text
int sp_slice_shown(struct sp_slice slice);

/* Decimal digits alone, no leading zero, at most `most`. */
bool sp_slice_number(struct sp_slice slice, unsigned long most, unsigned long *ret);

#endif
