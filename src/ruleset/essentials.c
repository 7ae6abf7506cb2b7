/* What every host needs, whatever its policy: loopback, connection tracking,
 * ICMP, DHCP, and the frame of the base chain. */
#include "build.h"

#include <stdio.h>
#include <string.h>

/* RFC 792; echo-request is `icmp = ping`'s. */
static const uint32_t icmp_errors[] = { 3, 11, 12 }; /* unreachable, time, parameter */
#define ICMP_ECHO_REQUEST 8

/* RFC 4890 section 4.4.1, what a host must not drop: errors (1-4), multicast
 * listener (130-132, 143), router and neighbour discovery (133-136, 141, 142),
 * SEND (148, 149), multicast router discovery (151-153). Echo is decided by
 * `icmp`; the answer to our own echo is an established connection's. */
static const uint32_t icmpv6_needed[] = { 1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136,
	141, 142, 143, 148, 149, 151, 152, 153 };
#define ICMPV6_ECHO_REQUEST 128

#define PROTOCOL_ICMP 1
#define PROTOCOL_IGMP 2
#define PROTOCOL_ICMPV6 58

/* uapi/linux/netfilter/nf_conntrack_common.h, NF_CT_STATE_BIT. */
#define CT_STATE_INVALID 1
#define CT_STATE_ESTABLISHED 2
#define CT_STATE_RELATED 4

#define TCP_FLAG_SYN 2

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

void sp_build_essential_sets(struct sp_build *build, const struct sp_policy *policy)
{
	struct sp_set *set;

	(void)policy;
	set = sp_build_set(build, SP_KEY_PROTOCOL_PORT, SP_SET_VERIFIED);
	if (set)
		set->timeout = true;
	set = sp_build_set(build, SP_KEY_PROTOCOL_PORT, SP_SET_OVERRIDDEN);
	if (set)
		set->timeout = true;
	set = sp_build_set(build, SP_KEY_PROTOCOL, SP_SET_GRACE);
	if (set)
		set->timeout = true;
}

/* Without a rate of its own: the kernel log is not ours to flood. */
struct sp_rate sp_audit_rate(const struct sp_policy *policy)
{
	return policy->log_blocked.count ? policy->log_blocked
					 : (struct sp_rate){ 10, 1, 20 };
}

/* The end of a rule that refuses: a drop, or in audit mode none. Nothing else may
 * decide, so that what would be refused is counted once. */
static void refuse(
    struct sp_build *build, struct sp_rule *rule, const struct sp_policy *policy)
{
	sp_build_verdict(
	    build, rule, policy->mode == SP_MODE_AUDIT ? SP_ACCEPT : SP_DROP, NULL);
}

static void log_audit(
    struct sp_build *build, struct sp_rule *rule, const struct sp_policy *policy)
{
	struct sp_rate rate = sp_audit_rate(policy);

	sp_build_limit(build, rule, &rate);
	sp_build_log(build, rule, SP_AUDIT_PREFIX);
}

static void accept_types(struct sp_build *build, struct sp_chain *chain,
    enum sp_field field, const uint32_t *types, size_t count)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match(build, rule, field, types, count, false);
	sp_build_verdict(build, rule, SP_ACCEPT, NULL);
}

static void accept_protocol(
    struct sp_build *build, struct sp_chain *chain, uint32_t protocol)
{
	accept_types(build, chain, SP_FIELD_L4PROTO, &protocol, 1);
}

void sp_build_icmp_chain(struct sp_build *build, const struct sp_policy *policy)
{
	struct sp_chain *chain = sp_build_chain(build, "icmp-in");

	accept_protocol(build, chain, PROTOCOL_IGMP);
	switch (policy->icmp) {
	case SP_ICMP_ALL:
		accept_protocol(build, chain, PROTOCOL_ICMP);
		accept_protocol(build, chain, PROTOCOL_ICMPV6);
		return;
	case SP_ICMP_PING:
		accept_types(build, chain, SP_FIELD_ICMP_TYPE,
		    &(uint32_t){ ICMP_ECHO_REQUEST }, 1);
		accept_types(build, chain, SP_FIELD_ICMPV6_TYPE,
		    &(uint32_t){ ICMPV6_ECHO_REQUEST }, 1);
		break;
	case SP_ICMP_MINIMAL: break;
	}
	accept_types(build, chain, SP_FIELD_ICMP_TYPE, icmp_errors, COUNT(icmp_errors));
	accept_types(
	    build, chain, SP_FIELD_ICMPV6_TYPE, icmpv6_needed, COUNT(icmpv6_needed));
}

/* Schema and digest live in a rule's userdata: a table's own cannot be changed
 * later, and a rule is replaced with the batch that makes it true. */
void sp_build_about_chain(struct sp_build *build, const struct sp_policy *policy)
{
	struct sp_chain *chain = sp_build_chain(build, "about");
	struct sp_rule *rule = sp_build_rule(build, chain);
	char hex[2 * SP_DIGEST_BYTES + 1];

	if (!rule)
		return;
	for (size_t i = 0; i < SP_DIGEST_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", policy->digest[i]);
	sp_build_verdict(build, rule, SP_RETURN, NULL);
	if (asprintf(&rule->comment, "schema %d policy %s", SP_SCHEMA, hex) < 0) {
		rule->comment = NULL;
		build->failed = true;
	}
}

static struct sp_rule *match_block_list(struct sp_build *build, struct sp_chain *chain,
    const struct sp_address_set *set, enum sp_family family)
{
	struct sp_rule *rule = sp_build_rule(build, chain);
	char name[SP_OBJECT_NAME];

	if (rule)
		rule->at = set->at;
	sp_address_set_name(name, set->name, family);
	sp_build_match_set(build, rule,
	    family == SP_IPV4 ? SP_FIELD_IP_SADDR : SP_FIELD_IP6_SADDR, name, false);
	return rule;
}

static void build_block_list(struct sp_build *build, struct sp_chain *chain,
    const struct sp_policy *policy, const struct sp_address_set *set,
    enum sp_family family)
{
	char counter[SP_OBJECT_NAME];
	struct sp_rule *rule;

	if (policy->mode == SP_MODE_AUDIT)
		log_audit(build, match_block_list(build, chain, set, family), policy);
	rule = match_block_list(build, chain, set, family);
	snprintf(counter, sizeof(counter), "set-%s", set->name);
	sp_build_count(build, rule, counter);
	refuse(build, rule, policy);
}

static void build_block_lists(
    struct sp_build *build, struct sp_chain *chain, const struct sp_policy *policy)
{
	for (size_t i = 0; i < policy->set_count; i++) {
		const struct sp_address_set *set = &policy->sets[i];

		if (set->block && set->elements.v4.length)
			build_block_list(build, chain, policy, set, SP_IPV4);
		if (set->block && set->elements.v6.length)
			build_block_list(build, chain, policy, set, SP_IPV6);
	}
}

static void accept_loopback(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	/* The loopback device has index 1 in every network namespace. */
	sp_build_match(build, rule, SP_FIELD_IIF, &(uint32_t){ 1 }, 1, false);
	sp_build_verdict(build, rule, SP_ACCEPT, NULL);
}

/* Without the direction it would also kill outbound connections that happen to
 * use the port locally. */
static struct sp_rule *match_unverified(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match(build, rule, SP_FIELD_CT_DIRECTION, &(uint32_t){ 0 }, 1, false);
	sp_build_match_set(build, rule, SP_FIELD_PROTOCOL_PORT, SP_SET_CUT, false);
	sp_build_match_set(build, rule, SP_FIELD_PROTOCOL_PORT, SP_SET_VERIFIED, true);
	sp_build_match_set(build, rule, SP_FIELD_PROTOCOL_PORT, SP_SET_OVERRIDDEN, true);
	return rule;
}

static void cut_unverified(
    struct sp_build *build, struct sp_chain *chain, const struct sp_policy *policy)
{
	struct sp_rule *rule;

	if (policy->mode == SP_MODE_AUDIT)
		log_audit(build, match_unverified(build, chain), policy);
	rule = match_unverified(build, chain);
	if (policy->mode == SP_MODE_AUDIT)
		sp_build_count(build, rule, SP_COUNTER_BLOCKED);
	refuse(build, rule, policy);
}

/* ct state invalid */
static struct sp_rule *match_invalid(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match(
	    build, rule, SP_FIELD_CT_STATE, &(uint32_t){ CT_STATE_INVALID }, 1, false);
	return rule;
}

static void follow_connections(
    struct sp_build *build, struct sp_chain *chain, const struct sp_policy *policy)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	if (policy->mode == SP_MODE_ENFORCE)
		sp_build_vmap_value(
		    build, rule, SP_FIELD_CT_STATE, CT_STATE_INVALID, SP_DROP);
	sp_build_vmap_value(
	    build, rule, SP_FIELD_CT_STATE, CT_STATE_ESTABLISHED, SP_ACCEPT);
	sp_build_vmap_value(build, rule, SP_FIELD_CT_STATE, CT_STATE_RELATED, SP_ACCEPT);
	if (policy->mode == SP_MODE_ENFORCE)
		return;
	log_audit(build, match_invalid(build, chain), policy);
	rule = match_invalid(build, chain);
	sp_build_count(build, rule, SP_COUNTER_BLOCKED);
	refuse(build, rule, policy);
}

/* Connections that ran before connection tracking did: their next packet is in
 * state new and carries no SYN. The set's one element ends after 30 s. */
static void pick_up_running(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match_set(build, rule, SP_FIELD_L4PROTO, SP_SET_GRACE, false);
	sp_build_match(
	    build, rule, SP_FIELD_TCP_FLAGS, &(uint32_t){ TCP_FLAG_SYN }, 1, true);
	sp_build_verdict(build, rule, SP_ACCEPT, NULL);
}

static void handle_icmp(struct sp_build *build, struct sp_chain *chain)
{
	static const uint32_t protocols[] = { PROTOCOL_ICMP, PROTOCOL_IGMP,
		PROTOCOL_ICMPV6 };
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match(build, rule, SP_FIELD_L4PROTO, protocols, COUNT(protocols), false);
	sp_build_verdict(build, rule, SP_JUMP, "icmp-in");
}

/* RFC 2131 and RFC 8415: answers to a client that has no address yet, or whose
 * server answers from another one, are not "established". */
static void accept_dhcp(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_intervals link_local = { 0 };
	struct sp_range fe80 = { { SP_IPV6, UINT64_C(0xfe80) << 48, 0 },
		{ SP_IPV6, UINT64_C(0xfebfffffffffffff), UINT64_MAX } };
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_match(build, rule, SP_FIELD_UDP_SPORT, &(uint32_t){ 67 }, 1, false);
	sp_build_match(build, rule, SP_FIELD_UDP_DPORT, &(uint32_t){ 68 }, 1, false);
	sp_build_verdict(build, rule, SP_ACCEPT, NULL);

	if (!sp_intervals_add(&link_local, &fe80)) {
		build->failed = true;
		return;
	}
	rule = sp_build_rule(build, chain);
	sp_build_match_addresses(build, rule, SP_FIELD_IP6_SADDR, &link_local);
	sp_build_match(build, rule, SP_FIELD_UDP_SPORT, &(uint32_t){ 547 }, 1, false);
	sp_build_match(build, rule, SP_FIELD_UDP_DPORT, &(uint32_t){ 546 }, 1, false);
	sp_build_verdict(build, rule, SP_ACCEPT, NULL);
	sp_intervals_free(&link_local);
}

static void decide_by_port(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = sp_build_rule(build, chain);

	sp_build_vmap(build, rule, SP_FIELD_PROTOCOL_PORT, SP_MAP_PORTS);
	for (size_t i = 0; i < build->ruleset->sets.length && !build->failed; i++) {
		const struct sp_set *set = &build->ruleset->sets.items[i];

		if (!set->map || !sp_set_is_concatenated(set))
			continue;
		rule = sp_build_rule(build, chain);
		sp_build_vmap(build, rule, SP_FIELD_PROTOCOL_PORT, set->name);
	}
}

static void decide_the_rest(
    struct sp_build *build, struct sp_chain *chain, const struct sp_policy *policy)
{
	struct sp_rule *rule;

	if (policy->mode == SP_MODE_AUDIT) {
		log_audit(build, sp_build_rule(build, chain), policy);
	} else if (policy->log_blocked.count) {
		rule = sp_build_rule(build, chain);
		sp_build_limit(build, rule, &policy->log_blocked);
		sp_build_log(build, rule, "sallyport blocked: ");
	}
	rule = sp_build_rule(build, chain);
	sp_build_count(build, rule, SP_COUNTER_BLOCKED);
	/* In audit mode the chain's policy then accepts. */
	if (policy->mode == SP_MODE_AUDIT || policy->default_action == SP_DEFAULT_DROP)
		return;
	rule = sp_build_rule(build, chain);
	sp_build_match(build, rule, SP_FIELD_L4PROTO, &(uint32_t){ SP_TCP }, 1, false);
	sp_build_verdict(build, rule, SP_REJECT_RESET, NULL);
	rule = sp_build_rule(build, chain);
	sp_build_verdict(build, rule, SP_REJECT_PORT, NULL);
}

void sp_build_input_chain(struct sp_build *build, const struct sp_policy *policy)
{
	struct sp_chain *chain = sp_build_chain(build, "input");

	if (!chain)
		return;
	chain->base = true;
	chain->drop = policy->mode == SP_MODE_ENFORCE;
	accept_loopback(build, chain);
	build_block_lists(build, chain, policy);
	cut_unverified(build, chain, policy);
	follow_connections(build, chain, policy);
	pick_up_running(build, chain);
	handle_icmp(build, chain);
	accept_dhcp(build, chain);
	decide_by_port(build, chain);
	decide_the_rest(build, chain, policy);
}
