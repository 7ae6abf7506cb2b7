#include "elements.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/netlink.h>

#include "fields.h"

#define FIRST_ELEMENT_TYPE 1 /* NFTA_LIST_ELEM */

static void put_verdict(struct nlmsghdr *message, const struct sp_raw_element *element)
{
	struct nlattr *value = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(
	    message, NFTA_VERDICT_CODE, htonl((uint32_t)element->verdict_code));
	if (element->chain)
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, element->chain);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, value);
}

static void put_key(
    struct nlmsghdr *message, uint16_t type, const uint8_t *key, uint16_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, length, key);
	mnl_attr_nest_end(message, nest);
}

void sp_raw_element_put(struct nlmsghdr *message, const struct sp_raw_element *element)
{
	struct nlattr *nest = mnl_attr_nest_start(message, FIRST_ELEMENT_TYPE);

	if (element->interval_end)
		mnl_attr_put_u32(
		    message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	if (element->timeout_ms)
		mnl_attr_put_u64(
		    message, NFTA_SET_ELEM_TIMEOUT, htobe64(element->timeout_ms));
	put_key(message, NFTA_SET_ELEM_KEY, element->key, element->key_length);
	if (element->last_length)
		put_key(
		    message, NFTA_SET_ELEM_KEY_END, element->last, element->last_length);
	if (element->verdict)
		put_verdict(message, element);
	mnl_attr_nest_end(message, nest);
}

/* What libmnl's calls make of it, in one piece. */
void sp_raw_key_put(struct nlmsghdr *message, const uint8_t *key, size_t length)
{
	struct {
		struct nlattr element, key, value;
	} head = {
		{ 0, NLA_F_NESTED | FIRST_ELEMENT_TYPE },
		{ 0, NLA_F_NESTED | NFTA_SET_ELEM_KEY },
		{ (uint16_t)(sizeof(struct nlattr) + length), NFTA_DATA_VALUE },
	};
	uint8_t *tail = mnl_nlmsg_get_payload_tail(message);
	size_t padded = MNL_ALIGN(head.value.nla_len);

	head.key.nla_len = (uint16_t)(sizeof(head.key) + padded);
	head.element.nla_len = (uint16_t)(sizeof(head.element) + head.key.nla_len);
	memcpy(tail, &head, sizeof(head));
	memcpy(tail + sizeof(head), key, length);
	message->nlmsg_len += head.element.nla_len;
}

static uint64_t get_u64(const struct nlattr *attribute)
{
	uint64_t value = 0;

	if (mnl_attr_get_payload_len(attribute) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return be64toh(value);
}

static uint32_t get_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;

	if (mnl_attr_get_payload_len(attribute) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return ntohl(value);
}

static bool parse_key(
    const struct nlattr *nest, uint8_t key[SP_KEY_BYTES], uint16_t *ret_length)
{
	const struct nlattr *attribute;

	sp_attr_for_each_nested(attribute, nest)
	{
		uint16_t length = mnl_attr_get_payload_len(attribute);

		if (mnl_attr_get_type(attribute) != NFTA_DATA_VALUE)
			continue;
		if (length > SP_KEY_BYTES)
			return false;
		memcpy(key, mnl_attr_get_payload(attribute), length);
		*ret_length = length;
	}
	return *ret_length != 0;
}

static bool parse_verdict(const struct nlattr *nest, struct sp_raw_element *ret)
{
	const struct nlattr *outer, *inner;

	sp_attr_for_each_nested(outer, nest)
	{
		if (mnl_attr_get_type(outer) != NFTA_DATA_VERDICT)
			continue;
		ret->verdict = true;
		sp_attr_for_each_nested(inner, outer)
		{
			switch (mnl_attr_get_type(inner)) {
			case NFTA_VERDICT_CODE:
				ret->verdict_code = (int32_t)get_u32(inner);
				break;
			case NFTA_VERDICT_CHAIN:
				if (mnl_attr_validate(inner, MNL_TYPE_NUL_STRING) < 0)
					return false;
				ret->chain = mnl_attr_get_str(inner);
				break;
			default: break;
			}
		}
	}
	return true;
}

static bool parse_element(const struct nlattr *nest, struct sp_raw_element *ret)
{
	const struct nlattr *attribute;

	sp_attr_for_each_nested(attribute, nest)
	{
		switch (mnl_attr_get_type(attribute)) {
		case NFTA_SET_ELEM_KEY:
			if (!parse_key(attribute, ret->key, &ret->key_length))
				return false;
			break;
		case NFTA_SET_ELEM_KEY_END:
			if (!parse_key(attribute, ret->last, &ret->last_length))
				return false;
			break;
		case NFTA_SET_ELEM_DATA:
			if (!parse_verdict(attribute, ret))
				return false;
			break;
		case NFTA_SET_ELEM_FLAGS:
			ret->interval_end =
			    (get_u32(attribute) & NFT_SET_ELEM_INTERVAL_END) != 0;
			ret->catch_all =
			    (get_u32(attribute) & NFT_SET_ELEM_CATCHALL) != 0;
			break;
		case NFTA_SET_ELEM_TIMEOUT: ret->timeout_ms = get_u64(attribute); break;
		case NFTA_SET_ELEM_EXPIRATION:
			ret->expires_ms = get_u64(attribute);
			break;
		default: break;
		}
	}
	return true;
}

bool sp_raw_elements_parse(const struct nlmsghdr *message,
    bool (*each)(const struct sp_raw_element *element, void *context), void *context)
{
	const struct nlattr *attribute, *nest;

	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		sp_attr_for_each_nested(nest, attribute)
		{
			struct sp_raw_element element = { 0 };

			if (!parse_element(nest, &element) || !each(&element, context))
				return false;
		}
	}
	return true;
}

void sp_raw_key_address(struct sp_raw_element *raw, const struct sp_address *address)
{
	raw->key_length = (uint16_t)sp_address_bytes(address, raw->key);
}

void sp_raw_key_element(
    struct sp_raw_element *raw, enum sp_key key, uint8_t protocol, uint16_t port)
{
	size_t port_at = key == SP_KEY_PROTOCOL_PORT ? 4 : 0;
	uint16_t order = htons(port);

	memset(raw->key, 0, sizeof(raw->key));
	raw->key_length = (uint16_t)sp_key_length(key);
	if (key != SP_KEY_PORT)
		raw->key[0] = protocol;
	if (key != SP_KEY_PROTOCOL)
		memcpy(raw->key + port_at, &order, sizeof(order));
}

void sp_raw_last_element(struct sp_raw_element *raw, uint8_t protocol, uint16_t port)
{
	struct sp_raw_element last;

	sp_raw_key_element(&last, SP_KEY_PROTOCOL_PORT, protocol, port);
	memcpy(raw->last, last.key, sizeof(raw->last));
	raw->last_length = last.key_length;
}
