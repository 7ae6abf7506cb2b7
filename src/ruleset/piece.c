#include "piece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sp_family family_of(const struct sp_set *set)
{
	return set->key == SP_KEY_IPV4 ? SP_IPV4 : SP_IPV6;
}

/* The first interval that ends at or behind `address`. */
static size_t first_behind(
    const struct sp_intervals *set, const struct sp_address *address)
{
	size_t low = 0, high = sp_intervals_count(set);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct sp_range range = sp_intervals_at(set, middle);

		if (sp_address_compare(&range.last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many intervals touch the range, and the first of them. */
static size_t touching(
    const struct sp_intervals *set, const struct sp_range *range, size_t *ret_first)
{
	struct sp_address behind;
	size_t end = sp_intervals_count(set);

	*ret_first = first_behind(set, &range->first);
	if (sp_address_next(&range->last, &behind)) {
		end = first_behind(set, &behind);
		if (end < sp_intervals_count(set)) {
			struct sp_range last = sp_intervals_at(set, end);

			/* It ends behind the range; does it begin within? */
			end += sp_address_compare(&last.first, &range->last) <= 0;
		}
	}
	return end > *ret_first ? end - *ret_first : 0;
}

/* The prefix of `bits` + 1 bits in `prefix`, its lower or upper half. */
static struct sp_range half_of(const struct sp_range *prefix, unsigned bits, bool upper)
{
	unsigned low_bit = prefix->first.family == SP_IPV4 ? 31 - bits : 127 - bits;
	uint64_t high = low_bit >= 64 ? UINT64_C(1) << (low_bit - 64) : 0;
	uint64_t low = low_bit < 64 ? UINT64_C(1) << low_bit : 0;
	struct sp_range half = *prefix;

	if (upper) {
		half.first.high |= high;
		half.first.low |= low;
	} else {
		half.last.high &= ~high;
		half.last.low &= ~low;
	}
	return half;
}

/* nft's identifiers know no colon. A dot stands for it, so that the dots of an IPv4
 * address within need another character: ::1.2.0.0 is not ::1:2:0:0. */
static void spell(char *address, enum sp_key key)
{
	for (char *at = address; key == SP_KEY_IPV6 && *at; at++)
		*at = *at == ':' ? '.' : *at == '.' ? '_' : *at;
}

/* A piece that is all of the set has the set's name. */
static bool name_piece(const struct sp_set *set, struct piece *piece)
{
	char address[SP_ADDRESS_TEXT];

	if (!piece->bits)
		return (piece->name = strdup(set->name)) != NULL;
	sp_address_print(&piece->range.first, address);
	spell(address, set->key);
	if (asprintf(&piece->name, "%s/%s-%u", set->name, address, piece->bits) >= 0)
		return true;
	piece->name = NULL;
	return false;
}

static bool cut(const struct sp_set *set, size_t most, const struct sp_range *prefix,
    unsigned bits, struct pieces *ret)
{
	struct piece piece = { .range = *prefix, .bits = bits };
	struct sp_range half;
	size_t first, count = touching(&set->addresses, prefix, &first);

	if (!count)
		return true;
	if (count <= most) {
		if (!name_piece(set, &piece) || !sp_array_push(ret, piece)) {
			free(piece.name);
			return false;
		}
		return true;
	}
	half = half_of(prefix, bits, false);
	if (!cut(set, most, &half, bits + 1, ret))
		return false;
	half = half_of(prefix, bits, true);
	return cut(set, most, &half, bits + 1, ret);
}

static struct sp_range everything(enum sp_family family)
{
	uint64_t low = family == SP_IPV4 ? UINT32_MAX : UINT64_MAX;

	return (struct sp_range){ { .family = family },
		{ family, family == SP_IPV4 ? 0 : UINT64_MAX, low } };
}

struct sp_intervals sp_piece_slice(
    const struct sp_blocks *part, const struct piece *piece)
{
	struct sp_intervals slice = { 0 };
	size_t first, count = touching(&part->addresses, &piece->range, &first);

	if (!count)
		return slice;
	if (piece->range.first.family == SP_IPV4) {
		slice.v4.items = part->addresses.v4.items + first;
		slice.v4.length = count;
	} else {
		slice.v6.items = part->addresses.v6.items + first;
		slice.v6.length = count;
	}
	return slice;
}

bool sp_piece_name_part(
    const struct sp_blocks *part, const struct piece *piece, char **ret_name)
{
	if ((part->prefix ? asprintf(ret_name, "%s/%u", piece->name, part->prefix)
			  : asprintf(ret_name, "%s", piece->name)) >= 0)
		return true;
	*ret_name = NULL;
	return false;
}

/* Blocks, if the list has few lengths, and the ruleset keeps what they are made of. */
static bool take_parts(struct sp_build *build, struct split *split)
{
	const struct sp_set *set = &split->set;
	struct sp_blocked *parts = &split->parts;

	if (!sp_blocks_make(&set->addresses, family_of(set), parts))
		return false;
	if (!parts->count) {
		parts->count = 1;
		parts->lengths[0] =
		    (struct sp_blocks){ .addresses = set->addresses, .borrowed = true };
	}
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->lengths[i].borrowed)
			continue;
		if (!sp_array_push(&build->ruleset->lists, parts->lengths[i].addresses))
			return false;
		parts->lengths[i].borrowed = true;
	}
	return true;
}

bool sp_split_cut(struct sp_build *build, struct split *split, size_t most)
{
	struct sp_range all = everything(family_of(&split->set));

	return take_parts(build, split) &&
	       cut(&split->set, most, &all, 0, &split->pieces);
}

void sp_split_clear(struct split *split)
{
	for (size_t i = 0; i < split->pieces.length; i++)
		free(split->pieces.items[i].name);
	sp_array_free(&split->pieces);
	sp_blocks_free(&split->parts);
}
