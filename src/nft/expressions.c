#include "expressions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "fields.h"

/* nft concatenates in 32-bit registers; the first of them is also register 1. */
#define SECOND_REGISTER NFT_REG32_01

struct expressing {
	struct nftnl_rule *rule;
	const struct sp_anonymous *anonymous;
	uint8_t nfproto, l4proto; /* already matched in this rule */
	bool failed;
};

static struct nftnl_expr *expression(struct expressing *to, const char *name)
{
	struct nftnl_expr *added = to->failed ? NULL : nftnl_expr_alloc(name);

	if (!added) {
		to->failed = true;
		return NULL;
	}
	nftnl_rule_add_expr(to->rule, added);
	return added;
}

/* Texts are copied, and libnftnl would send a rule without what it could not copy. */
static void set_text(struct expressing *to, struct nftnl_expr *expression,
    uint16_t attribute, const char *text)
{
	if (nftnl_expr_set_str(expression, attribute, text) != 0)
		to->failed = true;
}

static void load_meta(struct expressing *to, uint32_t key)
{
	struct nftnl_expr *meta = expression(to, "meta");

	if (!meta)
		return;
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void load_payload(
    struct expressing *to, uint32_t base, uint32_t offset, uint32_t length, uint32_t reg)
{
	struct nftnl_expr *payload = expression(to, "payload");

	if (!payload)
		return;
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, reg);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, length);
}

static void load_ct(struct expressing *to, uint32_t key)
{
	struct nftnl_expr *ct = expression(to, "ct");

	if (!ct)
		return;
	nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

static void compare(
    struct expressing *to, uint32_t operation, const void *bytes, uint32_t length)
{
	struct nftnl_expr *cmp = expression(to, "cmp");

	if (!cmp)
		return;
	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, operation);
	nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, bytes, length);
}

static void mask(struct expressing *to, const void *bits, uint32_t length)
{
	static const uint8_t zero[16];
	struct nftnl_expr *bitwise = expression(to, "bitwise");

	if (!bitwise)
		return;
	nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, bits, length);
	nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, zero, length);
}

/* The header that a field stands in has to be the right one. */
static void require(struct expressing *to, const struct sp_load *load)
{
	if (load->nfproto && load->nfproto != to->nfproto) {
		load_meta(to, NFT_META_NFPROTO);
		compare(to, NFT_CMP_EQ, &load->nfproto, 1);
		to->nfproto = load->nfproto;
	}
	if (load->l4proto && load->l4proto != to->l4proto) {
		load_meta(to, NFT_META_L4PROTO);
		compare(to, NFT_CMP_EQ, &load->l4proto, 1);
		to->l4proto = load->l4proto;
	}
}

static void load_bytes(struct expressing *to, const struct sp_load *load, uint32_t length)
{
	require(to, load);
	switch (load->kind) {
	case SP_LOAD_META: load_meta(to, load->key); break;
	case SP_LOAD_CT: load_ct(to, load->key); break;
	case SP_LOAD_NETWORK:
		load_payload(
		    to, NFT_PAYLOAD_NETWORK_HEADER, load->key, length, NFT_REG_1);
		break;
	case SP_LOAD_TRANSPORT:
		load_payload(
		    to, NFT_PAYLOAD_TRANSPORT_HEADER, load->key, length, NFT_REG_1);
		break;
	}
	if (load->mask)
		mask(to, &load->mask, 1);
}

static void load_field(struct expressing *to, enum sp_field field)
{
	const struct sp_load *load = sp_field_load(field);

	if (field == SP_FIELD_PROTOCOL_PORT) {
		load_meta(to, NFT_META_L4PROTO);
		load_payload(to, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, SECOND_REGISTER);
		return;
	}
	load_bytes(to, load, load->length);
}

bool sp_statement_needs_set(const struct sp_statement *statement)
{
	switch (statement->operand) {
	case SP_OPERAND_VALUES:
		return statement->kind == SP_STATEMENT_VMAP ||
		       statement->values.length > 1;
	case SP_OPERAND_ADDRESSES: return sp_intervals_count(&statement->addresses) > 1;
	case SP_OPERAND_NAME:
	case SP_OPERAND_SET: break;
	}
	return false;
}

static void look_up(struct expressing *to, const struct sp_statement *statement)
{
	const char *name = statement->name;
	struct nftnl_expr *lookup;
	uint32_t id = 0;

	if (sp_statement_needs_set(statement))
		name = to->anonymous->name(statement, &id, to->anonymous->context);
	if (!name) {
		to->failed = true;
		return;
	}
	lookup = expression(to, "lookup");
	if (!lookup)
		return;
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_text(to, lookup, NFTNL_EXPR_LOOKUP_SET, name);
	if (id)
		nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, id);
	nftnl_expr_set_u32(
	    lookup, NFTNL_EXPR_LOOKUP_FLAGS, statement->negate ? NFT_LOOKUP_F_INV : 0);
	if (statement->kind == SP_STATEMENT_VMAP)
		nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
}

/* A prefix of whole bytes is a shorter load, any other a mask, as nft does it;
 * a range is two comparisons. */
static void compare_range(
    struct expressing *to, const struct sp_load *load, const struct sp_range *range)
{
	uint8_t first[16], last[16], bits[16] = { 0 };
	unsigned prefix;

	sp_address_bytes(&range->first, first);
	sp_address_bytes(&range->last, last);
	if (!sp_range_is_prefix(range, &prefix)) {
		load_bytes(to, load, load->length);
		compare(to, NFT_CMP_GTE, first, load->length);
		compare(to, NFT_CMP_LTE, last, load->length);
	} else if (prefix && prefix % 8 == 0) {
		load_bytes(to, load, prefix / 8);
		compare(to, NFT_CMP_EQ, first, prefix / 8);
	} else {
		for (unsigned i = 0; i < prefix; i++)
			bits[i / 8] |= (uint8_t)(0x80 >> (i % 8));
		load_bytes(to, load, load->length);
		mask(to, bits, load->length);
		compare(to, NFT_CMP_EQ, first, load->length);
	}
}

/* linux/if.h: names are compared over IFNAMSIZ bytes, a wildcard over its own. */
static void compare_name(struct expressing *to, const struct sp_statement *statement)
{
	size_t length = strlen(statement->name);
	char name[16] = { 0 };

	load_meta(to, NFT_META_IIFNAME);
	memcpy(name, statement->name, length < sizeof(name) ? length : sizeof(name) - 1);
	if (length && statement->name[length - 1] == '*')
		compare(to, NFT_CMP_EQ, name, (uint32_t)length - 1);
	else
		compare(to, NFT_CMP_EQ, name, sizeof(name));
}

/* Of an address, the first bits alone. */
static void mask_prefix(struct expressing *to, const struct sp_statement *statement)
{
	const struct sp_load *load = sp_field_load(statement->field);
	struct sp_address bits;
	uint8_t bytes[16];

	if (!statement->prefix)
		return;
	bits = sp_address_mask(load->length == 4 ? SP_IPV4 : SP_IPV6, statement->prefix);
	sp_address_bytes(&bits, bytes);
	mask(to, bytes, load->length);
}

static void express_match(struct expressing *to, const struct sp_statement *statement)
{
	const struct sp_load *load = sp_field_load(statement->field);
	struct sp_range range;
	uint8_t bytes[4];

	if (statement->operand == SP_OPERAND_NAME) {
		compare_name(to, statement);
	} else if (statement->operand == SP_OPERAND_SET ||
		   sp_statement_needs_set(statement)) {
		load_field(to, statement->field);
		mask_prefix(to, statement);
		look_up(to, statement);
	} else if (statement->operand == SP_OPERAND_ADDRESSES) {
		range = sp_intervals_at(&statement->addresses, 0);
		compare_range(to, load, &range);
	} else {
		load_field(to, statement->field);
		sp_value_bytes(load, statement->values.items[0].number, bytes);
		compare(to, statement->negate ? NFT_CMP_NEQ : NFT_CMP_EQ, bytes,
		    load->length);
		if (statement->field == SP_FIELD_L4PROTO && !statement->negate)
			to->l4proto = (uint8_t)statement->values.items[0].number;
	}
}

static struct nftnl_expr *limit_expression(const struct sp_rate *rate)
{
	struct nftnl_expr *limit = nftnl_expr_alloc("limit");

	if (!limit)
		return NULL;
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, rate->count);
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, rate->seconds);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, rate->burst);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, 0);
	return limit;
}

static void express_rate(struct expressing *to, const struct sp_statement *statement)
{
	static const uint8_t subnet[16] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	struct nftnl_expr *update, *limit;

	load_field(to, statement->field);
	if (statement->field == SP_FIELD_IP6_SADDR)
		mask(to, subnet, sizeof(subnet));
	update = expression(to, "dynset");
	limit = update ? limit_expression(&statement->rate) : NULL;
	if (!limit) {
		to->failed = true;
		return;
	}
	nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	set_text(to, update, NFTNL_EXPR_DYNSET_SET_NAME, statement->name);
	nftnl_expr_set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	/* 0 is the set's default; the kernel's dumps always say it. */
	nftnl_expr_set_u64(update, NFTNL_EXPR_DYNSET_TIMEOUT, 0);
	nftnl_expr_add_expr(update, NFTNL_EXPR_DYNSET_EXPRESSIONS, limit);
}

static void express_log(struct expressing *to, const struct sp_statement *statement)
{
	struct nftnl_expr *log = expression(to, "log");

	if (!log)
		return;
	set_text(to, log, NFTNL_EXPR_LOG_PREFIX, statement->name);
	nftnl_expr_set_u32(
	    log, NFTNL_EXPR_LOG_LEVEL, NFT_LOGLEVEL_WARNING); /* nft's default */
	nftnl_expr_set_u32(log, NFTNL_EXPR_LOG_FLAGS, 0);
}

static void express_verdict(struct expressing *to, int32_t code, const char *chain)
{
	struct nftnl_expr *verdict = expression(to, "immediate");

	if (!verdict)
		return;
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		set_text(to, verdict, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void express_reject(struct expressing *to, uint32_t type, uint8_t code)
{
	struct nftnl_expr *reject = expression(to, "reject");

	if (!reject)
		return;
	nftnl_expr_set_u32(reject, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(reject, NFTNL_EXPR_REJECT_CODE, code);
}

static void express_judgement(struct expressing *to, const struct sp_statement *statement)
{
	switch (statement->judgement) {
	case SP_ACCEPT: express_verdict(to, NF_ACCEPT, NULL); break;
	case SP_DROP: express_verdict(to, NF_DROP, NULL); break;
	case SP_RETURN: express_verdict(to, NFT_RETURN, NULL); break;
	case SP_JUMP: express_verdict(to, NFT_JUMP, statement->name); break;
	case SP_REJECT_RESET: express_reject(to, NFT_REJECT_TCP_RST, 0); break;
	case SP_REJECT_PORT:
		express_reject(
		    to, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
		break;
	case SP_REJECT_ADMIN:
		express_reject(
		    to, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
		break;
	}
}

static void express_counter(struct expressing *to, const struct sp_statement *statement)
{
	struct nftnl_expr *reference = expression(to, "objref");

	if (!reference)
		return;
	nftnl_expr_set_u32(reference, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	set_text(to, reference, NFTNL_EXPR_OBJREF_IMM_NAME, statement->name);
}

static void express_limit(struct expressing *to, const struct sp_statement *statement)
{
	struct nftnl_expr *limit = to->failed ? NULL : limit_expression(&statement->rate);

	if (!limit)
		to->failed = true;
	else
		nftnl_rule_add_expr(to->rule, limit);
}

static void express_statement(struct expressing *to, const struct sp_statement *statement)
{
	switch (statement->kind) {
	case SP_STATEMENT_MATCH: express_match(to, statement); break;
	case SP_STATEMENT_VMAP:
		load_field(to, statement->field);
		mask_prefix(to, statement);
		look_up(to, statement);
		break;
	case SP_STATEMENT_RATE: express_rate(to, statement); break;
	case SP_STATEMENT_LIMIT: express_limit(to, statement); break;
	case SP_STATEMENT_LOG: express_log(to, statement); break;
	case SP_STATEMENT_COUNTER: express_counter(to, statement); break;
	case SP_STATEMENT_VERDICT: express_judgement(to, statement); break;
	}
}

/* nft shows userdata of this form as `comment "…"`. */
static bool put_comment(const char *comment, struct nftnl_rule *ret)
{
	struct nftnl_udata_buf *buffer = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	bool put;

	if (!buffer)
		return false;
	put = nftnl_udata_put_strz(buffer, NFTNL_UDATA_RULE_COMMENT, comment) &&
	      !nftnl_rule_set_data(ret, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(buffer),
		  nftnl_udata_buf_len(buffer));
	nftnl_udata_buf_free(buffer);
	return put;
}

bool sp_rule_express(const struct sp_rule *rule, const struct sp_anonymous *anonymous,
    struct nftnl_rule *ret)
{
	struct expressing to = { .rule = ret, .anonymous = anonymous };

	for (size_t i = 0; i < rule->statements.length; i++)
		express_statement(&to, &rule->statements.items[i]);
	if (rule->comment && !put_comment(rule->comment, ret))
		to.failed = true;
	return !to.failed;
}
