/* Sorting a million intervals in tens of milliseconds: a radix sort from the least
 * significant bits up, with large digits for large sets; digits that all elements
 * share are skipped. */
#include "reading.h"

#include <stdint.h>
#include <stdlib.h>

/* Below this, sp_intervals_normalize's own sort is as good. */
#define RADIX_LEAST 64
/* From here on, counting 65,536 digits pays. */
#define LARGE 16384
#define SMALL_BITS 8
#define LARGE_BITS 16
#define MOST_DIGITS (1u << LARGE_BITS)

static unsigned bits_for(size_t length)
{
	return length < LARGE ? SMALL_BITS : LARGE_BITS;
}

/* Turns counts into the place of each digit's first element. */
static void accumulate(uint32_t *counts, size_t digits)
{
	uint32_t sum = 0;

	for (size_t d = 0; d < digits; d++) {
		uint32_t count = counts[d];

		counts[d] = sum;
		sum += count;
	}
}

static bool sort4(struct sp_interval4 **items, size_t length, uint32_t *counts)
{
	struct sp_interval4 *from = *items, *to = malloc(length * sizeof(*to)), *other;
	unsigned bits = bits_for(length);
	uint32_t mask = (UINT32_C(1) << bits) - 1, moving = 0;

	if (!to)
		return false;
	for (size_t i = 1; i < length; i++)
		moving |= from[i].first ^ from[0].first;
	for (unsigned shift = 0; shift < 32; shift += bits) {
		if (!(moving >> shift & mask))
			continue;
		memset(counts, 0, (mask + 1) * sizeof(*counts));
		for (size_t i = 0; i < length; i++)
			counts[from[i].first >> shift & mask]++;
		accumulate(counts, mask + 1);
		for (size_t i = 0; i < length; i++)
			to[counts[from[i].first >> shift & mask]++] = from[i];
		other = from;
		from = to;
		to = other;
	}
	free(to);
	*items = from;
	return true;
}

static uint64_t half6(const struct sp_interval6 *item, bool high)
{
	return high ? item->first_high : item->first_low;
}

static void pass6(const struct sp_interval6 *from, struct sp_interval6 *to, size_t length,
    bool high, unsigned shift, uint32_t mask, uint32_t *counts)
{
	memset(counts, 0, (mask + 1) * sizeof(*counts));
	for (size_t i = 0; i < length; i++)
		counts[half6(&from[i], high) >> shift & mask]++;
	accumulate(counts, mask + 1);
	for (size_t i = 0; i < length; i++)
		to[counts[half6(&from[i], high) >> shift & mask]++] = from[i];
}

static bool sort6(struct sp_interval6 **items, size_t length, uint32_t *counts)
{
	struct sp_interval6 *from = *items, *to = malloc(length * sizeof(*to)), *other;
	unsigned bits = bits_for(length);
	uint32_t mask = (UINT32_C(1) << bits) - 1;

	if (!to)
		return false;
	for (int high = 0; high < 2; high++) {
		uint64_t moving = 0;

		for (size_t i = 1; i < length; i++)
			moving |= half6(&from[i], high) ^ half6(&from[0], high);
		for (unsigned shift = 0; shift < 64; shift += bits) {
			if (!(moving >> shift & mask))
				continue;
			pass6(from, to, length, high, shift, mask, counts);
			other = from;
			from = to;
			to = other;
		}
	}
	free(to);
	*items = from;
	return true;
}

static bool sorted4(const struct sp_intervals *set)
{
	for (size_t i = 1; i < set->v4.length; i++)
		if (set->v4.items[i].first < set->v4.items[i - 1].first)
			return false;
	return true;
}

static bool sort_with(struct sp_intervals *set, uint32_t *counts)
{
	/* Neither array gets its old capacity back: both have exactly their length
	 * then. */
	if (set->v4.length >= RADIX_LEAST && !sorted4(set)) {
		if (!sort4(&set->v4.items, set->v4.length, counts))
			return false;
		set->v4.capacity = set->v4.length;
	}
	if (set->v6.length >= RADIX_LEAST) {
		if (!sort6(&set->v6.items, set->v6.length, counts))
			return false;
		set->v6.capacity = set->v6.length;
	}
	return true;
}

bool sp_intervals_sort(struct sp_intervals *set)
{
	uint32_t few[1u << SMALL_BITS];
	uint32_t *counts = few;
	bool fine;

	if (set->v4.length >= LARGE || set->v6.length >= LARGE)
		counts = malloc(MOST_DIGITS * sizeof(*counts));
	fine = counts && sort_with(set, counts);
	if (counts != few)
		free(counts);
	if (fine)
		sp_intervals_normalize(set);
	return fine;
}
