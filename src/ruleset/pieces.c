#include "pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

/* What leads to the pieces has so many elements at most: a page or two of memory. */
#define MOST_JUMPS 1024

/* A prefix that intervals of the set touch. */
struct piece {
	struct sp_range range;
	unsigned bits;
	char *name; /* "SET/10.0.0.0-8" */
};

struct pieces {
	struct piece *items;
	size_t length, capacity;
};

/* One set that is split. */
struct split {
	const char *name;  /* the set's */
	struct sp_set set; /* as it was: type and intervals */
	/* The set's blocks, or its intervals as they are: one part without a prefix. Each
	 * piece has a set for each of them that touches it. */
	struct sp_blocked parts;
	struct pieces pieces;
};

struct splitting {
	struct sp_build *build;
	SP_ARRAY(struct split) splits;
};

/* ---- pieces of one set ---- */

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

static bool name_piece(const struct sp_set *set, struct piece *piece)
{
	char address[SP_ADDRESS_TEXT];

	sp_address_print(&piece->range.first, address);
	/* nft's identifiers know no colon. */
	for (char *at = address; *at; at++)
		if (*at == ':')
			*at = '.';
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

/* What of a part touches the piece, whole. */
static struct sp_intervals slice(const struct sp_blocks *part, const struct piece *piece)
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

/* "SET/10.0.0.0-8/24" has the blocks of 24 bits. */
static bool name_part(
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

/* ---- the sets of a ruleset ---- */

/* Lists that the policy names; a rule matches one of them, as its source. */
static bool is_splittable(const struct sp_set *set, size_t most)
{
	return !strncmp(
		   set->name, SP_ADDRESS_SET_PREFIX, strlen(SP_ADDRESS_SET_PREFIX)) &&
	       (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6) && set->interval &&
	       set->borrowed && !set->map && sp_intervals_count(&set->addresses) > most;
}

static void split_free(struct split *split)
{
	for (size_t i = 0; i < split->pieces.length; i++)
		free(split->pieces.items[i].name);
	sp_array_free(&split->pieces);
	sp_blocks_free(&split->parts);
}

static void add_split(struct splitting *splitting, const struct sp_set *set, size_t most)
{
	struct split split = { .name = set->name, .set = *set };
	struct sp_range all = everything(family_of(set));

	if (!take_parts(splitting->build, &split) ||
	    !cut(set, most, &all, 0, &split.pieces) ||
	    !sp_array_push(&splitting->splits, split)) {
		splitting->build->failed = true;
		split_free(&split);
	}
}

static void add_part_set(struct sp_build *build, const struct split *split,
    const struct piece *piece, const struct sp_blocks *part)
{
	struct sp_intervals addresses = slice(part, piece);
	struct sp_set *set;
	char *name;

	if (sp_intervals_is_empty(&addresses))
		return;
	if (!name_part(part, piece, &name)) {
		build->failed = true;
		return;
	}
	set = sp_build_set(build, split->set.key, "%s", name);
	free(name);
	if (!set)
		return;
	set->prefix = part->prefix;
	set->interval = !part->prefix;
	if (part->prefix)
		set->size = sp_blocks_size(sp_blocks_count(&addresses, part->prefix));
	set->borrowed = true;
	set->addresses = addresses;
}

static void add_piece_sets(struct sp_build *build, const struct split *split)
{
	for (size_t i = 0; i < split->pieces.length; i++)
		for (size_t p = 0; p < split->parts.count; p++)
			add_part_set(build, split, &split->pieces.items[i],
			    &split->parts.lengths[p]);
}

/* The pieces stand where the set stood. */
static void split_sets(struct splitting *splitting, size_t most)
{
	struct sp_ruleset *ruleset = splitting->build->ruleset;
	struct sp_set *old = ruleset->sets.items;
	size_t count = ruleset->sets.length;

	memset(&ruleset->sets, 0, sizeof(ruleset->sets));
	for (size_t i = 0; i < count; i++) {
		size_t splits = splitting->splits.length;

		if (!splitting->build->failed && is_splittable(&old[i], most))
			add_split(splitting, &old[i], most);
		if (splitting->splits.length > splits) {
			add_piece_sets(
			    splitting->build, &splitting->splits.items[splits]);
		} else if (!sp_array_push(&ruleset->sets, old[i])) {
			splitting->build->failed = true;
			sp_set_clear(&old[i]);
		}
	}
	free(old);
}

/* ---- the rules that match them ---- */

static const struct split *split_of(
    const struct splitting *splitting, const struct sp_statement *statement)
{
	if (statement->kind != SP_STATEMENT_MATCH || statement->operand != SP_OPERAND_SET)
		return NULL;
	for (size_t i = 0; i < splitting->splits.length; i++)
		if (!strcmp(splitting->splits.items[i].name, statement->name))
			return &splitting->splits.items[i];
	return NULL;
}

/* Where the rule matches a set that is split; its length: nowhere. */
static size_t place_of(const struct splitting *splitting, const struct sp_rule *rule,
    const struct split **ret_split)
{
	size_t i = 0;

	for (*ret_split = NULL; i < rule->statements.length; i++)
		if ((*ret_split = split_of(splitting, &rule->statements.items[i])))
			break;
	return i;
}

static bool copy_statement(struct sp_rule *to, const struct sp_statement *from)
{
	struct sp_statement copy = *from;

	copy.name = from->name ? strdup(from->name) : NULL;
	memset(&copy.values, 0, sizeof(copy.values));
	memset(&copy.addresses, 0, sizeof(copy.addresses));
	for (size_t i = 0; i < from->values.length; i++)
		if (!sp_array_push(&copy.values, from->values.items[i]))
			goto failed;
	if ((from->name && !copy.name) ||
	    !sp_intervals_add_all(&copy.addresses, &from->addresses) ||
	    !sp_array_push(&to->statements, copy))
		goto failed;
	return true;
failed:
	sp_statement_clear(&copy);
	return false;
}

/* Rules of one chain that follow one another and differ only behind the set. */
struct group {
	const struct sp_rule *rules;
	size_t count, place;
	const struct split *split;
	char *name; /* of the map; with the piece behind it, of the chains */
};

static bool same_head(const struct sp_rule *a, const struct sp_rule *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!sp_statement_equal(&a->statements.items[i], &b->statements.items[i]))
			return false;
	return true;
}

static struct group group_at(
    const struct splitting *splitting, const struct sp_rule *rules, size_t count)
{
	struct group group = { .rules = rules, .count = 1 };

	group.place = place_of(splitting, rules, &group.split);
	while (group.split && group.count < count) {
		const struct sp_rule *next = &rules[group.count];
		const struct split *split;

		if (place_of(splitting, next, &split) != group.place ||
		    split != group.split || next->service != rules->service ||
		    !same_head(rules, next, group.place))
			break;
		group.count++;
	}
	return group;
}

static const char *piece_suffix(const struct group *group, const struct piece *piece)
{
	return piece->name + strlen(group->split->name); /* "/10.0.0.0-8" */
}

/* The longest piece's bits, if the others are not too many blocks of that length: one
 * step leads to a piece then. 0: they are. */
static unsigned jump_bits(const struct split *split, size_t *ret_blocks)
{
	unsigned most = 0;

	for (size_t i = 0; i < split->pieces.length; i++)
		if (split->pieces.items[i].bits > most)
			most = split->pieces.items[i].bits;
	*ret_blocks = 0;
	for (size_t i = 0; i < split->pieces.length; i++) {
		unsigned shorter = most - split->pieces.items[i].bits;

		if (shorter >= 16)
			return 0;
		*ret_blocks += (size_t)1 << shorter;
	}
	return *ret_blocks <= MOST_JUMPS ? most : 0;
}

static void add_jumps(struct sp_build *build, const struct group *group)
{
	size_t blocks;
	unsigned prefix = jump_bits(group->split, &blocks);
	struct sp_set *map =
	    prefix
		? sp_build_set(build, group->split->set.key, "%s/%u", group->name, prefix)
		: sp_build_set(build, group->split->set.key, "%s", group->name);

	if (!map)
		return;
	map->map = true;
	map->prefix = prefix;
	map->interval = !prefix;
	if (prefix)
		map->size = sp_blocks_size(blocks);
	for (size_t i = 0; i < group->split->pieces.length; i++) {
		const struct piece *piece = &group->split->pieces.items[i];
		struct sp_element *element = sp_build_element(build, map, 0, 0, 0);

		if (!element)
			return;
		element->addresses = piece->range;
		if (asprintf(&element->chain, "%s%s", group->name,
			piece_suffix(group, piece)) < 0) {
			element->chain = NULL;
			build->failed = true;
		}
	}
}

/* What is left of the group's rules, for one set. */
static void add_part_rules(struct sp_build *build, const struct group *group,
    const char *set, unsigned prefix, struct sp_chain *chain)
{
	for (size_t r = 0; r < group->count; r++) {
		const struct sp_rule *from = &group->rules[r];
		struct sp_rule *rule = sp_build_rule(build, chain);

		if (!rule)
			return;
		rule->service = from->service;
		rule->at = from->at;
		sp_build_match_blocks(
		    build, rule, from->statements.items[group->place].field, set, prefix);
		for (size_t s = group->place + 1; s < from->statements.length; s++)
			if (!build->failed &&
			    !copy_statement(rule, &from->statements.items[s]))
				build->failed = true;
	}
}

/* Of an address that one part has the others know nothing: their order is free. */
static void add_piece_rules(struct sp_build *build, const struct group *group,
    const struct piece *piece, struct sp_chain *chain)
{
	for (size_t i = 0; i < group->split->parts.count && !build->failed; i++) {
		const struct sp_blocks *part = &group->split->parts.lengths[i];
		struct sp_intervals addresses = slice(part, piece);
		char *name;

		if (sp_intervals_is_empty(&addresses))
			continue;
		if (!name_part(part, piece, &name)) {
			build->failed = true;
			return;
		}
		add_part_rules(build, group, name, part->prefix, chain);
		free(name);
	}
}

static void add_piece_chains(struct sp_build *build, const struct group *group)
{
	for (size_t i = 0; i < group->split->pieces.length && !build->failed; i++) {
		const struct piece *piece = &group->split->pieces.items[i];
		struct sp_chain *chain = sp_build_chain(
		    build, "%s%s", group->name, piece_suffix(group, piece));

		add_piece_rules(build, group, piece, chain);
	}
}

/* Is it the map of a group of that name, "NAME" or "NAME/6"? */
static bool is_group(const struct sp_set *set, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(set->name, name, length) &&
	       (!set->name[length] || set->name[length] == '/');
}

/* "CHAIN/SET-4"; a second one in the same chain "CHAIN/SET-4-2", and so on. */
static bool name_group(
    const struct sp_build *build, const char *chain, struct group *group)
{
	const char *set = group->split->name + strlen(SP_ADDRESS_SET_PREFIX);
	unsigned number = 1;

	for (bool taken = true; taken; number++) {
		free(group->name);
		if ((number == 1 ? asprintf(&group->name, "%s/%s", chain, set)
				 : asprintf(&group->name, "%s/%s-%u", chain, set,
				       number)) < 0) {
			group->name = NULL;
			return false;
		}
		taken = false;
		for (size_t i = 0; i < build->ruleset->sets.length && !taken; i++)
			taken = is_group(&build->ruleset->sets.items[i], group->name);
	}
	return true;
}

/* The group's place in its chain: the head of its rules, and the map. */
static void add_head(
    struct sp_build *build, const struct group *group, struct sp_rule *ret)
{
	*ret =
	    (struct sp_rule){ .service = group->rules->service, .at = group->rules->at };
	for (size_t s = 0; s < group->place; s++)
		if (!copy_statement(ret, &group->rules->statements.items[s]))
			build->failed = true;
	for (size_t i = 0; i < build->ruleset->sets.length; i++) {
		const struct sp_set *map = &build->ruleset->sets.items[i];

		if (map->map && is_group(map, group->name))
			sp_build_vmap_blocks(build, ret,
			    group->rules->statements.items[group->place].field, map->name,
			    map->prefix);
	}
}

static bool has_group(const struct splitting *splitting, const struct sp_chain *chain)
{
	const struct split *split = NULL;

	for (size_t i = 0; i < chain->rules.length && !split; i++)
		place_of(splitting, &chain->rules.items[i], &split);
	return split != NULL;
}

static void take_group(struct sp_build *build, const char *chain, struct group *group,
    struct sp_rule *ret_head)
{
	if (!name_group(build, chain, group)) {
		build->failed = true;
		return;
	}
	add_jumps(build, group);
	add_piece_chains(build, group);
	add_head(build, group, ret_head);
}

/* The chain is found by its number: those of the pieces are added to the array. */
static void split_chain(struct splitting *splitting, size_t number)
{
	struct sp_build *build = splitting->build;
	struct sp_chain old = build->ruleset->chains.items[number];
	size_t next = 0;

	memset(&build->ruleset->chains.items[number].rules, 0, sizeof(old.rules));
	while (next < old.rules.length && !build->failed) {
		struct group group =
		    group_at(splitting, &old.rules.items[next], old.rules.length - next);
		struct sp_rule rule = { 0 };

		if (group.split)
			take_group(build, old.name, &group, &rule);
		else
			rule = old.rules.items[next];
		if (!sp_array_push(&build->ruleset->chains.items[number].rules, rule)) {
			build->failed = true;
			sp_rule_clear(&rule);
		}
		for (size_t i = 0; group.split && i < group.count; i++)
			sp_rule_clear(&old.rules.items[next + i]);
		next += group.count;
		free(group.name);
	}
	for (; next < old.rules.length; next++)
		sp_rule_clear(&old.rules.items[next]);
	sp_array_free(&old.rules);
}

static void splitting_free(struct splitting *splitting)
{
	for (size_t i = 0; i < splitting->splits.length; i++) {
		split_free(&splitting->splits.items[i]);
		sp_set_clear(&splitting->splits.items[i].set);
	}
	sp_array_free(&splitting->splits);
}

void sp_split_sets(struct sp_build *build, size_t most)
{
	struct splitting splitting = { .build = build };
	size_t chains = build->ruleset->chains.length;

	if (build->failed)
		return;
	split_sets(&splitting, most);
	for (size_t i = 0; splitting.splits.length && i < chains && !build->failed; i++)
		if (has_group(&splitting, &build->ruleset->chains.items[i]))
			split_chain(&splitting, i);
	splitting_free(&splitting);
}
