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

static char *write_address(char *at, const struct sp_address *address)
{
	if (address->family == SP_IPV4)
		return write_ipv4(at, (uint32_t)address->low);
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
