#include "audit_join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"

struct joining {
	const struct sp_audited *audited;
	struct sp_audit *audit;
	bool failed;
};

/* ---- the policy's side ---- */

static bool service_has(const struct sp_service *service, enum sp_protocol protocol,
    const struct sp_ports *ports)
{
	if (!(protocol == SP_TCP ? service->tcp : service->udp))
		return false;
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].first <= ports->last &&
		    ports->first <= service->ports[i].last)
			return true;
	return false;
}

/* Does the service's rule let packets to one of these sockets? */
static bool covers_some(const struct joining *joining, const struct sp_service *service,
    const struct sp_port_sockets *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (sp_service_covers(
			service, &group->items[i], &joining->audited->sockets->addresses))
			return true;
	return false;
}

/* The next service of the row's ports from *at on, allowing or not, that lets
 * packets to the group's sockets; or NULL. */
static const struct sp_service *next_service(const struct joining *joining,
    const struct sp_audit_row *row, const struct sp_port_sockets *group, bool allowing,
    size_t *at)
{
	const struct sp_policy *policy = joining->audited->policy;

	while (*at < policy->service_count) {
		const struct sp_service *service = &policy->services[(*at)++];

		if ((service->action == SP_ALLOW) == allowing &&
		    service_has(service, row->protocol, &row->ports) &&
		    covers_some(joining, service, group))
			return service;
	}
	return NULL;
}

static const struct sp_service *first_service(const struct joining *joining,
    const struct sp_audit_row *row, const struct sp_port_sockets *group, bool allowing)
{
	size_t at = 0;

	return next_service(joining, row, group, allowing, &at);
}

static void add_service_name(
    struct joining *joining, struct sp_audit_row *row, const struct sp_service *service)
{
	struct sp_text text = { 0 };

	sp_text_add(&text, "%s%s%s", row->services ? row->services : "",
	    row->services ? ", " : "", service->name);
	if (!row->at.file)
		row->at = service->at;
	joining->failed = joining->failed || text.failed;
	free(row->services);
	row->services = text.bytes;
}

static void name_services(struct joining *joining, struct sp_audit_row *row,
    const struct sp_port_sockets *group, bool allowing)
{
	const struct sp_service *service;
	size_t at = 0;

	while ((service = next_service(joining, row, group, allowing, &at)))
		add_service_name(joining, row, service);
}

/* ---- the kernel's side ---- */

/* The chain that decides about one port; NULL: there is none. */
static const char *chain_name(
    const struct sp_ruleset *ruleset, const struct sp_audit_row *row)
{
	for (size_t s = 0; s < ruleset->sets.length; s++) {
		const struct sp_set *set = &ruleset->sets.items[s];

		if (strcmp(set->name, SP_MAP_PORTS) &&
		    !(set->map && sp_set_is_concatenated(set)))
			continue;
		for (size_t i = 0; i < set->elements.length; i++) {
			const struct sp_element *element = &set->elements.items[i];

			if (element->protocol == (uint8_t)row->protocol &&
			    element->ports.first <= row->ports.first &&
			    element->ports.last >= row->ports.first)
				return element->chain;
		}
	}
	return NULL;
}

static const struct sp_chain *chain_of(
    const struct sp_ruleset *ruleset, const struct sp_audit_row *row)
{
	const char *name = chain_name(ruleset, row);

	for (size_t i = 0; name && i < ruleset->chains.length; i++)
		if (!strcmp(ruleset->chains.items[i].name, name))
			return &ruleset->chains.items[i];
	return NULL;
}

static bool same_rules(const struct sp_chain *a, const struct sp_chain *b)
{
	if (a->rules.length != b->rules.length)
		return false;
	for (size_t i = 0; i < a->rules.length; i++)
		if (b->rules.items[i].foreign ||
		    !sp_rule_equal(&a->rules.items[i], &b->rules.items[i]))
			return false;
	return true;
}

static bool is_element(
    const struct sp_ruleset *held, const char *name, const struct sp_audit_row *row)
{
	for (size_t s = 0; s < held->sets.length; s++) {
		const struct sp_set *set = &held->sets.items[s];

		for (size_t i = 0; !strcmp(set->name, name) && i < set->elements.length;
		     i++)
			if (set->elements.items[i].protocol == (uint8_t)row->protocol &&
			    set->elements.items[i].ports.first == row->ports.first)
				return true;
	}
	return false;
}

/* Does the kernel let anybody in? `gated`: only while an element stands. */
static enum sp_audit_gate gate_of(
    const struct joining *joining, const struct sp_audit_row *row, bool gated)
{
	const struct sp_ruleset *held = joining->audited->held;

	if (!held)
		return SP_GATE_UNREAD;
	if (!joining->audited->loaded)
		return SP_GATE_NONE;
	if (!chain_of(held, row))
		return SP_GATE_SHUT;
	return !gated || is_element(held, SP_SET_VERIFIED, row) ||
		       is_element(held, SP_SET_OVERRIDDEN, row)
		   ? SP_GATE_OPEN
		   : SP_GATE_SHUT;
}

static bool rules_differ(const struct joining *joining, const struct sp_audit_row *row)
{
	const struct sp_audited *audited = joining->audited;
	const struct sp_chain *wanted = chain_of(audited->wanted, row);
	const struct sp_chain *held = chain_of(audited->held, row);

	return wanted && held && !same_rules(wanted, held);
}

/* ---- the verdict's side ---- */

/* HTTP/3 stands on its TCP port's proof. */
static const struct sp_verdict *verdict_of(
    const struct joining *joining, const struct sp_audit_row *row)
{
	const struct sp_verdicts *verdicts = joining->audited->verdicts;

	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->items[i].target->port == row->ports.first)
			return &verdicts->items[i];
	return NULL;
}

static const char *heaviest_finding(const struct sp_verdict *verdict)
{
	const struct sp_finding *heaviest = NULL;

	for (size_t e = 0; e < verdict->endpoint_count; e++) {
		const struct sp_endpoint_verdict *endpoint = &verdict->endpoints[e];

		for (size_t f = 0; f < endpoint->finding_count; f++)
			if (!heaviest || endpoint->findings[f].weight > heaviest->weight)
				heaviest = &endpoint->findings[f];
	}
	return heaviest && heaviest->weight >= SP_WEIGHT_INCONCLUSIVE
		   ? sp_finding_entry(heaviest->id)->key
		   : NULL;
}

static void look_at_verdict(
    struct joining *joining, struct sp_audit_row *row, const struct sp_verdict *verdict)
{
	row->tls = sp_outcome_name(verdict->outcome);
	row->finding = heaviest_finding(verdict);
	if (verdict->outcome == SP_PASS)
		return;
	row->text = strdup(verdict->reason);
	joining->failed = joining->failed || !row->text;
}

/* ---- what it comes to ---- */

static enum sp_audit_reason judge_kernel(const struct joining *joining,
    const struct sp_audit_row *row, enum sp_audit_reason otherwise)
{
	switch (row->gate) {
	case SP_GATE_UNREAD: return otherwise;
	case SP_GATE_NONE: return SP_AUDIT_NOT_LOADED;
	case SP_GATE_SHUT: return SP_AUDIT_SHUT;
	case SP_GATE_OPEN: break;
	}
	return rules_differ(joining, row) ? SP_AUDIT_DIFFERENT : otherwise;
}

static enum sp_audit_reason judge_tls(
    struct joining *joining, const struct sp_service *service, struct sp_audit_row *row)
{
	const struct sp_verdict *verdict = verdict_of(joining, row);
	const struct sp_ruleset *held = joining->audited->held;

	if (!verdict || verdict->outcome == SP_ABSENT)
		return SP_AUDIT_NO_LISTENER;
	look_at_verdict(joining, row, verdict);
	if (verdict->outcome == SP_FAIL)
		return SP_AUDIT_TLS;
	if (verdict->outcome == SP_INCONCLUSIVE)
		return SP_AUDIT_INCONCLUSIVE;
	if (service->on_fail == SP_ON_FAIL_WARN)
		return SP_AUDIT_UNVERIFIED;
	if (held && is_element(held, SP_SET_OVERRIDDEN, row) &&
	    !is_element(held, SP_SET_VERIFIED, row))
		return SP_AUDIT_OVERRIDDEN;
	return judge_kernel(joining, row, SP_AUDIT_VERIFIED);
}

static bool has_findings(const struct sp_verdict *verdict)
{
	for (size_t e = 0; e < verdict->endpoint_count; e++)
		if (verdict->endpoints[e].finding_count)
			return true;
	return false;
}

/* Nothing is gated: what it serves is told, and fails where the profile says so. */
static enum sp_audit_reason judge_plain(struct joining *joining, struct sp_audit_row *row)
{
	const struct sp_verdict *verdict =
	    row->protocol == SP_TCP ? verdict_of(joining, row) : NULL;

	if (verdict && verdict->outcome != SP_PASS) {
		look_at_verdict(joining, row, verdict);
		return verdict->outcome == SP_FAIL ? SP_AUDIT_UNDECLARED
						   : SP_AUDIT_INCONCLUSIVE;
	}
	if (verdict && has_findings(verdict)) {
		row->finding = sp_finding_entry(SP_FINDING_UNDECLARED_TLS)->key;
		row->text = strdup(verdict->reason);
		joining->failed = joining->failed || !row->text;
	}
	return judge_kernel(joining, row, SP_AUDIT_PLAIN);
}

static void judge_allowed(
    struct joining *joining, const struct sp_service *service, struct sp_audit_row *row)
{
	bool gated = service->tls != SP_TLS_NONE && service->on_fail == SP_ON_FAIL_BLOCK;

	row->gate = gate_of(joining, row, gated);
	row->reason = service->tls == SP_TLS_NONE ? judge_plain(joining, row)
						  : judge_tls(joining, service, row);
}

/* Reachable, and nothing allows it. */
static void judge_unnamed(struct joining *joining, const struct sp_port_sockets *group,
    struct sp_audit_row *row)
{
	const struct sp_sockets *sockets = joining->audited->sockets;

	row->gate = gate_of(joining, row, false);
	if (first_service(joining, row, group, false)) {
		name_services(joining, row, group, false);
		/* Its chain is there, and shuts. */
		if (row->gate == SP_GATE_OPEN)
			row->gate = SP_GATE_SHUT;
		row->reason =
		    row->gate == SP_GATE_NONE ? SP_AUDIT_NOT_LOADED : SP_AUDIT_BLOCKED;
	} else if (sp_port_is_dhcp_client(group)) {
		row->reason = SP_AUDIT_ESSENTIAL;
	} else {
		row->reason = sp_port_is_client(sockets, group) ? SP_AUDIT_CLIENT
								: SP_AUDIT_NO_RULE;
	}
}

/* The port has a rule, and its `to` or `interface` is not about these sockets. */
static void tell_elsewhere(struct joining *joining, struct sp_audit_row *row)
{
	const struct sp_policy *policy = joining->audited->policy;
	struct sp_text text = { 0 };

	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (row->reason != SP_AUDIT_NO_RULE ||
		    !service_has(service, row->protocol, &row->ports))
			continue;
		if (row->gate == SP_GATE_OPEN)
			row->gate = SP_GATE_SHUT; /* its chain is about other sockets */
		if (text.length)
			sp_text_add(&text, ", %s", service->name);
		else
			sp_text_add(&text, "at %s, which is not where its rule is: %s",
			    row->listeners ? row->listeners : "?", service->name);
	}
	joining->failed = joining->failed || text.failed;
	row->text = text.bytes;
}

static void judge(struct joining *joining, const struct sp_port_sockets *group,
    struct sp_audit_row *row)
{
	const struct sp_service *service = first_service(joining, row, group, true);

	if (service)
		name_services(joining, row, group, true);
	if (!sp_port_is_reachable(group)) {
		row->gate = gate_of(joining, row, false);
		row->reason = service ? SP_AUDIT_NO_LISTENER : SP_AUDIT_LOCAL;
	} else if (service) {
		judge_allowed(joining, service, row);
	} else {
		judge_unnamed(joining, group, row);
		tell_elsewhere(joining, row);
	}
}

static void push(struct joining *joining, struct sp_audit_row *row)
{
	if (sp_array_push(&joining->audit->rows, *row))
		return;
	free(row->services);
	free(row->listeners);
	free(row->owner);
	free(row->text);
	joining->failed = true;
}

static void add_listening(struct joining *joining, const struct sp_port_sockets *group)
{
	const struct sp_listener *first = group->items;
	struct sp_audit_row row = { .protocol = first->protocol,
		.ports = { first->port, first->port },
		.has_uid = true,
		.uid = first->uid,
		.listeners = sp_port_addresses(group),
		.owner = sp_port_owner(joining->audited->sockets, group) };

	joining->failed = joining->failed || !row.listeners;
	judge(joining, group, &row);
	push(joining, &row);
}

/* Is there a rule for it, allowing or not? Loopback goes with what has one. */
static bool has_rule(const struct joining *joining, const struct sp_listener *listener)
{
	struct sp_port_sockets alone = { listener, 1 };
	struct sp_audit_row row = { .protocol = listener->protocol,
		.ports = { listener->port, listener->port } };

	return sp_address_is_loopback(&listener->address) ||
	       first_service(joining, &row, &alone, true) ||
	       first_service(joining, &row, &alone, false);
}

/* One row for a port's sockets that have a rule, one for those that have none. */
static void add_port(struct joining *joining, const struct sp_port_sockets *group)
{
	struct sp_listener *sorted = calloc(group->count, sizeof(*sorted));
	struct sp_port_sockets ruled = { sorted, 0 }, rest = { sorted, 0 };

	if (!sorted) {
		joining->failed = true;
		return;
	}
	for (size_t i = 0; i < group->count; i++)
		if (has_rule(joining, &group->items[i]))
			sorted[ruled.count++] = group->items[i];
	rest.items = sorted + ruled.count;
	for (size_t i = 0; i < group->count; i++)
		if (!has_rule(joining, &group->items[i]))
			sorted[ruled.count + rest.count++] = group->items[i];
	/* Loopback beside one without a rule is no row of its own. */
	if (rest.count && !sp_port_is_reachable(&ruled)) {
		add_listening(joining, group);
	} else {
		if (ruled.count)
			add_listening(joining, &ruled);
		if (rest.count)
			add_listening(joining, &rest);
	}
	free(sorted);
}

/* ---- rules without a listener ---- */

static bool is_listened_to(const struct joining *joining,
    const struct sp_service *service, enum sp_protocol protocol,
    const struct sp_ports *ports)
{
	const struct sp_sockets *sockets = joining->audited->sockets;

	for (size_t i = 0; i < sockets->listeners.length; i++) {
		const struct sp_listener *listener = &sockets->listeners.items[i];

		/* One on loopback has its row. */
		if (listener->protocol == protocol && listener->port >= ports->first &&
		    listener->port <= ports->last &&
		    sp_service_covers(service, listener, &sockets->addresses))
			return true;
	}
	return false;
}

/* Several services may wait for the same listener. */
static struct sp_audit_row *silent_row(
    struct joining *joining, enum sp_protocol protocol, const struct sp_ports *ports)
{
	for (size_t i = 0; i < joining->audit->rows.length; i++) {
		struct sp_audit_row *row = &joining->audit->rows.items[i];

		if (row->reason == SP_AUDIT_NO_LISTENER && !row->listeners &&
		    row->protocol == protocol && row->ports.first == ports->first &&
		    row->ports.last == ports->last)
			return row;
	}
	return NULL;
}

static void add_silent(struct joining *joining, const struct sp_service *service,
    enum sp_protocol protocol, struct sp_ports ports)
{
	bool gated = service->tls != SP_TLS_NONE && service->on_fail == SP_ON_FAIL_BLOCK;
	struct sp_audit_row row = {
		.reason = SP_AUDIT_NO_LISTENER, .protocol = protocol, .ports = ports
	};
	struct sp_audit_row *same;

	if (is_listened_to(joining, service, protocol, &ports))
		return;
	same = silent_row(joining, protocol, &ports);
	if (same) {
		add_service_name(joining, same, service);
		return;
	}
	add_service_name(joining, &row, service);
	row.gate = gate_of(joining, &row, gated);
	push(joining, &row);
}

/* A gated port is proven by itself, so it has a row by itself. */
static void add_silent_ports(
    struct joining *joining, const struct sp_service *service, enum sp_protocol protocol)
{
	for (size_t i = 0; i < service->port_count; i++) {
		struct sp_ports ports = service->ports[i];

		if (service->tls == SP_TLS_NONE) {
			add_silent(joining, service, protocol, ports);
			continue;
		}
		for (uint32_t port = ports.first; port <= ports.last; port++)
			add_silent(joining, service, protocol,
			    (struct sp_ports){ (uint16_t)port, (uint16_t)port });
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct sp_audit_row *a = left, *b = right;

	if (a->ports.first != b->ports.first)
		return a->ports.first < b->ports.first ? -1 : 1;
	return (a->protocol > b->protocol) - (a->protocol < b->protocol);
}

bool sp_audit_join(const struct sp_audited *audited, struct sp_audit *ret)
{
	struct joining joining = { .audited = audited, .audit = ret };
	const struct sp_policy *policy = audited->policy;
	struct sp_port_sockets group;
	size_t at = 0;

	while (sp_sockets_next(audited->sockets, &at, &group))
		add_port(&joining, &group);
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (service->action != SP_ALLOW)
			continue;
		if (service->tcp)
			add_silent_ports(&joining, service, SP_TCP);
		if (service->udp)
			add_silent_ports(&joining, service, SP_UDP);
	}
	if (ret->rows.length)
		qsort(ret->rows.items, ret->rows.length, sizeof(*ret->rows.items),
		    compare_rows);
	return !joining.failed;
}
