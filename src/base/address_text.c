/* Addresses and ranges as text. A snapshot of a million prefixes goes through here,
 * and snprintf would take most of its time. */
#include <sallyport/address.h>

#include <arpa/inet.h>
#include <string.h>

#include <sallyport/number.h>

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

/* IPv4 addresses inside IPv6 ones are written with dots. */
static char *write_dotted(char *at, const struct sp_address *address)
{
	uint8_t bytes[16];

	sp_address_bytes(address, bytes);
	if (!inet_ntop(AF_INET6, bytes, at, SP_ADDRESS_TEXT))
		*at = '\0';
	return at + strlen(at);
}

static char *write_address(char *at, const struct sp_address *address)
{
	if (address->family == SP_IPV4)
		return write_ipv4(at, (uint32_t)address->low);
	return address->high || address->low >> 48 ? write_ipv6(at, address)
						   : write_dotted(at, address);
}

const char *sp_address_print(const struct sp_address *address, char text[SP_ADDRESS_TEXT])
{
	*write_address(text, address) = '\0';
	return text;
}

size_t sp_range_write(const struct sp_range *range, char text[SP_RANGE_TEXT])
{
	char *at = write_address(text, &range->first);
	unsigned length;

	if (!sp_range_is_prefix(range, &length)) {
		*at++ = '-';
		at = write_address(at, &range->last);
	} else if (length < sp_family_bits(range->first.family)) {
		*at++ = '/';
		at = write_number(at, length);
	}
	*at = '\0';
	return (size_t)(at - text);
}

const char *sp_range_print(const struct sp_range *range, char text[SP_RANGE_TEXT])
{
	sp_range_write(range, text);
	return text;
}
