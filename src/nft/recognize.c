/* A dumped rule back into the model: the inverse of expressions.c, for exactly
 * what that file makes. What is recognised is expressed again and compared, so
 * that a rule somebody changed by a bit is foreign, not "ours, nearly". */
#include "expressions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <sallyport/array.h>

#include "attributes.h"
#include "fields.h"

typedef const struct sp_held_set *(*finder)(const char *name, void *context);

struct recognizing {
	struct nftnl_expr **items; /* the dumped rule's expressions */
	size_t length, capacity, at;
	const struct nlattr *attributes; /* and where they stand in the message */
	uint8_t nfproto, l4proto;
	finder find;
	void *context;
	struct sp_rule *rule;
	bool out_of_memory;
};

static int collect(struct nftnl_expr *item, void *context)
{
	struct recognizing *from = context;

	if (!sp_array_push(from, item))
		from->out_of_memory = true;
	return 0;
}

/* The expression `ahead` of the current one when it has that name, or NULL. */
static struct nftnl_expr *peek(
    const struct recognizing *from, size_t ahead, const char *name)
{
	struct nftnl_expr *item;

	if (from->at + ahead >= from->length)
		return NULL;
	item = from->items[from->at + ahead];
	return strcmp(nftnl_expr_get_str(item, NFTNL_EXPR_NAME), name) ? NULL : item;
}

static struct sp_statement *statement(
    struct recognizing *from, enum sp_statement_kind kind, enum sp_field field)
{
	struct sp_statement *added;

	if (!sp_array_reserve(&from->rule->statements, 1)) {
		from->out_of_memory = true;
		return NULL;
	}
	added = &from->rule->statements.items[from->rule->statements.length++];
	*added = (struct sp_statement){ .kind = kind, .field = field };
	return added;
}

static bool set_name(struct recognizing *from, struct sp_statement *to, const char *name)
{
	to->name = name ? strdup(name) : NULL;
	if (name && !to->name)
		from->out_of_memory = true;
	return to->name != NULL;
}

static const uint8_t *compared(
    struct nftnl_expr *cmp, uint32_t operation, uint32_t length)
{
	uint32_t held;
	const uint8_t *bytes;

	if (!cmp || nftnl_expr_get_u32(cmp, NFTNL_EXPR_CMP_OP) != operation)
		return NULL;
	bytes = nftnl_expr_get(cmp, NFTNL_EXPR_CMP_DATA, &held);
	return bytes && held == length ? bytes : NULL;
}

/* ---- operands ---- */

static bool take_anonymous(
    struct recognizing *from, struct sp_statement *to, const struct sp_held_set *set)
{
	if (set->foreign)
		return false;
	if (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6) {
		to->operand = SP_OPERAND_ADDRESSES;
		from->out_of_memory |=
		    !sp_intervals_add_all(&to->addresses, &set->addresses);
		return true;
	}
	to->operand = SP_OPERAND_VALUES;
	for (size_t i = 0; i < set->values.length; i++)
		from->out_of_memory |= !sp_array_push(&to->values, set->values.items[i]);
	return true;
}

/* A lookup in a named or an anonymous set, `ahead` of here; consumes it all. */
static bool take_lookup(struct recognizing *from, size_t ahead, enum sp_field field)
{
	struct nftnl_expr *lookup = peek(from, ahead, "lookup");
	const struct sp_held_set *set;
	struct sp_statement *to;
	const char *name;
	bool vmap;

	if (!lookup)
		return false;
	vmap = nftnl_expr_is_set(lookup, NFTNL_EXPR_LOOKUP_DREG);
	name = nftnl_expr_get_str(lookup, NFTNL_EXPR_LOOKUP_SET);
	to = statement(from, vmap ? SP_STATEMENT_VMAP : SP_STATEMENT_MATCH, field);
	if (!to || !name)
		return false;
	to->negate =
	    nftnl_expr_is_set(lookup, NFTNL_EXPR_LOOKUP_FLAGS) &&
	    (nftnl_expr_get_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV);
	from->at += ahead + 1;
	set = from->find(name, from->context);
	if (set)
		return take_anonymous(from, to, set);
	to->operand = SP_OPERAND_SET;
	return set_name(from, to, name);
}

static bool take_value(struct recognizing *from, size_t ahead, enum sp_field field)
{
	const struct sp_load *load = sp_field_load(field);
	struct nftnl_expr *cmp = peek(from, ahead, "cmp");
	const uint8_t *equal = compared(cmp, NFT_CMP_EQ, load->length);
	const uint8_t *other = compared(cmp, NFT_CMP_NEQ, load->length);
	struct sp_statement *to;

	if (!equal && !other)
		return false;
	to = statement(from, SP_STATEMENT_MATCH, field);
	if (!to)
		return false;
	to->negate = !equal;
	from->out_of_memory |= !sp_array_push(&to->values,
	    (struct sp_value){ .number = sp_value_of(load, equal ? equal : other) });
	from->at += ahead + 1;
	return true;
}

static bool take_addresses(struct recognizing *from, size_t consumed, enum sp_field field,
    const struct sp_range *range)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_MATCH, field);

	if (!to)
		return false;
	to->operand = SP_OPERAND_ADDRESSES;
	from->out_of_memory |= !sp_intervals_add(&to->addresses, range);
	from->at += consumed;
	return true;
}

static unsigned mask_length(const uint8_t *bits, uint32_t length)
{
	unsigned ones = 0;

	while (ones < length * 8 && bits[ones / 8] & (0x80 >> (ones % 8)))
		ones++;
	return ones;
}

static struct sp_range prefix_range(
    enum sp_family family, const uint8_t *bytes, unsigned prefix)
{
	uint8_t first[16] = { 0 }, last[16];
	unsigned length = family == SP_IPV4 ? 4 : 16;

	memset(last, 0xff, sizeof(last));
	for (unsigned bit = 0; bit < prefix; bit++) {
		uint8_t one = (uint8_t)(0x80 >> (bit % 8));

		first[bit / 8] |= bytes[bit / 8] & one;
		if (!(bytes[bit / 8] & one))
			last[bit / 8] &= (uint8_t)~one;
	}
	(void)length;
	return (
	    struct sp_range){ sp_address_of(family, first), sp_address_of(family, last) };
}

static int first_expression(struct nftnl_expr *item, void *context)
{
	struct nftnl_expr **first = context;

	if (!*first)
		*first = item;
	return 0;
}

static bool take_rate(struct recognizing *from, size_t ahead, enum sp_field field)
{
	struct nftnl_expr *update = peek(from, ahead, "dynset");
	struct nftnl_expr *limit = NULL;
	struct sp_statement *to;

	if (!update)
		return false;
	nftnl_expr_expr_foreach(update, first_expression, &limit);
	to = limit ? statement(from, SP_STATEMENT_RATE, field) : NULL;
	if (!to)
		return false;
	to->operand = SP_OPERAND_SET;
	to->rate.count = (uint32_t)nftnl_expr_get_u64(limit, NFTNL_EXPR_LIMIT_RATE);
	to->rate.seconds = (uint32_t)nftnl_expr_get_u64(limit, NFTNL_EXPR_LIMIT_UNIT);
	to->rate.burst = nftnl_expr_get_u32(limit, NFTNL_EXPR_LIMIT_BURST);
	from->at += ahead + 1;
	return set_name(from, to, nftnl_expr_get_str(update, NFTNL_EXPR_DYNSET_SET_NAME));
}

/* In a set of blocks: the mask says of how many bits. */
static bool take_blocks(
    struct recognizing *from, enum sp_field field, struct nftnl_expr *bitwise)
{
	uint32_t length;
	const uint8_t *bits = nftnl_expr_get(bitwise, NFTNL_EXPR_BITWISE_MASK, &length);
	struct sp_rule *rule = from->rule;

	if (!bits || length != sp_field_load(field)->length ||
	    !take_lookup(from, 2, field))
		return false;
	rule->statements.items[rule->statements.length - 1].prefix =
	    mask_length(bits, length);
	return true;
}

/* Behind a masked load: a prefix, a set of blocks, or a meter of /64s. */
static bool take_masked(
    struct recognizing *from, enum sp_field field, enum sp_family family)
{
	const struct sp_load *load = sp_field_load(field);
	struct nftnl_expr *bitwise = peek(from, 1, "bitwise");
	const uint8_t *bits, *bytes;
	struct sp_range range;
	uint32_t length;

	if (!bitwise)
		return false;
	if (take_rate(from, 2, field) || take_blocks(from, field, bitwise))
		return true;
	bits = nftnl_expr_get(bitwise, NFTNL_EXPR_BITWISE_MASK, &length);
	bytes = compared(peek(from, 2, "cmp"), NFT_CMP_EQ, load->length);
	if (!bits || length != load->length || !bytes)
		return false;
	range = prefix_range(family, bytes, mask_length(bits, length));
	return take_addresses(from, 3, field, &range);
}

static bool take_address_operand(
    struct recognizing *from, enum sp_field field, enum sp_family family, uint32_t loaded)
{
	const struct sp_load *load = sp_field_load(field);
	struct nftnl_expr *first = peek(from, 1, "cmp"), *second = peek(from, 2, "cmp");
	const uint8_t *bytes = compared(first, NFT_CMP_EQ, loaded);
	const uint8_t *low, *high;
	struct sp_range range;

	if (bytes) {
		range = prefix_range(family, bytes, loaded * 8);
		return take_addresses(from, 2, field, &range);
	}
	if (loaded != load->length)
		return false;
	low = compared(first, NFT_CMP_GTE, loaded);
	high = compared(second, NFT_CMP_LTE, loaded);
	if (low && high) {
		range = (struct sp_range){ sp_address_of(family, low),
			sp_address_of(family, high) };
		return take_addresses(from, 3, field, &range);
	}
	return take_masked(from, field, family) || take_rate(from, 1, field) ||
	       take_lookup(from, 1, field);
}

/* ---- loads ---- */

static bool take_network(struct recognizing *from, uint32_t offset, uint32_t length)
{
	static const enum sp_field fields[] = { SP_FIELD_IP_SADDR, SP_FIELD_IP_DADDR,
		SP_FIELD_IP6_SADDR, SP_FIELD_IP6_DADDR };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct sp_load *load = sp_field_load(fields[i]);

		if (load->nfproto == from->nfproto && load->key == offset &&
		    length <= load->length)
			return take_address_operand(from, fields[i],
			    load->nfproto == NFPROTO_IPV4 ? SP_IPV4 : SP_IPV6, length);
	}
	return false;
}

static bool take_transport(struct recognizing *from, uint32_t offset, uint32_t length)
{
	static const enum sp_field fields[] = { SP_FIELD_UDP_SPORT, SP_FIELD_UDP_DPORT,
		SP_FIELD_TCP_DPORT, SP_FIELD_TCP_FLAGS, SP_FIELD_ICMP_TYPE,
		SP_FIELD_ICMPV6_TYPE };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct sp_load *load = sp_field_load(fields[i]);
		size_t ahead = load->mask ? 2 : 1;

		if (load->l4proto == from->l4proto && load->key == offset &&
		    load->length == length)
			return take_value(from, ahead, fields[i]) ||
			       take_lookup(from, ahead, fields[i]);
	}
	return false;
}

static bool take_payload(struct recognizing *from)
{
	struct nftnl_expr *payload = peek(from, 0, "payload");
	uint32_t base = nftnl_expr_get_u32(payload, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = nftnl_expr_get_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t length = nftnl_expr_get_u32(payload, NFTNL_EXPR_PAYLOAD_LEN);

	if (base == NFT_PAYLOAD_NETWORK_HEADER)
		return take_network(from, offset, length);
	return base == NFT_PAYLOAD_TRANSPORT_HEADER &&
	       take_transport(from, offset, length);
}

/* Is `meta l4proto X` only what the payload behind it needs? */
static bool is_needed_behind(const struct recognizing *from, uint8_t protocol)
{
	struct nftnl_expr *payload = peek(from, 2, "payload");

	return payload &&
	       nftnl_expr_get_u32(payload, NFTNL_EXPR_PAYLOAD_BASE) ==
		   NFT_PAYLOAD_TRANSPORT_HEADER &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
		   protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6);
}

static bool take_protocol(struct recognizing *from)
{
	const uint8_t *protocol = compared(peek(from, 1, "cmp"), NFT_CMP_EQ, 1);

	if (peek(from, 1, "payload"))
		return take_lookup(from, 2, SP_FIELD_PROTOCOL_PORT);
	if (!protocol)
		return take_value(from, 1, SP_FIELD_L4PROTO) ||
		       take_lookup(from, 1, SP_FIELD_L4PROTO);
	from->l4proto = *protocol;
	if (!is_needed_behind(from, *protocol))
		return take_value(from, 1, SP_FIELD_L4PROTO);
	from->at += 2;
	return true;
}

static bool take_interface(struct recognizing *from)
{
	struct nftnl_expr *cmp = peek(from, 1, "cmp");
	struct sp_statement *to;
	uint32_t length = 0;
	const char *bytes;
	char name[18];

	bytes = cmp ? nftnl_expr_get(cmp, NFTNL_EXPR_CMP_DATA, &length) : NULL;
	if (!bytes || length > 16)
		return false;
	snprintf(
	    name, sizeof(name), "%.*s%s", (int)length, bytes, length < 16 ? "*" : "");
	to = statement(from, SP_STATEMENT_MATCH, SP_FIELD_IIFNAME);
	if (!to)
		return false;
	to->operand = SP_OPERAND_NAME;
	from->at += 2;
	return set_name(from, to, name);
}

static bool take_meta(struct recognizing *from)
{
	const uint8_t *family;

	switch (nftnl_expr_get_u32(peek(from, 0, "meta"), NFTNL_EXPR_META_KEY)) {
	case NFT_META_L4PROTO: return take_protocol(from);
	case NFT_META_IIFNAME: return take_interface(from);
	case NFT_META_IIF: return take_value(from, 1, SP_FIELD_IIF);
	case NFT_META_NFPROTO:
		family = compared(peek(from, 1, "cmp"), NFT_CMP_EQ, 1);
		if (!family)
			return false;
		from->nfproto = *family;
		from->at += 2;
		return true;
	default: return false;
	}
}

static bool take_ct(struct recognizing *from)
{
	switch (nftnl_expr_get_u32(peek(from, 0, "ct"), NFTNL_EXPR_CT_KEY)) {
	case NFT_CT_DIRECTION: return take_value(from, 1, SP_FIELD_CT_DIRECTION);
	case NFT_CT_STATE:
		return take_lookup(from, 1, SP_FIELD_CT_STATE) ||
		       take_value(from, 1, SP_FIELD_CT_STATE);
	default: return false;
	}
}

/* ---- statements without a load ---- */

/* libnftnl (1.2.4) takes the length of a counter's name that it had no memory to
 * copy: it is never asked for one. */
static bool take_counter(struct recognizing *from)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_COUNTER, SP_FIELD_IIF);
	const struct nlattr *data =
	    sp_attr_in(sp_attr_at(from->attributes, from->at++), NFTA_EXPR_DATA);
	const char *name = sp_attr_text(sp_attr_in(data, NFTA_OBJREF_IMM_NAME));

	return to && *name &&
	       sp_attr_u32(sp_attr_in(data, NFTA_OBJREF_IMM_TYPE)) ==
		   NFT_OBJECT_COUNTER &&
	       set_name(from, to, name);
}

static bool take_limit(struct recognizing *from)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_LIMIT, SP_FIELD_IIF);
	struct nftnl_expr *limit = from->items[from->at++];

	if (!to)
		return false;
	to->rate.count = (uint32_t)nftnl_expr_get_u64(limit, NFTNL_EXPR_LIMIT_RATE);
	to->rate.seconds = (uint32_t)nftnl_expr_get_u64(limit, NFTNL_EXPR_LIMIT_UNIT);
	to->rate.burst = nftnl_expr_get_u32(limit, NFTNL_EXPR_LIMIT_BURST);
	return true;
}

static bool take_log(struct recognizing *from)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_LOG, SP_FIELD_IIF);

	return to &&
	       set_name(from, to,
		   nftnl_expr_get_str(from->items[from->at++], NFTNL_EXPR_LOG_PREFIX));
}

static bool take_verdict(struct recognizing *from)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_VERDICT, SP_FIELD_IIF);
	struct nftnl_expr *verdict = from->items[from->at++];

	if (!to || !nftnl_expr_is_set(verdict, NFTNL_EXPR_IMM_VERDICT))
		return false;
	switch ((int32_t)nftnl_expr_get_u32(verdict, NFTNL_EXPR_IMM_VERDICT)) {
	case NF_ACCEPT: to->judgement = SP_ACCEPT; return true;
	case NF_DROP: to->judgement = SP_DROP; return true;
	case NFT_RETURN: to->judgement = SP_RETURN; return true;
	case NFT_JUMP:
		to->judgement = SP_JUMP;
		return set_name(
		    from, to, nftnl_expr_get_str(verdict, NFTNL_EXPR_IMM_CHAIN));
	default: return false;
	}
}

static bool take_reject(struct recognizing *from)
{
	struct sp_statement *to = statement(from, SP_STATEMENT_VERDICT, SP_FIELD_IIF);
	struct nftnl_expr *reject = from->items[from->at++];

	if (!to)
		return false;
	to->judgement = SP_REJECT_PORT;
	if (nftnl_expr_get_u32(reject, NFTNL_EXPR_REJECT_TYPE) == NFT_REJECT_TCP_RST)
		to->judgement = SP_REJECT_RESET;
	else if (nftnl_expr_get_u8(reject, NFTNL_EXPR_REJECT_CODE) ==
		 NFT_REJECT_ICMPX_ADMIN_PROHIBITED)
		to->judgement = SP_REJECT_ADMIN;
	return true;
}

static bool take_next(struct recognizing *from)
{
	static const struct {
		const char *name;
		bool (*take)(struct recognizing *from);
	} table[] = {
		{ "meta", take_meta },
		{ "payload", take_payload },
		{ "ct", take_ct },
		{ "objref", take_counter },
		{ "limit", take_limit },
		{ "log", take_log },
		{ "immediate", take_verdict },
		{ "reject", take_reject },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (peek(from, 0, table[i].name))
			return table[i].take(from);
	return false;
}

/* ---- the proof: expressed again, it is the same ---- */

struct names {
	struct nftnl_expr **items; /* the dumped rule's */
	size_t length, at;
	bool missing;
};

/* The dumped rule's anonymous sets, in the order of its lookups. */
static const char *next_name(
    const struct sp_statement *statement, uint32_t *ret_id, void *context)
{
	struct names *names = context;

	(void)statement;
	*ret_id = 0;
	while (names->at < names->length) {
		struct nftnl_expr *item = names->items[names->at++];
		const char *set;

		if (strcmp(nftnl_expr_get_str(item, NFTNL_EXPR_NAME), "lookup"))
			continue;
		set = nftnl_expr_get_str(item, NFTNL_EXPR_LOOKUP_SET);
		if (set && !strncmp(set, "__", 2))
			return set;
	}
	names->missing = true;
	return NULL;
}

static bool expresses_the_same(struct recognizing *from)
{
	struct names names = { .items = from->items, .length = from->length };
	struct sp_anonymous anonymous = { next_name, &names };
	struct nftnl_rule *again = nftnl_rule_alloc();
	struct recognizing ours = { 0 };
	bool same = false;

	if (!again || !sp_rule_express(from->rule, &anonymous, again)) {
		from->out_of_memory = !names.missing;
	} else {
		nftnl_expr_foreach(again, collect, &ours);
		from->out_of_memory = ours.out_of_memory;
		same = ours.length == from->length;
		for (size_t i = 0; i < ours.length && same; i++)
			same = sp_expression_same(ours.items[i], from->items[i]);
	}
	sp_array_free(&ours);
	if (again)
		nftnl_rule_free(again);
	return same;
}

static int find_comment(const struct nftnl_udata *item, void *context)
{
	const char **comment = context;
	const char *text = nftnl_udata_get(item);
	uint8_t length = nftnl_udata_len(item);

	if (nftnl_udata_type(item) == NFTNL_UDATA_RULE_COMMENT && length &&
	    text[length - 1] == '\0')
		*comment = text;
	return 0;
}

static bool take_comment(struct nftnl_rule *dumped, struct sp_rule *ret)
{
	const char *comment = NULL;
	const void *bytes;
	uint32_t length;

	if (!nftnl_rule_is_set(dumped, NFTNL_RULE_USERDATA))
		return true;
	bytes = nftnl_rule_get_data(dumped, NFTNL_RULE_USERDATA, &length);
	if (nftnl_udata_parse(bytes, length, find_comment, &comment) < 0 || !comment)
		return true;
	ret->comment = strdup(comment);
	return ret->comment != NULL;
}

bool sp_rule_recognize(struct nftnl_rule *dumped, const struct nlattr *attributes,
    finder find, void *context, struct sp_rule *ret)
{
	struct recognizing from = {
		.attributes = attributes, .find = find, .context = context, .rule = ret
	};
	bool ours = true;

	memset(ret, 0, sizeof(*ret));
	ret->service = SIZE_MAX;
	ret->handle = nftnl_rule_get_u64(dumped, NFTNL_RULE_HANDLE);
	nftnl_expr_foreach(dumped, collect, &from);
	while (ours && !from.out_of_memory && from.at < from.length)
		ours = take_next(&from);
	if (!from.out_of_memory && !take_comment(dumped, ret))
		from.out_of_memory = true;
	ours = ours && !from.out_of_memory && expresses_the_same(&from);
	if (!ours && !from.out_of_memory) {
		uint64_t handle = ret->handle;

		sp_rule_clear(ret);
		*ret = (struct sp_rule){
			.foreign = true, .handle = handle, .service = SIZE_MAX
		};
	}
	sp_array_free(&from);
	return !from.out_of_memory;
}
