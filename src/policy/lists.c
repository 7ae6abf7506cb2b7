/* Address files: one address, prefix or range per line. A million lines are a
 * normal size, so that the usual line, a plain address or prefix, is read in
 * place and in one pass. What a file holds is never quoted. */
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

/* At most four hexadecimal digits; -1: none. */
static int hex_group(const char **at, const char *end)
{
	const char *start = *at;
	int number = 0;

	for (; *at < end && *at - start < 4; (*at)++) {
		char c = **at;
		int digit = sp_is_digit(c)	   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			break;
		number = number << 4 | digit;
	}
	return *at == start ? -1 : number;
}

/* The groups of an address without dots in it, those that "::" stands for put
 * in. Stops at its end or at '/'. */
static bool read_groups(const char **at, const char *end, unsigned groups[8])
{
	int count = 0, gap = -1;

	memset(groups, 0, 8 * sizeof(*groups));
	if (end - *at >= 2 && (*at)[0] == ':' && (*at)[1] == ':') {
		gap = 0;
		*at += 2;
	}
	while (*at < end && **at != '/') {
		int group = count < 8 ? hex_group(at, end) : -1;

		if (group < 0)
			return false;
		groups[count++] = (unsigned)group;
		if (*at == end || **at == '/')
			break;
		if (*(*at)++ != ':' || *at == end)
			return false;
		if (**at == ':') {
			if (gap >= 0)
				return false;
			gap = count;
			(*at)++;
		}
	}
	if (gap < 0 || count == 8)
		return gap < 0 && count == 8;
	memmove(groups + 8 - (count - gap), groups + gap,
	    (size_t)(count - gap) * sizeof(*groups));
	memset(groups + gap, 0, (size_t)(8 - count) * sizeof(*groups));
	return true;
}

/* The same for IPv6. */
static bool plain_ipv6(struct sp_slice text, struct sp_interval6 *ret)
{
	const char *at = text.text, *end = at + text.length;
	uint64_t high = 0, low = 0, host_high = 0, host_low = 0;
	unsigned groups[8];
	int number;

	if (!read_groups(&at, end, groups))
		return false;
	for (int i = 0; i < 4; i++) {
		high = high << 16 | groups[i];
		low = low << 16 | groups[4 + i];
	}
	if (at < end) {
		at++;
		number = short_number(&at, end);
		if (number < 0 || number > 128 || at != end)
			return false;
		host_high = number >= 64 ? 0 : UINT64_MAX >> number;
		host_low = number <= 64	   ? UINT64_MAX
			   : number == 128 ? 0
					   : UINT64_MAX >> (number - 64);
		if ((high & host_high) || (low & host_low))
			return false;
	}
	*ret = (struct sp_interval6){ high, low, high | host_high, low | host_low };
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

/* One line. SP_RANGE_OK also for one with nothing in it; *ret_memory is false
 * when there was none. */
static enum sp_range_error add_line(
    struct sp_slice line, struct sp_intervals *set, bool *ret_memory)
{
	struct sp_interval4 four;
	struct sp_interval6 six;
	struct sp_slice text;
	struct sp_range range, meant;
	enum sp_range_error error;

	if (line.length && line.text[line.length - 1] == '\r')
		line.length--;
	if (plain_ipv4(line, &four)) {
		*ret_memory = sp_array_push(&set->v4, four);
		return SP_RANGE_OK;
	}
	if (plain_ipv6(line, &six) && !is_mapped(&six)) {
		*ret_memory = sp_array_push(&set->v6, six);
		return SP_RANGE_OK;
	}
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
