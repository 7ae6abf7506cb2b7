/* A batch for human eyes: as bytes, and as libnftnl prints its messages. */
#include <sallyport/nft.h>

#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>

#include "attributes.h"
#include "elements.h"

/* One object as libnftnl prints it; a rule of ours is below 2 KiB. */
#define PRINTED_BYTES 8192

static const char *const names[] = {
	[NFT_MSG_NEWTABLE] = "add table",
	[NFT_MSG_DELTABLE] = "delete table",
	[NFT_MSG_NEWCHAIN] = "add chain",
	[NFT_MSG_DELCHAIN] = "delete chain",
	[NFT_MSG_NEWRULE] = "add rule",
	[NFT_MSG_DELRULE] = "delete rule",
	[NFT_MSG_NEWSET] = "add set",
	[NFT_MSG_DELSET] = "delete set",
	[NFT_MSG_NEWSETELEM] = "add element",
	[NFT_MSG_DELSETELEM] = "delete element",
	[NFT_MSG_NEWOBJ] = "add object",
	[NFT_MSG_DELOBJ] = "delete object",
};

static const struct nlmsghdr *message_at(const struct sp_batch *batch, size_t offset)
{
	return (const void *)(batch->bytes + offset);
}

void sp_batch_print_hex(const struct sp_batch *batch, struct sp_text *ret)
{
	for (size_t at = 0; at < batch->length;) {
		size_t length = sp_message_length(message_at(batch, at));

		for (size_t i = 0; i < length; i++)
			sp_text_add(ret, "%02x", batch->bytes[at + i]);
		sp_text_add(ret, "\n");
		at += length;
	}
}

static void print_key(const uint8_t *key, uint16_t length, struct sp_text *ret)
{
	for (size_t i = 0; i < length; i++)
		sp_text_add(ret, "%02x", key[i]);
}

static bool print_element(const struct sp_raw_element *element, void *context)
{
	struct sp_text *ret = context;

	sp_text_add(ret, "  element ");
	print_key(element->key, element->key_length, ret);
	if (element->last_length) {
		sp_text_add(ret, " to ");
		print_key(element->last, element->last_length, ret);
	}
	if (element->interval_end)
		sp_text_add(ret, " end");
	if (element->timeout_ms)
		sp_text_add(
		    ret, " timeout %llums", (unsigned long long)element->timeout_ms);
	if (element->chain)
		sp_text_add(ret, " jump %s", element->chain);
	else if (element->verdict)
		sp_text_add(ret, " verdict %d", element->verdict_code);
	sp_text_add(ret, "\n");
	return true;
}

static bool print_elements(const struct nlmsghdr *message, struct sp_text *ret)
{
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message,
	    sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) ==
					 NFTA_SET_ELEM_LIST_SET)
	    sp_text_add(ret, " %s", mnl_attr_get_str(attribute));
	sp_text_add(ret, "\n");
	return sp_raw_elements_parse(message, print_element, ret);
}

/* One shape for libnftnl's five kinds of object. */
#define PRINT_OBJECT(kind, message, text, ret)                                     \
	do {                                                                       \
		struct nftnl_##kind *object = nftnl_##kind##_alloc();              \
		if (object && nftnl_##kind##_nlmsg_parse(message, object) >= 0 &&  \
		    nftnl_##kind##_snprintf(                                       \
			text, sizeof(text), object, NFTNL_OUTPUT_DEFAULT, 0) >= 0) \
			sp_text_add(ret, " %s\n", text);                           \
		else                                                               \
			(ret)->failed = true;                                      \
		if (object)                                                        \
			nftnl_##kind##_free(object);                               \
	} while (0)

/* libnftnl sends a counter's name without its NUL, and reads it as if it had one:
 * this expression alone is printed from its attributes. */
static bool print_reference(const struct nlattr *element, struct sp_text *ret)
{
	const struct nlattr *name = sp_attr_in(element, NFTA_EXPR_NAME);
	const struct nlattr *data = sp_attr_in(element, NFTA_EXPR_DATA), *object;

	if (!name || !data || strncmp(mnl_attr_get_payload(name), "objref", 6) ||
	    !(object = sp_attr_in(data, NFTA_OBJREF_IMM_NAME)))
		return false;
	sp_text_add(ret, "  [ objref counter %.*s ]\n",
	    (int)strnlen(mnl_attr_get_payload(object), mnl_attr_get_payload_len(object)),
	    (const char *)mnl_attr_get_payload(object));
	return true;
}

struct expressions {
	const struct nlattr *element; /* the next one's */
	struct sp_text *ret;
};

static int print_expression(struct nftnl_expr *expression, void *context)
{
	struct expressions *from = context;
	char text[PRINTED_BYTES];

	if (!print_reference(from->element, from->ret) &&
	    nftnl_expr_snprintf(
		text, sizeof(text), expression, NFTNL_OUTPUT_DEFAULT, 0) >= 0)
		sp_text_add(from->ret, "  [ %s %s]\n",
		    nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), text);
	from->element = mnl_attr_next(from->element);
	return 0;
}

static void print_rule(const struct nlmsghdr *message, struct sp_text *ret)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	const struct nlattr *attribute;
	struct expressions from = { .ret = ret };

	sp_attr_for_each(attribute, message,
	    sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) ==
					 NFTA_RULE_EXPRESSIONS) from.element =
	    mnl_attr_get_payload(attribute);
	if (!rule || nftnl_rule_nlmsg_parse(message, rule) < 0) {
		ret->failed = true;
	} else {
		sp_text_add(ret, " %s\n", nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
		if (from.element)
			nftnl_expr_foreach(rule, print_expression, &from);
		if (nftnl_rule_is_set(rule, NFTNL_RULE_USERDATA))
			sp_text_add(ret, "  userdata\n");
	}
	if (rule)
		nftnl_rule_free(rule);
}

static void print_object(
    const struct nlmsghdr *message, uint16_t type, struct sp_text *ret)
{
	char text[PRINTED_BYTES];

	switch (type) {
	case NFT_MSG_NEWTABLE: PRINT_OBJECT(table, message, text, ret); break;
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELCHAIN: PRINT_OBJECT(chain, message, text, ret); break;
	case NFT_MSG_NEWSET:
	case NFT_MSG_DELSET: PRINT_OBJECT(set, message, text, ret); break;
	case NFT_MSG_NEWOBJ:
	case NFT_MSG_DELOBJ: PRINT_OBJECT(obj, message, text, ret); break;
	default: print_rule(message, ret); break;
	}
}

static bool print_message(const struct nlmsghdr *message, struct sp_text *ret)
{
	uint16_t type = message->nlmsg_type & 0xff;

	if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		sp_text_add(ret, "batch begin\n");
		return true;
	}
	if (message->nlmsg_type == NFNL_MSG_BATCH_END) {
		sp_text_add(ret, "batch end\n");
		return true;
	}
	if (type >= sizeof(names) / sizeof(*names) || !names[type])
		return false;
	sp_text_add(ret, "%s", names[type]);
	if (type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM)
		return print_elements(message, ret);
	print_object(message, type, ret);
	return true;
}

bool sp_batch_print_decoded(const struct sp_batch *batch, struct sp_text *ret)
{
	for (size_t at = 0; at < batch->length;) {
		const struct nlmsghdr *message = message_at(batch, at);

		if (!print_message(message, ret))
			return false;
		at += sp_message_length(message);
	}
	return !ret->failed;
}
