#include "foreign_rule.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/netlink.h>
#include <sallyport/service.h>

#include "attributes.h"
#include "xtables.h"

/* Where a transport header has its destination port, TCP and UDP alike. */
#define DPORT_OFFSET 2
/* … and a network header its destination: RFC 791 section 3.1, RFC 8200 section 3. */
#define DADDR4_OFFSET 16
#define DADDR6_OFFSET 24
/* Registers as they are numbered (NFT_REG_VERDICT to NFT_REG32_15). */
#define REGISTERS (NFT_REG32_15 + 1)

/* What a register holds, so that a later expression's operand is known. */
enum holding { HOLDS_NOTHING, HOLDS_VALUE, HOLDS_L4PROTO, HOLDS_DPORT };

struct reading {
	struct sp_foreign_rule *rule;
	struct {
		enum holding holding;
		uint8_t value[16];
		size_t length;
	} registers[REGISTERS];
};

static uint32_t number(const struct nlattr *nest, uint16_t type)
{
	return sp_attr_u32(sp_attr_in(nest, type));
}

static const char *string(const struct nlattr *nest, uint16_t type)
{
	return sp_attr_text(sp_attr_in(nest, type));
}

/* Up to 16 bytes of NFTA_DATA_VALUE within `type`; their length. */
static size_t value_of(const struct nlattr *nest, uint16_t type, uint8_t ret[16])
{
	const struct nlattr *value = sp_attr_in(sp_attr_in(nest, type), NFTA_DATA_VALUE);
	size_t length = value ? mnl_attr_get_payload_len(value) : 0;

	if (length > 16)
		length = 0;
	if (length)
		memcpy(ret, mnl_attr_get_payload(value), length);
	return length;
}

static void hold(struct reading *reading, uint32_t at, enum holding holding)
{
	if (at < REGISTERS)
		reading->registers[at].holding = holding;
}

static void read_immediate(struct reading *reading, const struct nlattr *data)
{
	uint32_t at = number(data, NFTA_IMMEDIATE_DREG);

	hold(reading, at, HOLDS_VALUE);
	if (at < REGISTERS)
		reading->registers[at].length =
		    value_of(data, NFTA_IMMEDIATE_DATA, reading->registers[at].value);
}

static void read_meta(struct reading *reading, const struct nlattr *data)
{
	hold(reading, number(data, NFTA_META_DREG),
	    number(data, NFTA_META_KEY) == NFT_META_L4PROTO ? HOLDS_L4PROTO
							    : HOLDS_NOTHING);
}

static void read_cmp(struct reading *reading, const struct nlattr *data)
{
	uint32_t at = number(data, NFTA_CMP_SREG);
	struct sp_foreign *item = &reading->rule->item;
	uint8_t value[16] = { 0 };
	size_t length = value_of(data, NFTA_CMP_DATA, value);

	if (at >= REGISTERS || number(data, NFTA_CMP_OP) != NFT_CMP_EQ)
		return;
	if (reading->registers[at].holding == HOLDS_L4PROTO && length == 1)
		item->protocol = value[0];
	if (reading->registers[at].holding == HOLDS_DPORT && length == 2)
		item->port = (uint16_t)(value[0] << 8 | value[1]);
}

static void elsewhere(struct reading *reading, enum sp_foreign_kind kind)
{
	reading->rule->elsewhere = true;
	reading->rule->item.kind = kind;
}

/* The register at `at` has what packets are sent to. */
static void take_address(struct reading *reading, uint32_t at)
{
	struct sp_foreign *item = &reading->rule->item;

	if (!at || at >= REGISTERS || reading->registers[at].holding != HOLDS_VALUE ||
	    (reading->registers[at].length != 4 && reading->registers[at].length != 16))
		return;
	item->has_to = true;
	item->to = sp_address_of(reading->registers[at].length == 4 ? SP_IPV4 : SP_IPV6,
	    reading->registers[at].value);
}

static void take_port(struct reading *reading, uint32_t at)
{
	if (at && at < REGISTERS && reading->registers[at].holding == HOLDS_VALUE &&
	    reading->registers[at].length >= 2)
		reading->rule->item.to_port =
		    (uint16_t)(reading->registers[at].value[0] << 8 |
			       reading->registers[at].value[1]);
}

/* "ip daddr set", "tcp dport set": rewritten without nat and its connections. */
static void read_write(struct reading *reading, const struct nlattr *data)
{
	uint32_t base = number(data, NFTA_PAYLOAD_BASE);
	uint32_t offset = number(data, NFTA_PAYLOAD_OFFSET);
	uint32_t length = number(data, NFTA_PAYLOAD_LEN);
	uint32_t at = number(data, NFTA_PAYLOAD_SREG);

	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == DPORT_OFFSET &&
	    length == sizeof(uint16_t)) {
		/* One rule may write both. */
		if (!reading->rule->elsewhere)
			elsewhere(reading, SP_FOREIGN_REDIRECT);
		take_port(reading, at);
	}
	if (base == NFT_PAYLOAD_NETWORK_HEADER &&
	    ((offset == DADDR4_OFFSET && length == 4) ||
		(offset == DADDR6_OFFSET && length == 16))) {
		elsewhere(reading, SP_FOREIGN_DNAT);
		take_address(reading, at);
	}
}

static void read_payload(struct reading *reading, const struct nlattr *data)
{
	bool dport = number(data, NFTA_PAYLOAD_BASE) == NFT_PAYLOAD_TRANSPORT_HEADER &&
		     number(data, NFTA_PAYLOAD_OFFSET) == DPORT_OFFSET &&
		     number(data, NFTA_PAYLOAD_LEN) == sizeof(uint16_t);

	if (sp_attr_in(data, NFTA_PAYLOAD_SREG))
		read_write(reading, data);
	else
		hold(reading, number(data, NFTA_PAYLOAD_DREG),
		    dport ? HOLDS_DPORT : HOLDS_NOTHING);
}

static void read_nat(struct reading *reading, const struct nlattr *data)
{
	if (number(data, NFTA_NAT_TYPE) != NFT_NAT_DNAT)
		return;
	elsewhere(reading, SP_FOREIGN_DNAT);
	take_address(reading, number(data, NFTA_NAT_REG_ADDR_MIN));
	take_port(reading, number(data, NFTA_NAT_REG_PROTO_MIN));
}

static void read_redirect(struct reading *reading, const struct nlattr *data)
{
	elsewhere(reading, SP_FOREIGN_REDIRECT);
	take_port(reading, number(data, NFTA_REDIR_REG_PROTO_MIN));
}

static void read_tproxy(struct reading *reading, const struct nlattr *data)
{
	(void)data;
	elsewhere(reading, SP_FOREIGN_TPROXY);
}

/* iptables over nf_tables (iptables-nft(8), what Docker calls on Debian) wraps its
 * own extensions. */
static struct sp_xtension extension(const struct nlattr *data, uint16_t name,
    uint16_t revision, const struct nlattr *info)
{
	return (struct sp_xtension){ string(data, name), number(data, revision),
		info ? mnl_attr_get_payload(info) : NULL,
		info ? mnl_attr_get_payload_len(info) : 0 };
}

static void read_match(struct reading *reading, const struct nlattr *data)
{
	struct sp_xtension match = extension(
	    data, NFTA_MATCH_NAME, NFTA_MATCH_REV, sp_attr_in(data, NFTA_MATCH_INFO));

	sp_xt_match(&match, &reading->rule->item);
}

static void read_target(struct reading *reading, const struct nlattr *data)
{
	struct sp_xtension target = extension(
	    data, NFTA_TARGET_NAME, NFTA_TARGET_REV, sp_attr_in(data, NFTA_TARGET_INFO));

	if (sp_xt_target(&target, reading->rule->family, &reading->rule->item))
		reading->rule->elsewhere = true;
}

static void read_expression(struct reading *reading, const struct nlattr *expression)
{
	static const struct {
		const char *name;
		void (*read)(struct reading *reading, const struct nlattr *data);
	} kinds[] = {
		{ "immediate", read_immediate },
		{ "meta", read_meta },
		{ "payload", read_payload },
		{ "cmp", read_cmp },
		{ "nat", read_nat },
		{ "redir", read_redirect },
		{ "tproxy", read_tproxy },
		{ "match", read_match },
		{ "target", read_target },
	};
	const char *name = string(expression, NFTA_EXPR_NAME);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			kinds[i].read(reading, sp_attr_in(expression, NFTA_EXPR_DATA));
}

static void read_attribute(struct reading *reading, const struct nlattr *attribute)
{
	struct sp_foreign_rule *rule = reading->rule;
	const struct nlattr *expression;

	switch (mnl_attr_get_type(attribute)) {
	case NFTA_RULE_TABLE:
		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			rule->table = mnl_attr_get_str(attribute);
		break;
	case NFTA_RULE_CHAIN:
		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			rule->chain = mnl_attr_get_str(attribute);
		break;
	case NFTA_RULE_HANDLE:
		if (mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0)
			rule->item.handle = be64toh(mnl_attr_get_u64(attribute));
		break;
	case NFTA_RULE_EXPRESSIONS:
		sp_attr_for_each_nested(expression, attribute)
		    read_expression(reading, expression);
		break;
	}
}

void sp_foreign_rule_read(const struct nlmsghdr *message, struct sp_foreign_rule *ret)
{
	struct reading reading = { .rule = ret };
	const struct nlattr *attribute;

	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	memset(ret, 0, sizeof(*ret));
	ret->family = header->nfgen_family == NFPROTO_IPV6 ? SP_IPV6 : SP_IPV4;
	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	    read_attribute(&reading, attribute);
}
