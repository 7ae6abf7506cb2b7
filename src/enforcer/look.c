/* Who listens now, and which gates are due. */
#include <string.h>

#include <sallyport/sock_diag.h>

#include "parts.h"

void sp_all_due(struct sp_enforcing *enforcer)
{
	int64_t now = sp_boottime_ms();

	for (size_t i = 0; i < enforcer->watch.gates.length; i++)
		enforcer->watch.gates.items[i].due = now;
}

static void compare_target(
    struct sp_enforcing *enforcer, const struct sp_target *target, int64_t now)
{
	struct sp_watched *gate = sp_watch_find(&enforcer->watch, target->port);
	uint64_t listeners = sp_target_listeners(target);
	uint64_t endpoints = sp_target_endpoints(target);

	if (!gate)
		return;
	if (gate->known && gate->listeners != listeners) {
		sp_watched_reset(gate, now);
		if (gate->open)
			sp_say(enforcer, SP_EVENT_WITHDRAWN, "%s %u/tcp: %s",
			    gate->service, gate->port,
			    target->listeners.length
				? "another socket listens; shut until it is proven"
				: "nobody listens any more");
		/* A lease that we know nothing of, an apply's, goes as well. */
		sp_refuse(enforcer, gate);
		gate->open = false;
	}
	if (gate->known && gate->endpoints != endpoints)
		gate->due = now;
	gate->listeners = listeners;
	gate->endpoints = endpoints;
	gate->known = true;
}

/* Endpoints that a round asks at once (MOST_RUNNING in watch.c): in a round that has
 * no more, nobody waits for another's answer. */
#define ROUND_ENDPOINTS 64

struct choice {
	struct sp_enforcing *enforcer;
	int64_t now;
	bool renewals;
	size_t endpoints;
};

static bool is_due(const struct sp_watched *gate, const struct choice *choice)
{
	return gate && !gate->running && gate->due <= choice->now &&
	       sp_watched_renews(gate) == choice->renewals;
}

static bool is_chosen(const struct sp_target *target, void *context)
{
	struct choice *choice = context;
	const struct sp_watched *gate =
	    sp_watch_find(&choice->enforcer->watch, target->port);

	if (!is_due(gate, choice) ||
	    (choice->endpoints &&
		choice->endpoints + target->endpoint_count > ROUND_ENDPOINTS))
		return false;
	choice->endpoints += target->endpoint_count;
	return true;
}

static bool any_due(const struct choice *choice)
{
	for (size_t i = 0; i < choice->enforcer->watch.gates.length; i++)
		if (is_due(&choice->enforcer->watch.gates.items[i], choice))
			return true;
	return false;
}

static bool make_plan(
    struct sp_enforcing *enforcer, struct sp_plan *ret, struct sp_diag *diag)
{
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };
	bool made = sp_sock_diag_listeners(&listeners, diag) &&
		    sp_sock_diag_addresses(&listeners, &addresses, diag) &&
		    sp_plan_make(enforcer->snapshot->standing.policy, &listeners,
			&addresses, NULL, ret, diag);

	sp_listeners_free(&listeners);
	sp_local_addresses_free(&addresses);
	return made;
}

static bool has_room(const struct choice *choice)
{
	size_t running = 0;

	for (size_t i = 0; i < choice->enforcer->rounds.length; i++)
		running += sp_round_renews(choice->enforcer->rounds.items[i]) ==
			   choice->renewals;
	return running < MOST_ROUNDS && sp_array_reserve(&choice->enforcer->rounds, 1);
}

static void start_round(struct choice *choice, struct sp_plan *plan, struct sp_diag *diag)
{
	struct sp_enforcing *enforcer = choice->enforcer;
	struct sp_round *round;

	if (!has_room(choice))
		return;
	sp_plan_keep(plan, is_chosen, choice);
	if (!plan->target_count)
		return;
	round = sp_round_start(enforcer->snapshot, plan, choice->renewals,
	    enforcer->hooks, enforcer->over, diag);
	if (!round)
		return;
	enforcer->rounds.items[enforcer->rounds.length++] = round;
	for (size_t i = 0; i < sp_round_target_count(round); i++) {
		struct sp_watched *gate =
		    sp_watch_find(&enforcer->watch, sp_round_port(round, i));

		gate->running = true;
		gate->asked = choice->now;
		gate->kept = sp_kept_proof_of(enforcer, gate);
	}
}

/* Renewals have rounds of their own: whoever says nothing, or is slow, is asked
 * elsewhere and holds none of them up. */
static void start_rounds(
    struct sp_enforcing *enforcer, struct sp_plan *plan, struct sp_diag *diag)
{
	struct choice renewals = { enforcer, sp_boottime_ms(), true, 0 };
	struct choice others = { enforcer, renewals.now, false, 0 };

	if (any_due(&renewals) && any_due(&others)) {
		start_round(&renewals, plan, diag);
		sp_plan_free(plan);
		memset(plan, 0, sizeof(*plan));
		if (!make_plan(enforcer, plan, diag))
			return;
	} else if (any_due(&renewals)) {
		start_round(&renewals, plan, diag);
		return;
	}
	if (any_due(&others))
		start_round(&others, plan, diag);
}

void sp_look_and_ask(struct sp_enforcing *enforcer)
{
	struct sp_plan plan = { 0 };
	struct sp_diag diag = { 0 };
	const struct sp_snapshot *planned = enforcer->snapshot;
	int64_t now = sp_boottime_ms();

	if (!enforcer->watch.gates.length)
		return;
	if (make_plan(enforcer, &plan, &diag)) {
		for (size_t i = 0; i < plan.target_count; i++)
			compare_target(enforcer, &plan.targets[i], now);
		sp_settle(enforcer);
		/* The plan points into the policy that it was made of, which may
		 * be gone, and is none of a new one's anyway. */
		if (enforcer->snapshot == planned)
			start_rounds(enforcer, &plan, &diag);
	}
	sp_plan_free(&plan);
	sp_say_trouble(enforcer, &diag);
}
