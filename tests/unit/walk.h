/* The brute-force evaluator: one packet through one compiled ruleset, rule by
 * rule, as the kernel does it. Shares nothing with the packet space but the
 * model. */
#ifndef TESTS_UNIT_WALK_H
#define TESTS_UNIT_WALK_H

#include <stdio.h>
#include <string.h>

#include <sallyport/space.h>

struct walk_fate {
	/* "accept", "drop", "reject", after "<count/seconds/burst accept" and so on
	 * for each limit on the way. */
	char text[512];
	const char *service; /* of the counter of the rule that decided; or NULL */
};

static inline const struct sp_set *walk_set(
    const struct sp_ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->sets.length; i++)
		if (!strcmp(ruleset->sets.items[i].name, name))
			return &ruleset->sets.items[i];
	return NULL;
}

static inline const struct sp_chain *walk_chain(
    const struct sp_ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->chains.length; i++)
		if (!strcmp(ruleset->chains.items[i].name, name))
			return &ruleset->chains.items[i];
	return NULL;
}

static inline const struct sp_element *walk_element(
    const struct sp_set *set, const struct sp_packet *packet)
{
	for (size_t i = 0; set && i < set->elements.length; i++) {
		const struct sp_element *element = &set->elements.items[i];

		if ((!element->protocol || element->protocol == packet->protocol) &&
		    packet->port >= element->ports.first &&
		    packet->port <= element->ports.last)
			return element;
	}
	return NULL;
}

/* Of a map on addresses: the piece that the address is in. */
static inline const struct sp_element *walk_piece(
    const struct sp_set *map, const struct sp_address *address)
{
	for (size_t i = 0; i < map->elements.length; i++) {
		const struct sp_element *element = &map->elements.items[i];

		if (sp_address_compare(&element->addresses.first, address) <= 0 &&
		    sp_address_compare(address, &element->addresses.last) <= 0)
			return element;
	}
	return NULL;
}

static inline const struct sp_element *walk_map(const struct sp_ruleset *ruleset,
    const struct sp_statement *vmap, const struct sp_packet *packet)
{
	const struct sp_set *map = walk_set(ruleset, vmap->name);

	if (map && (map->key == SP_KEY_IPV4 || map->key == SP_KEY_IPV6))
		return walk_piece(map, &packet->source);
	return walk_element(map, packet);
}

static inline bool walk_number(const struct sp_statement *match, uint32_t number)
{
	for (size_t i = 0; i < match->values.length; i++)
		if (match->values.items[i].number == number)
			return !match->negate;
	return match->negate;
}

/* A hash set has its blocks' first addresses and nothing between them. */
static inline bool walk_addresses(
    const struct sp_set *set, const struct sp_address *address)
{
	struct sp_address mask;

	if (set->prefix) {
		mask = sp_address_mask(address->family, set->prefix);
		if (address->low & ~mask.low || address->high & ~mask.high)
			return false;
	}
	return sp_intervals_contain(&set->addresses, address);
}

static inline bool walk_matches(const struct sp_ruleset *ruleset,
    const struct sp_statement *match, const struct sp_packet *packet, bool verified)
{
	const struct sp_address *address = &packet->source;
	struct sp_address masked;
	size_t length;

	switch (match->field) {
	case SP_FIELD_IIF:
		return walk_number(match, strcmp(packet->interface, "lo") ? 7 : 1);
	case SP_FIELD_IIFNAME:
		length = strlen(match->name);
		if (match->name[length - 1] == '*')
			return !strncmp(match->name, packet->interface, length - 1);
		return !strcmp(match->name, packet->interface);
	case SP_FIELD_L4PROTO:
		if (match->operand == SP_OPERAND_SET)
			return false; /* grace: empty */
		return walk_number(match, packet->protocol);
	case SP_FIELD_IP_DADDR:
	case SP_FIELD_IP6_DADDR: address = &packet->destination; /* fall through */
	case SP_FIELD_IP_SADDR:
	case SP_FIELD_IP6_SADDR:
		if ((address->family == SP_IPV4) !=
		    (match->field == SP_FIELD_IP_SADDR ||
			match->field == SP_FIELD_IP_DADDR))
			return false;
		masked = *address;
		if (match->prefix) {
			struct sp_address mask =
			    sp_address_mask(address->family, match->prefix);

			masked.high &= mask.high;
			masked.low &= mask.low;
		}
		return match->operand == SP_OPERAND_SET
			   ? walk_addresses(walk_set(ruleset, match->name), &masked)
			   : sp_intervals_contain(&match->addresses, &masked);
	case SP_FIELD_UDP_SPORT:
		return packet->protocol == SP_UDP && walk_number(match, 40000);
	case SP_FIELD_UDP_DPORT:
		return packet->protocol == SP_UDP && walk_number(match, packet->port);
	case SP_FIELD_TCP_DPORT:
		return packet->protocol == SP_TCP && walk_number(match, packet->port);
	case SP_FIELD_TCP_FLAGS:
		return packet->protocol == SP_TCP && walk_number(match, 2);
	case SP_FIELD_PROTOCOL_PORT:
		if (!strcmp(match->name, SP_SET_VERIFIED))
			return verified != match->negate;
		return (walk_element(walk_set(ruleset, match->name), packet) != NULL) !=
		       match->negate;
	case SP_FIELD_CT_DIRECTION: return walk_number(match, 0);
	case SP_FIELD_CT_STATE: return walk_number(match, 8);
	case SP_FIELD_ICMP_TYPE:
	case SP_FIELD_ICMPV6_TYPE: return false;
	}
	return false;
}

static inline bool walk_rules(const struct sp_ruleset *ruleset,
    const struct sp_chain *chain, const struct sp_packet *packet, bool verified,
    struct walk_fate *ret);

/* False: goes on with the next statement or rule. */
static inline bool walk_verdict(const struct sp_ruleset *ruleset,
    const struct sp_statement *statement, const struct sp_packet *packet, bool verified,
    const char *service, const struct sp_rate *rate, struct walk_fate *ret)
{
	const char *word = "";
	size_t length = strlen(ret->text);

	switch (statement->judgement) {
	case SP_ACCEPT: word = "accept"; break;
	case SP_DROP: word = "drop"; break;
	case SP_RETURN: return false;
	case SP_JUMP:
		return walk_rules(
		    ruleset, walk_chain(ruleset, statement->name), packet, verified, ret);
	case SP_REJECT_RESET:
	case SP_REJECT_PORT:
	case SP_REJECT_ADMIN: word = "reject"; break;
	}
	if (rate) {
		snprintf(ret->text + length, sizeof(ret->text) - length, "<%u/%u/%u %s ",
		    rate->count, rate->seconds, rate->burst, word);
		return false;
	}
	snprintf(ret->text + length, sizeof(ret->text) - length, "%s", word);
	ret->service = service;
	return true;
}

static inline bool walk_rule(const struct sp_ruleset *ruleset, const struct sp_rule *rule,
    const struct sp_packet *packet, bool verified, struct walk_fate *ret)
{
	const char *service = NULL;
	const struct sp_rate *rate = NULL;

	for (size_t i = 0; i < rule->statements.length; i++) {
		const struct sp_statement *statement = &rule->statements.items[i];
		const struct sp_element *element;

		switch (statement->kind) {
		case SP_STATEMENT_MATCH:
			if (!walk_matches(ruleset, statement, packet, verified))
				return false;
			break;
		case SP_STATEMENT_VMAP:
			if (statement->operand != SP_OPERAND_SET)
				return false; /* ct state: new is not in it */
			element = walk_map(ruleset, statement, packet);
			return element &&
			       walk_rules(ruleset, walk_chain(ruleset, element->chain),
				   packet, verified, ret);
		case SP_STATEMENT_RATE:
			if ((packet->source.family == SP_IPV4) !=
			    (statement->field == SP_FIELD_IP_SADDR))
				return false;
			rate = &statement->rate;
			break;
		case SP_STATEMENT_LIMIT: break; /* of logs, which decide nothing */
		case SP_STATEMENT_LOG: break;
		case SP_STATEMENT_COUNTER: service = statement->name; break;
		case SP_STATEMENT_VERDICT:
			return walk_verdict(
			    ruleset, statement, packet, verified, service, rate, ret);
		}
	}
	return false;
}

static inline bool walk_rules(const struct sp_ruleset *ruleset,
    const struct sp_chain *chain, const struct sp_packet *packet, bool verified,
    struct walk_fate *ret)
{
	for (size_t i = 0; i < chain->rules.length; i++)
		if (walk_rule(ruleset, &chain->rules.items[i], packet, verified, ret))
			return true;
	return false;
}

/* Limits in front of a fate that is the same anyway say nothing. */
static inline void walk_trim(struct walk_fate *fate)
{
	for (;;) {
		char *last = strrchr(fate->text, '<'), *word, *end;

		if (!last)
			return;
		word = strchr(last, ' ') + 1;
		end = strrchr(fate->text, ' ') + 1;
		if (strncmp(word, end, strlen(end)) || word[strlen(end)] != ' ')
			return;
		memmove(last, end, strlen(end) + 1);
	}
}

/* NULL: no table. */
static inline void walk(const struct sp_ruleset *ruleset, const struct sp_packet *packet,
    bool verified, struct walk_fate *ret)
{
	const struct sp_chain *input = ruleset ? walk_chain(ruleset, "input") : NULL;

	memset(ret, 0, sizeof(*ret));
	if (!input) {
		strcpy(ret->text, "accept");
		return;
	}
	if (!walk_rules(ruleset, input, packet, verified, ret))
		strcat(ret->text, input->drop ? "drop" : "accept");
	walk_trim(ret);
}

#endif
