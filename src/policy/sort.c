/* Sorting a million intervals in tens of milliseconds: a radix sort from the
 * least significant 16 bits up; digits that all elements share are skipped. */
#include "reading.h"

#include <stdint.h>
#include <stdlib.h>

/* Below this, sp_intervals_normalize's own sort is as good. */
#define RADIX_LEAST 4096
#define DIGITS 65536u

/* Turns counts into the place of each digit's first element. True when all
 * elements share one digit, so that the pass would change nothing. */
static bool accumulate(uint32_t counts[DIGITS], size_t length)
{
	uint32_t sum = 0;

	for (size_t d = 0; d < DIGITS; d++) {
		uint32_t count = counts[d];

		if (count == length)
			return true;
		counts[d] = sum;
		sum += count;
	}
	return false;
}

static uint16_t digit4(const struct sp_interval4 *item, unsigned pass)
{
	return (uint16_t)(item->first >> (16 * pass));
}

static uint16_t digit6(const struct sp_interval6 *item, unsigned pass)
{
	return (uint16_t)(pass < 4 ? item->first_low >> (16 * pass)
				   : item->first_high >> (16 * (pass - 4)));
}

static bool sort4(struct sp_interval4 **items, size_t length, uint32_t counts[DIGITS])
{
	struct sp_interval4 *from = *items, *to = malloc(length * sizeof(*to)), *other;

	if (!to)
		return false;
	for (unsigned pass = 0; pass < 2; pass++) {
		memset(counts, 0, DIGITS * sizeof(*counts));
		for (size_t i = 0; i < length; i++)
			counts[digit4(&from[i], pass)]++;
		if (accumulate(counts, length))
			continue;
		for (size_t i = 0; i < length; i++)
			to[counts[digit4(&from[i], pass)]++] = from[i];
		other = from;
		from = to;
		to = other;
	}
	free(to);
	*items = from;
	return true;
}

static bool sort6(struct sp_interval6 **items, size_t length, uint32_t counts[DIGITS])
{
	struct sp_interval6 *from = *items, *to = malloc(length * sizeof(*to)), *other;

	if (!to)
		return false;
	for (unsigned pass = 0; pass < 8; pass++) {
		memset(counts, 0, DIGITS * sizeof(*counts));
		for (size_t i = 0; i < length; i++)
			counts[digit6(&from[i], pass)]++;
		if (accumulate(counts, length))
			continue;
		for (size_t i = 0; i < length; i++)
			to[counts[digit6(&from[i], pass)]++] = from[i];
		other = from;
		from = to;
		to = other;
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

bool sp_intervals_sort(struct sp_intervals *set)
{
	uint32_t *counts;
	bool fine = true;

	if (set->v4.length >= RADIX_LEAST || set->v6.length >= RADIX_LEAST) {
		counts = malloc(DIGITS * sizeof(*counts));
		if (!counts)
			return false;
		/* Neither array gets its old capacity back: both have exactly
		 * their length then. */
		if (set->v4.length >= RADIX_LEAST && !sorted4(set)) {
			fine = sort4(&set->v4.items, set->v4.length, counts);
			set->v4.capacity = set->v4.length;
		}
		if (fine && set->v6.length >= RADIX_LEAST) {
			fine = sort6(&set->v6.items, set->v6.length, counts);
			set->v6.capacity = set->v6.length;
		}
		free(counts);
	}
	if (fine)
		sp_intervals_normalize(set);
	return fine;
}
