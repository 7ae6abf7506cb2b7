/* Other people's tables. Rules are read attribute by attribute: libnftnl refuses
 * a whole rule for one expression that it does not know, and a rule that we could
 * not read must not look like none. */
#include <sallyport/foreign.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>
#include <sallyport/netlink.h>
#include <sallyport/ruleset.h>

#include "attributes.h"
#include "foreign_rule.h"

#define REQUEST_BYTES 256

static const char *family_name(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_ARP: return "arp";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_NETDEV: return "netdev";
	}
	return "?";
}

static bool is_ours(uint32_t family, const char *table)
{
	return family == NFPROTO_INET && !strcmp(table, SP_TABLE);
}

static bool add(struct sp_foreigns *foreigns, struct sp_foreign *item, const char *table,
    const char *chain)
{
	item->table = strdup(table);
	item->chain = strdup(chain);
	if (item->table && item->chain && sp_array_push(foreigns, *item))
		return true;
	free(item->table);
	free(item->chain);
	errno = ENOMEM;
	return false;
}

/* NF_INET_INGRESS and NF_NETDEV_INGRESS: families count their hooks differently. */
static bool kind_of_hook(uint32_t family, uint32_t hook, enum sp_foreign_kind *ret)
{
	if (family == NFPROTO_NETDEV) {
		*ret = SP_FOREIGN_INGRESS;
		return hook == NF_NETDEV_INGRESS;
	}
	if (family != NFPROTO_INET && family != NFPROTO_IPV4 && family != NFPROTO_IPV6)
		return false;
	*ret = hook == NF_INET_LOCAL_IN	 ? SP_FOREIGN_INPUT
	       : hook == NF_INET_FORWARD ? SP_FOREIGN_FORWARD
					 : SP_FOREIGN_INGRESS;
	return hook == NF_INET_LOCAL_IN || hook == NF_INET_FORWARD ||
	       (family == NFPROTO_INET && hook == NF_INET_INGRESS);
}

static int each_chain(const struct nlmsghdr *message, void *context)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *hook = sp_attr_of(message, NFTA_CHAIN_HOOK);
	const char *table = sp_attr_text(sp_attr_of(message, NFTA_CHAIN_TABLE));
	const char *name = sp_attr_text(sp_attr_of(message, NFTA_CHAIN_NAME));
	const struct nlattr *policy = sp_attr_of(message, NFTA_CHAIN_POLICY);
	struct sp_foreign item = { 0 };

	if (!hook || is_ours(header->nfgen_family, table) ||
	    !kind_of_hook(header->nfgen_family,
		sp_attr_u32(sp_attr_in(hook, NFTA_HOOK_HOOKNUM)), &item.kind))
		return MNL_CB_OK;
	item.family = family_name(header->nfgen_family);
	item.priority = (int32_t)sp_attr_u32(sp_attr_in(hook, NFTA_HOOK_PRIORITY));
	item.drop = policy && sp_attr_u32(policy) == NF_DROP;
	return add(context, &item, table, name) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int each_rule(const struct nlmsghdr *message, void *context)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	struct sp_foreign_rule rule;
	struct sp_foreign *item = &rule.item;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return MNL_CB_OK;
	sp_foreign_rule_read(message, &rule);
	if (!rule.elsewhere || !rule.table || !rule.chain ||
	    is_ours(header->nfgen_family, rule.table))
		return MNL_CB_OK;
	item->family = family_name(header->nfgen_family);
	return add(context, item, rule.table, rule.chain) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int dump(struct sp_nf_tables *socket, uint16_t type,
    int (*each)(const struct nlmsghdr *, void *), struct sp_foreigns *foreigns)
{
	char buffer[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = NFPROTO_UNSPEC; /* every family */
	header->version = NFNETLINK_V0;
	return sp_nf_tables_ask(socket, message, each, foreigns);
}

static int read_once(struct sp_nf_tables *socket, struct sp_foreigns *ret)
{
	int failed = dump(socket, NFT_MSG_GETCHAIN, each_chain, ret);

	return failed ? failed : dump(socket, NFT_MSG_GETRULE, each_rule, ret);
}

bool sp_foreign_read(
    struct sp_nf_tables *socket, struct sp_foreigns *ret, struct sp_diag *diag)
{
	struct sp_foreigns found = { 0 };
	int failed = -EINTR;

	for (int i = 0; i < SP_MAX_DUMP_TRIES && failed == -EINTR; i++) {
		sp_foreigns_free(&found);
		failed = read_once(socket, &found);
	}
	if (!failed) {
		*ret = found;
		return true;
	}
	sp_foreigns_free(&found);
	if (failed == -EPERM || failed == -EACCES)
		return sp_error(diag, NULL,
		    "reading other tables of the kernel needs CAP_NET_ADMIN in this "
		    "network namespace");
	return sp_error(diag, NULL, "reading other tables of the kernel failed: %s",
	    strerror(-failed));
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

const char *sp_foreign_software(const struct sp_foreign *item)
{
	static const struct {
		const char *table, *chain; /* how they begin */
		const char *software;
	} names[] = {
		{ "firewalld", "", "firewalld" },
		{ "docker-bridges", "", "Docker" },
		{ "", "DOCKER", "Docker" },
		{ "", "CNI-", "Kubernetes, Podman: CNI" },
		{ "", "KUBE-", "Kubernetes" },
		{ "", "NETAVARK", "Podman" },
		{ "netavark", "", "Podman" },
		{ "libvirt", "", "libvirt" },
		{ "", "LIBVIRT_", "libvirt" },
		{ "", "ufw", "ufw" },
		/* The chains of iptables-nft(8), which all of those share. */
		{ "filter", "INPUT", "iptables: ufw, Docker and others" },
		{ "filter", "FORWARD", "iptables: ufw, Docker and others" },
		{ "nat", "PREROUTING", "iptables: ufw, Docker and others" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (begins(item->table, names[i].table) &&
		    begins(item->chain, names[i].chain))
			return names[i].software;
	return item->legacy ? "iptables-legacy" : NULL;
}

void sp_foreigns_free(struct sp_foreigns *foreigns)
{
	for (size_t i = 0; i < foreigns->length; i++) {
		free(foreigns->items[i].table);
		free(foreigns->items[i].chain);
	}
	sp_array_free(foreigns);
}
