/* The packet space of one ruleset or of two: ports in groups that nothing tells
 * apart, each group's places in classes, each class's sources in one walk. */
#include <sallyport/space.h>

#include <stdlib.h>
#include <string.h>

#include "space_regions.h"

#define PORTS 65536

/* --- chains by content --------------------------------------------------- */

static uint64_t hash_rule(uint64_t hash, const struct sp_rule *rule)
{
	for (size_t i = 0; i < rule->statements.length; i++) {
		const struct sp_statement *statement = &rule->statements.items[i];

		hash = sp_hash_word(hash, statement->kind);
		hash = sp_hash_text(hash, statement->name);
		hash = sp_hash_word(hash, sp_intervals_count(&statement->addresses));
	}
	return hash;
}

static bool same_chain(const void *context, uint32_t number, const void *wanted)
{
	const struct sp_ruleset *ruleset = context;
	const struct sp_chain *a = &ruleset->chains.items[number], *b = wanted;

	if (a->rules.length != b->rules.length)
		return false;
	for (size_t i = 0; i < a->rules.length; i++)
		if (!sp_rule_equal(&a->rules.items[i], &b->rules.items[i]))
			return false;
	return true;
}

/* Each chain's first equal, counted from 1; items[0] is 0. */
static uint32_t *same_chains(const struct sp_ruleset *ruleset)
{
	size_t count = ruleset ? ruleset->chains.length : 0;
	uint32_t *same = calloc(count + 1, sizeof(*same));
	struct sp_index index = { 0 };

	for (size_t i = 0; i < count && same; i++) {
		const struct sp_chain *chain = &ruleset->chains.items[i];
		uint64_t hash = sp_hash_word(SP_HASH_START, chain->rules.length);
		uint32_t found;

		for (size_t r = 0; r < chain->rules.length; r++)
			hash = hash_rule(hash, &chain->rules.items[r]);
		found = sp_index_find(&index, hash, same_chain, ruleset, chain);
		if (found == SP_NOWHERE) {
			found = (uint32_t)i;
			if (!sp_index_add(&index, hash, found)) {
				free(same);
				same = NULL;
				break;
			}
		}
		same[i + 1] = found + 1;
	}
	sp_index_free(&index);
	return same;
}

/* --- groups of ports ----------------------------------------------------- */

/* What tells ports of one protocol apart. */
struct key {
	enum sp_protocol protocol;
	struct sp_route routes[SP_SIDES];
};

struct groups {
	SP_ARRAY(struct key) keys;
	SP_ARRAY(struct sp_port_list) ports;
	struct sp_index index;
};

static bool same_route(const struct sp_route *a, const struct sp_route *b)
{
	return a->chain == b->chain && a->range_chain == b->range_chain &&
	       a->cut == b->cut;
}

static bool same_key(const void *context, uint32_t number, const void *wanted)
{
	const struct groups *groups = context;
	const struct key *a = &groups->keys.items[number], *b = wanted;

	return a->protocol == b->protocol && same_route(&a->routes[0], &b->routes[0]) &&
	       same_route(&a->routes[1], &b->routes[1]);
}

static uint64_t hash_key(const struct key *key)
{
	uint64_t hash = sp_hash_word(SP_HASH_START, key->protocol);

	for (size_t side = 0; side < SP_SIDES; side++) {
		hash = sp_hash_word(hash, key->routes[side].chain);
		hash = sp_hash_word(hash, key->routes[side].range_chain);
		hash = sp_hash_word(hash, key->routes[side].cut);
	}
	return hash;
}

static bool add_ports(struct groups *groups, const struct key *key, struct sp_ports ports)
{
	uint64_t hash = hash_key(key);
	uint32_t number = sp_index_find(&groups->index, hash, same_key, groups, key);

	if (number == SP_NOWHERE) {
		number = (uint32_t)groups->keys.length;
		if (!sp_index_add(&groups->index, hash, number) ||
		    !sp_array_push(&groups->keys, *key) ||
		    !sp_array_push(&groups->ports, (struct sp_port_list){ 0 }))
			return false;
	}
	return sp_array_push(&groups->ports.items[number], ports);
}

static struct key key_of(const struct sp_survey *survey, uint32_t *const same[SP_SIDES],
    enum sp_protocol protocol, uint32_t port)
{
	struct key key = { .protocol = protocol };

	for (size_t side = 0; side < survey->side_count; side++) {
		struct sp_route *route = &key.routes[side];

		*route = sp_side_route(&survey->sides[side], protocol, (uint16_t)port);
		route->chain = same[side][route->chain];
		route->range_chain = same[side][route->range_chain];
	}
	return key;
}

static bool group_protocol(struct groups *groups, const struct sp_survey *survey,
    uint32_t *const same[SP_SIDES], enum sp_protocol protocol)
{
	uint32_t first = 0;
	struct key key = key_of(survey, same, protocol, 0);

	for (uint32_t port = 1; port <= PORTS; port++) {
		struct key next;

		if (port < PORTS) {
			next = key_of(survey, same, protocol, port);
			if (same_route(&key.routes[0], &next.routes[0]) &&
			    same_route(&key.routes[1], &next.routes[1]))
				continue;
		}
		if (!add_ports(groups, &key,
			(struct sp_ports){ (uint16_t)first, (uint16_t)(port - 1) }))
			return false;
		first = port;
		if (port < PORTS)
			key = next;
	}
	return true;
}

static bool group_ports(struct groups *groups, const struct sp_survey *survey)
{
	uint32_t *same[SP_SIDES] = { same_chains(survey->sides[SP_OLD].ruleset),
		same_chains(survey->sides[SP_NEW].ruleset) };
	bool done = same[SP_OLD] && same[SP_NEW] &&
		    group_protocol(groups, survey, same, SP_TCP) &&
		    group_protocol(groups, survey, same, SP_UDP);

	free(same[SP_OLD]);
	free(same[SP_NEW]);
	return done;
}

static void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->ports.length; i++)
		sp_array_free(&groups->ports.items[i]);
	sp_array_free(&groups->ports);
	sp_array_free(&groups->keys);
	sp_index_free(&groups->index);
}

/* --- one group ----------------------------------------------------------- */

/* What of a group's places is asked about; NULL: all of it. */
struct focus {
	const char *interface;
	const struct sp_intervals *destinations;
	bool no_loopback;
};

static void group_free(struct sp_cell_group *group)
{
	sp_array_free(&group->steps[SP_OLD]);
	sp_array_free(&group->steps[SP_NEW]);
	sp_places_free(&group->places);
	sp_array_free(&group->cells);
}

static bool begin_group(struct sp_survey *survey, struct sp_cell_group *group, uint16_t port)
{
	const struct sp_steps *sides[SP_SIDES] = { &group->steps[SP_OLD],
		survey->side_count == SP_SIDES ? &group->steps[SP_NEW] : NULL };

	for (size_t side = 0; side < survey->side_count; side++)
		if (!sp_side_steps(&survey->sides[side], survey->pool, group->protocol,
			port, &group->steps[side]))
			return false;
	return sp_places_make(sides, survey->pool, &group->places);
}

static bool wants_interface(const struct focus *focus, const struct sp_places *places,
    const struct sp_interface_class *class)
{
	const struct sp_interface_class *best = &places->interfaces.items[0];
	size_t longest = 0;

	if (!class->witness[0] || (focus->no_loopback && class->loopback))
		return false;
	if (!focus->interface)
		return true;
	for (size_t i = 1; i < places->interfaces.length; i++) {
		const struct sp_interface_class *other = &places->interfaces.items[i];
		size_t length = strlen(other->pattern);

		length += other->pattern[length - 1] != '*';
		if (sp_pattern_matches(other->pattern, focus->interface) &&
		    length > longest) {
			best = other;
			longest = length;
		}
	}
	return class == best;
}

/* Narrows a destination class to what was asked about. */
static bool focus_destination(struct sp_survey *survey,
    struct sp_destination_class *class, const struct focus *focus, bool *ret_wanted)
{
	enum sp_family family = class->witness.family;
	struct sp_intervals within = { 0 };

	*ret_wanted = true;
	if (!focus->destinations)
		return true;
	if (!sp_half_intersect(&survey->pool->sets.items[class->set], focus->destinations,
		family, &within)) {
		sp_intervals_free(&within);
		return false;
	}
	*ret_wanted = !sp_intervals_is_empty(&within);
	if (*ret_wanted)
		class->witness = sp_intervals_at(&within, 0).first;
	class->set = sp_pool_set(survey->pool, &within);
	return class->set != SP_NOWHERE;
}

static bool survey_group(
    struct sp_survey *survey, struct sp_cell_group *group, const struct focus *focus)
{
	struct sp_places *places = &group->places;

	for (uint32_t d = 0; d < places->destinations.length; d++) {
		bool wanted;

		if (!focus_destination(
			survey, &places->destinations.items[d], focus, &wanted))
			return false;
		for (uint32_t i = 0; wanted && i < places->interfaces.length; i++)
			if (wants_interface(
				focus, places, &places->interfaces.items[i]) &&
			    !sp_cells_add(survey, group, i, d))
				return false;
	}
	return true;
}

static bool survey_ports(struct sp_survey *survey, enum sp_protocol protocol,
    uint16_t port, uint32_t number, const struct focus *focus, struct sp_drafts *drafts)
{
	struct sp_cell_group group = { .protocol = protocol };
	bool done = begin_group(survey, &group, port) &&
		    survey_group(survey, &group, focus) &&
		    sp_drafts_add(survey, &group, number, drafts);

	group_free(&group);
	return done;
}

/* --- all of it ----------------------------------------------------------- */

static bool survey_begin(
    struct sp_survey *survey, const struct sp_ruleset *old, const struct sp_ruleset *new)
{
	survey->pool = sp_pool_new();
	return survey->pool && sp_side_begin(&survey->sides[SP_OLD], old) &&
	       sp_side_begin(&survey->sides[SP_NEW], new) && sp_zones_make(survey);
}

/* What was found is ret's; without it, ret is empty. */
static bool survey_end(
    struct sp_survey *survey, bool done, struct sp_space *ret, struct sp_diag *diag)
{
	sp_side_end(&survey->sides[SP_OLD]);
	sp_side_end(&survey->sides[SP_NEW]);
	sp_zones_free(&survey->zones);
	ret->pool = survey->pool;
	if (!done) {
		sp_space_free(ret);
		return sp_out_of_memory(diag);
	}
	return true;
}

bool sp_space_compare(const struct sp_ruleset *old, const struct sp_ruleset *new,
    struct sp_space *ret, struct sp_diag *diag)
{
	struct sp_survey survey = { .side_count = SP_SIDES };
	struct groups groups = { 0 };
	struct sp_drafts drafts = { 0 };
	const struct focus everything = { 0 };
	bool done;

	memset(ret, 0, sizeof(*ret));
	done = survey_begin(&survey, old, new) && group_ports(&groups, &survey);
	for (size_t i = 0; i < groups.keys.length && done; i++)
		done = survey_ports(&survey, groups.keys.items[i].protocol,
		    groups.ports.items[i].items[0].first, (uint32_t)i, &everything,
		    &drafts);
	done = done && sp_regions_make(&survey, &drafts, groups.ports.items, ret);
	groups_free(&groups);
	sp_array_free(&drafts);
	return survey_end(&survey, done, ret, diag);
}

bool sp_space_ask(const struct sp_ruleset *ruleset, const struct sp_inquiry *question,
    struct sp_space *ret, struct sp_diag *diag)
{
	struct sp_survey survey = { .side_count = 1, .sources = question->sources };
	struct sp_ports port = { question->port, question->port };
	struct sp_port_list ports = { &port, 1, 1 };
	struct sp_drafts drafts = { 0 };
	const struct focus focus = { question->interface, question->destinations,
		!question->interface };
	bool done;

	memset(ret, 0, sizeof(*ret));
	done = survey_begin(&survey, ruleset, NULL) &&
	       survey_ports(
		   &survey, question->protocol, question->port, 0, &focus, &drafts) &&
	       sp_regions_make(&survey, &drafts, &ports, ret);
	sp_array_free(&drafts);
	return survey_end(&survey, done, ret, diag);
}

void sp_space_free(struct sp_space *space)
{
	sp_array_free(&space->regions);
	sp_pool_free(space->pool);
	*space = (struct sp_space){ 0 };
}

/* --- one packet ---------------------------------------------------------- */

static bool step_decides(
    const struct sp_step *step, const struct sp_packet *packet, bool verified)
{
	if (step->when != SP_WHEN_ALWAYS && (step->when == SP_WHEN_VERIFIED) != verified)
		return false;
	return !step->sources || sp_intervals_contain(step->sources, &packet->source);
}

static void matched_range(const struct sp_intervals *sources,
    const struct sp_address *source, struct sp_range *ret)
{
	size_t low = source->family == SP_IPV4 ? 0 : sources->v4.length;
	size_t high = sp_intervals_count(sources);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct sp_range range = sp_intervals_at(sources, middle);

		if (sp_address_compare(&range.last, source) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = sp_intervals_at(sources, low);
}

static const struct sp_rule *find_rule(const struct sp_steps *steps,
    const struct sp_packet *packet, bool verified, struct sp_range *ret_matched,
    const char **ret_set)
{
	for (size_t i = 0; i < steps->length; i++) {
		const struct sp_step *step = &steps->items[i];

		if (!step_decides(step, packet, verified))
			continue;
		if (step->sources)
			matched_range(step->sources, &packet->source, ret_matched);
		*ret_set = step->set;
		return step->rule;
	}
	return NULL;
}

const struct sp_rule *sp_space_rule(const struct sp_ruleset *ruleset,
    const struct sp_packet *packet, bool verified, struct sp_range *ret_matched,
    const char **ret_set)
{
	struct sp_space_pool *pool = sp_pool_new();
	struct sp_side side = { 0 };
	struct sp_steps all = { 0 }, blocks = { 0 }, here = { 0 };
	const struct sp_rule *rule = NULL;
	bool loopback = !strcmp(packet->interface, "lo");

	*ret_matched = (struct sp_range){ 0 };
	*ret_set = NULL;
	if (pool && sp_side_begin(&side, ruleset) &&
	    sp_side_blocks(&side, pool, &blocks) &&
	    sp_side_steps(&side, pool, packet->protocol, packet->port, &all) &&
	    sp_steps_filter(
		&all, packet->interface, loopback, &packet->destination, &here)) {
		blocks.length--; /* the last lets pass */
		if (!loopback)
			rule = find_rule(&blocks, packet, verified, ret_matched, ret_set);
		if (!rule)
			rule = find_rule(&here, packet, verified, ret_matched, ret_set);
	}
	sp_array_free(&all);
	sp_array_free(&blocks);
	sp_array_free(&here);
	sp_side_end(&side);
	sp_pool_free(pool);
	return rule;
}

const char *sp_fate_name(enum sp_fate fate)
{
	switch (fate) {
	case SP_FATE_DROP: return "drop";
	case SP_FATE_REJECT: return "reject";
	case SP_FATE_ACCEPT: return "accept";
	}
	return "";
}

const char *sp_effect_name(enum sp_effect effect)
{
	switch (effect) {
	case SP_EFFECT_OPENS: return "opens";
	case SP_EFFECT_LOOSENS: return "loosens";
	case SP_EFFECT_TIGHTENS: return "tightens";
	case SP_EFFECT_CLOSES: return "closes";
	case SP_EFFECT_CHANGES: return "changes";
	}
	return "";
}
