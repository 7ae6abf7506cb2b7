/* Address files: one address, prefix or range per line. A million lines are a
 * normal size, so that the usual line, a plain address or prefix, is read in
 * place and in one pass. What a file holds is never quoted. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>
#include <sallyport/number.h>

#include "language.h"

/* A decimal of at most three digits without leading zeros; -1: none. */
static inline int short_number(const char **at, const char *end)
{
	const char *start = *at, *digit = start;
	int number = 0;

	while (digit < end && digit - start < 3 && sp_is_digit(*digit))
		number = number * 10 + (*digit++ - '0');
	*at = digit;
	return digit == start || (digit - start > 1 && *start == '0') ? -1 : number;
}

/* The usual line ends right behind its address: *at is then behind the line. */
static inline bool line_ends(const char **at, const char *end)
{
	const char *here = *at;

	if (here < end && *here == '\r')
		here++;
	if (here < end && *here++ != '\n')
		return false;
	*at = here;
	return true;
}

/* A line "A.B.C.D" or "A.B.C.D/N" without host bits; anything else is left to
 * sp_range_parse. */
static bool plain_ipv4(const char **line, const char *end, struct sp_interval4 *ret)
{
	const char *at = *line;
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
	if (at < end && *at == '/') {
		at++;
		number = short_number(&at, end);
		if (number < 0 || number > 32)
			return false;
		host = (uint32_t)(UINT64_C(0xffffffff) >> number);
		if (address & host)
			return false;
	}
	if (!line_ends(&at, end))
		return false;
	*line = at;
	*ret = (struct sp_interval4){ address, address | host };
	return true;
}

/* 16 and more: no hexadecimal digit. */
static inline unsigned hex_digit(char c)
{
	unsigned decimal = (unsigned)c - '0', letter = ((unsigned)c | 0x20) - 'a';

	return decimal < 10 ? decimal : letter < 6 ? letter + 10 : 16;
}

/* At most four hexadecimal digits; -1: none. */
static inline int hex_group(const char **at, const char *end)
{
	const char *start = *at, *digit = start;
	unsigned number = 0;

	for (; digit < end && digit - start < 4; digit++) {
		unsigned value = hex_digit(*digit);

		if (value > 15)
			break;
		number = number << 4 | value;
	}
	*at = digit;
	return digit == start ? -1 : (int)number;
}

/* Groups with one colon between each two, up to "::" or what is no group. */
struct groups {
	sp_number number; /* the last group in its last 16 bits */
	unsigned count;
};

static inline bool is_gap(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == ':' && at[1] == ':';
}

static inline bool read_groups(const char **at, const char *end, struct groups *ret)
{
	for (;;) {
		int group = hex_group(at, end);

		if (group < 0 || ++ret->count > 8)
			return false;
		ret->number = ret->number << 16 | (unsigned)group;
		if (*at == end || **at != ':' || is_gap(*at, end))
			return true;
		(*at)++;
	}
}

/* An address without dots in it. */
static bool read_ipv6(const char **at, const char *end, sp_number *ret)
{
	struct groups head = { 0 }, tail = { 0 };

	if (!is_gap(*at, end) && !read_groups(at, end, &head))
		return false;
	if (!is_gap(*at, end)) {
		*ret = head.number;
		return head.count == 8;
	}
	*at += 2;
	if (*at < end && hex_digit(**at) < 16 && !read_groups(at, end, &tail))
		return false;
	if (head.count + tail.count > 7)
		return false;
	*ret = tail.number;
	if (head.count)
		*ret |= head.number << 16 * (8 - head.count);
	return true;
}

/* The same for IPv6. */
static bool plain_ipv6(const char **line, const char *end, struct sp_interval6 *ret)
{
	const char *at = *line;
	sp_number address, host = 0;
	int number;

	if (!read_ipv6(&at, end, &address))
		return false;
	if (at < end && *at == '/') {
		at++;
		number = short_number(&at, end);
		if (number < 0 || number > 128)
			return false;
		host = number < 128 ? ~(sp_number)0 >> number : 0;
		if (address & host)
			return false;
	}
	if (!line_ends(&at, end))
		return false;
	*line = at;
	*ret = (struct sp_interval6){ (uint64_t)(address >> 64), (uint64_t)address,
		(uint64_t)((address | host) >> 64), (uint64_t)(address | host) };
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

/* Left to sp_range_is_mapped, which is asked outside of the usual way. */
static bool is_mapped(const struct sp_interval6 *six)
{
	return !six->first_high && !six->last_high && six->first_low >> 32 == 0xffff &&
	       six->last_low >> 32 == 0xffff;
}

/* A line of another form, with nothing in it perhaps. */
static enum sp_range_error add_other_line(
    struct sp_slice line, struct sp_intervals *set, bool *ret_memory)
{
	struct sp_range range, meant;
	struct sp_slice text;
	enum sp_range_error error;

	if (line.length && line.text[line.length - 1] == '\r')
		line.length--;
	text = without_comment(line);
	if (!text.length)
		return SP_RANGE_OK;
	error = sp_range_parse(text.text, text.length, &range);
	if (error == SP_RANGE_OK && sp_range_is_mapped(&range, &meant))
		error = SP_RANGE_MAPPED;
	if (error == SP_RANGE_OK)
		*ret_memory = sp_intervals_add(set, &range);
	return error;
}

/* The line at *at, which is then behind it; *ret_memory is false when there was
 * none. */
static enum sp_range_error add_line(
    const char **at, const char *end, struct sp_intervals *set, bool *ret_memory)
{
	struct sp_interval4 four;
	struct sp_interval6 six;
	struct sp_slice line = { *at, 0 };
	const char *stop;

	if (plain_ipv4(at, end, &four)) {
		*ret_memory = sp_array_push(&set->v4, four);
		return SP_RANGE_OK;
	}
	if (plain_ipv6(at, end, &six) && !is_mapped(&six)) {
		*ret_memory = sp_array_push(&set->v6, six);
		return SP_RANGE_OK;
	}
	stop = memchr(line.text, '\n', (size_t)(end - line.text));
	line.length = (size_t)((stop ? stop : end) - line.text);
	*at = stop ? stop + 1 : end;
	return add_other_line(line, set, ret_memory);
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
		enum sp_range_error error = add_line(&at, end, set, &memory);

		if (!memory)
			return sp_out_of_memory(diag);
		if (error != SP_RANGE_OK)
			bad_line(&bad, line, error, diag);
		if (sp_intervals_count(set) > SP_MAX_SET_ELEMENTS)
			return sp_error(diag, &whole, "more than %u addresses in one set",
			    SP_MAX_SET_ELEMENTS);
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
