/* Ports that the policy opens as plain: each that somebody listens on gets one hello. */
#include <stdlib.h>

#include <sallyport/array.h>

#include "planning.h"

static bool opens_plain(const struct sp_service *service, uint16_t port)
{
	if (service->tls != SP_TLS_NONE || service->action != SP_ALLOW || !service->tcp)
		return false;
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].first <= port && port <= service->ports[i].last)
			return true;
	return false;
}

/* Its target, which is made when there is none; one of a gate stays as it is. */
static struct sp_target *target_of(struct sp_plan *plan, const struct sp_service *service,
    uint16_t port, const struct sp_profile *profile)
{
	struct sp_target *target = sp_find_target(plan, port);
	struct sp_target fresh = { .protocol = SP_TCP,
		.port = port,
		.tls = SP_TLS_NONE,
		.dialect = service->plain_dialect,
		.profile = profile,
		.at = service->at };
	struct sp_store none = { 0 };

	if (target)
		return target;
	/* No chain is looked at: whatever is loaded anyway will do. */
	if (plan->store_count == 0 && !sp_plan_add_store(plan, &none, &fresh.store))
		return NULL;
	if (!sp_array_grow((void **)&plan->targets, &plan->target_capacity,
		plan->target_count, 1, sizeof(*plan->targets)))
		return NULL;
	plan->targets[plan->target_count] = fresh;
	return &plan->targets[plan->target_count++];
}

static bool is_known(const struct sp_target *target, size_t service)
{
	for (size_t i = 0; i < target->service_count; i++)
		if (target->services[i] == service)
			return true;
	return false;
}

static bool add(struct sp_plan *plan, const struct sp_policy *policy, size_t index,
    const struct sp_listener *listener, const struct sp_local_addresses *addresses,
    const struct sp_profile *profile)
{
	const struct sp_service *service = &policy->services[index];
	struct sp_target *target = target_of(plan, service, listener->port,
	    profile ? profile : &policy->profiles[service->profile]);

	if (!target)
		return false;
	if (target->tls != SP_TLS_NONE)
		return true;
	if (!is_known(target, index)) {
		if (!sp_push_index(&target->services, target->service_count, index))
			return false;
		target->service_count++;
	}
	return sp_target_add_listener(target, listener, addresses);
}

static bool wants(const struct sp_policy *policy, const struct sp_service *service,
    const struct sp_profile *profile)
{
	if (!profile)
		profile = &policy->profiles[service->profile];
	return profile->weaknesses[SP_WEAK_UNDECLARED_TLS] != SP_STANCE_IGNORE;
}

static bool is_reachable(const struct sp_target *target, void *unused)
{
	(void)unused;
	return target->tls != SP_TLS_NONE || target->endpoint_count > 0;
}

bool sp_plan_add_plain(struct sp_plan *plan, const struct sp_policy *policy,
    const struct sp_listeners *listeners, const struct sp_local_addresses *addresses,
    const struct sp_profile *profile, struct sp_diag *diag)
{
	for (size_t l = 0; l < listeners->length; l++) {
		const struct sp_listener *listener = &listeners->items[l];

		for (size_t i = 0;
		     i < policy->service_count && listener->protocol == SP_TCP; i++) {
			const struct sp_service *service = &policy->services[i];

			if (opens_plain(service, listener->port) &&
			    wants(policy, service, profile) &&
			    !add(plan, policy, i, listener, addresses, profile))
				return sp_error(diag, &service->at,
				    "port %u cannot be asked: over %d addresses, or out "
				    "of memory",
				    listener->port, SP_MAX_ENDPOINTS_PER_PORT);
		}
	}
	sp_plan_keep(plan, is_reachable, NULL);
	if (plan->target_count)
		qsort(plan->targets, plan->target_count, sizeof(*plan->targets),
		    sp_target_by_port);
	return true;
}
