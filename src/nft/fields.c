#include "fields.h"

#include <string.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define TYPE_IPADDR 7
#define TYPE_IP6ADDR 8
#define TYPE_INET_PROTOCOL 12
#define TYPE_INET_SERVICE 13
#define TYPE_ICMP_TYPE 14
#define TYPE_TCP_FLAG 15
#define TYPE_IFINDEX 20
#define TYPE_CT_STATE 26
#define TYPE_CT_DIR 27
#define TYPE_ICMP6_TYPE 29
#define TYPE_IFNAME 41
#define TYPE_BITS 6 /* of one component of a concatenation */

static const struct sp_load loads[] = {
	[SP_FIELD_IIF] = { SP_LOAD_META, NFT_META_IIF, 4, false, 0, 0, 0, TYPE_IFINDEX },
	[SP_FIELD_IIFNAME] = { SP_LOAD_META, NFT_META_IIFNAME, 16, false, 0, 0, 0,
	    TYPE_IFNAME },
	[SP_FIELD_L4PROTO] = { SP_LOAD_META, NFT_META_L4PROTO, 1, false, 0, 0, 0,
	    TYPE_INET_PROTOCOL },
	[SP_FIELD_IP_SADDR] = { SP_LOAD_NETWORK, 12, 4, true, NFPROTO_IPV4, 0, 0,
	    TYPE_IPADDR },
	[SP_FIELD_IP_DADDR] = { SP_LOAD_NETWORK, 16, 4, true, NFPROTO_IPV4, 0, 0,
	    TYPE_IPADDR },
	[SP_FIELD_IP6_SADDR] = { SP_LOAD_NETWORK, 8, 16, true, NFPROTO_IPV6, 0, 0,
	    TYPE_IP6ADDR },
	[SP_FIELD_IP6_DADDR] = { SP_LOAD_NETWORK, 24, 16, true, NFPROTO_IPV6, 0, 0,
	    TYPE_IP6ADDR },
	[SP_FIELD_UDP_SPORT] = { SP_LOAD_TRANSPORT, 0, 2, true, 0, IPPROTO_UDP, 0,
	    TYPE_INET_SERVICE },
	[SP_FIELD_UDP_DPORT] = { SP_LOAD_TRANSPORT, 2, 2, true, 0, IPPROTO_UDP, 0,
	    TYPE_INET_SERVICE },
	[SP_FIELD_TCP_DPORT] = { SP_LOAD_TRANSPORT, 2, 2, true, 0, IPPROTO_TCP, 0,
	    TYPE_INET_SERVICE },
	[SP_FIELD_TCP_FLAGS] = { SP_LOAD_TRANSPORT, 13, 1, true, 0, IPPROTO_TCP, 0x17,
	    TYPE_TCP_FLAG },
	[SP_FIELD_PROTOCOL_PORT] = { 0 },
	[SP_FIELD_CT_DIRECTION] = { SP_LOAD_CT, NFT_CT_DIRECTION, 1, false, 0, 0, 0,
	    TYPE_CT_DIR },
	[SP_FIELD_CT_STATE] = { SP_LOAD_CT, NFT_CT_STATE, 4, false, 0, 0, 0,
	    TYPE_CT_STATE },
	[SP_FIELD_ICMP_TYPE] = { SP_LOAD_TRANSPORT, 0, 1, true, NFPROTO_IPV4,
	    IPPROTO_ICMP, 0, TYPE_ICMP_TYPE },
	[SP_FIELD_ICMPV6_TYPE] = { SP_LOAD_TRANSPORT, 0, 1, true, NFPROTO_IPV6,
	    IPPROTO_ICMPV6, 0, TYPE_ICMP6_TYPE },
};

const struct sp_load *sp_field_load(enum sp_field field)
{
	return &loads[field];
}

size_t sp_value_bytes(const struct sp_load *load, uint32_t value, uint8_t bytes[4])
{
	uint16_t small = load->network_order ? htons((uint16_t)value) : (uint16_t)value;

	switch (load->length) {
	case 1: bytes[0] = (uint8_t)value; return 1;
	case 2: memcpy(bytes, &small, 2); return 2;
	default: memcpy(bytes, &value, 4); return 4;
	}
}

uint32_t sp_value_of(const struct sp_load *load, const uint8_t bytes[4])
{
	uint32_t value;
	uint16_t small;

	switch (load->length) {
	case 1: return bytes[0];
	case 2:
		memcpy(&small, bytes, 2);
		return load->network_order ? ntohs(small) : small;
	default: memcpy(&value, bytes, 4); return value;
	}
}

uint32_t sp_key_type(enum sp_key key)
{
	switch (key) {
	case SP_KEY_IPV4: return TYPE_IPADDR;
	case SP_KEY_IPV6: return TYPE_IP6ADDR;
	case SP_KEY_PROTOCOL: return TYPE_INET_PROTOCOL;
	case SP_KEY_PORT: return TYPE_INET_SERVICE;
	case SP_KEY_PROTOCOL_PORT: break;
	}
	return TYPE_INET_PROTOCOL << TYPE_BITS | TYPE_INET_SERVICE;
}

uint32_t sp_key_length(enum sp_key key)
{
	switch (key) {
	case SP_KEY_IPV4: return 4;
	case SP_KEY_IPV6: return 16;
	case SP_KEY_PROTOCOL: return 1;
	case SP_KEY_PORT: return 2;
	case SP_KEY_PROTOCOL_PORT: break;
	}
	return 8; /* two 32-bit registers */
}

uint32_t sp_concatenated_length(size_t field)
{
	return sp_key_length(field ? SP_KEY_PORT : SP_KEY_PROTOCOL);
}
