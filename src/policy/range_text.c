/* Ranges as text. A snapshot of a million prefixes goes through here, and
 * snprintf would take most of its time. */
#include "printer.h"

#include <string.h>

static char *write_number(char *at, unsigned number)
{
	if (number >= 100)
		*at++ = (char)('0' + number / 100);
	if (number >= 10)
		*at++ = (char)('0' + number / 10 % 10);
	*at++ = (char)('0' + number % 10);
	return at;
}

static char *write_ipv4(char *at, uint32_t address)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		at = write_number(at, address >> shift & 255);
		if (shift)
			*at++ = '.';
	}
	return at;
}

static char *write_hex(char *at, unsigned group)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = 12; shift >= 0; shift -= 4)
		if (group >> shift || !shift)
			*at++ = digits[group >> shift & 15];
	return at;
}

/* The first longest run of two zero groups or more, RFC 5952 section 4.2. */
static int longest_gap(const unsigned groups[8], int *ret_start)
{
	int longest = 1;

	*ret_start = -1;
	for (int i = 0; i < 8; i++) {
		int end = i;

		while (end < 8 && groups[end] == 0)
			end++;
		if (end - i > longest) {
			longest = end - i;
			*ret_start = i;
		}
		if (end > i)
			i = end;
	}
	return *ret_start < 0 ? 0 : longest;
}

static char *write_ipv6(char *at, const struct sp_address *address)
{
	unsigned groups[8];
	int start, length;

	for (int i = 0; i < 4; i++) {
		groups[i] = address->high >> (48 - 16 * i) & 0xffff;
		groups[4 + i] = address->low >> (48 - 16 * i) & 0xffff;
	}
	length = longest_gap(groups, &start);
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			*at++ = ':';
			i += length - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		at = write_hex(at, groups[i]);
	}
	return at;
}

static char *write_address(char *at, const struct sp_address *address)
{
	if (address->family == SP_IPV4)
		return write_ipv4(at, (uint32_t)address->low);
	/* IPv4 addresses inside IPv6 ones are written with dots. */
	if (address->high || address->low >> 48)
		return write_ipv6(at, address);
	sp_address_print(address, at);
	return at + strlen(at);
}

/* The prefix length when the range is a prefix, else -1. */
static int prefix_length(const struct sp_range *range)
{
	uint64_t high = range->first.high ^ range->last.high;
	uint64_t low = range->first.low ^ range->last.low;
	int host = high	 ? 128 - __builtin_clzll(high)
		   : low ? 64 - __builtin_clzll(low)
			 : 0;

	/* All host bits 0 in the first, 1 in the last: then their difference
	 * is all of them, and none is set in the first. */
	if (high ? (low != UINT64_MAX || (high & (high + 1)) || range->first.low ||
		       (range->first.high & high))
		 : ((low & (low + 1)) || (range->first.low & low)))
		return -1;
	return (range->first.family == SP_IPV4 ? 32 : 128) - host;
}

size_t sp_range_write(const struct sp_range *range, char text[SP_RANGE_TEXT])
{
	char *at = write_address(text, &range->first);
	int width = range->first.family == SP_IPV4 ? 32 : 128,
	    length = prefix_length(range);

	if (length < 0) {
		*at++ = '-';
		at = write_address(at, &range->last);
	} else if (length < width) {
		*at++ = '/';
		at = write_number(at, (unsigned)length);
	}
	*at = '\0';
	return (size_t)(at - text);
}
