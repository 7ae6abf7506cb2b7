#include "pool.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/number.h>

struct sp_space_pool *sp_pool_new(void)
{
	struct sp_space_pool *pool = calloc(1, sizeof(*pool));
	struct sp_intervals empty = { 0 };

	if (pool && sp_pool_set(pool, &empty) != 0) {
		sp_pool_free(pool);
		pool = NULL;
	}
	return pool;
}

static void outcome_free(struct sp_decision *outcome)
{
	if (!outcome)
		return;
	free(outcome->name);
	free(outcome->limits);
	free(outcome);
}

void sp_interfaces_free(struct sp_interfaces *interfaces)
{
	for (size_t i = 0; i < interfaces->name_count; i++)
		free(interfaces->names[i]);
	for (size_t i = 0; i < interfaces->except_count; i++)
		free(interfaces->except[i]);
	free(interfaces->names);
	free(interfaces->except);
	*interfaces = (struct sp_interfaces){ 0 };
}

void sp_pool_free(struct sp_space_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->sets.length; i++)
		sp_intervals_free(&pool->sets.items[i]);
	for (size_t i = 0; i < pool->outcomes.length; i++)
		outcome_free(pool->outcomes.items[i]);
	for (size_t i = 0; i < pool->interfaces.length; i++) {
		sp_interfaces_free(pool->interfaces.items[i]);
		free(pool->interfaces.items[i]);
	}
	for (size_t i = 0; i < pool->ports.length; i++)
		sp_array_free(&pool->ports.items[i]);
	sp_array_free(&pool->sets);
	sp_array_free(&pool->outcomes);
	sp_array_free(&pool->interfaces);
	sp_array_free(&pool->ports);
	sp_index_free(&pool->set_index);
	sp_index_free(&pool->outcome_index);
	free(pool);
}

/* --- sets ---------------------------------------------------------------- */

static uint64_t hash_set(const struct sp_intervals *set)
{
	uint64_t hash = sp_hash_word(SP_HASH_START, set->v4.length);

	for (size_t i = 0; i < set->v4.length; i++)
		hash = sp_hash_word(
		    hash, (uint64_t)set->v4.items[i].first << 32 | set->v4.items[i].last);
	for (size_t i = 0; i < set->v6.length; i++) {
		const struct sp_interval6 *item = &set->v6.items[i];

		hash = sp_hash_word(hash, item->first_high);
		hash = sp_hash_word(hash, item->first_low);
		hash = sp_hash_word(hash, item->last_high);
		hash = sp_hash_word(hash, item->last_low);
	}
	return hash;
}

static bool same_set(const void *context, uint32_t number, const void *wanted)
{
	const struct sp_space_pool *pool = context;

	return sp_intervals_equal(&pool->sets.items[number], wanted);
}

uint32_t sp_pool_set(struct sp_space_pool *pool, struct sp_intervals *taken)
{
	uint64_t hash = hash_set(taken);
	uint32_t number = sp_index_find(&pool->set_index, hash, same_set, pool, taken);

	if (number == SP_NOWHERE && sp_array_reserve(&pool->sets, 1) &&
	    sp_index_add(&pool->set_index, hash, (uint32_t)pool->sets.length)) {
		number = (uint32_t)pool->sets.length;
		pool->sets.items[pool->sets.length++] = *taken;
	} else {
		sp_intervals_free(taken);
	}
	*taken = (struct sp_intervals){ 0 };
	return number;
}

/* --- outcomes ------------------------------------------------------------ */

static bool same_limits(const struct sp_decision *a, const struct sp_decision *b)
{
	if (a->limit_count != b->limit_count)
		return false;
	for (size_t i = 0; i < a->limit_count; i++) {
		const struct sp_limit *x = &a->limits[i], *y = &b->limits[i];

		if (x->fate != y->fate || x->rate.count != y->rate.count ||
		    x->rate.seconds != y->rate.seconds || x->rate.burst != y->rate.burst)
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_outcome(const void *context, uint32_t number, const void *wanted)
{
	const struct sp_space_pool *pool = context;
	const struct sp_decision *a = pool->outcomes.items[number], *b = wanted;

	return a->fate == b->fate && a->decider == b->decider && a->gated == b->gated &&
	       a->at.line == b->at.line && a->at.column == b->at.column &&
	       same_text(a->at.file, b->at.file) && same_text(a->name, b->name) &&
	       same_limits(a, b);
}

static bool treat_alike(const struct sp_decision *a, const struct sp_decision *b)
{
	if (a->decider == SP_DECIDER_DEFAULT && b->decider == SP_DECIDER_DEFAULT &&
	    a->fate != SP_FATE_ACCEPT && b->fate != SP_FATE_ACCEPT)
		return true;
	return a->fate == b->fate && same_limits(a, b) &&
	       (a->decider == SP_DECIDER_PASS) == (b->decider == SP_DECIDER_PASS);
}

static uint64_t hash_outcome(const struct sp_decision *outcome)
{
	uint64_t hash = sp_hash_text(SP_HASH_START, outcome->name);

	hash = sp_hash_word(hash, outcome->at.line);
	hash = sp_hash_word(hash, outcome->fate);
	hash = sp_hash_word(hash, outcome->decider);
	return sp_hash_word(hash, outcome->limit_count);
}

static struct sp_decision *copy_outcome(const struct sp_decision *from)
{
	struct sp_decision *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *from;
	copy->name = from->name ? strdup(from->name) : NULL;
	copy->limits = NULL;
	if (from->limit_count)
		copy->limits = malloc(from->limit_count * sizeof(*copy->limits));
	if ((from->name && !copy->name) || (from->limit_count && !copy->limits)) {
		outcome_free(copy);
		return NULL;
	}
	if (from->limit_count)
		memcpy(copy->limits, from->limits,
		    from->limit_count * sizeof(*copy->limits));
	return copy;
}

uint32_t sp_pool_outcome(struct sp_space_pool *pool, const struct sp_decision *outcome)
{
	uint64_t hash = hash_outcome(outcome);
	uint32_t number =
	    sp_index_find(&pool->outcome_index, hash, same_outcome, pool, outcome);
	struct sp_decision *copy;

	if (number != SP_NOWHERE)
		return number;
	copy = copy_outcome(outcome);
	number = (uint32_t)pool->outcomes.length;
	if (!copy || !sp_array_reserve(&pool->outcomes, 1) ||
	    !sp_index_add(&pool->outcome_index, hash, number)) {
		outcome_free(copy);
		return SP_NOWHERE;
	}
	pool->outcomes.items[pool->outcomes.length++] = copy;
	return number;
}

bool sp_pool_alike(const struct sp_space_pool *pool, uint32_t a, uint32_t b)
{
	return a == b || treat_alike(pool->outcomes.items[a], pool->outcomes.items[b]);
}

/* --- interfaces ---------------------------------------------------------- */

static bool same_names(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i], b[i]))
			return false;
	return true;
}

static bool same_interfaces(const struct sp_interfaces *a, const struct sp_interfaces *b)
{
	return a->any == b->any &&
	       same_names(a->names, a->name_count, b->names, b->name_count) &&
	       same_names(a->except, a->except_count, b->except, b->except_count);
}

/* A policy names few interfaces: a list will do. */
uint32_t sp_pool_interfaces(struct sp_space_pool *pool, struct sp_interfaces *taken)
{
	struct sp_interfaces *kept;

	for (size_t i = 0; i < pool->interfaces.length; i++)
		if (same_interfaces(pool->interfaces.items[i], taken)) {
			sp_interfaces_free(taken);
			return (uint32_t)i;
		}
	kept = malloc(sizeof(*kept));
	if (!kept || !sp_array_push(&pool->interfaces, kept)) {
		free(kept);
		sp_interfaces_free(taken);
		return SP_NOWHERE;
	}
	*kept = *taken;
	*taken = (struct sp_interfaces){ 0 };
	return (uint32_t)(pool->interfaces.length - 1);
}

/* --- algebra of halves --------------------------------------------------- */

bool sp_half_intersect(const struct sp_intervals *a, const struct sp_intervals *b,
    enum sp_family family, struct sp_intervals *ret)
{
	size_t at = 0;

	if (sp_half_count(a, family) > sp_half_count(b, family)) {
		const struct sp_intervals *swapped = a;

		a = b;
		b = swapped;
	}
	for (size_t i = 0; i < sp_half_count(a, family); i++) {
		sp_number first = sp_half_first(a, family, i);
		sp_number last = sp_half_last(a, family, i);

		at = sp_half_search(b, family, at, first);
		for (size_t j = at; j < sp_half_count(b, family); j++) {
			sp_number from = sp_half_first(b, family, j);
			sp_number to = sp_half_last(b, family, j);

			if (from > last)
				break;
			if (!sp_half_add(ret, family, from > first ? from : first,
				to < last ? to : last))
				return false;
		}
	}
	return true;
}

bool sp_half_subtract(const struct sp_intervals *a, const struct sp_intervals *b,
    enum sp_family family, struct sp_intervals *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < sp_half_count(a, family); i++) {
		sp_number first = sp_half_first(a, family, i);
		sp_number last = sp_half_last(a, family, i);
		bool left = true;

		at = sp_half_search(b, family, at, first);
		for (size_t j = at; j < sp_half_count(b, family) && left; j++) {
			sp_number from = sp_half_first(b, family, j);
			sp_number to = sp_half_last(b, family, j);

			if (from > last)
				break;
			if (from > first && !sp_half_add(ret, family, first, from - 1))
				return false;
			left = to < last;
			first = to + 1;
		}
		if (left && !sp_half_add(ret, family, first, last))
			return false;
	}
	return true;
}
