/* Sorting a million intervals in tens of milliseconds: a radix sort from the least
 * significant bits up; digits that all elements share are skipped, and a list that is
 * in order, as most files are, is only looked at. */
#include "reading.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Below this, sp_intervals_normalize's own sort is as good. */
#define RADIX_LEAST 1024
/* So many places are written to in turn: they and their pages stay in the cache, which
 * 65,536 places of 32 bytes do not. */
#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

/* Turns counts into the place of each digit's first element. */
static void accumulate(uint32_t counts[DIGITS])
{
	uint32_t sum = 0;

	for (size_t d = 0; d < DIGITS; d++) {
		uint32_t count = counts[d];

		counts[d] = sum;
		sum += count;
	}
}

static bool sort4(struct sp_interval4 **items, size_t length)
{
	struct sp_interval4 *from = *items, *to = malloc(length * sizeof(*to)), *other;
	uint32_t counts[DIGITS], moving = 0;

	if (!to)
		return false;
	for (size_t i = 1; i < length; i++)
		moving |= from[i].first ^ from[0].first;
	for (unsigned shift = 0; shift < 32; shift += DIGIT_BITS) {
		if (!(moving >> shift & (DIGITS - 1)))
			continue;
		memset(counts, 0, sizeof(counts));
		for (size_t i = 0; i < length; i++)
			counts[from[i].first >> shift & (DIGITS - 1)]++;
		accumulate(counts);
		for (size_t i = 0; i < length; i++)
			to[counts[from[i].first >> shift & (DIGITS - 1)]++] = from[i];
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
    bool high, unsigned shift)
{
	uint32_t counts[DIGITS] = { 0 };

	for (size_t i = 0; i < length; i++)
		counts[half6(&from[i], high) >> shift & (DIGITS - 1)]++;
	accumulate(counts);
	for (size_t i = 0; i < length; i++)
		to[counts[half6(&from[i], high) >> shift & (DIGITS - 1)]++] = from[i];
}

static bool sort6(struct sp_interval6 **items, size_t length)
{
	struct sp_interval6 *from = *items, *to = malloc(length * sizeof(*to)), *other;

	if (!to)
		return false;
	for (int high = 0; high < 2; high++) {
		uint64_t moving = 0;

		for (size_t i = 1; i < length; i++)
			moving |= half6(&from[i], high) ^ half6(&from[0], high);
		for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
			if (!(moving >> shift & (DIGITS - 1)))
				continue;
			pass6(from, to, length, high, shift);
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

static bool sorted6(const struct sp_intervals *set)
{
	for (size_t i = 1; i < set->v6.length; i++) {
		const struct sp_interval6 *item = &set->v6.items[i];

		if (item->first_high != item[-1].first_high
			? item->first_high < item[-1].first_high
			: item->first_low < item[-1].first_low)
			return false;
	}
	return true;
}

bool sp_intervals_sort(struct sp_intervals *set)
{
	/* Neither array gets its old capacity back: both have exactly their length
	 * then. */
	if (set->v4.length >= RADIX_LEAST && !sorted4(set)) {
		if (!sort4(&set->v4.items, set->v4.length))
			return false;
		set->v4.capacity = set->v4.length;
	}
	if (set->v6.length >= RADIX_LEAST && !sorted6(set)) {
		if (!sort6(&set->v6.items, set->v6.length))
			return false;
		set->v6.capacity = set->v6.length;
	}
	sp_intervals_normalize(set);
	return true;
}
