#include <sallyport/listener.h>

#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include <sallyport/array.h>

/* RFC 4291 section 2.5.5.2: ::ffff:0:0/96. */
static struct sp_address unmapped(struct sp_address address)
{
	if (address.family == SP_IPV6 && address.high == 0 &&
	    address.low >> 32 == 0x0000ffff) {
		address.family = SP_IPV4;
		address.low &= UINT32_MAX;
	}
	return address;
}

/* mnl_attr_for_each does not compile under -Wconversion; this does. */
static int v6only_of(const struct nlattr *attribute, void *context)
{
	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_get_payload_len(attribute) >= 1)
		*(bool *)context = mnl_attr_get_u8(attribute) != 0;
	return MNL_CB_OK;
}

bool sp_listeners_add(struct sp_listeners *listeners, enum sp_protocol protocol,
    const struct nlmsghdr *message)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	struct sp_listener listener = { .protocol = protocol };
	struct sp_address bound;
	bool v6only = false;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
		return true;
	if (socket->idiag_family != AF_INET && socket->idiag_family != AF_INET6)
		return true;
	bound = sp_address_of(socket->idiag_family == AF_INET ? SP_IPV4 : SP_IPV6,
	    (const uint8_t *)socket->id.idiag_src);
	listener.address = unmapped(bound);
	listener.port = ntohs(socket->id.idiag_sport);
	/* ::ffff:0.0.0.0 is IPv4's wildcard. */
	listener.wildcard = listener.address.high == 0 && listener.address.low == 0;
	/* A kernel that does not say is taken to let IPv4 in: more is asked then. */
	mnl_attr_parse(message, sizeof(*socket), v6only_of, &v6only);
	listener.dual_stack =
	    listener.wildcard && listener.address.family == SP_IPV6 && !v6only;
	listener.interface = socket->id.idiag_if;
	listener.uid = socket->idiag_uid;
	listener.inode = socket->idiag_inode;
	listener.cookie =
	    (uint64_t)socket->id.idiag_cookie[1] << 32 | socket->id.idiag_cookie[0];
	return sp_array_push(listeners, listener);
}

struct own_address {
	size_t size; /* of an address of the message's family */
	const void *bytes;
};

/* IFA_ADDRESS is the peer's on a point-to-point link; IFA_LOCAL is ours. */
static int own_address_of(const struct nlattr *attribute, void *context)
{
	struct own_address *own = context;
	uint16_t type = mnl_attr_get_type(attribute);

	if (mnl_attr_get_payload_len(attribute) == own->size &&
	    (type == IFA_LOCAL || (type == IFA_ADDRESS && !own->bytes)))
		own->bytes = mnl_attr_get_payload(attribute);
	return MNL_CB_OK;
}

bool sp_local_addresses_add(
    struct sp_local_addresses *addresses, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct sp_local_address found = { 0 };
	struct own_address own = { 0 };

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return true;
	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return true;
	if (header->ifa_flags & IFA_F_DADFAILED)
		return true;
	own.size = header->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_parse(message, sizeof(*header), own_address_of, &own);
	if (!own.bytes)
		return true;
	found.address = sp_address_of(own.size == 4 ? SP_IPV4 : SP_IPV6, own.bytes);
	found.interface = header->ifa_index;
	return sp_array_push(addresses, found);
}

/* As mnl_attr_parse has it. */
static int interface_of(const struct nlattr *attribute, void *context)
{
	if (mnl_attr_get_type(attribute) == RTA_OIF &&
	    mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
		*(uint32_t *)context = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

bool sp_local_addresses_add_route(struct sp_local_addresses *addresses,
    const struct sp_address *address, const struct nlmsghdr *message)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct sp_local_address found = { .address = *address, .routed = true };

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    header->rtm_type != RTN_LOCAL)
		return true;
	mnl_attr_parse(message, sizeof(*header), interface_of, &found.interface);
	return sp_array_push(addresses, found);
}

bool sp_local_addresses_have(
    const struct sp_local_addresses *addresses, const struct sp_address *address)
{
	for (size_t i = 0; i < addresses->length; i++)
		if (sp_address_compare(&addresses->items[i].address, address) == 0)
			return true;
	return false;
}

void sp_listeners_free(struct sp_listeners *listeners)
{
	sp_array_free(listeners);
}

void sp_local_addresses_free(struct sp_local_addresses *addresses)
{
	sp_array_free(addresses);
}

bool sp_address_is_loopback(const struct sp_address *address)
{
	if (address->family == SP_IPV4)
		return address->low >> 24 == 127;
	return address->high == 0 && address->low == 1;
}

bool sp_address_is_link_local(const struct sp_address *address)
{
	if (address->family == SP_IPV4)
		return address->low >> 16 == 0xa9fe;
	return address->high >> 54 == 0xfe80 >> 6;
}

bool sp_listener_takes(
    const struct sp_listener *listener, const struct sp_local_address *local)
{
	if (listener->interface && listener->interface != local->interface)
		return false;
	if (!listener->wildcard)
		return sp_address_compare(&listener->address, &local->address) == 0;
	return !local->routed && (listener->address.family == local->address.family ||
				     listener->dual_stack);
}
