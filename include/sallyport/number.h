/* Addresses of both families as numbers, so that an algorithm over intervals is
 * written once. */
#ifndef SALLYPORT_NUMBER_H
#define SALLYPORT_NUMBER_H

#include <endian.h>
#include <string.h>

#include <sallyport/address.h>

__extension__ typedef unsigned __int128 sp_number;

static inline sp_number sp_number_make(uint64_t high, uint64_t low)
{
	return (sp_number)high << 64 | low;
}

static inline sp_number sp_number_of(const struct sp_address *address)
{
	return sp_number_make(address->high, address->low);
}

static inline struct sp_address sp_number_address(enum sp_family family, sp_number number)
{
	return (struct sp_address){ family, (uint64_t)(number >> 64), (uint64_t)number };
}

/* In network byte order; returns how many: 4 or 16. */
static inline size_t sp_number_bytes(
    enum sp_family family, sp_number number, uint8_t ret[16])
{
	uint64_t halves[2] = { htobe64((uint64_t)(number >> 64)),
		htobe64((uint64_t)number) };
	uint32_t four = htobe32((uint32_t)number);

	if (family == SP_IPV4)
		memcpy(ret, &four, sizeof(four));
	else
		memcpy(ret, halves, sizeof(halves));
	return family == SP_IPV4 ? sizeof(four) : sizeof(halves);
}

static inline unsigned sp_family_bits(enum sp_family family)
{
	return family == SP_IPV4 ? 32 : 128;
}

/* The number that has its last `bits` bits set; at most 128. */
static inline sp_number sp_number_ones(unsigned bits)
{
	return bits == 128 ? ~(sp_number)0 : ((sp_number)1 << bits) - 1;
}

/* How many of the last bits are 0; 128 for 0. */
static inline unsigned sp_number_trailing(sp_number number)
{
	uint64_t low = (uint64_t)number, high = (uint64_t)(number >> 64);

	return low    ? (unsigned)__builtin_ctzll(low)
	       : high ? 64 + (unsigned)__builtin_ctzll(high)
		      : 128;
}

/* The number of bits up to the first one that is set; 0 for 0. */
static inline unsigned sp_number_width(sp_number number)
{
	uint64_t low = (uint64_t)number, high = (uint64_t)(number >> 64);

	return high  ? 128 - (unsigned)__builtin_clzll(high)
	       : low ? 64 - (unsigned)__builtin_clzll(low)
		     : 0;
}

static inline sp_number sp_number_last(enum sp_family family)
{
	return family == SP_IPV4 ? (sp_number)UINT32_MAX : ~(sp_number)0;
}

/* One family's half of a set. */
static inline size_t sp_half_count(const struct sp_intervals *set, enum sp_family family)
{
	return family == SP_IPV4 ? set->v4.length : set->v6.length;
}

static inline sp_number sp_half_first(
    const struct sp_intervals *set, enum sp_family family, size_t i)
{
	if (family == SP_IPV4)
		return set->v4.items[i].first;
	return sp_number_make(set->v6.items[i].first_high, set->v6.items[i].first_low);
}

static inline sp_number sp_half_last(
    const struct sp_intervals *set, enum sp_family family, size_t i)
{
	if (family == SP_IPV4)
		return set->v4.items[i].last;
	return sp_number_make(set->v6.items[i].last_high, set->v6.items[i].last_low);
}

static inline bool sp_half_add(
    struct sp_intervals *set, enum sp_family family, sp_number first, sp_number last)
{
	struct sp_range range = { sp_number_address(family, first),
		sp_number_address(family, last) };

	return sp_intervals_add(set, &range);
}

/* Adds behind the end, or lengthens the last interval that ends right before. */
static inline bool sp_half_append(
    struct sp_intervals *set, enum sp_family family, sp_number first, sp_number last)
{
	size_t count = sp_half_count(set, family);

	if (!count || !first || sp_half_last(set, family, count - 1) != first - 1)
		return sp_half_add(set, family, first, last);
	if (family == SP_IPV4) {
		set->v4.items[count - 1].last = (uint32_t)last;
	} else {
		set->v6.items[count - 1].last_high = (uint64_t)(last >> 64);
		set->v6.items[count - 1].last_low = (uint64_t)last;
	}
	return true;
}

/* The first interval that does not end before `number`. */
static inline size_t sp_half_search(
    const struct sp_intervals *set, enum sp_family family, size_t from, sp_number number)
{
	size_t low = from, high = sp_half_count(set, family);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sp_half_last(set, family, middle) < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
