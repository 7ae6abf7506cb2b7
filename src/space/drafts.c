#include "regions.h"

#include <stdlib.h>
#include <string.h>

/* Cells that are equal up to a dimension stand together once sorted by all
 * others: then that dimension is united. */

struct part {
	struct sp_quad quad;
	enum sp_family family;
	uint32_t sources, interface, destination; /* a class, then a number */
};

struct parts {
	struct part *items;
	size_t length, capacity;
};

static int by_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_before_destination(const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	int order = memcmp(&a->quad, &b->quad, sizeof(a->quad));

	order = order ? order : by_number(a->family, b->family);
	order = order ? order : by_number(a->sources, b->sources);
	return order ? order : by_number(a->interface, b->interface);
}

static int compare_before_interface(const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	int order = memcmp(&a->quad, &b->quad, sizeof(a->quad));

	order = order ? order : by_number(a->family, b->family);
	order = order ? order : by_number(a->sources, b->sources);
	return order ? order : by_number(a->destination, b->destination);
}

typedef int comparison(const void *left, const void *right);

static size_t run_length(const struct parts *parts, size_t at, comparison *compare)
{
	size_t end = at + 1;

	while (end < parts->length && !compare(&parts->items[at], &parts->items[end]))
		end++;
	return end - at;
}

static void sort_parts(struct parts *parts, comparison *compare)
{
	if (parts->length)
		qsort(parts->items, parts->length, sizeof(*parts->items), compare);
}

/* The union of a run's destination classes, as one set. */
static uint32_t unite_destinations(const struct sp_survey *survey,
    const struct sp_cell_group *group, const struct part *run, size_t length)
{
	struct sp_intervals all = { 0 };

	for (size_t i = 0; i < length; i++) {
		uint32_t set = group->places.destinations.items[run[i].destination].set;

		if (!sp_intervals_add_all(&all, &survey->pool->sets.items[set])) {
			sp_intervals_free(&all);
			return SP_NOWHERE;
		}
	}
	sp_intervals_normalize(&all);
	return sp_pool_set(survey->pool, &all);
}

static bool merge_destinations(const struct sp_survey *survey,
    const struct sp_cell_group *group, struct parts *parts)
{
	size_t kept = 0;

	sort_parts(parts, compare_before_destination);
	for (size_t at = 0; at < parts->length;) {
		size_t length = run_length(parts, at, compare_before_destination);
		struct part merged = parts->items[at];

		merged.destination =
		    unite_destinations(survey, group, &parts->items[at], length);
		if (merged.destination == SP_NOWHERE)
			return false;
		parts->items[kept++] = merged;
		at += length;
	}
	parts->length = kept;
	return true;
}

/* A run's interface classes as patterns; the loopback is a region of its own. */
static bool draft_run(const struct sp_survey *survey, const struct sp_cell_group *group,
    const struct part *run, size_t length, bool loopback, struct sp_draft *draft)
{
	const struct sp_places *places = &group->places;
	bool *marked = calloc(places->interfaces.length, sizeof(*marked));
	struct sp_interfaces interfaces = { 0 };
	bool any = false, done = marked != NULL;

	for (size_t i = 0; i < length && done; i++) {
		const struct sp_interface_class *class =
		    &places->interfaces.items[run[i].interface];

		if (class->loopback != loopback)
			continue;
		marked[run[i].interface] = true;
		if (!any)
			memcpy(draft->witness_interface, class->witness,
			    sizeof(draft->witness_interface));
		any = true;
	}
	draft->interfaces = SP_NOWHERE;
	if (any && loopback) {
		interfaces.names = calloc(1, sizeof(char *));
		done = interfaces.names && (interfaces.names[0] = strdup("lo"));
		interfaces.name_count = done;
	} else if (any) {
		done = sp_places_interfaces(places, marked, &interfaces);
	}
	if (any && done)
		draft->interfaces = sp_pool_interfaces(survey->pool, &interfaces);
	else
		sp_interfaces_free(&interfaces);
	done = done && (!any || draft->interfaces != SP_NOWHERE);
	free(marked);
	return done;
}

static bool merge_interfaces(const struct sp_survey *survey,
    const struct sp_cell_group *group, struct parts *parts, uint32_t number,
    struct sp_drafts *ret)
{
	sort_parts(parts, compare_before_interface);
	for (size_t at = 0; at < parts->length;) {
		size_t length = run_length(parts, at, compare_before_interface);
		const struct part *part = &parts->items[at];
		size_t half = part->family == SP_IPV4 ? 0 : 1;

		for (int loopback = 0; loopback < 2; loopback++) {
			struct sp_draft draft = { .protocol = group->protocol,
				.quad = part->quad,
				.group = number };

			draft.sources[half] = part->sources;
			draft.destinations[half] = part->destination;
			if (!draft_run(survey, group, part, length, loopback, &draft))
				return false;
			if (draft.interfaces != SP_NOWHERE && !sp_array_push(ret, draft))
				return false;
		}
		at += length;
	}
	return true;
}

/* Same fates by the same interfaces, of one family each. */
static bool are_halves(const struct sp_draft *a, const struct sp_draft *b)
{
	return a->interfaces == b->interfaces &&
	       !memcmp(&a->quad, &b->quad, sizeof(a->quad)) && !a->sources[0] &&
	       !b->sources[1];
}

static void join_halves(struct sp_draft *one, const struct sp_draft *two)
{
	for (size_t half = 0; half < 2; half++)
		if (!one->sources[half]) {
			one->sources[half] = two->sources[half];
			one->destinations[half] = two->destinations[half];
		}
}

/* A packet has one family, so that two halves make one region whatever they
 * are. */
static void merge_families(struct sp_drafts *drafts, size_t from)
{
	for (size_t i = from; i < drafts->length; i++) {
		struct sp_draft *one = &drafts->items[i];

		for (size_t j = i + 1; j < drafts->length; j++) {
			struct sp_draft *two = &drafts->items[j];

			if (!are_halves(one, two) && !are_halves(two, one))
				continue;
			join_halves(one, two);
			drafts->items[j] = drafts->items[--drafts->length];
			break;
		}
	}
}

bool sp_drafts_add(struct sp_survey *survey, struct sp_cell_group *group, uint32_t number,
    struct sp_drafts *ret)
{
	struct parts parts = { 0 };
	size_t from = ret->length;
	bool done = true;

	for (size_t i = 0; i < group->cells.length && done; i++) {
		const struct sp_cell *cell = &group->cells.items[i];

		done = sp_array_push(
		    &parts, (struct part){ cell->quad, cell->family, cell->sources,
				cell->interface, cell->destination });
	}
	done = done && merge_destinations(survey, group, &parts) &&
	       merge_interfaces(survey, group, &parts, number, ret);
	if (done)
		merge_families(ret, from);
	sp_array_free(&parts);
	return done;
}
