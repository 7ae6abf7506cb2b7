#include "places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "sweep.h"

#define LOOPBACK "lo"
#define WORD 64

/* --- interfaces ---------------------------------------------------------- */

static bool is_wild(const char *pattern)
{
	size_t length = strlen(pattern);

	return length && pattern[length - 1] == '*';
}

static bool known(const struct sp_places *places, const char *pattern)
{
	for (size_t i = 1; i < places->interfaces.length; i++)
		if (!strcmp(places->interfaces.items[i].pattern, pattern))
			return true;
	return false;
}

/* Is every name of the second pattern one of the first's? */
static bool is_wider(const char *outer, const char *inner)
{
	size_t length = strlen(outer) - 1;

	return is_wild(outer) && strcmp(outer, inner) && !strncmp(outer, inner, length);
}

/* The narrowest class that the name belongs to. */
static size_t class_of(const struct sp_places *places, const char *name)
{
	size_t best = 0, longest = 0;

	for (size_t i = 1; i < places->interfaces.length; i++) {
		const char *pattern = places->interfaces.items[i].pattern;
		size_t length = strlen(pattern) + !is_wild(pattern);

		if (sp_pattern_matches(pattern, name) && length > longest) {
			best = i;
			longest = length;
		}
	}
	return best;
}

static bool try_witness(
    struct sp_places *places, size_t class, const char *stem, const char *tail)
{
	char name[2 * SP_MAX_INTERFACE_NAME];

	snprintf(name, sizeof(name), "%.*s%s", SP_MAX_INTERFACE_NAME, stem, tail);
	if (!*name || strlen(name) > SP_MAX_INTERFACE_NAME ||
	    class_of(places, name) != class)
		return false;
	strcpy(places->interfaces.items[class].witness, name);
	return true;
}

/* A name that only this class has; none if narrower ones take them all. */
static void find_witness(struct sp_places *places, size_t class)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	static const char *const usual[] = { "eth", "ens", "wlan", "wg", "x" };
	const char *pattern = places->interfaces.items[class].pattern;
	size_t stems = pattern ? 1 : sizeof(usual) / sizeof(*usual);

	if (pattern && !is_wild(pattern)) {
		try_witness(places, class, pattern, "");
		return;
	}
	for (size_t s = 0; s < stems; s++) {
		char stem[SP_MAX_INTERFACE_NAME + 1];

		snprintf(stem, sizeof(stem), "%.*s",
		    pattern ? (int)strlen(pattern) - 1 : SP_MAX_INTERFACE_NAME,
		    pattern ? pattern : usual[s]);
		for (size_t i = 0; digits[i]; i++)
			if (try_witness(places, class, stem, (char[]){ digits[i], '\0' }))
				return;
		for (size_t i = 0; digits[i]; i++)
			for (size_t j = 0; digits[j]; j++)
				if (try_witness(places, class, stem,
					(char[]){ digits[i], digits[j], '\0' }))
					return;
		if (try_witness(places, class, stem, ""))
			return;
	}
}

static bool collect_interfaces(
    struct sp_places *places, const struct sp_steps *const sides[SP_SIDES])
{
	struct sp_interface_class other = { 0 },
				  loopback = { .pattern = LOOPBACK, .loopback = true };

	if (!sp_array_push(&places->interfaces, other) ||
	    !sp_array_push(&places->interfaces, loopback))
		return false;
	for (size_t side = 0; side < SP_SIDES; side++)
		for (size_t i = 0; sides[side] && i < sides[side]->length; i++) {
			struct sp_interface_class class = {
				.pattern = sides[side]->items[i].interface
			};

			if (class.pattern && !known(places, class.pattern) &&
			    !sp_array_push(&places->interfaces, class))
				return false;
		}
	return true;
}

static void link_interfaces(struct sp_places *places)
{
	for (size_t i = 0; i < places->interfaces.length; i++)
		find_witness(places, i);
	for (size_t i = 1; i < places->interfaces.length; i++) {
		struct sp_interface_class *class = &places->interfaces.items[i];
		size_t longest = 0;

		for (size_t o = 1; o < places->interfaces.length; o++) {
			const char *outer = places->interfaces.items[o].pattern;

			if (is_wider(outer, class->pattern) && strlen(outer) > longest) {
				class->parent = o;
				longest = strlen(outer);
			}
		}
	}
}

static bool add_pattern(char ***list, size_t *count, const char *pattern)
{
	char **grown = realloc(*list, (*count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	*list = grown;
	grown[*count] = strdup(pattern);
	return grown[*count] && ++*count;
}

static int compare_patterns(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* A class without a name of its own says what its parent says. */
static bool is_marked(const struct sp_places *places, const bool *marked, size_t class)
{
	while (class && (!places->interfaces.items[class].witness[0] ||
			    places->interfaces.items[class].loopback))
		class = places->interfaces.items[class].parent;
	return marked[class];
}

bool sp_places_interfaces(
    const struct sp_places *places, const bool *marked, struct sp_interfaces *ret)
{
	*ret = (struct sp_interfaces){ .any = marked[0] };
	for (size_t i = 1; i < places->interfaces.length; i++) {
		const struct sp_interface_class *class = &places->interfaces.items[i];
		bool mine = is_marked(places, marked, i);
		bool fine = true;

		if (mine == is_marked(places, marked, class->parent))
			continue;
		if (mine)
			fine = add_pattern(&ret->names, &ret->name_count, class->pattern);
		else
			fine =
			    add_pattern(&ret->except, &ret->except_count, class->pattern);
		if (!fine) {
			sp_interfaces_free(ret);
			return false;
		}
	}
	if (ret->name_count)
		qsort(ret->names, ret->name_count, sizeof(char *), compare_patterns);
	if (ret->except_count)
		qsort(ret->except, ret->except_count, sizeof(char *), compare_patterns);
	return true;
}

/* --- destinations -------------------------------------------------------- */

struct gathering {
	struct sp_places *places;
	size_t words;
	SP_ARRAY(struct sp_intervals) sets; /* beside places->destinations */
};

static struct sp_destination_class *class_with(
    struct gathering *gathering, const uint64_t *mark, enum sp_family family)
{
	struct sp_places *places = gathering->places;
	size_t bytes = gathering->words * sizeof(*mark);
	struct sp_destination_class class = { .witness.family = family };

	for (size_t i = 0; i < places->destinations.length; i++)
		if (places->destinations.items[i].witness.family == family &&
		    !memcmp(places->destinations.items[i].mark, mark, bytes))
			return &places->destinations.items[i];
	class.mark = malloc(bytes);
	if (!class.mark || !sp_array_push(&gathering->sets, (struct sp_intervals){ 0 }) ||
	    !sp_array_push(&places->destinations, class)) {
		free(class.mark);
		return NULL;
	}
	memcpy(class.mark, mark, bytes);
	return &places->destinations.items[places->destinations.length - 1];
}

static bool gather_piece(struct sp_sweep *sweep, sp_number first, sp_number last)
{
	struct gathering *gathering = sweep->context;
	struct sp_destination_class *class =
	    class_with(gathering, sweep->active[0], sweep->family);
	struct sp_intervals *set;

	if (!class)
		return false;
	set = &gathering->sets.items[class - gathering->places->destinations.items];
	if (sp_intervals_is_empty(set))
		class->witness = sp_number_address(sweep->family, first);
	return sp_half_append(set, sweep->family, first, last);
}

static bool is_new(const struct sp_steps *steps, const struct sp_intervals *destinations)
{
	for (size_t i = 0; i < steps->length; i++)
		if (sp_intervals_equal(steps->items[i].sources, destinations))
			return false;
	return true;
}

/* Each list of destinations once, as the "sources" of a walk. */
static bool collect_destinations(
    const struct sp_steps *const sides[SP_SIDES], struct sp_steps *ret)
{
	for (size_t side = 0; side < SP_SIDES; side++)
		for (size_t i = 0; sides[side] && i < sides[side]->length; i++) {
			struct sp_step step = { .sources =
						    sides[side]->items[i].destinations };

			if (step.sources && is_new(ret, step.sources) &&
			    !sp_array_push(ret, step))
				return false;
		}
	return true;
}

static bool gather_destinations(struct gathering *gathering, const struct sp_steps *steps)
{
	for (int family = SP_IPV4; family <= SP_IPV6; family += 2) {
		struct sp_sweep sweep = { .family = (enum sp_family)family,
			.last = sp_number_last((enum sp_family)family),
			.sides = { steps, NULL },
			.piece = gather_piece,
			.context = gathering };

		if (!sp_sweep_run(&sweep))
			return false;
	}
	return true;
}

static bool make_destinations(struct sp_places *places, struct sp_space_pool *pool,
    const struct sp_steps *const sides[SP_SIDES])
{
	struct sp_steps steps = { 0 };
	struct gathering gathering = { .places = places };
	bool done = collect_destinations(sides, &steps);

	gathering.words = steps.length / WORD + 1;
	done = done && gather_destinations(&gathering, &steps);
	for (size_t i = 0; i < gathering.sets.length; i++)
		if (done && i < places->destinations.length) {
			places->destinations.items[i].set =
			    sp_pool_set(pool, &gathering.sets.items[i]);
			done = places->destinations.items[i].set != SP_NOWHERE;
		} else {
			sp_intervals_free(&gathering.sets.items[i]);
		}
	sp_array_free(&gathering.sets);
	sp_array_free(&steps);
	return done;
}

bool sp_places_make(const struct sp_steps *const sides[SP_SIDES],
    struct sp_space_pool *pool, struct sp_places *ret)
{
	*ret = (struct sp_places){ 0 };
	if (!collect_interfaces(ret, sides))
		return false;
	link_interfaces(ret);
	return make_destinations(ret, pool, sides);
}

void sp_places_free(struct sp_places *places)
{
	for (size_t i = 0; i < places->destinations.length; i++)
		free(places->destinations.items[i].mark);
	sp_array_free(&places->interfaces);
	sp_array_free(&places->destinations);
}
