/* Policy to ruleset, every gate shut. Reads from the top like kernel.md's
 * table: counters, sets, one chain per port segment, the maps, the base chain. */
#include <sallyport/ruleset.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "build.h"
#include "pieces.h"
#include "segments.h"

/* Log lines of one service per second: the kernel log is not ours to flood. */
static const struct sp_rate log_rate = { 10, 1, 20 };

/* Meters forget a source after this long at least; seconds. */
#define METER_SECONDS 60
#define METER_SIZE 65536

static const char *meter_name(
    char name[SP_OBJECT_NAME], const struct sp_service *service, enum sp_family family)
{
	snprintf(name, SP_OBJECT_NAME, "rate-%s-%d", service->name, (int)family);
	return name;
}

static const char *service_counter(
    char name[SP_OBJECT_NAME], const struct sp_service *service)
{
	sp_join(name, SP_OBJECT_NAME, "svc-", service->name);
	return name;
}

static bool is_gated(const struct sp_service *service)
{
	return service->action == SP_ALLOW && service->tls != SP_TLS_NONE &&
	       service->on_fail == SP_ON_FAIL_BLOCK;
}

static bool has_family(const struct sp_intervals *addresses, enum sp_family family)
{
	return (family == SP_IPV4 ? addresses->v4.length : addresses->v6.length) != 0;
}

/* ---- sets ---- */

static void mark_used(const struct sp_match *match, bool *used)
{
	for (size_t i = 0; i < match->set_count; i++)
		used[match->sets[i].set] = true;
}

static void build_addresses(struct sp_build *build, const char *name,
    const struct sp_intervals *addresses, enum sp_family family)
{
	struct sp_set *set = sp_build_set(
	    build, family == SP_IPV4 ? SP_KEY_IPV4 : SP_KEY_IPV6, "%s", name);

	if (!set)
		return;
	set->interval = true;
	set->borrowed = true;
	set->addresses = *addresses;
	if (family == SP_IPV4)
		set->addresses.v6.length = 0;
	else
		set->addresses.v4.length = 0;
}

static void build_address_set(
    struct sp_build *build, const struct sp_address_set *from, enum sp_family family)
{
	char name[SP_OBJECT_NAME];

	if (has_family(&from->elements, family))
		build_addresses(build, sp_address_set_name(name, from->name, family),
		    &from->elements, family);
}

/* One interval stands in the rule itself. More are a set with a name, not an
 * anonymous one: that would have to come with its rule (delta.h). */
static bool needs_set(const struct sp_intervals *literals, enum sp_family family)
{
	return (family == SP_IPV4 ? literals->v4.length : literals->v6.length) > 1;
}

static const char *literals_name(char name[SP_OBJECT_NAME],
    const struct sp_service *service, enum sp_family family, bool source)
{
	snprintf(name, SP_OBJECT_NAME, "%s-%s-%d", source ? "from" : "to", service->name,
	    (int)family);
	return name;
}

static void build_literals(
    struct sp_build *build, const struct sp_service *service, bool source)
{
	const struct sp_intervals *literals =
	    source ? &service->from.literals : &service->to.literals;
	char name[SP_OBJECT_NAME];

	for (int family = SP_IPV4; family <= SP_IPV6; family += 2)
		if (needs_set(literals, (enum sp_family)family))
			build_addresses(build,
			    literals_name(name, service, (enum sp_family)family, source),
			    literals, (enum sp_family)family);
}

/* Only sets that a rule names: an unused one would cost memory for nothing. */
static void build_address_sets(struct sp_build *build, const struct sp_policy *policy)
{
	bool *used = calloc(policy->set_count + 1, sizeof(*used));

	if (!used) {
		build->failed = true;
		return;
	}
	for (size_t i = 0; i < policy->service_count; i++) {
		mark_used(&policy->services[i].from, used);
		mark_used(&policy->services[i].to, used);
	}
	for (size_t i = 0; i < policy->set_count; i++) {
		if (!used[i] && !policy->sets[i].block)
			continue;
		build_address_set(build, &policy->sets[i], SP_IPV4);
		build_address_set(build, &policy->sets[i], SP_IPV6);
	}
	free(used);
	for (size_t i = 0; i < policy->service_count; i++) {
		build_literals(build, &policy->services[i], true);
		build_literals(build, &policy->services[i], false);
	}
}

static void build_meter(
    struct sp_build *build, const struct sp_service *service, enum sp_family family)
{
	const struct sp_rate *rate = &service->rate;
	char name[SP_OBJECT_NAME];
	struct sp_set *set;
	uint64_t refill;

	set = sp_build_set(build, family == SP_IPV4 ? SP_KEY_IPV4 : SP_KEY_IPV6, "%s",
	    meter_name(name, service, family));
	if (!set)
		return;
	/* An entry that ends before its bucket is full again would give a
	 * source a fresh burst. */
	refill = (uint64_t)rate->burst * rate->seconds / rate->count + rate->seconds;
	set->timeout_ms = 1000 * (refill > METER_SECONDS ? refill : METER_SECONDS);
	set->timeout = true;
	set->dynamic = true;
	set->size = METER_SIZE;
}

static void build_cut_set(struct sp_build *build, const struct sp_policy *policy)
{
	struct sp_set *set = sp_build_set(build, SP_KEY_PROTOCOL_PORT, SP_SET_CUT);
	struct sp_gates gates = { 0 };

	if (!set || !sp_policy_gates(policy, &gates)) {
		build->failed = true;
		return;
	}
	for (size_t i = 0; i < gates.length; i++) {
		const struct sp_gate *gate = &gates.items[i];

		if (policy->services[gate->service].revoke == SP_REVOKE_CUT)
			sp_build_element(
			    build, set, (uint8_t)gate->protocol, gate->port, gate->port);
	}
	sp_array_free(&gates);
}

static void build_sets(struct sp_build *build, const struct sp_policy *policy)
{
	sp_build_essential_sets(build, policy);
	build_cut_set(build, policy);
	build_address_sets(build, policy);
	for (size_t i = 0; i < policy->service_count; i++) {
		if (!policy->services[i].rate.count)
			continue;
		build_meter(build, &policy->services[i], SP_IPV4);
		build_meter(build, &policy->services[i], SP_IPV6);
	}
}

static void build_counters(struct sp_build *build, const struct sp_policy *policy)
{
	char name[SP_OBJECT_NAME];

	sp_build_counter(build, SP_COUNTER_BLOCKED);
	for (size_t i = 0; i < policy->set_count; i++)
		if (policy->sets[i].block)
			sp_build_counter(build, "set-%s", policy->sets[i].name);
	for (size_t i = 0; i < policy->service_count; i++)
		sp_build_counter(
		    build, "%s", service_counter(name, &policy->services[i]));
}

/* ---- the rules of one service in one segment's chain ---- */

/* One of the alternatives that `from` lists: nobody in particular, its literals
 * of one family, or one set's half. family 0: both. */
struct alternative {
	int family;
	const struct sp_intervals *literals;
	const char *set;
};

struct scope {
	struct sp_build *build;
	const struct sp_policy *policy;
	struct sp_chain *chain;
	const struct sp_service *service;
	size_t index;
	enum sp_protocol protocol;
};

static void match_addresses(const struct scope *scope, struct sp_rule *rule,
    const struct alternative *from, bool source)
{
	enum sp_field field = from->family == SP_IPV4
				  ? (source ? SP_FIELD_IP_SADDR : SP_FIELD_IP_DADDR)
				  : (source ? SP_FIELD_IP6_SADDR : SP_FIELD_IP6_DADDR);
	char name[SP_OBJECT_NAME];

	if (from->set)
		sp_build_match_set(scope->build, rule, field,
		    sp_address_set_name(name, from->set, (enum sp_family)from->family),
		    false);
	else if (from->literals &&
		 needs_set(from->literals, (enum sp_family)from->family))
		sp_build_match_set(scope->build, rule, field,
		    literals_name(
			name, scope->service, (enum sp_family)from->family, source),
		    false);
	else if (from->literals)
		sp_build_match_addresses(scope->build, rule, field, from->literals);
}

static void match_traffic(const struct scope *scope, struct sp_rule *rule,
    const char *interface, const struct alternative *from, const struct alternative *to,
    const char *gate)
{
	if (interface)
		sp_build_match_name(scope->build, rule, SP_FIELD_IIFNAME, interface);
	match_addresses(scope, rule, to, false);
	match_addresses(scope, rule, from, true);
	if (gate)
		sp_build_match_set(
		    scope->build, rule, SP_FIELD_PROTOCOL_PORT, gate, false);
}

/* Would it refuse, were it not for audit mode? */
static bool is_audited(const struct scope *scope)
{
	return scope->policy->mode == SP_MODE_AUDIT && scope->service->action != SP_ALLOW;
}

static enum sp_judgement service_judgement(const struct scope *scope)
{
	switch (scope->service->action) {
	case SP_ALLOW: return SP_ACCEPT;
	case SP_BLOCK: return is_audited(scope) ? SP_ACCEPT : SP_DROP;
	case SP_REJECT: break;
	}
	if (is_audited(scope))
		return SP_ACCEPT;
	return scope->protocol == SP_TCP ? SP_REJECT_RESET : SP_REJECT_PORT;
}

static struct sp_rule *service_rule(const struct scope *scope)
{
	struct sp_rule *rule = sp_build_rule(scope->build, scope->chain);

	if (rule) {
		rule->service = scope->index;
		rule->at = scope->service->at;
	}
	return rule;
}

/* from and to are of one family, or `from`'s decides where `to` is any. */
static void build_gated_rule(const struct scope *scope, const char *interface,
    const struct alternative *from, const struct alternative *to, const char *gate)
{
	const struct sp_service *service = scope->service;
	int family = from->family ? from->family : to->family;
	enum sp_judgement judgement = service_judgement(scope);
	char name[SP_OBJECT_NAME], prefix[SP_OBJECT_NAME];
	struct sp_rule *rule;
	struct sp_rate rate;

	if (service->log || is_audited(scope)) {
		rate = service->log ? log_rate : sp_audit_rate(scope->policy);
		rule = service_rule(scope);
		match_traffic(scope, rule, interface, from, to, gate);
		snprintf(prefix, sizeof(prefix), "sallyport %s: ", service->name);
		sp_build_limit(scope->build, rule, &rate);
		sp_build_log(scope->build, rule, service->log ? prefix : SP_AUDIT_PREFIX);
	}
	rule = service_rule(scope);
	match_traffic(scope, rule, interface, from, to, gate);
	if (service->rate.count)
		sp_build_rate(scope->build, rule,
		    family == SP_IPV4 ? SP_FIELD_IP_SADDR : SP_FIELD_IP6_SADDR,
		    meter_name(name, service, (enum sp_family)family), &service->rate);
	sp_build_count(scope->build, rule, service_counter(name, service));
	if (judgement == SP_REJECT_RESET)
		sp_build_match(scope->build, rule, SP_FIELD_L4PROTO,
		    &(uint32_t){ SP_TCP }, 1, false);
	sp_build_verdict(scope->build, rule, judgement, NULL);
}

/* A gate opens by proof, or by a break-glass that ends by itself. */
static void build_service_rule(const struct scope *scope, const char *interface,
    const struct alternative *from, const struct alternative *to)
{
	if (!is_gated(scope->service)) {
		build_gated_rule(scope, interface, from, to, NULL);
		return;
	}
	build_gated_rule(scope, interface, from, to, SP_SET_VERIFIED);
	build_gated_rule(scope, interface, from, to, SP_SET_OVERRIDDEN);
}

static void for_interfaces(const struct scope *scope, const struct alternative *from,
    const struct alternative *to)
{
	if (!scope->service->interface_count)
		build_service_rule(scope, NULL, from, to);
	for (size_t i = 0; i < scope->service->interface_count; i++)
		build_service_rule(scope, scope->service->interfaces[i], from, to);
}

static void for_destinations(const struct scope *scope, const struct alternative *from)
{
	const struct sp_match *to = &scope->service->to;

	if (to->any) {
		for_interfaces(
		    scope, from, &(struct alternative){ .family = from->family });
		return;
	}
	for (int family = SP_IPV4; family <= SP_IPV6; family += 2) {
		struct alternative literals = { family, &to->literals, NULL };

		if ((from->family && from->family != family) ||
		    !has_family(&to->literals, (enum sp_family)family))
			continue;
		for_interfaces(scope, from, &literals);
	}
}

static void for_sources_of(const struct scope *scope, enum sp_family family)
{
	const struct sp_match *from = &scope->service->from;

	if (has_family(&from->literals, family))
		for_destinations(
		    scope, &(struct alternative){ (int)family, &from->literals, NULL });
	for (size_t i = 0; i < from->set_count; i++) {
		const struct sp_address_set *set =
		    &scope->policy->sets[from->sets[i].set];

		if (has_family(&set->elements, family))
			for_destinations(
			    scope, &(struct alternative){ (int)family, NULL, set->name });
	}
}

static void build_service(const struct scope *scope)
{
	if (!scope->service->from.any) {
		for_sources_of(scope, SP_IPV4);
		for_sources_of(scope, SP_IPV6);
	} else if (scope->service->rate.count) {
		/* A meter has one family's addresses. */
		for_destinations(scope, &(struct alternative){ .family = SP_IPV4 });
		for_destinations(scope, &(struct alternative){ .family = SP_IPV6 });
	} else {
		for_destinations(scope, &(struct alternative){ 0 });
	}
}

/* ---- segments: a chain each, and the maps that lead to them ---- */

static void segment_name(char name[SP_OBJECT_NAME], const struct sp_segment *segment)
{
	const char *protocol = sp_protocol_name(segment->protocol);
	char first[SP_DECIMAL], last[SP_DECIMAL];
	bool one = segment->ports.first == segment->ports.last;

	sp_join(name, SP_OBJECT_NAME, protocol, "-",
	    sp_decimal(first, segment->ports.first), one ? "" : "-",
	    one ? "" : sp_decimal(last, segment->ports.last));
}

static void build_segment_chain(struct sp_build *build, const struct sp_policy *policy,
    const struct sp_segments *segments, const struct sp_segment *segment)
{
	char name[SP_OBJECT_NAME];
	struct scope scope = {
		.build = build, .policy = policy, .protocol = segment->protocol
	};

	segment_name(name, segment);
	scope.chain = sp_build_chain(build, "%s", name);
	for (size_t i = 0; i < segment->service_count && !build->failed; i++) {
		scope.index = segments->services.items[segment->first_service + i];
		scope.service = &policy->services[scope.index];
		build_service(&scope);
	}
}

static void build_jump(
    struct sp_build *build, struct sp_set *map, const struct sp_segment *segment)
{
	char name[SP_OBJECT_NAME];
	struct sp_element *element;

	segment_name(name, segment);
	element = sp_build_element(build, map, (uint8_t)segment->protocol,
	    segment->ports.first, segment->ports.last);
	if (element && !(element->chain = strdup(name)))
		build->failed = true;
}

static bool is_range(const struct sp_segment *segment)
{
	return segment->ports.first != segment->ports.last;
}

static void build_port_map(struct sp_build *build, const struct sp_segments *segments)
{
	struct sp_set *map = sp_build_set(build, SP_KEY_PROTOCOL_PORT, SP_MAP_PORTS);

	if (!map)
		return;
	map->map = true;
	for (size_t i = 0; i < segments->length; i++)
		if (!is_range(&segments->items[i]))
			build_jump(build, map, &segments->items[i]);
}

/* FNV-1a. */
static uint32_t add_to_digest(uint32_t digest, uint32_t number)
{
	for (unsigned byte = 0; byte < 4; byte++)
		digest = (digest ^ (number >> 8 * byte & 0xff)) * UINT32_C(0x01000193);
	return digest;
}

/* Other ranges whose digest is the same by chance are a map that is changed in place:
 * right, but for a moment. */
static uint32_t ranges_digest(const struct sp_segments *segments)
{
	uint32_t digest = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < segments->length; i++) {
		const struct sp_segment *segment = &segments->items[i];

		if (!is_range(segment))
			continue;
		digest = add_to_digest(digest, (uint32_t)segment->protocol);
		digest = add_to_digest(
		    digest, (uint32_t)segment->ports.first << 16 | segment->ports.last);
	}
	return digest;
}

/* It exists only when a policy has ranges. */
static void build_range_map(struct sp_build *build, const struct sp_segments *segments)
{
	struct sp_set *map = NULL;

	for (size_t i = 0; i < segments->length && !build->failed; i++) {
		if (!is_range(&segments->items[i]))
			continue;
		if (!map) {
			map = sp_build_set(build, SP_KEY_PROTOCOL_PORT,
			    SP_MAP_RANGES_PREFIX "%08" PRIx32, ranges_digest(segments));
			if (!map)
				return;
			map->map = true;
			map->interval = true;
		}
		build_jump(build, map, &segments->items[i]);
	}
}

static bool build_all(struct sp_build *build, const struct sp_policy *policy,
    const struct sp_segments *segments)
{
	build_counters(build, policy);
	build_sets(build, policy);
	sp_build_about_chain(build, policy);
	sp_build_icmp_chain(build, policy);
	for (size_t i = 0; i < segments->length && !build->failed; i++)
		build_segment_chain(build, policy, segments, &segments->items[i]);
	build_port_map(build, segments);
	build_range_map(build, segments);
	sp_build_input_chain(build, policy);
	sp_split_sets(build, SP_PIECE_INTERVALS, SP_BLOCKED_INTERVALS);
	return !build->failed;
}

struct sp_ruleset *sp_ruleset_compile(
    const struct sp_policy *policy, struct sp_diag *diag)
{
	struct sp_build build = { .ruleset = calloc(1, sizeof(*build.ruleset)) };
	struct sp_segments segments = { 0 };

	if (!build.ruleset || !sp_segments_add(&segments, policy, SP_TCP) ||
	    !sp_segments_add(&segments, policy, SP_UDP) ||
	    !build_all(&build, policy, &segments)) {
		sp_out_of_memory(diag);
		sp_ruleset_free(build.ruleset);
		build.ruleset = NULL;
	}
	sp_segments_free(&segments);
	return build.ruleset;
}

/* ---- gates ---- */

static int compare_gates(const void *left, const void *right)
{
	const struct sp_gate *a = left, *b = right;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->service > b->service) - (a->service < b->service);
}

static bool add_gates(struct sp_gates *gates, const struct sp_service *service,
    size_t index, enum sp_protocol protocol)
{
	for (size_t p = 0; p < service->port_count; p++)
		for (uint32_t port = service->ports[p].first;
		     port <= service->ports[p].last; port++)
			if (!sp_array_push(gates,
				(struct sp_gate){ protocol, (uint16_t)port, index }))
				return false;
	return true;
}

bool sp_policy_gates(const struct sp_policy *policy, struct sp_gates *ret)
{
	struct sp_gates gates = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (!is_gated(service))
			continue;
		if ((service->tcp && !add_gates(&gates, service, i, SP_TCP)) ||
		    (service->udp && !add_gates(&gates, service, i, SP_UDP))) {
			sp_array_free(&gates);
			return false;
		}
	}
	if (gates.length)
		qsort(gates.items, gates.length, sizeof(*gates.items), compare_gates);
	for (size_t i = 0; i < gates.length; i++)
		if (!kept || gates.items[kept - 1].protocol != gates.items[i].protocol ||
		    gates.items[kept - 1].port != gates.items[i].port)
			gates.items[kept++] = gates.items[i];
	gates.length = kept;
	*ret = gates;
	return true;
}
