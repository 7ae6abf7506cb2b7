#include "ports.h"

#include <stdlib.h>

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

static bool same_route(const struct sp_route *a, const struct sp_route *b)
{
	return a->chain == b->chain && a->range_chain == b->range_chain &&
	       a->cut == b->cut;
}

static bool same_key(const void *context, uint32_t number, const void *wanted)
{
	const struct sp_port_groups *groups = context;
	const struct sp_port_key *a = &groups->keys.items[number], *b = wanted;

	return a->protocol == b->protocol && same_route(&a->routes[0], &b->routes[0]) &&
	       same_route(&a->routes[1], &b->routes[1]);
}

static uint64_t hash_key(const struct sp_port_key *key)
{
	uint64_t hash = sp_hash_word(SP_HASH_START, key->protocol);

	for (size_t side = 0; side < SP_SIDES; side++) {
		hash = sp_hash_word(hash, key->routes[side].chain);
		hash = sp_hash_word(hash, key->routes[side].range_chain);
		hash = sp_hash_word(hash, key->routes[side].cut);
	}
	return hash;
}

static bool add_ports(
    struct sp_port_groups *groups, const struct sp_port_key *key, struct sp_ports ports)
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

static struct sp_port_key key_of(const struct sp_survey *survey,
    uint32_t *const same[SP_SIDES], enum sp_protocol protocol, uint32_t port)
{
	struct sp_port_key key = { .protocol = protocol };

	for (size_t side = 0; side < survey->side_count; side++) {
		struct sp_route *route = &key.routes[side];

		*route = sp_side_route(&survey->sides[side], protocol, (uint16_t)port);
		route->chain = same[side][route->chain];
		route->range_chain = same[side][route->range_chain];
	}
	return key;
}

static bool group_protocol(struct sp_port_groups *groups, const struct sp_survey *survey,
    uint32_t *const same[SP_SIDES], enum sp_protocol protocol)
{
	uint32_t first = 0;
	struct sp_port_key key = key_of(survey, same, protocol, 0);

	for (uint32_t port = 1; port <= PORTS; port++) {
		struct sp_port_key next;

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

bool sp_port_groups_make(const struct sp_survey *survey, struct sp_port_groups *groups)
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

void sp_port_groups_free(struct sp_port_groups *groups)
{
	for (size_t i = 0; i < groups->ports.length; i++)
		sp_array_free(&groups->ports.items[i]);
	sp_array_free(&groups->ports);
	sp_array_free(&groups->keys);
	sp_index_free(&groups->index);
}
