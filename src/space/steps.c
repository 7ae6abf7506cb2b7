#include "steps.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/number.h>

#define PORTS 65536
#define LOOPBACK_INDEX 1 /* in every network namespace */
#define CT_STATE_NEW 8	 /* NF_CT_STATE_BIT(IP_CT_NEW) */
#define CT_DIRECTION_ORIGINAL 0
#define TCP_FLAG_SYN 2 /* all that a connection's first packet carries */

struct sp_port_table {
	uint32_t chain[PORTS], range_chain[PORTS];
	bool cut[PORTS];
};

struct sp_by_name {
	const char *name;
	size_t index;
};

/* --- names --------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
	const struct sp_by_name *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static size_t find_name(const struct sp_by_name *names, size_t count, const char *name)
{
	struct sp_by_name wanted = { name, 0 };
	const struct sp_by_name *found =
	    count ? bsearch(&wanted, names, count, sizeof(*names), compare_names) : NULL;

	return found ? found->index : SIZE_MAX;
}

static bool index_names(struct sp_side *side)
{
	const struct sp_ruleset *ruleset = side->ruleset;

	side->set_count = ruleset->sets.length;
	side->chain_count = ruleset->chains.length;
	side->sets = calloc(side->set_count + 1, sizeof(*side->sets));
	side->chains = calloc(side->chain_count + 1, sizeof(*side->chains));
	if (!side->sets || !side->chains)
		return false;
	for (size_t i = 0; i < side->set_count; i++)
		side->sets[i] = (struct sp_by_name){ ruleset->sets.items[i].name, i };
	for (size_t i = 0; i < side->chain_count; i++)
		side->chains[i] = (struct sp_by_name){ ruleset->chains.items[i].name, i };
	qsort(side->sets, side->set_count, sizeof(*side->sets), compare_names);
	qsort(side->chains, side->chain_count, sizeof(*side->chains), compare_names);
	return true;
}

static const struct sp_set *set_named(const struct sp_side *side, const char *name)
{
	size_t index = find_name(side->sets, side->set_count, name);

	return index == SIZE_MAX ? NULL : &side->ruleset->sets.items[index];
}

/* --- big sets ------------------------------------------------------------ */

/* The set that the pieces behind a verdict map are of. */
struct sp_joined {
	const struct sp_set *map;
	struct sp_intervals whole;
};

static bool is_of_pieces(const struct sp_set *set)
{
	return set->map && (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6);
}

/* The chain of a piece, NULL: there is none. */
static const struct sp_chain *chain_of(
    const struct sp_side *side, const struct sp_element *element)
{
	size_t chain = element->chain
			   ? find_name(side->chains, side->chain_count, element->chain)
			   : SIZE_MAX;

	return chain == SIZE_MAX ? NULL : &side->ruleset->chains.items[chain];
}

/* What the first statement of a piece's rule is looked up in, NULL: it is not. */
static const char *set_of(const struct sp_rule *rule)
{
	return rule->statements.length &&
		       rule->statements.items[0].operand == SP_OPERAND_SET
		   ? rule->statements.items[0].name
		   : NULL;
}

static bool same_set(const struct sp_rule *a, const struct sp_rule *b)
{
	return set_of(a) && set_of(b) && !strcmp(set_of(a), set_of(b));
}

/* A piece has a set, or several for blocks of several lengths, each with the same
 * rules behind it. */
static bool join_chain(
    const struct sp_side *side, const struct sp_chain *chain, struct sp_joined *joined)
{
	for (size_t i = 0; i < chain->rules.length; i++) {
		const struct sp_rule *rule = &chain->rules.items[i];
		const struct sp_set *set =
		    set_of(rule) ? set_named(side, set_of(rule)) : NULL;

		if (!set || (i && same_set(rule, rule - 1)))
			continue;
		if (!sp_intervals_add_all(&joined->whole, &set->addresses))
			return false;
	}
	return true;
}

/* Neighbours share the interval that lies over their border. */
static bool join(const struct sp_side *side, struct sp_joined *joined)
{
	for (size_t i = 0; i < joined->map->elements.length; i++) {
		const struct sp_chain *chain =
		    chain_of(side, &joined->map->elements.items[i]);

		if (chain && !join_chain(side, chain, joined))
			return false;
	}
	sp_intervals_normalize(&joined->whole);
	return true;
}

static bool join_all(struct sp_side *side)
{
	size_t maps = 0;

	for (size_t i = 0; i < side->ruleset->sets.length; i++)
		maps += is_of_pieces(&side->ruleset->sets.items[i]);
	side->joined = calloc(maps + 1, sizeof(*side->joined));
	for (size_t i = 0; side->joined && i < side->ruleset->sets.length; i++) {
		const struct sp_set *set = &side->ruleset->sets.items[i];

		if (!is_of_pieces(set))
			continue;
		side->joined[side->joined_count].map = set;
		if (!join(side, &side->joined[side->joined_count++]))
			return false;
	}
	return side->joined != NULL;
}

static const struct sp_intervals *joined_of(
    const struct sp_side *side, const struct sp_set *map)
{
	for (size_t i = 0; i < side->joined_count; i++)
		if (side->joined[i].map == map)
			return &side->joined[i].whole;
	return NULL;
}

/* --- ports --------------------------------------------------------------- */

/* `keys_protocol`: of keys that are ports alone. */
static void route_elements(
    struct sp_side *side, const char *map, int keys_protocol, bool ranges)
{
	const struct sp_set *set = set_named(side, map);

	for (size_t i = 0; set && i < set->elements.length; i++) {
		const struct sp_element *element = &set->elements.items[i];
		int protocol = element->protocol ? element->protocol : keys_protocol;
		struct sp_port_table *table = side->tables[protocol == SP_TCP ? 0 : 1];
		size_t chain = element->chain ? find_name(side->chains, side->chain_count,
						    element->chain)
					      : SIZE_MAX;

		if (protocol != SP_TCP && protocol != SP_UDP)
			continue;
		for (uint32_t port = element->ports.first; port <= element->ports.last;
		     port++) {
			if (!element->chain)
				table->cut[port] = true;
			else if (chain != SIZE_MAX)
				(ranges ? table->range_chain : table->chain)[port] =
				    (uint32_t)chain + 1;
		}
	}
}

static void find_input(struct sp_side *side)
{
	const struct sp_ruleset *ruleset = side->ruleset;

	for (size_t i = 0; i < ruleset->chains.length && !side->input; i++)
		if (ruleset->chains.items[i].base)
			side->input = &ruleset->chains.items[i];
}

/* The map has another name for other ranges; one that no rule names leads nowhere. */
static void find_ranges(struct sp_side *side)
{
	side->ranges[0] = SP_MAP_OLD_TCP_RANGES;
	side->ranges[1] = SP_MAP_OLD_UDP_RANGES;
	for (size_t i = 0; side->input && i < side->input->rules.length; i++) {
		const char *name = set_of(&side->input->rules.items[i]);
		const struct sp_set *map = name ? set_named(side, name) : NULL;

		if (map && map->map && sp_set_is_concatenated(map))
			side->ranges[0] = side->ranges[1] = name;
	}
}

bool sp_side_begin(struct sp_side *side, const struct sp_ruleset *ruleset)
{
	*side = (struct sp_side){ .ruleset = ruleset };
	if (!ruleset)
		return true;
	for (size_t p = 0; p < 2; p++)
		if (!(side->tables[p] = calloc(1, sizeof(*side->tables[p]))))
			return false;
	if (!index_names(side) || !join_all(side))
		return false;
	find_input(side);
	find_ranges(side);
	route_elements(side, SP_MAP_PORTS, 0, false);
	route_elements(side, side->ranges[0], SP_TCP, true);
	route_elements(side, side->ranges[1], SP_UDP, true);
	route_elements(side, SP_SET_CUT, 0, false);
	return true;
}

void sp_side_end(struct sp_side *side)
{
	free(side->tables[0]);
	free(side->tables[1]);
	for (size_t i = 0; i < side->joined_count; i++)
		sp_intervals_free(&side->joined[i].whole);
	free(side->joined);
	free(side->sets);
	free(side->chains);
}

struct sp_route sp_side_route(
    const struct sp_side *side, enum sp_protocol protocol, uint16_t port)
{
	const struct sp_port_table *table;

	if (!side->ruleset)
		return (struct sp_route){ 0 };
	table = side->tables[protocol == SP_TCP ? 0 : 1];
	return (struct sp_route){ table->chain[port], table->range_chain[port],
		table->cut[port] };
}

/* --- one rule ------------------------------------------------------------ */

/* What a rule is read for. */
struct reading {
	const struct sp_side *side;
	struct sp_space_pool *pool;
	enum sp_protocol protocol;
	uint16_t port;
	bool in_base;
	struct sp_steps *steps;
	/* In a piece of a big set: what led here asks as well, and the whole set. */
	const struct sp_step *head;
	const struct sp_intervals *joined;
};

static bool has_value(const struct sp_statement *match, uint32_t value)
{
	for (size_t i = 0; i < match->values.length; i++)
		if (match->values.items[i].number == value)
			return true;
	return false;
}

static bool match_family(int family, struct sp_step *step)
{
	if (step->family && step->family != family)
		return false;
	step->family = family;
	return true;
}

static int rate_family(const struct sp_statement *rate)
{
	return rate->field == SP_FIELD_IP_SADDR ? SP_IPV4 : SP_IPV6;
}

/* A list of the policy has a name to tell; what a service lists itself has none. */
static bool is_list(const char *set)
{
	return !strncmp(set, SP_ADDRESS_SET_PREFIX, strlen(SP_ADDRESS_SET_PREFIX));
}

static bool match_address(
    const struct reading *reading, const struct sp_statement *match, struct sp_step *step)
{
	bool source =
	    match->field == SP_FIELD_IP_SADDR || match->field == SP_FIELD_IP6_SADDR;
	int family =
	    match->field == SP_FIELD_IP_SADDR || match->field == SP_FIELD_IP_DADDR
		? SP_IPV4
		: SP_IPV6;
	const struct sp_intervals *addresses = &match->addresses;

	if (match->operand == SP_OPERAND_SET) {
		const struct sp_set *set = set_named(reading->side, match->name);

		if (!set)
			return false;
		addresses = source && reading->joined ? reading->joined : &set->addresses;
		if (source && is_list(set->name))
			step->set = set->name;
	}
	if (!match_family(family, step))
		return false;
	*(source ? &step->sources : &step->destinations) = addresses;
	return true;
}

/* A set of protocol and port: which ports need a lease, and which have one. */
static bool match_gate(
    const struct reading *reading, const struct sp_statement *match, struct sp_step *step)
{
	enum sp_when when = match->negate ? SP_WHEN_UNVERIFIED : SP_WHEN_VERIFIED;

	if (!strcmp(match->name, SP_SET_CUT))
		return sp_side_route(reading->side, reading->protocol, reading->port)
			   .cut != match->negate;
	if (strcmp(match->name, SP_SET_VERIFIED))
		return match->negate;
	if (step->when != SP_WHEN_ALWAYS && step->when != when)
		return false;
	step->when = when;
	return true;
}

/* Can a connection's first packet match? What it takes goes into the step. */
static bool match_statement(
    const struct reading *reading, const struct sp_statement *match, struct sp_step *step)
{
	switch (match->field) {
	case SP_FIELD_IIF:
		step->loopback = has_value(match, LOOPBACK_INDEX);
		return step->loopback;
	case SP_FIELD_IIFNAME: step->interface = match->name; return true;
	case SP_FIELD_L4PROTO:
		return match->operand == SP_OPERAND_VALUES &&
		       has_value(match, reading->protocol) != match->negate;
	case SP_FIELD_IP_SADDR:
	case SP_FIELD_IP_DADDR:
	case SP_FIELD_IP6_SADDR:
	case SP_FIELD_IP6_DADDR: return match_address(reading, match, step);
	case SP_FIELD_UDP_SPORT:
		/* Only the DHCP client's answers come from a port of their own. */
		return false;
	case SP_FIELD_UDP_DPORT:
		return reading->protocol == SP_UDP &&
		       has_value(match, reading->port) != match->negate;
	case SP_FIELD_TCP_DPORT:
		return reading->protocol == SP_TCP &&
		       has_value(match, reading->port) != match->negate;
	case SP_FIELD_TCP_FLAGS:
		return reading->protocol == SP_TCP &&
		       has_value(match, TCP_FLAG_SYN) != match->negate;
	case SP_FIELD_PROTOCOL_PORT: return match_gate(reading, match, step);
	case SP_FIELD_CT_DIRECTION:
		return has_value(match, CT_DIRECTION_ORIGINAL) != match->negate;
	case SP_FIELD_CT_STATE: return has_value(match, CT_STATE_NEW) != match->negate;
	case SP_FIELD_ICMP_TYPE:
	case SP_FIELD_ICMPV6_TYPE: return false;
	}
	return false;
}

static enum sp_fate fate_of(enum sp_judgement judgement)
{
	switch (judgement) {
	case SP_ACCEPT: return SP_FATE_ACCEPT;
	case SP_REJECT_RESET:
	case SP_REJECT_PORT:
	case SP_REJECT_ADMIN: return SP_FATE_REJECT;
	case SP_DROP:
	case SP_RETURN:
	case SP_JUMP: break;
	}
	return SP_FATE_DROP;
}

#define SERVICE_PREFIX "svc-"
#define SET_PREFIX "set-"

/* The rule's counter says whose it is, in the kernel too. */
static void name_decider(const struct reading *reading, const struct sp_rule *rule,
    const struct sp_step *step, struct sp_decision *outcome)
{
	for (size_t i = 0; i < rule->statements.length; i++) {
		const struct sp_statement *statement = &rule->statements.items[i];

		if (statement->kind != SP_STATEMENT_COUNTER)
			continue;
		if (!strncmp(statement->name, SERVICE_PREFIX, strlen(SERVICE_PREFIX))) {
			outcome->decider = SP_DECIDER_SERVICE;
			outcome->name = statement->name + strlen(SERVICE_PREFIX);
			return;
		}
		if (!strncmp(statement->name, SET_PREFIX, strlen(SET_PREFIX))) {
			outcome->decider = SP_DECIDER_SET;
			outcome->name = statement->name + strlen(SET_PREFIX);
			return;
		}
	}
	if (step->loopback)
		outcome->decider = SP_DECIDER_LOOPBACK;
	else if (reading->in_base && step->when == SP_WHEN_UNVERIFIED)
		outcome->decider = SP_DECIDER_CUT;
}

static bool add_step(const struct reading *reading, const struct sp_rule *rule,
    enum sp_judgement judgement, struct sp_step *step)
{
	struct sp_decision outcome = { .fate = fate_of(judgement),
		.at = rule->at,
		.gated = step->when == SP_WHEN_VERIFIED };

	step->fate = outcome.fate;
	step->rule = rule;
	step->base = reading->in_base;
	name_decider(reading, rule, step, &outcome);
	step->outcome = sp_pool_outcome(reading->pool, &outcome);
	return step->outcome != SP_NOWHERE && sp_array_push(reading->steps, *step);
}

static bool read_chain(struct reading *reading, const struct sp_chain *chain);
static bool read_rule(struct reading *reading, const struct sp_rule *rule);

/* A verdict map on a source leads to the pieces of a big set: what is left of its rules
 * is the same behind each set of each piece, and here stands for all of them. */
static bool follow_pieces(
    const struct reading *reading, const struct sp_set *map, const struct sp_step *head)
{
	struct reading inner = *reading;
	const struct sp_chain *chain =
	    map->elements.length ? chain_of(reading->side, &map->elements.items[0])
				 : NULL;

	inner.head = head;
	inner.joined = joined_of(reading->side, map);
	for (size_t i = 0; chain && i < chain->rules.length; i++) {
		const struct sp_rule *rule = &chain->rules.items[i];

		if (i && !same_set(rule, chain->rules.items))
			break;
		if (!read_rule(&inner, rule))
			return false;
	}
	return true;
}

/* A verdict map on ports leads into a segment's chain. Of ct state's, a new
 * connection has no entry. */
static bool follow_map(const struct reading *reading, const struct sp_statement *vmap,
    const struct sp_step *head)
{
	const struct sp_set *map =
	    vmap->operand == SP_OPERAND_SET ? set_named(reading->side, vmap->name) : NULL;
	struct sp_route route =
	    sp_side_route(reading->side, reading->protocol, reading->port);
	struct reading inner = *reading;
	uint32_t chain = 0;

	if (!map)
		return true;
	if (map->key == SP_KEY_IPV4 || map->key == SP_KEY_IPV6)
		return follow_pieces(reading, map, head);
	if (!strcmp(vmap->name, SP_MAP_PORTS))
		chain = route.chain;
	else if (!strcmp(vmap->name,
		     reading->side->ranges[reading->protocol == SP_TCP ? 0 : 1]))
		chain = route.range_chain;
	if (!chain)
		return true;
	inner.in_base = false;
	return read_chain(&inner, &reading->side->ruleset->chains.items[chain - 1]);
}

static bool read_rule(struct reading *reading, const struct sp_rule *rule)
{
	struct sp_step step = { 0 };

	if (reading->head)
		step = *reading->head;
	for (size_t i = 0; i < rule->statements.length; i++) {
		const struct sp_statement *statement = &rule->statements.items[i];

		switch (statement->kind) {
		case SP_STATEMENT_MATCH:
			if (!match_statement(reading, statement, &step))
				return true;
			break;
		case SP_STATEMENT_VMAP: return follow_map(reading, statement, &step);
		case SP_STATEMENT_RATE:
			/* A meter counts one family's sources. */
			if (!match_family(rate_family(statement), &step))
				return true;
			step.rate = &statement->rate;
			break;
		case SP_STATEMENT_LIMIT: step.rate = &statement->rate; break;
		case SP_STATEMENT_LOG:
		case SP_STATEMENT_COUNTER: break;
		case SP_STATEMENT_VERDICT:
			if (statement->judgement == SP_JUMP ||
			    statement->judgement == SP_RETURN)
				return true;
			return add_step(reading, rule, statement->judgement, &step);
		}
	}
	return true;
}

static bool read_chain(struct reading *reading, const struct sp_chain *chain)
{
	for (size_t i = 0; i < chain->rules.length; i++)
		if (!read_rule(reading, &chain->rules.items[i]))
			return false;
	return true;
}

/* What is left at the end of the base chain, or without one. */
static bool add_end(
    struct sp_steps *steps, struct sp_space_pool *pool, const struct sp_decision *outcome)
{
	struct sp_step step = { .fate = outcome->fate };

	step.outcome = sp_pool_outcome(pool, outcome);
	return step.outcome != SP_NOWHERE && sp_array_push(steps, step);
}

/* Block lists decide by the source alone, whatever the port. */
static size_t count_blocks(const struct sp_steps *steps)
{
	size_t i = 0;

	while (i < steps->length && steps->items[i].base &&
	       (steps->items[i].loopback || steps->items[i].set) &&
	       !steps->items[i].rate && steps->items[i].when == SP_WHEN_ALWAYS &&
	       !steps->items[i].destinations && !steps->items[i].interface)
		i++;
	return i;
}

static bool read_all(const struct sp_side *side, struct sp_space_pool *pool,
    enum sp_protocol protocol, uint16_t port, struct sp_steps *ret)
{
	struct reading reading = { side, pool, protocol, port, true, ret, NULL, NULL };
	struct sp_decision end = { .fate = SP_FATE_ACCEPT };

	*ret = (struct sp_steps){ 0 };
	if (!side->input)
		end.decider = SP_DECIDER_NO_TABLE;
	else if (!read_chain(&reading, side->input))
		return false;
	else if (side->input->drop)
		end.fate = SP_FATE_DROP;
	return add_end(ret, pool, &end);
}

bool sp_side_steps(const struct sp_side *side, struct sp_space_pool *pool,
    enum sp_protocol protocol, uint16_t port, struct sp_steps *ret)
{
	size_t blocks, kept = 0;

	if (!read_all(side, pool, protocol, port, ret))
		return false;
	blocks = count_blocks(ret);
	for (size_t i = 0; i < ret->length; i++)
		if (i >= blocks || !ret->items[i].set)
			ret->items[kept++] = ret->items[i];
	ret->length = kept;
	return true;
}

bool sp_side_blocks(
    const struct sp_side *side, struct sp_space_pool *pool, struct sp_steps *ret)
{
	struct sp_decision pass = { .decider = SP_DECIDER_PASS };
	size_t blocks, kept = 0;

	/* Any protocol and port: the lists stand before both are looked at. */
	if (!read_all(side, pool, SP_TCP, 0, ret))
		return false;
	blocks = count_blocks(ret);
	for (size_t i = 0; i < blocks; i++)
		if (ret->items[i].set)
			ret->items[kept++] = ret->items[i];
	ret->length = kept;
	return add_end(ret, pool, &pass);
}

/* --- of one place -------------------------------------------------------- */

bool sp_pattern_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(pattern, name, length - 1);
	return !strcmp(pattern, name);
}

static bool may_match(const struct sp_step *step, const char *interface, bool loopback,
    const struct sp_address *destination)
{
	if (step->loopback && !loopback)
		return false;
	if (step->interface && !sp_pattern_matches(step->interface, interface))
		return false;
	if (step->family && step->family != (int)destination->family)
		return false;
	return !step->destinations ||
	       sp_intervals_contain(step->destinations, destination);
}

static bool always_decides(const struct sp_step *step)
{
	return !step->sources && !step->rate && step->when == SP_WHEN_ALWAYS;
}

bool sp_steps_filter(const struct sp_steps *steps, const char *interface, bool loopback,
    const struct sp_address *destination, bool all, struct sp_steps *ret)
{
	*ret = (struct sp_steps){ 0 };
	for (size_t i = 0; i < steps->length; i++) {
		if (!may_match(&steps->items[i], interface, loopback, destination))
			continue;
		if (!sp_array_push(ret, steps->items[i]))
			return false;
		if (!all && always_decides(&steps->items[i]))
			break;
	}
	return true;
}
