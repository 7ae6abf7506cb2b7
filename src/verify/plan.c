#include <sallyport/plan.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "offers.h"
#include "planning.h"

#define SMTP_PORT 25
/* For a port that is plain. */
#define PLAIN_MS 2000

static bool same_path(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_store(const struct sp_store *a, const struct sp_store *b)
{
	return same_path(a->ca, b->ca) && same_path(a->crl, b->crl) &&
	       same_path(a->client_certificate, b->client_certificate);
}

bool sp_plan_add_store(
    struct sp_plan *plan, const struct sp_store *store, uint32_t *ret_number)
{
	for (size_t i = 0; i < plan->store_count; i++) {
		if (same_store(&plan->stores[i], store)) {
			*ret_number = (uint32_t)i;
			return true;
		}
	}
	if (plan->store_count >= SP_MAX_STORES ||
	    !sp_array_grow((void **)&plan->stores, &plan->store_capacity,
		plan->store_count, 1, sizeof(*plan->stores)))
		return false;
	*ret_number = (uint32_t)plan->store_count;
	plan->stores[plan->store_count++] = *store;
	return true;
}

bool sp_target_add_endpoint(struct sp_target *target, const struct sp_endpoint *endpoint)
{
	for (size_t i = 0; i < target->endpoint_count; i++) {
		struct sp_endpoint *other = &target->endpoints[i];

		if (other->interface == endpoint->interface &&
		    sp_address_compare(&other->address, &endpoint->address) == 0) {
			other->listening |= endpoint->listening;
			return true;
		}
	}
	if (target->endpoint_count >= SP_MAX_ENDPOINTS_PER_PORT ||
	    !sp_array_grow((void **)&target->endpoints, &target->endpoint_capacity,
		target->endpoint_count, 1, sizeof(*target->endpoints)))
		return false;
	target->endpoints[target->endpoint_count++] = *endpoint;
	return true;
}

/* The array has room for SP_MAX_NAMES from the start. */
static bool add_name(struct sp_target *target, char *name)
{
	for (size_t i = 0; i < target->name_count; i++)
		if (target->names[i] && !strcmp(target->names[i], name))
			return true;
	if (target->name_count >= SP_MAX_NAMES)
		return false;
	if (!target->names && !(target->names = calloc(SP_MAX_NAMES, sizeof(char *))))
		return false;
	target->names[target->name_count++] = name;
	return true;
}

struct sp_target *sp_find_target(struct sp_plan *plan, uint16_t port)
{
	for (size_t i = 0; i < plan->target_count; i++)
		if (plan->targets[i].port == port)
			return &plan->targets[i];
	return NULL;
}

bool sp_push_index(size_t **items, size_t count, size_t index)
{
	size_t *grown = realloc(*items, (count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	*items = grown;
	grown[count] = index;
	return true;
}

/* The policy has checked that services on one port agree on all that is single. */
static bool unite(struct sp_plan *plan, const struct sp_policy *policy, size_t index,
    uint16_t port, const struct sp_profile *profile)
{
	const struct sp_service *service = &policy->services[index];
	struct sp_target *target = sp_find_target(plan, port);

	if (!target) {
		struct sp_target fresh = { .protocol = SP_TCP,
			.port = port,
			.tls = service->tls,
			.dialect = service->starttls,
			.alpn = service->alpn,
			.alpn_count = service->alpn_count,
			.profile =
			    profile ? profile : &policy->profiles[service->profile],
			.lease = service->lease,
			.on_fail = service->on_fail,
			.at = service->at };

		struct sp_store store = { service->ca, service->crl,
			service->client_certificate };

		if (!sp_plan_add_store(plan, &store, &fresh.store) ||
		    !sp_array_grow((void **)&plan->targets, &plan->target_capacity,
			plan->target_count, 1, sizeof(*plan->targets)))
			return false;
		plan->targets[plan->target_count++] = fresh;
		target = &plan->targets[plan->target_count - 1];
	}
	if (service->lease < target->lease)
		target->lease = service->lease;
	/* One that may stay shut keeps the port shut. */
	if (service->on_fail == SP_ON_FAIL_BLOCK)
		target->on_fail = SP_ON_FAIL_BLOCK;
	for (size_t i = 0; i < service->name_count; i++)
		if (!add_name(target, service->names[i]))
			return false;
	return sp_push_index(&target->services, target->service_count, index) &&
	       ++target->service_count;
}

static bool is_gate(const struct sp_service *service)
{
	return service->tls != SP_TLS_NONE && service->action == SP_ALLOW && service->tcp;
}

static bool add_targets(struct sp_plan *plan, const struct sp_policy *policy,
    const struct sp_profile *profile, struct sp_diag *diag)
{
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (!is_gate(service))
			continue;
		for (size_t p = 0; p < service->port_count; p++) {
			uint32_t last = service->ports[p].last;

			for (uint32_t port = service->ports[p].first; port <= last;
			     port++)
				if (!unite(plan, policy, i, (uint16_t)port, profile))
					return sp_error(diag, &service->at,
					    "port %u cannot be verified: over %d names "
					    "on "
					    "it, over %d trust stores, or out of memory",
					    port, SP_MAX_NAMES, SP_MAX_STORES);
		}
	}
	return true;
}

/* Where a wildcard socket can be reached from outside. Link-local addresses are
 * left out: every link has the same ones, and TLS certificates name none. */
static bool add_wildcard(struct sp_target *target, const struct sp_listener *listener,
    const struct sp_local_addresses *addresses)
{
	for (size_t i = 0; i < addresses->length; i++) {
		const struct sp_local_address *local = &addresses->items[i];
		struct sp_endpoint endpoint = {
			.address = local->address, .listening = true, .local = true
		};

		if (sp_address_is_loopback(&local->address) ||
		    sp_address_is_link_local(&local->address) ||
		    !sp_listener_takes(listener, local))
			continue;
		if (!sp_target_add_endpoint(target, &endpoint))
			return false;
	}
	return true;
}

/* In every network namespace. */
#define LOOPBACK_INDEX 1

/* Is there an address at which packets from outside reach it? */
static bool is_reached(
    const struct sp_listener *listener, const struct sp_local_addresses *addresses)
{
	for (size_t i = 0; i < addresses->length; i++) {
		const struct sp_local_address *local = &addresses->items[i];

		if (!sp_address_is_loopback(&local->address) &&
		    (!listener->wildcard || !sp_address_is_link_local(&local->address)) &&
		    sp_listener_takes(listener, local))
			return true;
	}
	return false;
}

/* A socket that is bound to an interface answers what comes in there, to whatever
 * address of this host. What this host says to itself comes in by the interface that
 * has the address. */
static bool is_elsewhere(
    const struct sp_listener *listener, const struct sp_local_addresses *addresses)
{
	struct sp_listener unbound = *listener;

	unbound.interface = 0;
	return listener->interface && listener->interface != LOOPBACK_INDEX &&
	       !is_reached(listener, addresses) && is_reached(&unbound, addresses);
}

/* A port that is plain proves nothing, and is not held to it. */
static bool add_elsewhere(struct sp_target *target, const struct sp_listener *listener)
{
	struct sp_endpoint endpoint = { .address = listener->address,
		.interface = listener->interface,
		.listening = true,
		.local = true,
		.elsewhere = listener->interface };

	return target->tls == SP_TLS_NONE || sp_target_add_endpoint(target, &endpoint);
}

bool sp_target_add_listener(struct sp_target *target, const struct sp_listener *listener,
    const struct sp_local_addresses *addresses)
{
	struct sp_endpoint endpoint = { .address = listener->address,
		.interface =
		    sp_address_is_link_local(&listener->address) ? listener->interface : 0,
		.listening = true,
		.local = true };

	if (!sp_array_push(&target->listeners, *listener))
		return false;
	if (is_elsewhere(listener, addresses))
		return add_elsewhere(target, listener);
	if (listener->wildcard)
		return add_wildcard(target, listener, addresses);
	/* With ip_nonlocal_bind one listens at an address that another host has, and a
	 * connection goes there: whoever answers proves nothing about this one. */
	if (sp_address_is_loopback(&listener->address) ||
	    !sp_local_addresses_have(addresses, &listener->address))
		return true;
	return sp_target_add_endpoint(target, &endpoint);
}

static bool add_named(struct sp_target *target, const struct sp_policy *policy,
    const struct sp_local_addresses *addresses)
{
	for (size_t s = 0; s < target->service_count; s++) {
		const struct sp_service *service = &policy->services[target->services[s]];

		for (size_t i = 0; i < service->listen_count; i++) {
			struct sp_endpoint endpoint = { .address = service->listen[i],
				.local = sp_local_addresses_have(
				    addresses, &service->listen[i]) };

			if (!sp_target_add_endpoint(target, &endpoint))
				return false;
		}
	}
	return true;
}

static bool add_endpoints(struct sp_target *target, const struct sp_policy *policy,
    const struct sp_listeners *listeners, const struct sp_local_addresses *addresses)
{
	for (size_t i = 0; i < listeners->length; i++) {
		const struct sp_listener *listener = &listeners->items[i];

		if (listener->protocol == target->protocol &&
		    listener->port == target->port &&
		    !sp_target_add_listener(target, listener, addresses))
			return false;
	}
	return add_named(target, policy, addresses);
}

int sp_target_by_port(const void *left, const void *right)
{
	const struct sp_target *a = left, *b = right;

	return (int)a->port - (int)b->port;
}

bool sp_plan_make(const struct sp_policy *policy, const struct sp_listeners *listeners,
    const struct sp_local_addresses *addresses, const struct sp_profile *profile,
    struct sp_plan *ret, struct sp_diag *diag)
{
	memset(ret, 0, sizeof(*ret));
	if (!add_targets(ret, policy, profile, diag)) {
		sp_plan_free(ret);
		return false;
	}
	for (size_t i = 0; i < ret->target_count; i++) {
		if (!add_endpoints(&ret->targets[i], policy, listeners, addresses)) {
			sp_error(diag, &ret->targets[i].at,
			    "port %u cannot be verified: over %d addresses, or out of "
			    "memory",
			    ret->targets[i].port, SP_MAX_ENDPOINTS_PER_PORT);
			sp_plan_free(ret);
			return false;
		}
	}
	if (ret->target_count)
		qsort(ret->targets, ret->target_count, sizeof(*ret->targets),
		    sp_target_by_port);
	return true;
}

bool sp_target_asks(const struct sp_target *target, enum sp_question question)
{
	const struct sp_question_entry *entry = sp_question(question);

	if (entry->kind == SP_KIND_INTRUSIVE)
		return target->intrusive;
	if (entry->kind != SP_KIND_SESSION)
		return true;
	/* Between mail servers nobody logs in. */
	if (question == SP_ASK_PLAINTEXT_AUTH && target->dialect == SP_DIALECT_SMTP &&
	    target->port == SMTP_PORT)
		return false;
	return target->tls == SP_TLS_STARTTLS && entry->dialects >> target->dialect & 1;
}

/* Those that every profile asks; what a profile gives a content comes with it. */
static uint64_t questions_of(const struct sp_target *target)
{
	uint64_t questions = 0;

	if (target->tls == SP_TLS_NONE)
		return UINT64_C(1) << SP_ASK_UNDECLARED;
	for (unsigned i = 0; i < SP_QUESTIONS; i++) {
		enum sp_purpose purpose = sp_question((enum sp_question)i)->purpose;

		if ((purpose == SP_PURPOSE_VERSION || purpose == SP_PURPOSE_SESSION ||
			purpose == SP_PURPOSE_INTRUSIVE) &&
		    sp_target_asks(target, (enum sp_question)i))
			questions |= UINT64_C(1) << i;
	}
	return questions;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

struct sp_request sp_target_request(
    const struct sp_target *target, uint32_t connection_ms, uint32_t port_ms, int64_t now)
{
	struct sp_request request = { .names = target->names,
		.name_count = target->name_count,
		.dialect = target->dialect,
		.questions = questions_of(target),
		.alpn = target->alpn,
		.alpn_count = target->alpn_count,
		.store = target->store,
		.connection_ms = connection_ms,
		.port_ms = port_ms,
		.now = now };

	if (target->tls != SP_TLS_NONE) {
		sp_offers_make(target->profile, &request);
	} else {
		/* Whoever waits for a client's first word is silent to ours. */
		request.connection_ms = at_most(connection_ms, PLAIN_MS);
		request.port_ms = at_most(port_ms, PLAIN_MS);
	}
	return request;
}

static void free_target(struct sp_target *target)
{
	for (size_t i = 0; i < target->endpoint_count; i++)
		sp_testimony_free(&target->endpoints[i].testimony);
	free(target->endpoints);
	free(target->services);
	free(target->names);
	sp_listeners_free(&target->listeners);
}

void sp_plan_keep(struct sp_plan *plan,
    bool (*wanted)(const struct sp_target *target, void *context), void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->target_count; i++) {
		if (wanted(&plan->targets[i], context))
			plan->targets[kept++] = plan->targets[i];
		else
			free_target(&plan->targets[i]);
	}
	plan->target_count = kept;
}

void sp_plan_free(struct sp_plan *plan)
{
	for (size_t i = 0; i < plan->target_count; i++)
		free_target(&plan->targets[i]);
	free(plan->targets);
	free(plan->stores);
	memset(plan, 0, sizeof(*plan));
}
