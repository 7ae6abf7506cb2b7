#include "pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "piece.h"

/* What leads to the pieces has so many elements at most: a page or two of memory. */
#define MOST_JUMPS 1024
/* A list that is one piece has a rule for each length in place of each that matches it:
 * where that makes more, as with thousands of services from the same addresses, it stays
 * one set. */
#define MOST_PART_RULES 256

struct splitting {
	struct sp_build *build;
	SP_ARRAY(const char *) uses; /* the set of each statement that has one; sorted */
	SP_ARRAY(struct split) splits;
	SP_ARRAY(const struct split *) by_name; /* once all of them are there */
};

/* ---- the sets of a ruleset ---- */

/* The set that the statement matches, or NULL. */
static const char *set_of(const struct sp_statement *statement)
{
	return statement->kind == SP_STATEMENT_MATCH &&
		       statement->operand == SP_OPERAND_SET
		   ? statement->name
		   : NULL;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool gather_uses(struct splitting *splitting, const struct sp_rule *rule)
{
	for (size_t i = 0; i < rule->statements.length; i++) {
		const char *set = set_of(&rule->statements.items[i]);

		if (set && !sp_array_push(&splitting->uses, set))
			return false;
	}
	return true;
}

static bool gather_all_uses(struct splitting *splitting)
{
	const struct sp_ruleset *ruleset = splitting->build->ruleset;

	for (size_t c = 0; c < ruleset->chains.length; c++)
		for (size_t r = 0; r < ruleset->chains.items[c].rules.length; r++)
			if (!gather_uses(
				splitting, &ruleset->chains.items[c].rules.items[r]))
				return false;
	if (splitting->uses.length)
		qsort(splitting->uses.items, splitting->uses.length,
		    sizeof(*splitting->uses.items), compare_names);
	return true;
}

/* How many statements match the set, up to one more than `most`. */
static size_t uses_of(const struct splitting *splitting, const char *set, size_t most)
{
	size_t low = 0, high = splitting->uses.length, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(splitting->uses.items[middle], set) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (count <= most && low + count < splitting->uses.length &&
	       !strcmp(splitting->uses.items[low + count], set))
		count++;
	return count;
}

/* Lists that the policy names; a rule matches one of them, as its source. */
static bool is_splittable(const struct sp_set *set, size_t most, size_t least)
{
	size_t count = sp_intervals_count(&set->addresses);

	return !strncmp(
		   set->name, SP_ADDRESS_SET_PREFIX, strlen(SP_ADDRESS_SET_PREFIX)) &&
	       (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6) && set->interval &&
	       set->borrowed && !set->map && (count > most || count >= least);
}

/* Of no blocks and one piece is what it was. */
static bool is_split(const struct splitting *splitting, const struct split *split)
{
	return split->pieces.length > 1 ||
	       (split->parts.lengths[0].prefix &&
		   split->parts.count *
			   uses_of(splitting, split->name, MOST_PART_RULES) <=
		       MOST_PART_RULES);
}

static void add_split(struct splitting *splitting, const struct sp_set *set, size_t most)
{
	struct split split = { .name = set->name, .set = *set };
	bool made = sp_split_cut(splitting->build, &split, most),
	     used = made && is_split(splitting, &split);

	if (!made || (used && !sp_array_push(&splitting->splits, split)))
		splitting->build->failed = true;
	if (!used || splitting->build->failed)
		sp_split_clear(&split);
}

static void add_part_set(struct sp_build *build, const struct split *split,
    const struct piece *piece, const struct sp_blocks *part)
{
	struct sp_intervals addresses = sp_piece_slice(part, piece);
	struct sp_set *set;
	char *name;

	if (sp_intervals_is_empty(&addresses))
		return;
	if (!sp_piece_name_part(part, piece, &name)) {
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
static void split_sets(struct splitting *splitting, size_t most, size_t least)
{
	struct sp_ruleset *ruleset = splitting->build->ruleset;
	struct sp_set *old = ruleset->sets.items;
	size_t count = ruleset->sets.length;

	memset(&ruleset->sets, 0, sizeof(ruleset->sets));
	for (size_t i = 0; i < count; i++) {
		size_t splits = splitting->splits.length;

		if (!splitting->build->failed && is_splittable(&old[i], most, least))
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

static int compare_splits(const void *left, const void *right)
{
	const struct split *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static bool index_splits(struct splitting *splitting)
{
	for (size_t i = 0; i < splitting->splits.length; i++)
		if (!sp_array_push(&splitting->by_name,
			(const struct split *)&splitting->splits.items[i]))
			return false;
	qsort(splitting->by_name.items, splitting->by_name.length,
	    sizeof(*splitting->by_name.items), compare_splits);
	return true;
}

static const struct split *split_of(
    const struct splitting *splitting, const struct sp_statement *statement)
{
	const struct split wanted = { .name = set_of(statement) }, *key = &wanted;
	const struct split *const *found;

	if (!wanted.name)
		return NULL;
	found = bsearch(&key, splitting->by_name.items, splitting->by_name.length,
	    sizeof(*splitting->by_name.items), compare_splits);
	return found ? *found : NULL;
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

/* Does a map lead to its pieces? What is one piece is looked up where the set was. */
static bool is_mapped(const struct split *split)
{
	return split->pieces.length > 1;
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

static void copy_statements(struct sp_build *build, struct sp_rule *to,
    const struct sp_rule *from, size_t first, size_t end)
{
	for (size_t s = first; s < end; s++)
		if (!build->failed && !copy_statement(to, &from->statements.items[s]))
			build->failed = true;
}

/* The group's rules for one set: what is left of them, behind a map that leads here, or
 * all. */
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
		if (!is_mapped(group->split))
			copy_statements(build, rule, from, 0, group->place);
		sp_build_match_blocks(
		    build, rule, from->statements.items[group->place].field, set, prefix);
		copy_statements(
		    build, rule, from, group->place + 1, from->statements.length);
	}
}

/* Of an address that one part has the others know nothing: their order is free. */
static void add_piece_rules(struct sp_build *build, const struct group *group,
    const struct piece *piece, struct sp_chain *chain)
{
	for (size_t i = 0; i < group->split->parts.count && !build->failed; i++) {
		const struct sp_blocks *part = &group->split->parts.lengths[i];
		struct sp_intervals addresses = sp_piece_slice(part, piece);
		char *name;

		if (sp_intervals_is_empty(&addresses))
			continue;
		if (!sp_piece_name_part(part, piece, &name)) {
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
	copy_statements(build, ret, group->rules, 0, group->place);
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

static void take_group(struct sp_build *build, size_t number, struct group *group)
{
	struct sp_rule head = { 0 };

	if (!is_mapped(group->split)) {
		add_piece_rules(build, group, group->split->pieces.items,
		    &build->ruleset->chains.items[number]);
		return;
	}
	if (!name_group(build, build->ruleset->chains.items[number].name, group)) {
		build->failed = true;
		return;
	}
	add_jumps(build, group);
	add_piece_chains(build, group);
	add_head(build, group, &head);
	/* The chains of the pieces were added to the array that this one is in. */
	if (!sp_array_push(&build->ruleset->chains.items[number].rules, head)) {
		build->failed = true;
		sp_rule_clear(&head);
	}
}

static bool keep_rule(struct sp_build *build, size_t number, struct sp_rule *rule)
{
	if (!sp_array_push(&build->ruleset->chains.items[number].rules, *rule))
		return false;
	memset(rule, 0, sizeof(*rule));
	return true;
}

static void split_chain(struct splitting *splitting, size_t number)
{
	struct sp_build *build = splitting->build;
	struct sp_chain old = build->ruleset->chains.items[number];
	size_t next = 0;

	memset(&build->ruleset->chains.items[number].rules, 0, sizeof(old.rules));
	while (next < old.rules.length && !build->failed) {
		struct group group =
		    group_at(splitting, &old.rules.items[next], old.rules.length - next);

		if (group.split)
			take_group(build, number, &group);
		else if (!keep_rule(build, number, &old.rules.items[next]))
			build->failed = true;
		next += group.count;
		free(group.name);
	}
	for (size_t i = 0; i < old.rules.length; i++)
		sp_rule_clear(&old.rules.items[i]);
	sp_array_free(&old.rules);
}

static void splitting_free(struct splitting *splitting)
{
	for (size_t i = 0; i < splitting->splits.length; i++) {
		sp_split_clear(&splitting->splits.items[i]);
		sp_set_clear(&splitting->splits.items[i].set);
	}
	sp_array_free(&splitting->by_name);
	sp_array_free(&splitting->uses);
	sp_array_free(&splitting->splits);
}

void sp_split_sets(struct sp_build *build, size_t most, size_t least)
{
	struct splitting splitting = { .build = build };
	size_t chains = build->ruleset->chains.length;

	if (build->failed)
		return;
	if (gather_all_uses(&splitting))
		split_sets(&splitting, most, least);
	else
		build->failed = true;
	if (splitting.splits.length && !build->failed)
		build->failed = !index_splits(&splitting);
	for (size_t i = 0; splitting.splits.length && i < chains && !build->failed; i++)
		if (has_group(&splitting, &build->ruleset->chains.items[i]))
			split_chain(&splitting, i);
	splitting_free(&splitting);
}
