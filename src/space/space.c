/* The packet space of one ruleset or of two: ports in groups that nothing tells
 * apart, each group's places in classes, each class's sources in one walk. */
#include <sallyport/space.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"
#include "regions.h"

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

static bool begin_group(
    struct sp_survey *survey, struct sp_cell_group *group, uint16_t port)
{
	const struct sp_steps *sides[SP_SIDES] = { &group->steps[SP_OLD],
		survey->side_count == SP_SIDES ? &group->steps[SP_NEW] : NULL };

	for (size_t side = 0; side < survey->side_count; side++)
		if (!sp_side_steps(&survey->sides[side], survey->pool, group->protocol,
			port, &group->steps[side]))
			return false;
	return sp_places_make(sides, survey->pool, &group->places);
}

/* The narrowest class that has the name, or all of the pattern. */
static const struct sp_interface_class *class_named(
    const struct sp_places *places, const char *name)
{
	const struct sp_interface_class *best = &places->interfaces.items[0];
	size_t longest = 0;

	for (size_t i = 1; i < places->interfaces.length; i++) {
		const struct sp_interface_class *other = &places->interfaces.items[i];
		size_t length = strlen(other->pattern);

		length += other->pattern[length - 1] != '*';
		if (sp_pattern_matches(other->pattern, name) && length > longest) {
			best = other;
			longest = length;
		}
	}
	return best;
}

/* A pattern asks about all classes that lie within it, too. */
static bool wants_interface(const struct focus *focus, const struct sp_places *places,
    const struct sp_interface_class *class)
{
	if (!class->witness[0] || (focus->no_loopback && class->loopback))
		return false;
	if (!focus->interface || class == class_named(places, focus->interface))
		return true;
	return class->pattern && sp_pattern_matches(focus->interface, class->pattern);
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
	struct sp_port_groups groups = { 0 };
	struct sp_drafts drafts = { 0 };
	const struct focus everything = { 0 };
	bool done;

	memset(ret, 0, sizeof(*ret));
	done = survey_begin(&survey, old, new) && sp_port_groups_make(&survey, &groups);
	for (size_t i = 0; i < groups.keys.length && done; i++)
		done = survey_ports(&survey, groups.keys.items[i].protocol,
		    groups.ports.items[i].items[0].first, (uint32_t)i, &everything,
		    &drafts);
	done = done && sp_regions_make(&survey, &drafts, groups.ports.items, ret);
	sp_port_groups_free(&groups);
	sp_array_free(&drafts);
	return survey_end(&survey, done, ret, diag);
}

/* Whoever asks about an interface gets an answer about it, not its class. */
static void name_witnesses(struct sp_space *space, const char *name)
{
	for (size_t i = 0; i < space->regions.length; i++) {
		char *interface = space->regions.items[i].witness.interface;

		if (!*interface || !strchr(name, '*'))
			snprintf(interface,
			    sizeof(space->regions.items[i].witness.interface), "%s",
			    name);
	}
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
	if (done && question->interface)
		name_witnesses(ret, question->interface);
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

bool sp_space_rule(const struct sp_ruleset *ruleset, const struct sp_packet *packet,
    bool verified, const struct sp_rule **ret_rule, struct sp_range *ret_matched,
    const char **ret_set)
{
	struct sp_space_pool *pool = sp_pool_new();
	struct sp_side side = { 0 };
	struct sp_steps all = { 0 }, blocks = { 0 }, here = { 0 };
	const struct sp_rule *rule = NULL;
	bool loopback = !strcmp(packet->interface, "lo");
	bool done;

	*ret_matched = (struct sp_range){ 0 };
	*ret_set = NULL;
	done = pool && sp_side_begin(&side, ruleset) &&
	       sp_side_blocks(&side, pool, &blocks) &&
	       sp_side_steps(&side, pool, packet->protocol, packet->port, &all) &&
	       sp_steps_filter(
		   &all, packet->interface, loopback, &packet->destination, false, &here);
	if (done) {
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
	*ret_rule = rule;
	return done;
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
