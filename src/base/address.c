#include <sallyport/address.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

size_t sp_address_bytes(const struct sp_address *address, uint8_t bytes[16])
{
	size_t length = address->family == SP_IPV4 ? 4 : 16;

	for (size_t i = 0; i < length; i++) {
		size_t shift = 8 * (length - 1 - i);

		bytes[i] = (uint8_t)(shift >= 64 ? address->high >> (shift - 64)
						 : address->low >> shift);
	}
	return length;
}

struct sp_address sp_address_of(enum sp_family family, const uint8_t *bytes)
{
	struct sp_address address = { .family = family };
	size_t length = family == SP_IPV4 ? 4 : 16;

	for (size_t i = 0; i < length; i++) {
		address.high = address.high << 8 | address.low >> 56;
		address.low = address.low << 8 | bytes[i];
	}
	return address;
}

int sp_address_compare(const struct sp_address *a, const struct sp_address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return 0;
}

bool sp_address_next(const struct sp_address *address, struct sp_address *ret_next)
{
	struct sp_address next = *address;

	if (address->family == SP_IPV4) {
		if (address->low == UINT32_MAX)
			return false;
		next.low++;
	} else {
		if (address->low == UINT64_MAX && address->high == UINT64_MAX)
			return false;
		next.low++;
		if (next.low == 0)
			next.high++;
	}
	*ret_next = next;
	return true;
}

/* A million lines go through here, and glibc's inet_pton takes a copy with a
 * NUL; dotted decimal is read in place. Leading zeros are refused: some read
 * them as octal. */
static bool parse_ipv4(const char *text, size_t length, struct sp_address *ret)
{
	uint32_t value = 0;
	size_t at = 0;

	for (int part = 0; part < 4; part++) {
		unsigned number = 0;
		size_t digits = 0;

		if (part && (at >= length || text[at++] != '.'))
			return false;
		for (; at < length && text[at] >= '0' && text[at] <= '9';
		     at++, digits++) {
			number = number * 10 + (unsigned)(text[at] - '0');
			if (number > 255 || digits == 3)
				return false;
		}
		if (!digits || (digits > 1 && text[at - digits] == '0'))
			return false;
		value = value << 8 | number;
	}
	if (at != length)
		return false;
	*ret = (struct sp_address){ .family = SP_IPV4, .low = value };
	return true;
}

bool sp_address_parse(const char *text, size_t length, struct sp_address *ret)
{
	char copy[SP_ADDRESS_TEXT];
	uint8_t bytes[16];

	if (!memchr(text, ':', length))
		return parse_ipv4(text, length, ret);
	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET6, copy, bytes) != 1)
		return false;
	*ret = sp_address_of(SP_IPV6, bytes);
	return true;
}

static unsigned family_bits(enum sp_family family)
{
	return family == SP_IPV4 ? 32 : 128;
}

/* The address's last `bits` bits set to one or to zero. */
static struct sp_address fill(struct sp_address address, unsigned bits, bool ones)
{
	uint64_t low = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	uint64_t high = bits <= 64    ? 0
			: bits == 128 ? UINT64_MAX
				      : (UINT64_C(1) << (bits - 64)) - 1;

	address.low = ones ? address.low | low : address.low & ~low;
	address.high = ones ? address.high | high : address.high & ~high;
	return address;
}

struct sp_address sp_address_prefix_end(const struct sp_address *address, unsigned length)
{
	return fill(*address, family_bits(address->family) - length, true);
}

struct sp_address sp_address_mask(enum sp_family family, unsigned length)
{
	struct sp_address mask = { .family = family };

	mask = fill(mask, family_bits(family), true);
	return fill(mask, family_bits(family) - length, false);
}

bool sp_range_next_block(
    const struct sp_range *range, unsigned length, struct sp_address *block)
{
	struct sp_address end = sp_address_prefix_end(block, length);

	return sp_address_compare(&end, &range->last) < 0 && sp_address_next(&end, block);
}

static bool parse_length(const char *text, size_t length, unsigned *ret)
{
	unsigned number = 0;

	if (length < 1 || length > 3 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	*ret = number;
	return true;
}

static enum sp_range_error parse_prefix(
    const char *text, size_t length, const char *slash, struct sp_range *ret)
{
	size_t head = (size_t)(slash - text);
	struct sp_address address;
	unsigned bits, prefix;

	if (!sp_address_parse(text, head, &address) ||
	    !parse_length(slash + 1, length - head - 1, &prefix))
		return SP_RANGE_SYNTAX;
	if (prefix > family_bits(address.family))
		return SP_RANGE_LENGTH;
	bits = family_bits(address.family) - prefix;
	ret->first = fill(address, bits, false);
	ret->last = fill(address, bits, true);
	return sp_address_compare(&ret->first, &address) ? SP_RANGE_HOST_BITS
							 : SP_RANGE_OK;
}

static enum sp_range_error parse_from_to(
    const char *text, size_t length, const char *dash, struct sp_range *ret)
{
	const char *end = text + length, *left = dash, *right = dash + 1;

	while (left > text && (left[-1] == ' ' || left[-1] == '\t'))
		left--;
	while (right < end && (*right == ' ' || *right == '\t'))
		right++;
	if (!sp_address_parse(text, (size_t)(left - text), &ret->first) ||
	    !sp_address_parse(right, (size_t)(end - right), &ret->last))
		return SP_RANGE_SYNTAX;
	if (ret->first.family != ret->last.family)
		return SP_RANGE_FAMILIES;
	return sp_address_compare(&ret->first, &ret->last) > 0 ? SP_RANGE_REVERSED
							       : SP_RANGE_OK;
}

enum sp_range_error sp_range_parse(const char *text, size_t length, struct sp_range *ret)
{
	const char *slash = memchr(text, '/', length), *dash = memchr(text, '-', length);

	if (dash)
		return parse_from_to(text, length, dash, ret);
	if (slash)
		return parse_prefix(text, length, slash, ret);
	if (!sp_address_parse(text, length, &ret->first))
		return SP_RANGE_SYNTAX;
	ret->last = ret->first;
	return SP_RANGE_OK;
}

#define MAPPED_FIRST UINT64_C(0x0000ffff00000000)
#define MAPPED_LAST UINT64_C(0x0000ffffffffffff)

bool sp_range_is_mapped(const struct sp_range *range, struct sp_range *ret_meant)
{
	if (range->first.family != SP_IPV6 || range->first.high || range->last.high ||
	    range->first.low < MAPPED_FIRST || range->last.low > MAPPED_LAST ||
	    (range->first.low == MAPPED_FIRST && range->last.low == MAPPED_LAST))
		return false;
	ret_meant->first =
	    (struct sp_address){ SP_IPV4, 0, range->first.low & UINT32_MAX };
	ret_meant->last = (struct sp_address){ SP_IPV4, 0, range->last.low & UINT32_MAX };
	return true;
}

/* All ones from the lowest bit up, or none? */
static bool is_run_of_ones(uint64_t bits)
{
	return !(bits & (bits + 1));
}

/* Of a run of ones from the lowest bit up. */
static unsigned run_length(uint64_t bits)
{
	return bits ? 64 - (unsigned)__builtin_clzll(bits) : 0;
}

/* A prefix's ends differ in host bits alone, zeros in the first, ones in the last. */
bool sp_range_is_prefix(const struct sp_range *range, unsigned *ret_length)
{
	uint64_t high = range->first.high ^ range->last.high;
	uint64_t low = range->first.low ^ range->last.low;

	if ((range->first.high & high) || (range->first.low & low) ||
	    !is_run_of_ones(high) || !is_run_of_ones(low) || (high && ~low))
		return false;
	*ret_length =
	    family_bits(range->first.family) - run_length(high) - run_length(low);
	return true;
}
