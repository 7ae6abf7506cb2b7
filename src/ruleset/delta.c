/* Held against wanted. The order of changes is the order in which the kernel
 * takes them: what nothing refers to yet comes first, nothing is removed while
 * something still refers to it, nothing refers to what is not there yet. */
#include <sallyport/delta.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

#include "delta_making.h"

/* How long a first load lets running connections pass; milliseconds. */
#define GRACE_MS 30000

/* ---- finding by name: both sides sorted once, then walked together ---- */

enum kind { COUNTERS, SETS, CHAINS };

struct named {
	const char *name;
	const void *object;
};

struct pairing {
	struct named *wanted, *held;
	size_t wanted_count, held_count;
};

static int compare_named(const void *left, const void *right)
{
	return strcmp(
	    ((const struct named *)left)->name, ((const struct named *)right)->name);
}

static size_t object_count(const struct sp_ruleset *ruleset, enum kind kind)
{
	if (!ruleset)
		return 0;
	switch (kind) {
	case COUNTERS: return ruleset->counters.length;
	case SETS: return ruleset->sets.length;
	case CHAINS: return ruleset->chains.length;
	}
	return 0;
}

static struct named object_at(const struct sp_ruleset *ruleset, enum kind kind, size_t i)
{
	switch (kind) {
	case COUNTERS:
		return (struct named){ ruleset->counters.items[i].name,
			&ruleset->counters.items[i] };
	case SETS:
		return (
		    struct named){ ruleset->sets.items[i].name, &ruleset->sets.items[i] };
	case CHAINS: break;
	}
	return (struct named){ ruleset->chains.items[i].name, &ruleset->chains.items[i] };
}

static struct named *sorted_names(
    const struct sp_ruleset *ruleset, enum kind kind, size_t *ret_count)
{
	size_t count = object_count(ruleset, kind);
	struct named *names = calloc(count + 1, sizeof(*names));

	*ret_count = count;
	for (size_t i = 0; names && i < count; i++)
		names[i] = object_at(ruleset, kind, i);
	if (names && count)
		qsort(names, count, sizeof(*names), compare_named);
	return names;
}

static void pairing_free(struct pairing *pairing)
{
	free(pairing->wanted);
	free(pairing->held);
	pairing->wanted = pairing->held = NULL;
}

static bool pairing_make(struct sp_making *making, enum kind kind, struct pairing *ret)
{
	ret->wanted = sorted_names(making->wanted, kind, &ret->wanted_count);
	ret->held = sorted_names(making->held, kind, &ret->held_count);
	if (ret->wanted && ret->held)
		return true;
	pairing_free(ret);
	making->failed = true;
	return false;
}

static const void *find(const struct named *names, size_t count, const char *name)
{
	struct named key = { .name = name };
	const struct named *found =
	    count ? bsearch(&key, names, count, sizeof(*names), compare_named) : NULL;

	return found ? found->object : NULL;
}

static const void *partner(const struct pairing *pairing, const char *name, bool held)
{
	return held ? find(pairing->held, pairing->held_count, name)
		    : find(pairing->wanted, pairing->wanted_count, name);
}

struct sp_change *sp_making_add(
    struct sp_making *making, enum sp_change_kind kind, const char *name)
{
	struct sp_change *added;

	if (making->failed || !sp_array_reserve(&making->delta->changes, 1)) {
		making->failed = true;
		return NULL;
	}
	added = &making->delta->changes.items[making->delta->changes.length++];
	*added = (struct sp_change){ .kind = kind, .name = name };
	return added;
}

/* ---- counters and chains ---- */

static void add_counters(struct sp_making *making, const struct pairing *counters)
{
	for (size_t i = 0; i < making->wanted->counters.length; i++) {
		const char *name = making->wanted->counters.items[i].name;

		if (!partner(counters, name, true))
			sp_making_add(making, SP_CHANGE_ADD_COUNTER, name);
	}
}

static void delete_counters(struct sp_making *making, const struct pairing *counters)
{
	for (size_t i = 0; i < counters->held_count; i++)
		if (!partner(counters, counters->held[i].name, false))
			sp_making_add(
			    making, SP_CHANGE_DELETE_COUNTER, counters->held[i].name);
}

static bool same_frame(const struct sp_chain *a, const struct sp_chain *b)
{
	return !a->foreign && !b->foreign && a->base == b->base && a->drop == b->drop;
}

static bool same_rules(const struct sp_chain *a, const struct sp_chain *b)
{
	if (a->rules.length != b->rules.length)
		return false;
	for (size_t i = 0; i < a->rules.length; i++)
		if (!sp_rule_equal(&a->rules.items[i], &b->rules.items[i]))
			return false;
	return true;
}

static void add_chain(struct sp_making *making, const struct sp_chain *chain)
{
	struct sp_change *added = sp_making_add(making, SP_CHANGE_ADD_CHAIN, chain->name);

	if (added)
		added->chain = chain;
}

/* In the policy's order, so that a listing reads like it. */
static void add_chains(struct sp_making *making, const struct pairing *chains, bool base)
{
	for (size_t i = 0; i < making->wanted->chains.length; i++) {
		const struct sp_chain *chain = &making->wanted->chains.items[i];

		if (chain->base == base && !partner(chains, chain->name, true))
			add_chain(making, chain);
	}
}

/* Does a rule of the chain name a set that will be made anew? */
static bool names_any(
    const struct sp_chain *chain, const struct named *sets, size_t count)
{
	for (size_t r = 0; r < chain->rules.length; r++) {
		const struct sp_rule *rule = &chain->rules.items[r];

		if (rule->foreign && count)
			return true;
		for (size_t s = 0; s < rule->statements.length; s++) {
			const struct sp_statement *statement = &rule->statements.items[s];

			if (statement->operand == SP_OPERAND_SET &&
			    find(sets, count, statement->name))
				return true;
		}
	}
	return false;
}

/* The chain's rules as they are now have to go: it vanishes, it differs, or it
 * refers to a set that is made anew. */
static bool must_flush(const struct sp_chain *held, const struct sp_chain *wanted,
    const struct named *renewed, size_t renewed_count)
{
	return !wanted || !same_frame(held, wanted) || !same_rules(held, wanted) ||
	       names_any(held, renewed, renewed_count);
}

static void flush_chains(struct sp_making *making, const struct pairing *chains,
    const struct named *renewed, size_t renewed_count)
{
	for (size_t i = 0; i < chains->held_count; i++) {
		const struct sp_chain *held = chains->held[i].object;
		const struct sp_chain *wanted = partner(chains, held->name, false);

		if (held->rules.length &&
		    must_flush(held, wanted, renewed, renewed_count))
			sp_making_add(making, SP_CHANGE_FLUSH_CHAIN, held->name);
	}
}

/* A base chain of another hook or priority cannot be changed, only replaced. */
static void delete_chains(struct sp_making *making, const struct pairing *chains)
{
	for (size_t i = 0; i < chains->held_count; i++) {
		const struct sp_chain *held = chains->held[i].object;
		const struct sp_chain *wanted = partner(chains, held->name, false);

		if (wanted && same_frame(held, wanted))
			continue;
		sp_making_add(making, SP_CHANGE_DELETE_CHAIN, held->name);
		if (wanted)
			add_chain(making, wanted);
	}
}

/* Nothing jumps to it yet, and all that its rules name is there. */
static bool is_apart(const struct sp_chain *chain, const struct sp_chain *held,
    const struct named *renewed, size_t renewed_count)
{
	return !held && !chain->base && !names_any(chain, renewed, renewed_count);
}

/* Of the chains that stand apart, or of the others. */
static void add_rules(struct sp_making *making, const struct pairing *chains,
    const struct named *renewed, size_t renewed_count, bool apart)
{
	for (size_t i = 0; i < making->wanted->chains.length; i++) {
		const struct sp_chain *chain = &making->wanted->chains.items[i];
		const struct sp_chain *held = partner(chains, chain->name, true);

		if (is_apart(chain, held, renewed, renewed_count) != apart ||
		    (held && !must_flush(held, chain, renewed, renewed_count)))
			continue;
		for (size_t r = 0; r < chain->rules.length; r++) {
			struct sp_change *added =
			    sp_making_add(making, SP_CHANGE_ADD_RULE, chain->name);

			if (added)
				added->rule = &chain->rules.items[r];
		}
	}
}

/* ---- sets ---- */

static int compare_ranges(const struct sp_range *a, const struct sp_range *b)
{
	int order = sp_address_compare(&a->first, &b->first);

	return order ? order : sp_address_compare(&a->last, &b->last);
}

static int compare_elements(const struct sp_element *a, const struct sp_element *b)
{
	int order;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->ports.first != b->ports.first)
		return a->ports.first < b->ports.first ? -1 : 1;
	if (a->ports.last != b->ports.last)
		return a->ports.last < b->ports.last ? -1 : 1;
	order = compare_ranges(&a->addresses, &b->addresses);
	if (order)
		return order;
	return sp_element_equal(a, b) ? 0
	       : !a->chain	      ? -1
	       : !b->chain	      ? 1
				      : strcmp(a->chain, b->chain);
}

/* The elements of `a` that are not in `b`; both sorted. */
static void elements_without(struct sp_making *making, const struct sp_set *a,
    const struct sp_set *b, enum sp_change_kind kind)
{
	struct sp_change *collected = NULL;
	size_t j = 0, others = b ? b->elements.length : 0;

	for (size_t i = 0; i < a->elements.length; i++) {
		const struct sp_element *element = &a->elements.items[i];

		while (j < others && compare_elements(&b->elements.items[j], element) < 0)
			j++;
		if (j < others && !compare_elements(&b->elements.items[j], element))
			continue;
		if (!collected) {
			collected = sp_making_add(making, kind, a->name);
			if (!collected)
				return;
			collected->set = a;
		}
		if (!sp_array_push(&collected->elements, element)) {
			making->failed = true;
			return;
		}
	}
}

/* What is known to stand in the kernel is the wanted list itself. */
static bool is_the_same_list(const struct sp_intervals *a, const struct sp_intervals *b)
{
	return a->v4.items == b->v4.items && a->v6.items == b->v6.items &&
	       a->v4.length == b->v4.length && a->v6.length == b->v6.length;
}

static void addresses_without(struct sp_making *making, const struct sp_set *a,
    const struct sp_set *b, enum sp_change_kind kind)
{
	size_t j = 0, count = sp_intervals_count(&a->addresses);
	size_t others = b ? sp_intervals_count(&b->addresses) : 0;
	struct sp_change *collected = NULL;

	if (!count || (others && is_the_same_list(&a->addresses, &b->addresses)))
		return;
	if (!others) {
		collected = sp_making_add(making, kind, a->name);
		if (collected) {
			collected->set = a;
			collected->all_addresses = true;
		}
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct sp_range range = sp_intervals_at(&a->addresses, i), other;
		int order = 1;

		for (; j < others; j++) {
			other = sp_intervals_at(&b->addresses, j);
			order = compare_ranges(&other, &range);
			if (order >= 0)
				break;
		}
		if (j < others && !order)
			continue;
		if (!collected) {
			collected = sp_making_add(making, kind, a->name);
			if (!collected)
				return;
			collected->set = a;
		}
		if (!sp_intervals_add(&collected->addresses, &range)) {
			making->failed = true;
			return;
		}
	}
}

static void content_without(struct sp_making *making, const struct sp_set *a,
    const struct sp_set *b, enum sp_change_kind kind)
{
	elements_without(making, a, b, kind);
	addresses_without(making, a, b, kind);
}

static void delete_elements(struct sp_making *making, const struct pairing *sets)
{
	for (size_t i = 0; i < sets->held_count; i++) {
		const struct sp_set *held = sets->held[i].object;
		const struct sp_set *wanted = partner(sets, held->name, false);

		/* A verdict map's elements hold on to the chains that go. */
		if (wanted && sp_set_same_type(held, wanted)) {
			if (!sp_set_is_volatile(held))
				content_without(
				    making, held, wanted, SP_CHANGE_DELETE_ELEMENTS);
		} else if (held->map) {
			content_without(making, held, NULL, SP_CHANGE_DELETE_ELEMENTS);
		}
	}
}

static void delete_sets(struct sp_making *making, const struct pairing *sets)
{
	for (size_t i = 0; i < sets->held_count; i++) {
		const struct sp_set *held = sets->held[i].object;
		const struct sp_set *wanted = partner(sets, held->name, false);

		if (!wanted || !sp_set_same_type(held, wanted))
			sp_making_add(making, SP_CHANGE_DELETE_SET, held->name);
	}
}

static void add_set(
    struct sp_making *making, const struct sp_set *wanted, const struct sp_set *held)
{
	struct sp_change *added;

	if (!held) {
		added = sp_making_add(making, SP_CHANGE_ADD_SET, wanted->name);
		if (added)
			added->set = wanted;
	}
	if (!sp_set_is_volatile(wanted))
		content_without(making, wanted, held, SP_CHANGE_ADD_ELEMENTS);
}

/* Sets of a name that none has, or the others: what they lack, or all of it anew. */
static void add_sets(struct sp_making *making, const struct pairing *sets, bool new)
{
	for (size_t i = 0; i < making->wanted->sets.length; i++) {
		const struct sp_set *wanted = &making->wanted->sets.items[i];
		const struct sp_set *held = partner(sets, wanted->name, true);

		if (new != !held)
			continue;
		add_set(
		    making, wanted, held && sp_set_same_type(held, wanted) ? held : NULL);
	}
}

/* Held sets that stay by name but not by type. */
static struct named *renewed_sets(
    struct sp_making *making, const struct pairing *sets, size_t *ret_count)
{
	struct named *renewed = calloc(sets->held_count + 1, sizeof(*renewed));

	*ret_count = 0;
	if (!renewed) {
		making->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < sets->held_count; i++) {
		const struct sp_set *wanted = partner(sets, sets->held[i].name, false);

		if (wanted && !sp_set_same_type(sets->held[i].object, wanted))
			renewed[(*ret_count)++] = sets->held[i];
	}
	return renewed;
}

/* ---- all of it ---- */

static void first_load(struct sp_making *making)
{
	struct sp_change *added = sp_making_add(making, SP_CHANGE_GRACE, SP_SET_GRACE);

	if (added) {
		added->protocol = SP_TCP;
		added->timeout_ms = GRACE_MS;
	}
}

/* A table that is not there, or does nothing, is seen by no packet before all of it
 * stands. */
static bool needs_ahead(const struct sp_delta *delta)
{
	for (size_t i = 0; i < delta->changes.length; i++) {
		const struct sp_change *change = &delta->changes.items[i];

		if (change->kind == SP_CHANGE_ADD_TABLE)
			return false;
		if (change->kind == SP_CHANGE_ADD_SET && change->set->interval)
			return true;
	}
	return false;
}

/* What is new may refer to a chain that has to be made anew before anything can. */
static bool replaces_chains(const struct pairing *chains)
{
	for (size_t i = 0; i < chains->held_count; i++) {
		const struct sp_chain *held = chains->held[i].object;
		const struct sp_chain *wanted = partner(chains, held->name, false);

		if (wanted && !same_frame(held, wanted))
			return true;
	}
	return false;
}

static void shape(struct sp_making *making, const struct pairing *counters,
    const struct pairing *sets, const struct pairing *chains)
{
	size_t renewed_count;
	struct named *renewed = renewed_sets(making, sets, &renewed_count);
	bool early = !replaces_chains(chains);

	add_counters(making, counters);
	add_chains(making, chains, false);
	if (early) {
		add_sets(making, sets, true);
		add_rules(making, chains, renewed, renewed_count, true);
	}
	if (needs_ahead(making->delta))
		making->delta->ahead = making->delta->changes.length;
	add_chains(making, chains, true);
	flush_chains(making, chains, renewed, renewed_count);
	delete_elements(making, sets);
	delete_sets(making, sets);
	delete_chains(making, chains);
	delete_counters(making, counters);
	if (!early) {
		add_sets(making, sets, true);
		add_rules(making, chains, renewed, renewed_count, true);
	}
	add_sets(making, sets, false);
	add_rules(making, chains, renewed, renewed_count, false);
	free(renewed);
}

static void make(struct sp_making *making, const struct sp_kernel *kernel)
{
	struct pairing counters = { 0 }, sets = { 0 }, chains = { 0 };

	/* Adding a table that stands sets its flags: a dormant one wakes. */
	if (!kernel->present || kernel->dormant)
		sp_making_add(making, SP_CHANGE_ADD_TABLE, SP_TABLE);
	if (pairing_make(making, COUNTERS, &counters) &&
	    pairing_make(making, SETS, &sets) && pairing_make(making, CHAINS, &chains))
		shape(making, &counters, &sets, &chains);
	if (!kernel->present)
		first_load(making);
	pairing_free(&counters);
	pairing_free(&sets);
	pairing_free(&chains);
}

struct sp_delta *sp_delta_make(const struct sp_ruleset *wanted,
    const struct sp_gates *gates, const struct sp_kernel *kernel,
    const struct sp_proofs *proofs, struct sp_diag *diag)
{
	struct sp_making making = { .wanted = wanted,
		.held = kernel->present ? kernel->held : NULL,
		.delta = calloc(1, sizeof(*making.delta)) };

	if (!making.delta) {
		sp_out_of_memory(diag);
		return NULL;
	}
	if (!proofs || !proofs->leases_only)
		make(&making, kernel);
	if (proofs)
		sp_making_leases(&making, gates, proofs);
	if (making.failed) {
		sp_out_of_memory(diag);
		sp_delta_free(making.delta);
		return NULL;
	}
	return making.delta;
}

void sp_delta_free(struct sp_delta *delta)
{
	if (!delta)
		return;
	for (size_t i = 0; i < delta->changes.length; i++) {
		sp_array_free(&delta->changes.items[i].elements);
		sp_intervals_free(&delta->changes.items[i].addresses);
	}
	sp_array_free(&delta->changes);
	free(delta);
}
