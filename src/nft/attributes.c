#include "attributes.h"

#include <arpa/inet.h>
#include <endian.h>

#include <linux/netfilter/nfnetlink.h>

#include <sallyport/netlink.h>

const struct nlattr *sp_attr_of(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

const struct nlattr *sp_attr_in(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attribute;

	if (!nest)
		return NULL;
	sp_attr_for_each_nested(attribute, nest)
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

const struct nlattr *sp_attr_at(const struct nlattr *nest, size_t index)
{
	const struct nlattr *attribute;

	if (!nest)
		return NULL;
	sp_attr_for_each_nested(attribute, nest)
	{
		if (index-- == 0)
			return attribute;
	}
	return NULL;
}

uint32_t sp_attr_u32(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0
		   ? ntohl(mnl_attr_get_u32(attribute))
		   : 0;
}

uint64_t sp_attr_u64(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0
		   ? be64toh(mnl_attr_get_u64(attribute))
		   : 0;
}

const char *sp_attr_text(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0
		   ? mnl_attr_get_str(attribute)
		   : "";
}
