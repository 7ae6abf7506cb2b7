#include "xtables.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <sallyport/service.h>

/* struct xt_tcp and struct xt_udp begin alike: source ports, then destination
 * ports, from and to, in host order. */
void sp_xt_match(const struct sp_xtension *match, struct sp_foreign *item)
{
	struct xt_udp ports;

	if ((strcmp(match->name, "tcp") && strcmp(match->name, "udp")) ||
	    match->length < sizeof(ports))
		return;
	memcpy(&ports, match->bytes, sizeof(ports));
	item->protocol = strcmp(match->name, "tcp") ? SP_UDP : SP_TCP;
	if (ports.dpts[0] == ports.dpts[1])
		item->port = ports.dpts[0];
}

static void take_range(struct sp_foreign *item, enum sp_family family, unsigned flags,
    const void *address, uint16_t port)
{
	if (flags & NF_NAT_RANGE_MAP_IPS) {
		item->has_to = true;
		item->to = sp_address_of(family, address);
	}
	if (flags & NF_NAT_RANGE_PROTO_SPECIFIED)
		item->to_port = ntohs(port);
}

/* Revision 0 of IPv4 has a form of its own; what came later begins with struct
 * nf_nat_range (ipt_DNAT, ipt_REDIRECT: net/netfilter/xt_nat.c, xt_REDIRECT.c). */
static void read_range(
    const struct sp_xtension *target, enum sp_family family, struct sp_foreign *item)
{
	struct nf_nat_ipv4_multi_range_compat old;
	struct nf_nat_range range;

	if (family == SP_IPV4 && target->revision == 0) {
		if (target->length < sizeof(old))
			return;
		memcpy(&old, target->bytes, sizeof(old));
		take_range(item, family, old.range[0].flags, &old.range[0].min_ip,
		    old.range[0].min.all);
	} else if (target->length >= sizeof(range)) {
		memcpy(&range, target->bytes, sizeof(range));
		take_range(
		    item, family, range.flags, &range.min_addr, range.min_proto.all);
	}
}

bool sp_xt_target(
    const struct sp_xtension *target, enum sp_family family, struct sp_foreign *item)
{
	static const struct {
		const char *name;
		enum sp_foreign_kind kind;
		bool range;
	} targets[] = {
		{ "DNAT", SP_FOREIGN_DNAT, true },
		{ "NETMAP", SP_FOREIGN_DNAT, true },
		{ "REDIRECT", SP_FOREIGN_REDIRECT, true },
		{ "TPROXY", SP_FOREIGN_TPROXY, false },
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		if (strcmp(target->name, targets[i].name))
			continue;
		item->kind = targets[i].kind;
		if (targets[i].range)
			read_range(target, family, item);
		return true;
	}
	return false;
}
