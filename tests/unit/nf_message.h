/* Messages of nf_tables as the kernel writes them. */
#ifndef TESTS_UNIT_NF_MESSAGE_H
#define TESTS_UNIT_NF_MESSAGE_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/ruleset.h>

struct message {
	char bytes[2048] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header;
};

static inline void begin(struct message *message, uint16_t table, const char *name)
{
	struct nfgenmsg *family;

	memset(message->bytes, 0, sizeof(message->bytes));
	message->header = mnl_nlmsg_put_header(message->bytes);
	family = mnl_nlmsg_put_extra_header(message->header, sizeof(*family));
	family->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(message->header, table, name);
}

static inline void number(struct message *message, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(message->header, type, htonl(value));
}

static inline void text(struct message *message, uint16_t type, const char *value)
{
	mnl_attr_put_strz(message->header, type, value);
}

/* A rule with one expression, whose data the caller writes in between. */
struct open_rule {
	struct nlattr *list, *expression, *data;
};

static inline struct open_rule rule_of(
    struct message *message, const char *table, const char *chain, const char *name)
{
	struct open_rule open;

	begin(message, NFTA_RULE_TABLE, table);
	text(message, NFTA_RULE_CHAIN, chain);
	mnl_attr_put_u64(message->header, NFTA_RULE_HANDLE, htobe64(42));
	open.list = mnl_attr_nest_start(message->header, NFTA_RULE_EXPRESSIONS);
	open.expression = mnl_attr_nest_start(message->header, NFTA_LIST_ELEM);
	if (name)
		text(message, NFTA_EXPR_NAME, name);
	open.data = mnl_attr_nest_start(message->header, NFTA_EXPR_DATA);
	return open;
}

static inline void rule_end(struct message *message, const struct open_rule *open)
{
	mnl_attr_nest_end(message->header, open->data);
	mnl_attr_nest_end(message->header, open->expression);
	mnl_attr_nest_end(message->header, open->list);
}

static inline struct open_rule rule(
    struct message *message, const char *chain, const char *name)
{
	return rule_of(message, SP_TABLE, chain, name);
}

/* The same rule's next expression. */
static inline void rule_next(
    struct message *message, struct open_rule *open, const char *name)
{
	mnl_attr_nest_end(message->header, open->data);
	mnl_attr_nest_end(message->header, open->expression);
	open->expression = mnl_attr_nest_start(message->header, NFTA_LIST_ELEM);
	text(message, NFTA_EXPR_NAME, name);
	open->data = mnl_attr_nest_start(message->header, NFTA_EXPR_DATA);
}

#endif
