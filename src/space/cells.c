#include "cells.h"

#include <stdlib.h>
#include <string.h>

#include "sweep.h"

/* Sources by what happens to them. */
struct share {
	struct sp_quad quad;
	struct sp_intervals sources;
};

struct shares {
	struct sp_survey *survey;
	SP_ARRAY(struct share) items;
	struct sp_index index;
	size_t last;	    /* the share that was added to last */
	struct sp_quad now; /* of the piece that was looked at last */
	bool now_differs;
	bool keep_all;			  /* those without a difference too */
	SP_ARRAY(struct sp_limit) limits; /* of the outcome being put together */
};

static void shares_free(struct shares *shares)
{
	for (size_t i = 0; i < shares->items.length; i++)
		sp_intervals_free(&shares->items.items[i].sources);
	sp_array_free(&shares->items);
	sp_array_free(&shares->limits);
	sp_index_free(&shares->index);
}

static bool differs(const struct sp_survey *survey, const struct sp_quad *quad)
{
	for (size_t state = 0; state < SP_STATES; state++)
		if (!sp_pool_alike(survey->pool, quad->outcome[SP_OLD][state],
			quad->outcome[SP_NEW][state]))
			return true;
	return false;
}

/* --- what matches, decides ----------------------------------------------- */

static bool is_in_state(const struct sp_step *step, size_t state)
{
	switch (step->when) {
	case SP_WHEN_ALWAYS: return true;
	case SP_WHEN_VERIFIED: return state == SP_VERIFIED;
	case SP_WHEN_UNVERIFIED: return state == SP_UNVERIFIED;
	}
	return false;
}

/* Limits in front of `end`; those that change nothing are left out. */
static uint32_t limited_outcome(
    struct shares *shares, const struct sp_step *first, const struct sp_step *end)
{
	struct sp_space_pool *pool = shares->survey->pool;
	struct sp_decision outcome;

	while (shares->limits.length &&
	       shares->limits.items[shares->limits.length - 1].fate == end->fate)
		shares->limits.length--;
	if (!shares->limits.length)
		return end->outcome;
	outcome = *pool->outcomes.items[first->outcome];
	outcome.fate = end->fate;
	outcome.limits = shares->limits.items;
	outcome.limit_count = shares->limits.length;
	return sp_pool_outcome(pool, &outcome);
}

static uint32_t decide(
    struct shares *shares, const struct sp_sweep *sweep, size_t side, size_t state)
{
	const struct sp_steps *steps = sweep->sides[side];
	const struct sp_step *first = NULL;

	shares->limits.length = 0;
	for (size_t i = sp_sweep_next(sweep, side, 0); i < steps->length;
	     i = sp_sweep_next(sweep, side, i + 1)) {
		const struct sp_step *step = &steps->items[i];
		struct sp_limit limit = { .fate = step->fate };

		if (!is_in_state(step, state))
			continue;
		if (!step->rate)
			return limited_outcome(shares, first ? first : step, step);
		limit.rate = *step->rate;
		if (!first)
			first = step;
		if (!sp_array_push(&shares->limits, limit))
			return SP_NOWHERE;
	}
	return SP_NOWHERE; /* not reached: the last step always decides */
}

/* --- shares -------------------------------------------------------------- */

static bool same_quad(const void *context, uint32_t number, const void *wanted)
{
	const struct shares *shares = context;

	return !memcmp(&shares->items.items[number].quad, wanted, sizeof(struct sp_quad));
}

static struct share *share_of(struct shares *shares, const struct sp_quad *quad)
{
	uint64_t hash = SP_HASH_START;
	uint32_t number;

	if (shares->last < shares->items.length &&
	    same_quad(shares, (uint32_t)shares->last, quad))
		return &shares->items.items[shares->last];
	for (size_t side = 0; side < SP_SIDES; side++)
		for (size_t state = 0; state < SP_STATES; state++)
			hash = sp_hash_word(hash, quad->outcome[side][state]);
	number = sp_index_find(&shares->index, hash, same_quad, shares, quad);
	if (number == SP_NOWHERE) {
		number = (uint32_t)shares->items.length;
		if (!sp_index_add(&shares->index, hash, number) ||
		    !sp_array_push(&shares->items, (struct share){ .quad = *quad }))
			return NULL;
	}
	shares->last = number;
	return &shares->items.items[number];
}

/* Most pieces of a large policy: the first step that matches decides, whatever the
 * state. */
static bool decide_side(struct shares *shares, const struct sp_sweep *sweep, size_t side)
{
	const struct sp_steps *steps = sweep->sides[side];
	const struct sp_step *first = &steps->items[sp_sweep_next(sweep, side, 0)];
	uint32_t *outcome = shares->now.outcome[side];

	for (size_t state = 0; state < SP_STATES; state++) {
		outcome[state] = first->when == SP_WHEN_ALWAYS && !first->rate
				     ? first->outcome
				     : decide(shares, sweep, side, state);
		if (outcome[state] == SP_NOWHERE)
			return false;
	}
	return true;
}

/* A step's beginning or end moves one side, as a rule. */
static bool look_again(struct shares *shares, struct sp_sweep *sweep)
{
	for (size_t side = 0; side < SP_SIDES; side++) {
		if (!sweep->changed[side])
			continue;
		sweep->changed[side] = false;
		if (sweep->sides[side] && !decide_side(shares, sweep, side))
			return false;
	}
	if (!sweep->sides[SP_NEW])
		memcpy(shares->now.outcome[SP_NEW], shares->now.outcome[SP_OLD],
		    sizeof(shares->now.outcome[SP_OLD]));
	shares->now_differs = differs(shares->survey, &shares->now);
	return true;
}

static bool share_piece(struct sp_sweep *sweep, sp_number first, sp_number last)
{
	struct shares *shares = sweep->context;
	struct share *share;

	if ((sweep->changed[SP_OLD] || sweep->changed[SP_NEW]) &&
	    !look_again(shares, sweep))
		return false;
	if (!shares->keep_all && !shares->now_differs)
		return true;
	share = share_of(shares, &shares->now);
	return share && sp_half_append(&share->sources, sweep->family, first, last);
}

static bool sweep_family(struct shares *shares,
    const struct sp_steps *const sides[SP_SIDES], enum sp_family family)
{
	const struct sp_intervals *sources = shares->survey->sources;
	struct sp_sweep sweep = { .family = family,
		.last = sp_number_last(family),
		.sides = { sides[SP_OLD], sides[SP_NEW] },
		.piece = share_piece,
		.context = shares };
	size_t count = sources ? sp_half_count(sources, family) : 0;

	if (sources && !count)
		return true;
	if (sources) {
		sweep.first = sp_half_first(sources, family, 0);
		sweep.last = sp_half_last(sources, family, count - 1);
	}
	return sp_sweep_run(&sweep);
}

/* --- zones --------------------------------------------------------------- */

void sp_zones_free(struct sp_zones *zones)
{
	for (size_t i = 0; i < zones->length; i++)
		sp_intervals_free(&zones->items[i].sources);
	sp_array_free(zones);
}

static uint32_t blocker(const struct sp_survey *survey, uint32_t outcome)
{
	return survey->pool->outcomes.items[outcome]->decider == SP_DECIDER_PASS
		   ? SP_NOWHERE
		   : outcome;
}

static bool add_zone(struct sp_survey *survey, struct share *share)
{
	struct sp_zone zone = {
		.blocker = { blocker(survey, share->quad.outcome[SP_OLD][0]),
		    blocker(survey, share->quad.outcome[SP_NEW][0]) },
		.everything = sp_intervals_is_any(&share->sources),
		.sources = share->sources,
	};

	if (!sp_array_push(&survey->zones, zone))
		return false;
	share->sources = (struct sp_intervals){ 0 };
	return true;
}

/* In audit mode a block list lets pass for good. */
static bool is_settled(const struct sp_survey *survey, const struct sp_quad *quad)
{
	return blocker(survey, quad->outcome[SP_OLD][0]) != SP_NOWHERE &&
	       blocker(survey, quad->outcome[SP_NEW][0]) != SP_NOWHERE &&
	       sp_pool_alike(
		   survey->pool, quad->outcome[SP_OLD][0], quad->outcome[SP_NEW][0]);
}

bool sp_zones_make(struct sp_survey *survey)
{
	struct shares shares = { .survey = survey, .keep_all = true };
	struct sp_steps steps[SP_SIDES] = { 0 };
	const struct sp_steps *sides[SP_SIDES] = { NULL, NULL };
	bool done = true;

	for (size_t side = 0; side < survey->side_count; side++) {
		done = done &&
		       sp_side_blocks(&survey->sides[side], survey->pool, &steps[side]);
		sides[side] = &steps[side];
	}
	done = done && sweep_family(&shares, sides, SP_IPV4) &&
	       sweep_family(&shares, sides, SP_IPV6);
	for (size_t i = 0; i < shares.items.length && done; i++) {
		struct share *share = &shares.items.items[i];

		/* Decided on both sides, and alike: nothing can differ there. */
		if (survey->side_count < SP_SIDES || !is_settled(survey, &share->quad))
			done = add_zone(survey, share);
	}
	shares_free(&shares);
	sp_array_free(&steps[0]);
	sp_array_free(&steps[1]);
	return done;
}

static bool any_mixed(const struct sp_survey *survey)
{
	for (size_t i = 0; i < survey->zones.length; i++)
		if (survey->zones.items[i].blocker[SP_OLD] != SP_NOWHERE ||
		    survey->zones.items[i].blocker[SP_NEW] != SP_NOWHERE)
			return true;
	return false;
}

/* --- cells --------------------------------------------------------------- */

static bool is_full(const struct sp_intervals *set, enum sp_family family)
{
	return sp_half_count(set, family) == 1 && !sp_half_first(set, family, 0) &&
	       sp_half_last(set, family, 0) == sp_number_last(family);
}

/* One family of `share` within the zone, added to ret. */
static bool add_within(const struct sp_intervals *sources, const struct sp_zone *zone,
    enum sp_family family, struct sp_intervals *ret)
{
	struct sp_intervals half = { 0 };

	if (!zone->everything && !is_full(sources, family))
		return sp_half_intersect(sources, &zone->sources, family, ret);
	half = zone->everything ? *sources : zone->sources;
	if (family == SP_IPV4)
		half.v6.length = 0;
	else
		half.v4.length = 0;
	return sp_intervals_add_all(ret, &half);
}

static bool share_zone(struct shares *from, const struct sp_zone *zone,
    enum sp_family family, struct shares *ret)
{
	for (size_t i = 0; i < from->items.length; i++) {
		struct sp_quad quad = from->items.items[i].quad;
		struct share *share;

		for (size_t side = 0; side < SP_SIDES; side++)
			for (size_t state = 0; state < SP_STATES; state++)
				if (zone->blocker[side] != SP_NOWHERE)
					quad.outcome[side][state] = zone->blocker[side];
		if (!ret->keep_all && !differs(ret->survey, &quad))
			continue;
		share = share_of(ret, &quad);
		if (!share || !add_within(&from->items.items[i].sources, zone, family,
				  &share->sources))
			return false;
	}
	return true;
}

static bool within_question(
    const struct sp_survey *survey, struct share *share, enum sp_family family)
{
	struct sp_intervals within = { 0 };
	bool done;

	if (!survey->sources)
		return true;
	done = sp_half_intersect(&share->sources, survey->sources, family, &within);
	sp_intervals_free(&share->sources);
	share->sources = within;
	return done;
}

static bool add_cells(struct shares *shares, struct sp_cell_group *group,
    enum sp_family family, uint32_t interface, uint32_t destination)
{
	for (size_t i = 0; i < shares->items.length; i++) {
		struct share *share = &shares->items.items[i];
		struct sp_cell cell = { share->quad, family, interface, destination, 0 };

		sp_intervals_normalize(&share->sources);
		if (!within_question(shares->survey, share, family))
			return false;
		cell.sources = sp_pool_set(shares->survey->pool, &share->sources);
		if (cell.sources == SP_NOWHERE ||
		    (cell.sources && !sp_array_push(&group->cells, cell)))
			return false;
	}
	return true;
}

/* The loopback's packets never meet a block list. */
static bool share_all(struct shares *raw, const struct sp_survey *survey, bool loopback,
    enum sp_family family, struct shares *ret)
{
	const struct sp_zone everything = { .blocker = { SP_NOWHERE, SP_NOWHERE },
		.everything = true };

	if (loopback)
		return share_zone(raw, &everything, family, ret);
	for (size_t i = 0; i < survey->zones.length; i++)
		if (!share_zone(raw, &survey->zones.items[i], family, ret))
			return false;
	return true;
}

bool sp_cells_add(struct sp_survey *survey, struct sp_cell_group *group,
    uint32_t interface, uint32_t destination)
{
	const struct sp_interface_class *in = &group->places.interfaces.items[interface];
	const struct sp_address *to =
	    &group->places.destinations.items[destination].witness;
	bool one = survey->side_count < SP_SIDES;
	struct shares raw = { .survey = survey, .keep_all = one || any_mixed(survey) };
	struct shares zoned = { .survey = survey, .keep_all = one };
	struct sp_steps steps[SP_SIDES] = { 0 };
	const struct sp_steps *sides[SP_SIDES] = { &steps[0], one ? NULL : &steps[1] };
	bool done = true;

	for (size_t side = 0; side < survey->side_count; side++)
		done = done && sp_steps_filter(&group->steps[side], in->witness,
				   in->loopback, to, false, &steps[side]);
	done = done && sweep_family(&raw, sides, to->family) &&
	       share_all(&raw, survey, in->loopback, to->family, &zoned) &&
	       add_cells(&zoned, group, to->family, interface, destination);
	shares_free(&raw);
	shares_free(&zoned);
	sp_array_free(&steps[0]);
	sp_array_free(&steps[1]);
	return done;
}
