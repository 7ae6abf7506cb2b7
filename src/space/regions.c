#include "regions.h"

#include <stdlib.h>
#include <string.h>

/* --- ports --------------------------------------------------------------- */

static int compare_drafts(const void *left, const void *right)
{
	const struct sp_draft *a = left, *b = right;
	int order = memcmp(&a->quad, &b->quad, sizeof(a->quad));

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (!order && a->interfaces != b->interfaces)
		order = a->interfaces < b->interfaces ? -1 : 1;
	order = order ? order : memcmp(a->sources, b->sources, sizeof(a->sources));
	return order ? order
		     : memcmp(a->destinations, b->destinations, sizeof(a->destinations));
}

static int compare_ports(const void *left, const void *right)
{
	const struct sp_ports *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static void join_ports(struct sp_port_list *list)
{
	size_t kept = 0;

	qsort(list->items, list->length, sizeof(*list->items), compare_ports);
	for (size_t i = 1; i < list->length; i++)
		if (list->items[i].first <= list->items[kept].last + 1u) {
			if (list->items[i].last > list->items[kept].last)
				list->items[kept].last = list->items[i].last;
		} else {
			list->items[++kept] = list->items[i];
		}
	list->length = kept + 1;
}

static bool unite_ports(const struct sp_draft *run, size_t length,
    const struct sp_port_list *ports, struct sp_port_list *ret)
{
	for (size_t i = 0; i < length; i++) {
		const struct sp_port_list *more = &ports[run[i].group];

		for (size_t p = 0; p < more->length; p++)
			if (!sp_array_push(ret, more->items[p]))
				return false;
	}
	join_ports(ret);
	return true;
}

/* --- effects ------------------------------------------------------------- */

/* 0: never accepted, 1: under a rate, 2: always. */
static int acceptance(const struct sp_decision *outcome)
{
	if (outcome->fate == SP_FATE_ACCEPT && !outcome->limit_count)
		return 2;
	for (size_t i = 0; i < outcome->limit_count; i++)
		if (outcome->limits[i].fate == SP_FATE_ACCEPT)
			return 1;
	return outcome->fate == SP_FATE_ACCEPT;
}

/* New connections a day that the limits let through, then bursts. */
static uint64_t allowance(const struct sp_decision *outcome)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < outcome->limit_count; i++) {
		const struct sp_limit *limit = &outcome->limits[i];

		if (limit->fate == SP_FATE_ACCEPT && limit->rate.seconds)
			sum += (uint64_t)limit->rate.count * 86400 / limit->rate.seconds *
				   1024 +
			       limit->rate.burst;
	}
	return sum;
}

static enum sp_effect effect_in(
    const struct sp_decision *old, const struct sp_decision *new)
{
	int before = acceptance(old), after = acceptance(new);

	if (!before && after)
		return SP_EFFECT_OPENS;
	if (before && !after)
		return SP_EFFECT_CLOSES;
	if (before != after)
		return after > before ? SP_EFFECT_LOOSENS : SP_EFFECT_TIGHTENS;
	if (before == 1 && allowance(old) != allowance(new))
		return allowance(new) > allowance(old) ? SP_EFFECT_LOOSENS
						       : SP_EFFECT_TIGHTENS;
	return SP_EFFECT_CHANGES;
}

/* A lease stands or not: what is worse to overlook counts. Closing while no lease
 * stands is what asking for one means. */
static void judge_effect(
    const struct sp_survey *survey, const struct sp_quad *quad, struct sp_region *region)
{
	bool found = false;

	for (size_t state = SP_STATES; state-- > 0;) {
		enum sp_effect effect;

		if (sp_pool_alike(survey->pool, quad->outcome[SP_OLD][state],
			quad->outcome[SP_NEW][state]))
			continue;
		effect = effect_in(
		    region->outcomes[SP_OLD][state], region->outcomes[SP_NEW][state]);
		if (effect == SP_EFFECT_CLOSES &&
		    acceptance(region->outcomes[SP_NEW][SP_VERIFIED]))
			effect = SP_EFFECT_TIGHTENS;
		if (!found || effect < region->effect) {
			region->effect = effect;
			region->witness_state = (unsigned)state;
		}
		found = true;
	}
}

/* --- witnesses ----------------------------------------------------------- */

/* Addresses that documentation uses (RFC 5737, RFC 3849) are understood to be
 * somebody's; otherwise the first one, or behind a prefix's own address. */
static struct sp_address some_address(const struct sp_intervals *addresses, size_t skip)
{
	static const struct sp_address usual[] = {
		{ SP_IPV4, 0, 0xcb007101 },		      /* 203.0.113.1 */
		{ SP_IPV4, 0, 0xc6336401 },		      /* 198.51.100.1 */
		{ SP_IPV6, UINT64_C(0x20010db800000000), 1 }, /* 2001:db8::1 */
	};
	struct sp_range range;
	struct sp_address next;

	for (size_t i = skip; i < sizeof(usual) / sizeof(*usual); i++)
		if (sp_intervals_contain(addresses, &usual[i]))
			return usual[i];
	range = sp_intervals_at(addresses, 0);
	if (sp_address_next(&range.first, &next) &&
	    sp_address_compare(&next, &range.last) < 0)
		return next;
	return range.first;
}

static void find_witness(const struct sp_draft *draft, struct sp_region *region)
{
	struct sp_packet *witness = &region->witness;
	struct sp_intervals half = region->destinations;

	witness->protocol = region->protocol;
	/* Port 0 is in the space, and nobody's example. */
	witness->port = region->ports[0].first;
	if (!witness->port && region->ports[0].last)
		witness->port = 1;
	witness->source = some_address(&region->sources, 0);
	if (witness->source.family == SP_IPV4)
		half.v6.length = 0;
	else
		half.v4.length = 0;
	witness->any_destination = region->any_destination;
	witness->destination = witness->any_destination ? sp_intervals_at(&half, 0).first
							: some_address(&half, 1);
	if (!region->interfaces->any || region->interfaces->except_count)
		memcpy(witness->interface, draft->witness_interface,
		    sizeof(witness->interface));
}

/* --- regions ------------------------------------------------------------- */

static bool is_whole(const struct sp_region *region)
{
	const struct sp_intervals *to = &region->destinations;
	bool v4 = to->v4.length == 1 && to->v4.items[0].first == 0 &&
		  to->v4.items[0].last == UINT32_MAX;
	bool v6 = to->v6.length == 1 && !to->v6.items[0].first_high &&
		  !to->v6.items[0].first_low && to->v6.items[0].last_high == UINT64_MAX &&
		  to->v6.items[0].last_low == UINT64_MAX;

	return (v4 || !region->sources.v4.length) && (v6 || !region->sources.v6.length);
}

/* Borrows the pool's halves. */
static struct sp_intervals view(
    const struct sp_space_pool *pool, const uint32_t halves[2])
{
	struct sp_intervals both = { 0 };

	both.v4.items = pool->sets.items[halves[0]].v4.items;
	both.v4.length = pool->sets.items[halves[0]].v4.length;
	both.v6.items = pool->sets.items[halves[1]].v6.items;
	both.v6.length = pool->sets.items[halves[1]].v6.length;
	return both;
}

static bool add_region(struct sp_survey *survey, const struct sp_draft *run,
    size_t length, const struct sp_port_list *ports, struct sp_space *ret)
{
	struct sp_space_pool *pool = survey->pool;
	struct sp_region region = { .protocol = run->protocol };
	struct sp_port_list list = { 0 };

	if (!unite_ports(run, length, ports, &list) ||
	    !sp_array_push(&pool->ports, list)) {
		sp_array_free(&list);
		return false;
	}
	region.ports = list.items;
	region.port_count = list.length;
	region.interfaces = pool->interfaces.items[run->interfaces];
	region.sources = view(pool, run->sources);
	region.destinations = view(pool, run->destinations);
	region.any_destination = is_whole(&region);
	for (size_t side = 0; side < SP_SIDES; side++)
		for (size_t state = 0; state < SP_STATES; state++)
			region.outcomes[side][state] =
			    pool->outcomes.items[run->quad.outcome[side][state]];
	if (survey->side_count == SP_SIDES)
		judge_effect(survey, &run->quad, &region);
	find_witness(run, &region);
	return sp_array_push(&ret->regions, region);
}

static int compare_regions(const void *left, const void *right)
{
	const struct sp_region *a = left, *b = right;
	int order;

	if (a->effect != b->effect)
		return a->effect < b->effect ? -1 : 1;
	if (a->ports[0].first != b->ports[0].first)
		return a->ports[0].first < b->ports[0].first ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	order = sp_address_compare(&a->witness.source, &b->witness.source);
	order =
	    order ? order
		  : sp_address_compare(&a->witness.destination, &b->witness.destination);
	return order ? order : strcmp(a->witness.interface, b->witness.interface);
}

bool sp_regions_make(struct sp_survey *survey, struct sp_drafts *drafts,
    const struct sp_port_list *ports, struct sp_space *ret)
{
	if (drafts->length)
		qsort(drafts->items, drafts->length, sizeof(*drafts->items),
		    compare_drafts);
	for (size_t at = 0; at < drafts->length;) {
		size_t end = at + 1;

		while (end < drafts->length &&
		       !compare_drafts(&drafts->items[at], &drafts->items[end]))
			end++;
		if (!add_region(survey, &drafts->items[at], end - at, ports, ret))
			return false;
		at = end;
	}
	if (ret->regions.length)
		qsort(ret->regions.items, ret->regions.length,
		    sizeof(*ret->regions.items), compare_regions);
	return true;
}
