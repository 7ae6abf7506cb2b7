#include "difference_making.h"

#include <stdlib.h>
#include <string.h>

#include "index.h"

#define SERVICE_PREFIX "svc-"

/* --- rows ---------------------------------------------------------------- */

/* Every service has its counter, in the kernel too. */
static int compare_counters(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct names {
	const char **items;
	size_t length;
};

static bool service_names(const struct sp_ruleset *ruleset, struct names *ret)
{
	size_t count = ruleset ? ruleset->counters.length : 0;

	*ret = (struct names){ calloc(count + 1, sizeof(char *)), 0 };
	for (size_t i = 0; i < count && ret->items; i++)
		if (!strncmp(ruleset->counters.items[i].name, SERVICE_PREFIX,
			strlen(SERVICE_PREFIX)))
			ret->items[ret->length++] =
			    ruleset->counters.items[i].name + strlen(SERVICE_PREFIX);
	if (ret->items && ret->length)
		qsort(ret->items, ret->length, sizeof(char *), compare_counters);
	return ret->items != NULL;
}

static bool has_name(const struct names *names, const char *name)
{
	return name && names->length &&
	       bsearch(
		   &name, names->items, names->length, sizeof(char *), compare_counters);
}

static bool is_called(const void *context, uint32_t number, const void *wanted)
{
	const struct sp_policy *policy = context;

	return !strcmp(policy->services[number].name, wanted);
}

static bool index_services(const struct sp_policy *policy, struct sp_index *ret)
{
	for (size_t i = 0; policy && i < policy->service_count; i++)
		if (!sp_index_add(ret,
			sp_hash_text(SP_HASH_START, policy->services[i].name),
			(uint32_t)i))
			return false;
	return true;
}

static const struct sp_service *service_named(
    const struct sp_policy *policy, const struct sp_index *services, const char *name)
{
	uint32_t number = policy && name
			      ? sp_index_find(services, sp_hash_text(SP_HASH_START, name),
				    is_called, policy, name)
			      : SP_NOWHERE;

	return number == SP_NOWHERE ? NULL : &policy->services[number];
}

static bool accepts(const struct sp_decision *outcome)
{
	return outcome->fate == SP_FATE_ACCEPT || outcome->limit_count;
}

/* Accepted on both sides while verified, and without a proof on one only. */
static enum sp_row_kind kind_of(const struct sp_region *region)
{
	const struct sp_decision *const(*o)[SP_STATES] = region->outcomes;

	if (region->effect > SP_EFFECT_TIGHTENS || !accepts(o[SP_OLD][SP_VERIFIED]) ||
	    !accepts(o[SP_NEW][SP_VERIFIED]))
		return SP_CHANGE_FATE;
	if (accepts(o[SP_OLD][SP_UNVERIFIED]) && !accepts(o[SP_NEW][SP_UNVERIFIED]))
		return SP_CHANGE_NEEDS_TLS;
	if (!accepts(o[SP_OLD][SP_UNVERIFIED]) && accepts(o[SP_NEW][SP_UNVERIFIED]))
		return SP_CHANGE_NO_TLS;
	return SP_CHANGE_FATE;
}

/* What closes is about who accepted it, all else about who decides from now on. */
static const struct sp_decision *subject(
    const struct sp_region *region, enum sp_row_kind kind)
{
	const struct sp_decision *after = region->outcomes[SP_NEW][region->witness_state];
	const struct sp_decision *before =
	    region->outcomes[SP_OLD][region->witness_state];

	if (kind == SP_CHANGE_NEEDS_TLS)
		after = region->outcomes[SP_NEW][SP_VERIFIED];
	if (region->effect == SP_EFFECT_CLOSES)
		return before->name ? before : after;
	return after->name ? after : before;
}

static bool add_rows(struct sp_difference *difference)
{
	struct names old = { 0 }, new = { 0 };
	struct sp_index services = { 0 };
	bool done = service_names(difference->old.ruleset, &old) &&
		    service_names(difference->new.ruleset, &new) &&
		    index_services(difference->new.policy, &services);

	for (size_t i = 0; i < difference->space.regions.length && done; i++) {
		const struct sp_region *region = &difference->space.regions.items[i];
		struct sp_region_row row = { .region = region, .kind = kind_of(region) };
		const struct sp_decision *about = subject(region, row.kind);

		row.name = about->name;
		row.existed = has_name(&old, row.name);
		row.exists = has_name(&new, row.name);
		row.before = region->outcomes[SP_OLD][region->witness_state];
		row.after = region->outcomes[SP_NEW][region->witness_state];
		if (about->decider == SP_DECIDER_SERVICE)
			row.service =
			    service_named(difference->new.policy, &services, row.name);
		difference->effects[region->effect]++;
		done = sp_array_push(&difference->rows, row);
	}
	free(old.items);
	free(new.items);
	sp_index_free(&services);
	return done;
}

/* --- gains --------------------------------------------------------------- */

static uint64_t count_ipv4(const struct sp_intervals *set)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < set->v4.length; i++)
		sum += (uint64_t)set->v4.items[i].last - set->v4.items[i].first + 1;
	return sum;
}

/* Intervals of one network touch it once. */
static uint64_t count_ipv6(const struct sp_intervals *set)
{
	uint64_t sum = 0, last = 0;

	for (size_t i = 0; i < set->v6.length; i++) {
		const struct sp_interval6 *item = &set->v6.items[i];
		uint64_t more = item->last_high - item->first_high;

		if (!i || item->first_high != last)
			more = more == UINT64_MAX ? more : more + 1;
		sum = sum + more < sum ? UINT64_MAX : sum + more;
		last = item->last_high;
	}
	return sum;
}

static bool same_ports(const struct sp_region *a, const struct sp_region *b)
{
	return a->protocol == b->protocol && a->port_count == b->port_count &&
	       !memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports));
}

static uint64_t hash_ports(const struct sp_region *region)
{
	uint64_t hash = sp_hash_word(SP_HASH_START, (uint64_t)region->protocol);

	for (size_t i = 0; i < region->port_count; i++)
		hash = sp_hash_word(
		    hash, (uint64_t)region->ports[i].first << 16 | region->ports[i].last);
	return hash;
}

/* Regions that open the same ports, one after the other; the first is the group's. */
struct groups {
	const struct sp_region *regions;
	struct sp_index index; /* of the first ones */
	size_t *next;	       /* of the same group; SIZE_MAX: it is the last */
	size_t *last;	       /* of the group, by its first */
};

static bool has_ports(const void *context, uint32_t number, const void *wanted)
{
	const struct groups *groups = context;

	return same_ports(&groups->regions[number], wanted);
}

/* False: memory is out. */
static bool add_to_group(struct groups *groups, size_t i)
{
	const struct sp_region *region = &groups->regions[i];
	uint64_t hash = hash_ports(region);
	uint32_t first = sp_index_find(&groups->index, hash, has_ports, groups, region);

	groups->next[i] = SIZE_MAX;
	if (first == SP_NOWHERE) {
		groups->last[i] = i;
		return sp_index_add(&groups->index, hash, (uint32_t)i);
	}
	groups->next[groups->last[first]] = i;
	groups->last[first] = i;
	return true;
}

/* The union of the sources that a group's regions open to. */
static bool add_gain(
    struct sp_difference *difference, const struct groups *groups, size_t first)
{
	const struct sp_region *region = &groups->regions[first];
	struct sp_gain gain = { .protocol = region->protocol,
		.ports = region->ports,
		.port_count = region->port_count };
	struct sp_intervals all = { 0 };
	bool done = true;

	for (size_t i = first; i != SIZE_MAX && done; i = groups->next[i])
		done = sp_intervals_add_all(&all, &groups->regions[i].sources);
	sp_intervals_normalize(&all);
	gain.ipv4 = count_ipv4(&all);
	gain.ipv6 = count_ipv6(&all);
	sp_intervals_free(&all);
	return done && sp_array_push(&difference->gains, gain);
}

/* A group with a region whose fate changes, and not only its demands, is a gain. */
static bool is_gain(
    const struct sp_difference *difference, const struct groups *groups, size_t first)
{
	for (size_t i = first; i != SIZE_MAX; i = groups->next[i])
		if (difference->rows.items[i].kind == SP_CHANGE_FATE)
			return true;
	return false;
}

static bool add_gains(struct sp_difference *difference)
{
	size_t count = difference->space.regions.length;
	struct groups groups = { .regions = difference->space.regions.items,
		.next = calloc(count + 1, sizeof(size_t)),
		.last = calloc(count + 1, sizeof(size_t)) };
	bool done = groups.next && groups.last;

	for (size_t i = 0; i < count && done; i++)
		if (groups.regions[i].effect == SP_EFFECT_OPENS)
			done = add_to_group(&groups, i);
	for (size_t i = 0; i < count && done; i++)
		if (groups.regions[i].effect == SP_EFFECT_OPENS &&
		    sp_index_find(&groups.index, hash_ports(&groups.regions[i]),
			has_ports, &groups, &groups.regions[i]) == i &&
		    is_gain(difference, &groups, i))
			done = add_gain(difference, &groups, i);
	sp_index_free(&groups.index);
	free(groups.next);
	free(groups.last);
	return done;
}

/* --- all of it ----------------------------------------------------------- */

bool sp_difference_make(const struct sp_compared *old, const struct sp_compared *new,
    struct sp_difference *ret, struct sp_diag *diag)
{
	*ret = (struct sp_difference){ .old = *old, .new = *new };
	if (!sp_space_compare(old->ruleset, new->ruleset, &ret->space, diag))
		return false;
	if (add_rows(ret) && add_gains(ret) && sp_demands_add(ret) &&
	    sp_settings_add(ret))
		return true;
	sp_difference_free(ret);
	return sp_out_of_memory(diag);
}

void sp_difference_free(struct sp_difference *difference)
{
	for (size_t i = 0; i < difference->demands.length; i++) {
		struct sp_demand_row *row = &difference->demands.items[i];

		sp_array_free(&row->ports);
		free(row->before);
		free(row->after);
	}
	for (size_t i = 0; i < difference->settings.length; i++) {
		free(difference->settings.items[i].before);
		free(difference->settings.items[i].after);
	}
	sp_array_free(&difference->demands);
	sp_array_free(&difference->settings);
	sp_array_free(&difference->rows);
	sp_array_free(&difference->gains);
	sp_space_free(&difference->space);
}

bool sp_difference_is_empty(const struct sp_difference *difference)
{
	return difference->old.trust == SP_TRUST_OURS && !difference->rows.length &&
	       !difference->demands.length && !difference->settings.length;
}
