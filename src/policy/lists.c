/* Address files: one address, prefix or range per line. A million lines are a
 * normal size, so that the usual line, a dotted IPv4 address or prefix, is read
 * in place and in one pass. What a file holds is never quoted. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "language.h"

/* A decimal of at most three digits without leading zeros; -1: none. */
static int short_number(const char **at, const char *end)
{
	const char *start = *at;
	int number = 0;

	while (*at < end && sp_is_digit(**at) && *at - start < 3)
		number = number * 10 + (*(*at)++ - '0');
	if (*at == start || (*at - start > 1 && *start == '0'))
		return -1;
	return number;
}

/* "A.B.C.D" or "A.B.C.D/N" without host bits; anything else is left to
 * sp_range_parse. */
static bool plain_ipv4(struct sp_slice text, struct sp_interval4 *ret)
{
	const char *at = text.text, *end = at + text.length;
	uint32_t address = 0, host = 0;
	int number;

	for (int part = 0; part < 4; part++) {
		if (part && (at == end || *at++ != '.'))
			return false;
		number = short_number(&at, end);
		if (number < 0 || number > 255)
			return false;
		address = address << 8 | (uint32_t)number;
	}
	if (at < end) {
		if (*at++ != '/')
			return false;
		number = short_number(&at, end);
		if (number < 0 || number > 32 || at != end)
			return false;
		host = (uint32_t)(UINT64_C(0xffffffff) >> number);
		if (address & host)
			return false;
	}
	*ret = (struct sp_interval4){ address, address | host };
	return true;
}

static struct sp_slice without_comment(struct sp_slice line)
{
	for (size_t i = 0; i < line.length; i++)
		if ((line.text[i] == '#' || line.text[i] == ';') &&
		    (i == 0 || sp_is_blank(line.text[i - 1])))
			line.length = i;
	return sp_slice_trim(line);
}

/* One line. SP_RANGE_OK also for one with nothing in it; *ret_memory is false
 * when there was none. */
static enum sp_range_error add_line(
    struct sp_slice line, struct sp_intervals *set, bool *ret_memory)
{
	struct sp_interval4 plain;
	struct sp_slice text;
	struct sp_range range;
	enum sp_range_error error;

	if (line.length && line.text[line.length - 1] == '\r')
		line.length--;
	if (plain_ipv4(line, &plain)) {
		*ret_memory = sp_array_push(&set->v4, plain);
		return SP_RANGE_OK;
	}
	text = without_comment(line);
	if (!text.length)
		return SP_RANGE_OK;
	error = sp_range_parse(text.text, text.length, &range);
	if (error == SP_RANGE_OK)
		*ret_memory = sp_intervals_add(set, &range);
	return error;
}

/* The bad lines of one file: the first ones each, then their number. */
struct bad_lines {
	const char *path;
	size_t count;
};

static void bad_line(
    struct bad_lines *bad, unsigned line, enum sp_range_error error, struct sp_diag *diag)
{
	struct sp_location at = { bad->path, line, 0 };

	if (bad->count++ < SP_MAX_BAD_LINES)
		sp_error(diag, &at, "line %u is %s", line, sp_range_problem(error));
}

static bool read_lines(const char *path, const struct sp_file *file,
    struct sp_intervals *set, struct sp_diag *diag)
{
	const char *at = file->bytes, *end = at + file->length;
	struct bad_lines bad = { .path = path };
	bool memory = true;
	struct sp_location whole = { path, 0, 0 };

	if (file->length >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
		at += 3;
	for (unsigned line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct sp_slice text = { at, (size_t)((stop ? stop : end) - at) };

		enum sp_range_error error = add_line(text, set, &memory);

		if (!memory)
			return sp_out_of_memory(diag);
		if (error != SP_RANGE_OK)
			bad_line(&bad, line, error, diag);
		if (sp_intervals_count(set) > SP_MAX_SET_ELEMENTS)
			return sp_error(diag, &whole, "more than %u addresses in one set",
			    SP_MAX_SET_ELEMENTS);
		at = stop ? stop + 1 : end;
	}
	if (bad.count > SP_MAX_BAD_LINES)
		sp_error(diag, &whole,
		    "%zu lines are not addresses; the first %d of them:", bad.count,
		    SP_MAX_BAD_LINES);
	return bad.count == 0;
}

bool sp_list_read(const char *path, const struct sp_location *blame,
    struct sp_intervals *set, struct sp_diag *diag)
{
	struct sp_file file;
	bool fine;

	if (!sp_file_read(
		path, SP_MAX_ADDRESS_FILE_BYTES, "address file", blame, &file, diag))
		return false;
	fine = read_lines(path, &file, set, diag);
	free(file.bytes);
	return fine;
}
