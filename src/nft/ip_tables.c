/* Rules of iptables-legacy: struct ipt_entry and ip6t_entry, each with its matches
 * and one target. What lies outside of the table's bytes ends the reading. */
#include <sallyport/foreign.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <sallyport/array.h>

#include "xtables.h"

struct entry {
	size_t at; /* its offset */
	size_t matches, target, next;
	uint8_t protocol; /* 0: any, or all but one */
	struct xt_entry_target head;
	const unsigned char *bytes; /* the target's data */
	size_t length;
};

static bool read_head(const struct sp_ip_table *table, size_t at, struct entry *ret)
{
	struct ipt_entry four;
	struct ip6t_entry six;
	size_t left = table->length - at;

	memset(ret, 0, sizeof(*ret));
	ret->at = at;
	if (table->family == SP_IPV4 && left >= sizeof(four)) {
		memcpy(&four, table->entries + at, sizeof(four));
		ret->matches = sizeof(four);
		ret->target = four.target_offset;
		ret->next = four.next_offset;
		if (!(four.ip.invflags & XT_INV_PROTO))
			ret->protocol = (uint8_t)four.ip.proto;
	} else if (table->family == SP_IPV6 && left >= sizeof(six)) {
		memcpy(&six, table->entries + at, sizeof(six));
		ret->matches = sizeof(six);
		ret->target = six.target_offset;
		ret->next = six.next_offset;
		if (six.ipv6.flags & IP6T_F_PROTO && !(six.ipv6.invflags & XT_INV_PROTO))
			ret->protocol = (uint8_t)six.ipv6.proto;
	}
	return ret->matches && ret->target >= ret->matches && ret->next <= left &&
	       ret->next >= ret->target + sizeof(ret->head);
}

static bool read_entry(const struct sp_ip_table *table, size_t at, struct entry *ret)
{
	const unsigned char *bytes;

	if (at >= table->length || !read_head(table, at, ret))
		return false;
	bytes = table->entries + at + ret->target;
	memcpy(&ret->head, bytes, sizeof(ret->head));
	ret->head.u.user.name[sizeof(ret->head.u.user.name) - 1] = '\0';
	ret->bytes = bytes + sizeof(ret->head);
	ret->length = ret->next - ret->target - sizeof(ret->head);
	return true;
}

static void read_matches(
    const struct sp_ip_table *table, const struct entry *entry, struct sp_foreign *item)
{
	struct xt_entry_match head;
	size_t at = entry->matches;

	while (at + sizeof(head) <= entry->target) {
		const unsigned char *bytes = table->entries + entry->at + at;
		struct sp_xtension match = { head.u.user.name, 0, bytes + sizeof(head),
			0 };

		memcpy(&head, bytes, sizeof(head));
		head.u.user.name[sizeof(head.u.user.name) - 1] = '\0';
		if (head.u.user.match_size < sizeof(head) ||
		    head.u.user.match_size > entry->target - at)
			return;
		match.revision = head.u.user.revision;
		match.length = head.u.user.match_size - sizeof(head);
		sp_xt_match(&match, item);
		at += head.u.user.match_size;
	}
}

/* ---- chains ---- */

static const char *const hook_names[SP_IP_TABLE_HOOKS] = { [NF_INET_PRE_ROUTING] =
							       "PREROUTING",
	[NF_INET_LOCAL_IN] = "INPUT",
	[NF_INET_FORWARD] = "FORWARD",
	[NF_INET_LOCAL_OUT] = "OUTPUT",
	[NF_INET_POST_ROUTING] = "POSTROUTING" };

/* Where one is while going through a table. */
struct place {
	char chain[XT_FUNCTION_MAXNAMELEN];
	uint64_t rule; /* as `iptables -L --line-numbers` counts */
};

/* A chain of the user's begins with a target ERROR that carries its name. */
static bool begins_chain(
    const struct sp_ip_table *table, const struct entry *entry, struct place *place)
{
	for (unsigned hook = 0; hook < SP_IP_TABLE_HOOKS; hook++) {
		if (!(table->hooks >> hook & 1) || table->first[hook] != entry->at)
			continue;
		strcpy(place->chain, hook_names[hook]);
		place->rule = 0;
		return false; /* its first rule, or its policy, is this one */
	}
	if (strcmp(entry->head.u.user.name, XT_ERROR_TARGET) != 0 ||
	    entry->length < sizeof(place->chain))
		return false;
	memcpy(place->chain, entry->bytes, sizeof(place->chain));
	place->chain[sizeof(place->chain) - 1] = '\0';
	place->rule = 0;
	return true;
}

static bool push(struct sp_foreigns *foreigns, const struct sp_ip_table *table,
    struct sp_foreign *item, const char *chain)
{
	item->legacy = true;
	item->family = table->family == SP_IPV4 ? "ip" : "ip6";
	item->table = strdup(table->name);
	item->chain = strdup(chain);
	if (item->table && item->chain && sp_array_push(foreigns, *item))
		return true;
	free(item->table);
	free(item->chain);
	errno = ENOMEM;
	return false;
}

static bool add_rules(const struct sp_ip_table *table, struct sp_foreigns *foreigns)
{
	struct place place = { .chain = "" };
	struct entry entry;

	for (size_t at = 0; read_entry(table, at, &entry); at += entry.next) {
		struct sp_xtension target = { entry.head.u.user.name,
			entry.head.u.user.revision, entry.bytes, entry.length };
		struct sp_foreign item = { .protocol = entry.protocol };

		if (begins_chain(table, &entry, &place))
			continue;
		item.handle = ++place.rule;
		if (!sp_xt_target(&target, table->family, &item))
			continue;
		read_matches(table, &entry, &item);
		if (!push(foreigns, table, &item, place.chain))
			return false;
	}
	return true;
}

/* A policy is a standard target whose verdict is -NF_DROP - 1 or -NF_ACCEPT - 1. */
static bool drops(const struct sp_ip_table *table, unsigned hook)
{
	struct entry entry;
	int verdict;

	if (!read_entry(table, table->policy[hook], &entry) ||
	    entry.length < sizeof(verdict))
		return false;
	memcpy(&verdict, entry.bytes, sizeof(verdict));
	return verdict == -NF_DROP - 1;
}

/* Where the kernel's tables stand among others: enum nf_ip_hook_priorities. */
static int priority_of(const char *table)
{
	static const struct {
		const char *table;
		int priority;
	} priorities[] = { { "raw", NF_IP_PRI_RAW }, { "mangle", NF_IP_PRI_MANGLE },
		{ "nat", NF_IP_PRI_NAT_SRC }, { "security", NF_IP_PRI_SECURITY } };

	for (size_t i = 0; i < sizeof(priorities) / sizeof(*priorities); i++)
		if (!strcmp(table, priorities[i].table))
			return priorities[i].priority;
	return NF_IP_PRI_FILTER;
}

/* A table that somebody only looked at is there, has no rules and lets all pass:
 * it is not told. */
static bool add_hook(const struct sp_ip_table *table, unsigned hook,
    enum sp_foreign_kind kind, struct sp_foreigns *foreigns)
{
	struct sp_foreign item = { .kind = kind, .priority = priority_of(table->name) };

	if (!(table->hooks >> hook & 1))
		return true;
	item.drop = drops(table, hook);
	return (table->first[hook] == table->policy[hook] && !item.drop) ||
	       push(foreigns, table, &item, hook_names[hook]);
}

bool sp_foreign_add_ip_tables(
    const struct sp_ip_tables *tables, struct sp_foreigns *foreigns)
{
	for (size_t i = 0; i < tables->length; i++) {
		const struct sp_ip_table *table = &tables->items[i];

		if (!add_hook(table, NF_INET_LOCAL_IN, SP_FOREIGN_INPUT, foreigns) ||
		    !add_hook(table, NF_INET_FORWARD, SP_FOREIGN_FORWARD, foreigns) ||
		    !add_rules(table, foreigns))
			return false;
	}
	return true;
}
