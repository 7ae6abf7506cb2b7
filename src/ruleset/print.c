/* The ruleset as nft(8) 1.0.6 loads it. Statement order and spelling are what
 * `nft list ruleset` prints back, as far as it prints it the same. */
#include <sallyport/ruleset.h>

static const char *const field_names[] = {
	[SP_FIELD_IIF] = "iif",
	[SP_FIELD_IIFNAME] = "iifname",
	[SP_FIELD_L4PROTO] = "meta l4proto",
	[SP_FIELD_IP_SADDR] = "ip saddr",
	[SP_FIELD_IP_DADDR] = "ip daddr",
	[SP_FIELD_IP6_SADDR] = "ip6 saddr",
	[SP_FIELD_IP6_DADDR] = "ip6 daddr",
	[SP_FIELD_UDP_SPORT] = "udp sport",
	[SP_FIELD_UDP_DPORT] = "udp dport",
	[SP_FIELD_TCP_DPORT] = "tcp dport",
	[SP_FIELD_TCP_FLAGS] = "tcp flags & (fin | syn | rst | ack)",
	[SP_FIELD_PROTOCOL_PORT] = "meta l4proto . th dport",
	[SP_FIELD_CT_DIRECTION] = "ct direction",
	[SP_FIELD_CT_STATE] = "ct state",
	[SP_FIELD_ICMP_TYPE] = "icmp type",
	[SP_FIELD_ICMPV6_TYPE] = "icmpv6 type",
};

static const char *const key_names[] = {
	[SP_KEY_IPV4] = "ipv4_addr",
	[SP_KEY_IPV6] = "ipv6_addr",
	[SP_KEY_PROTOCOL] = "inet_proto",
	[SP_KEY_PORT] = "inet_service",
	[SP_KEY_PROTOCOL_PORT] = "inet_proto . inet_service",
};

const char *sp_field_name(enum sp_field field)
{
	return field_names[field];
}

const char *sp_key_name(enum sp_key key)
{
	return key_names[key];
}

/* Numbers that nft has words for; nft reads numbers everywhere too, but a
 * reviewer reads words. */
static const struct {
	enum sp_field field;
	uint32_t number;
	const char *word;
} words[] = {
	{ SP_FIELD_IIF, 1, "\"lo\"" },
	{ SP_FIELD_L4PROTO, 1, "icmp" },
	{ SP_FIELD_L4PROTO, 2, "igmp" },
	{ SP_FIELD_L4PROTO, 6, "tcp" },
	{ SP_FIELD_L4PROTO, 17, "udp" },
	{ SP_FIELD_L4PROTO, 58, "ipv6-icmp" },
	{ SP_FIELD_TCP_FLAGS, 2, "syn" },
	{ SP_FIELD_CT_DIRECTION, 0, "original" },
	{ SP_FIELD_CT_DIRECTION, 1, "reply" },
	{ SP_FIELD_CT_STATE, 1, "invalid" },
	{ SP_FIELD_CT_STATE, 2, "established" },
	{ SP_FIELD_CT_STATE, 4, "related" },
	{ SP_FIELD_ICMP_TYPE, 3, "destination-unreachable" },
	{ SP_FIELD_ICMP_TYPE, 8, "echo-request" },
	{ SP_FIELD_ICMP_TYPE, 11, "time-exceeded" },
	{ SP_FIELD_ICMP_TYPE, 12, "parameter-problem" },
	{ SP_FIELD_ICMPV6_TYPE, 1, "destination-unreachable" },
	{ SP_FIELD_ICMPV6_TYPE, 2, "packet-too-big" },
	{ SP_FIELD_ICMPV6_TYPE, 3, "time-exceeded" },
	{ SP_FIELD_ICMPV6_TYPE, 4, "parameter-problem" },
	{ SP_FIELD_ICMPV6_TYPE, 128, "echo-request" },
	{ SP_FIELD_ICMPV6_TYPE, 130, "mld-listener-query" },
	{ SP_FIELD_ICMPV6_TYPE, 131, "mld-listener-report" },
	{ SP_FIELD_ICMPV6_TYPE, 132, "mld-listener-done" },
	{ SP_FIELD_ICMPV6_TYPE, 133, "nd-router-solicit" },
	{ SP_FIELD_ICMPV6_TYPE, 134, "nd-router-advert" },
	{ SP_FIELD_ICMPV6_TYPE, 135, "nd-neighbor-solicit" },
	{ SP_FIELD_ICMPV6_TYPE, 136, "nd-neighbor-advert" },
	{ SP_FIELD_ICMPV6_TYPE, 141, "ind-neighbor-solicit" },
	{ SP_FIELD_ICMPV6_TYPE, 142, "ind-neighbor-advert" },
	{ SP_FIELD_ICMPV6_TYPE, 143, "mld2-listener-report" },
};

static void print_number(enum sp_field field, uint32_t number, struct sp_text *ret)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].field == field && words[i].number == number) {
			sp_text_join(ret, words[i].word);
			return;
		}
	sp_text_add_number(ret, number);
}

static const char *judgement_text(enum sp_judgement judgement)
{
	switch (judgement) {
	case SP_ACCEPT: return "accept";
	case SP_DROP: return "drop";
	case SP_RETURN: return "return";
	case SP_JUMP: return "jump";
	case SP_REJECT_RESET: return "reject with tcp reset";
	case SP_REJECT_PORT: return "reject with icmpx port-unreachable";
	case SP_REJECT_ADMIN: return "reject with icmpx admin-prohibited";
	}
	return "?";
}

static void print_addresses(const struct sp_intervals *set, struct sp_text *ret)
{
	size_t count = sp_intervals_count(set);
	char text[SP_RANGE_TEXT];

	for (size_t i = 0; i < count; i++) {
		struct sp_range range = sp_intervals_at(set, i);

		sp_text_join(ret, i ? ", " : "", sp_range_print(&range, text));
	}
}

/* A set of blocks has their first addresses. */
static void print_blocks(
    const struct sp_intervals *set, unsigned prefix, struct sp_text *ret)
{
	size_t count = sp_intervals_count(set);
	const char *separator = "";
	char text[SP_ADDRESS_TEXT];

	for (size_t i = 0; i < count; i++) {
		struct sp_range range = sp_intervals_at(set, i);
		struct sp_address block = range.first;

		do {
			sp_text_join(ret, separator, sp_address_print(&block, text));
			separator = ", ";
		} while (sp_range_next_block(&range, prefix, &block));
	}
}

/* Of an address, its first bits: nft's notation, a mask. */
static void print_mask(const struct sp_statement *statement, struct sp_text *ret)
{
	bool four = statement->field == SP_FIELD_IP_SADDR ||
		    statement->field == SP_FIELD_IP_DADDR;
	char text[SP_ADDRESS_TEXT];
	struct sp_address mask;

	if (!statement->prefix)
		return;
	mask = sp_address_mask(four ? SP_IPV4 : SP_IPV6, statement->prefix);
	sp_text_join(ret, " & ", sp_address_print(&mask, text));
}

static void print_values(const struct sp_statement *statement, struct sp_text *ret)
{
	for (size_t i = 0; i < statement->values.length; i++) {
		const struct sp_value *value = &statement->values.items[i];

		sp_text_join(ret, i ? ", " : "");
		print_number(statement->field, value->number, ret);
		if (statement->kind == SP_STATEMENT_VMAP)
			sp_text_join(ret, " : ", judgement_text(value->judgement));
	}
}

static void print_operand(const struct sp_statement *statement, struct sp_text *ret)
{
	bool braces = statement->kind == SP_STATEMENT_VMAP ||
		      statement->values.length > 1 ||
		      sp_intervals_count(&statement->addresses) > 1;

	switch (statement->operand) {
	case SP_OPERAND_SET: sp_text_join(ret, "@", statement->name); return;
	case SP_OPERAND_NAME: sp_text_join(ret, "\"", statement->name, "\""); return;
	case SP_OPERAND_VALUES:
	case SP_OPERAND_ADDRESSES: break;
	}
	sp_text_join(ret, braces ? "{ " : "");
	if (statement->operand == SP_OPERAND_VALUES)
		print_values(statement, ret);
	else
		print_addresses(&statement->addresses, ret);
	sp_text_join(ret, braces ? " }" : "");
}

static void print_rate(const struct sp_rate *rate, struct sp_text *ret)
{
	const char *unit = rate->seconds == 1	    ? "second"
			   : rate->seconds == 60    ? "minute"
			   : rate->seconds == 3600  ? "hour"
			   : rate->seconds == 86400 ? "day"
						    : "week";

	sp_text_add(
	    ret, "limit rate %u/%s burst %u packets", rate->count, unit, rate->burst);
}

static void print_statement(const struct sp_statement *statement, struct sp_text *ret)
{
	switch (statement->kind) {
	case SP_STATEMENT_MATCH:
		/* Without the sign nft takes a state for a mask. */
		sp_text_join(ret, field_names[statement->field]);
		print_mask(statement, ret);
		sp_text_join(ret, " ",
		    statement->negate			    ? "!= "
		    : statement->field == SP_FIELD_CT_STATE ? "== "
							    : "");
		print_operand(statement, ret);
		break;
	case SP_STATEMENT_VMAP:
		sp_text_join(ret, field_names[statement->field]);
		print_mask(statement, ret);
		sp_text_join(ret, " vmap ");
		print_operand(statement, ret);
		break;
	case SP_STATEMENT_RATE:
		/* A source is an IPv4 address or an IPv6 /64. */
		sp_text_add(ret, "update @%s { %s%s ", statement->name,
		    field_names[statement->field],
		    statement->field == SP_FIELD_IP6_SADDR ? " & ffff:ffff:ffff:ffff::"
							   : "");
		print_rate(&statement->rate, ret);
		sp_text_add(ret, " }");
		break;
	case SP_STATEMENT_LIMIT: print_rate(&statement->rate, ret); break;
	case SP_STATEMENT_LOG:
		sp_text_join(ret, "log prefix \"", statement->name, "\"");
		break;
	case SP_STATEMENT_COUNTER:
		sp_text_join(ret, "counter name \"", statement->name, "\"");
		break;
	case SP_STATEMENT_VERDICT:
		sp_text_join(ret, judgement_text(statement->judgement),
		    statement->name ? " " : "", statement->name ? statement->name : "");
		break;
	}
}

void sp_rule_print(const struct sp_rule *rule, struct sp_text *ret)
{
	if (rule->foreign) {
		sp_text_add(ret, "# a rule that sallyport did not write (handle %llu)",
		    (unsigned long long)rule->handle);
		return;
	}
	for (size_t i = 0; i < rule->statements.length; i++) {
		sp_text_join(ret, i ? " " : "");
		print_statement(&rule->statements.items[i], ret);
	}
	if (rule->comment)
		sp_text_add(ret, " comment \"%s\"", rule->comment);
}

static void print_duration(uint64_t milliseconds, struct sp_text *ret)
{
	if (milliseconds % 1000)
		sp_text_add(ret, "%llums", (unsigned long long)milliseconds);
	else
		sp_text_add(ret, "%llus", (unsigned long long)milliseconds / 1000);
}

void sp_set_print_type(const struct sp_set *set, struct sp_text *ret)
{
	const char *separator = " flags ";

	sp_text_add(ret, "type %s%s;", key_names[set->key], set->map ? " : verdict" : "");
	if (set->size)
		sp_text_add(ret, " size %u;", set->size);
	if (set->interval) {
		sp_text_add(ret, "%sinterval", separator);
		separator = ",";
	}
	if (set->dynamic) {
		sp_text_add(ret, "%sdynamic", separator);
		separator = ",";
	}
	if (set->timeout) {
		sp_text_add(ret, "%stimeout", separator);
		separator = ",";
	}
	if (separator[0] == ',')
		sp_text_add(ret, ";");
	if (set->timeout_ms) {
		sp_text_add(ret, " timeout ");
		print_duration(set->timeout_ms, ret);
		sp_text_add(ret, ";");
	}
}

/* A map of blocks has an element for each. */
static void print_jumps(
    const struct sp_set *set, const struct sp_element *element, struct sp_text *ret)
{
	struct sp_address block = element->addresses.first;
	const char *separator = "";
	char text[SP_ADDRESS_TEXT];

	do {
		sp_text_join(ret, separator, sp_address_print(&block, text), " : jump ",
		    element->chain ? element->chain : "");
		separator = ", ";
	} while (sp_range_next_block(&element->addresses, set->prefix, &block));
}

void sp_element_print(
    const struct sp_set *set, const struct sp_element *element, struct sp_text *ret)
{
	char range[SP_RANGE_TEXT];

	if (set->prefix) {
		print_jumps(set, element, ret);
		return;
	}
	if (set->key == SP_KEY_PROTOCOL || set->key == SP_KEY_PROTOCOL_PORT)
		print_number(SP_FIELD_L4PROTO, element->protocol, ret);
	if (set->key == SP_KEY_PROTOCOL_PORT)
		sp_text_join(ret, " . ");
	if (set->key == SP_KEY_PORT || set->key == SP_KEY_PROTOCOL_PORT)
		sp_text_add_number(ret, element->ports.first);
	if (element->ports.last != element->ports.first)
		sp_text_add(ret, "-%u", element->ports.last);
	if (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6)
		sp_text_join(ret, sp_range_print(&element->addresses, range));
	if (element->expires_ms) {
		sp_text_add(ret, " expires ");
		print_duration(element->expires_ms, ret);
	}
	if (element->chain)
		sp_text_join(ret, " : jump ", element->chain);
}

static void print_set(const struct sp_set *set, struct sp_text *ret)
{
	sp_text_add(ret, "\t%s %s {\n\t\t", set->map ? "map" : "set", set->name);
	sp_set_print_type(set, ret);
	sp_text_add(ret, "\n");
	if (set->elements.length || !sp_intervals_is_empty(&set->addresses)) {
		sp_text_add(ret, "\t\telements = { ");
		for (size_t i = 0; i < set->elements.length; i++) {
			sp_text_join(ret, i ? ", " : "");
			sp_element_print(set, &set->elements.items[i], ret);
		}
		if (set->prefix)
			print_blocks(&set->addresses, set->prefix, ret);
		else
			print_addresses(&set->addresses, ret);
		sp_text_add(ret, " }\n");
	}
	sp_text_add(ret, "\t}\n");
}

static void print_chain(const struct sp_chain *chain, struct sp_text *ret)
{
	sp_text_join(ret, "\tchain ", chain->name, " {\n");
	if (chain->base)
		sp_text_add(ret,
		    "\t\ttype filter hook input priority filter; policy %s;\n",
		    chain->drop ? "drop" : "accept");
	for (size_t i = 0; i < chain->rules.length; i++) {
		sp_text_join(ret, "\t\t");
		sp_rule_print(&chain->rules.items[i], ret);
		sp_text_join(ret, "\n");
	}
	sp_text_join(ret, "\t}\n");
}

/* nft resolves a jump only to a chain that stands before it. */
static void print_maps_last(const struct sp_ruleset *ruleset, struct sp_text *ret)
{
	for (size_t i = 0; i < ruleset->sets.length; i++)
		if (ruleset->sets.items[i].map)
			print_set(&ruleset->sets.items[i], ret);
}

void sp_ruleset_print(const struct sp_ruleset *ruleset, struct sp_text *ret)
{
	sp_text_add(ret, "table inet " SP_TABLE " {\n");
	for (size_t i = 0; i < ruleset->counters.length; i++)
		sp_text_join(
		    ret, "\tcounter ", ruleset->counters.items[i].name, " { }\n");
	for (size_t i = 0; i < ruleset->sets.length; i++)
		if (!ruleset->sets.items[i].map)
			print_set(&ruleset->sets.items[i], ret);
	for (size_t i = 0; i < ruleset->chains.length; i++)
		if (!ruleset->chains.items[i].base)
			print_chain(&ruleset->chains.items[i], ret);
	print_maps_last(ruleset, ret);
	for (size_t i = 0; i < ruleset->chains.length; i++)
		if (ruleset->chains.items[i].base)
			print_chain(&ruleset->chains.items[i], ret);
	sp_text_add(ret, "}\n");
}
