#include "blocks.h"

#include <string.h>

#include <sallyport/array.h>
#include <sallyport/number.h>

#define MOST_BITS 128

/* Each piece has the whole of an interval that lies over its border, and what is
 * remembered of a set is worth it from some thousands of intervals on: an interval may
 * not be many blocks. */
#define MOST_CUT_BITS 10 /* a prefix makes 1,024 blocks, an interval 4,094 */

/* A prefix may be cut into blocks of the next longer length in use, as long as the list
 * does not grow by more than a quarter. A range of odd bounds is many prefixes: an
 * interval set's two elements for it take as long to load as some four of a hash set's,
 * and less memory. */
static bool is_worth_it(uint64_t blocks, uint64_t prefixes, uint64_t intervals)
{
	return blocks <= prefixes + prefixes / 4 && blocks <= 3 * intervals;
}

/* ---- an interval as prefixes ---- */

/* The largest prefix that begins at `first` and does not end behind `last`: how many of
 * its last bits are free. */
static unsigned free_bits(sp_number first, sp_number last, unsigned bits)
{
	sp_number length = last - first;
	unsigned begins = sp_number_trailing(first),
		 fits = length == sp_number_ones(128) ? 128
						      : sp_number_width(length + 1) - 1;

	if (begins > bits)
		begins = bits;
	return begins < fits ? begins : fits;
}

/* The interval's prefixes, from the first address to the last. */
struct walk {
	sp_number first, last;
	unsigned bits; /* of the family */
	unsigned free; /* of the prefix that `first` begins */
};

static struct walk walk_begin(
    const struct sp_intervals *list, enum sp_family family, size_t i)
{
	struct walk walk = { sp_half_first(list, family, i),
		sp_half_last(list, family, i), sp_family_bits(family), 0 };

	walk.free = free_bits(walk.first, walk.last, walk.bits);
	return walk;
}

static sp_number prefix_last(const struct walk *walk)
{
	return walk->first + sp_number_ones(walk->free);
}

static bool walk_on(struct walk *walk)
{
	if (prefix_last(walk) == walk->last)
		return false;
	walk->first = prefix_last(walk) + 1;
	walk->free = free_bits(walk->first, walk->last, walk->bits);
	return true;
}

/* ---- which lengths ---- */

/* By free bits: how many prefixes of the list, and how many blocks they make. */
struct choosing {
	uint64_t prefixes[MOST_BITS + 1];
	unsigned chosen[SP_BLOCK_LENGTHS]; /* free bits, ascending */
	size_t count;
};

/* No list that is read has so many blocks (limits.h: SP_MAX_ADDRESS_FILE_BYTES). */
#define TOO_MANY_BLOCKS (UINT64_C(1) << 40)

/* Prefixes with `low` to `high` free bits as blocks of `low`; TOO_MANY_BLOCKS at most,
 * and where one would be cut too small. */
static uint64_t blocks_of(const struct choosing *choosing, unsigned low, unsigned high)
{
	uint64_t blocks = 0;

	for (unsigned free = low; free <= high; free++) {
		uint64_t prefixes = choosing->prefixes[free];

		if (!prefixes)
			continue;
		if (free - low > MOST_CUT_BITS ||
		    prefixes > TOO_MANY_BLOCKS >> (free - low))
			return TOO_MANY_BLOCKS;
		blocks += prefixes << (free - low);
	}
	return blocks < TOO_MANY_BLOCKS ? blocks : TOO_MANY_BLOCKS;
}

/* The fewest blocks that `left` lengths make of all prefixes with at least `from` free
 * bits, `from` being the first of them; their lengths in `chosen`. */
static uint64_t choose(
    const struct choosing *choosing, unsigned from, size_t left, unsigned *chosen)
{
	unsigned best_rest[SP_BLOCK_LENGTHS], rest[SP_BLOCK_LENGTHS];
	uint64_t best = blocks_of(choosing, from, MOST_BITS);

	memset(best_rest, 0, sizeof(best_rest));
	for (unsigned next = from + 1; left > 1 && next <= MOST_BITS; next++) {
		uint64_t blocks;

		if (!choosing->prefixes[next])
			continue;
		blocks = blocks_of(choosing, from, next - 1);
		if (blocks >= best)
			break;
		blocks += choose(choosing, next, left - 1, rest);
		if (blocks < best) {
			best = blocks;
			memcpy(best_rest, rest, sizeof(rest));
		}
	}
	chosen[0] = from;
	memcpy(chosen + 1, best_rest, (SP_BLOCK_LENGTHS - 1) * sizeof(*chosen));
	return best;
}

/* As few lengths as will do. */
static void choose_lengths(struct choosing *choosing, uint64_t intervals)
{
	uint64_t prefixes = 0;
	unsigned least = 0;

	for (unsigned free = MOST_BITS + 1; free-- > 0;) {
		prefixes += choosing->prefixes[free];
		if (choosing->prefixes[free])
			least = free;
	}
	for (size_t count = 1; prefixes && count <= SP_BLOCK_LENGTHS; count++) {
		if (!is_worth_it(choose(choosing, least, count, choosing->chosen),
			prefixes, intervals))
			continue;
		choosing->count = 1;
		while (choosing->count < count && choosing->chosen[choosing->count])
			choosing->count++;
		return;
	}
}

static size_t length_of(const struct choosing *choosing, unsigned free)
{
	size_t i = choosing->count - 1;

	while (choosing->chosen[i] > free)
		i--;
	return i;
}

/* ---- the blocks ---- */

/* They come in order: one that touches the last goes on with it. */
static bool add_blocks(
    struct sp_intervals *to, enum sp_family family, sp_number first, sp_number last)
{
	if (family == SP_IPV4 && to->v4.length) {
		struct sp_interval4 *before = &to->v4.items[to->v4.length - 1];

		if ((sp_number)before->last + 1 == first) {
			before->last = (uint32_t)last;
			return true;
		}
	} else if (to->v6.length) {
		struct sp_interval6 *before = &to->v6.items[to->v6.length - 1];

		if (sp_number_make(before->last_high, before->last_low) + 1 == first) {
			before->last_high = (uint64_t)(last >> 64);
			before->last_low = (uint64_t)last;
			return true;
		}
	}
	return sp_half_add(to, family, first, last);
}

static bool cut(const struct sp_intervals *list, enum sp_family family,
    const struct choosing *choosing, struct sp_blocked *ret)
{
	for (size_t i = 0; i < sp_half_count(list, family); i++) {
		struct walk walk = walk_begin(list, family, i);

		do
			if (!add_blocks(
				&ret->lengths[length_of(choosing, walk.free)].addresses,
				family, walk.first, prefix_last(&walk)))
				return false;
		while (walk_on(&walk));
	}
	return true;
}

bool sp_blocks_make(
    const struct sp_intervals *list, enum sp_family family, struct sp_blocked *ret)
{
	unsigned bits = sp_family_bits(family);
	struct choosing choosing = { 0 };

	*ret = (struct sp_blocked){ 0 };
	for (size_t i = 0; i < sp_half_count(list, family); i++) {
		struct walk walk = walk_begin(list, family, i);

		do
			choosing.prefixes[walk.free]++;
		while (walk_on(&walk));
	}
	choose_lengths(&choosing, sp_half_count(list, family));
	ret->count = choosing.count;
	for (size_t i = 0; i < ret->count; i++)
		ret->lengths[i].prefix = bits - choosing.chosen[i];
	if (ret->count == 1) {
		ret->lengths[0].addresses = *list;
		ret->lengths[0].borrowed = true;
		return true;
	}
	if (!ret->count || cut(list, family, &choosing, ret))
		return true;
	sp_blocks_free(ret);
	return false;
}

void sp_blocks_free(struct sp_blocked *blocked)
{
	for (size_t i = 0; i < blocked->count; i++)
		if (!blocked->lengths[i].borrowed)
			sp_intervals_free(&blocked->lengths[i].addresses);
	*blocked = (struct sp_blocked){ 0 };
}

size_t sp_blocks_count(const struct sp_intervals *addresses, unsigned prefix)
{
	size_t count = 0;

	for (size_t i = 0; i < addresses->v4.length; i++)
		count += ((size_t)(addresses->v4.items[i].last -
				   addresses->v4.items[i].first) >>
			     (32 - prefix)) +
			 1;
	for (size_t i = 0; i < addresses->v6.length; i++)
		count += (size_t)((sp_half_last(addresses, SP_IPV6, i) -
				      sp_half_first(addresses, SP_IPV6, i)) >>
				  (MOST_BITS - prefix)) +
			 1;
	return count;
}

uint32_t sp_blocks_size(size_t count)
{
	uint32_t size = 1024;

	while (size < UINT32_MAX / 2 && size < count + count / 8) {
		if (size + size / 2 >= count + count / 8)
			return size + size / 2;
		size *= 2;
	}
	return size;
}
