#include "gates.h"

#include <stdlib.h>
#include <string.h>

/* A gate that fails is asked again after 1 s, 2 s, 4 s, … at most 60 s. */
#define FIRST_BACKOFF_MS 1000u
#define MOST_BACKOFF_MS 60000u
/* A proof is asked for again at a quarter of what is left, never faster than this. */
#define SHORTEST_MS 200

static int compare_port(const void *port, const void *watched)
{
	return (int)*(const uint16_t *)port - ((const struct sp_watched *)watched)->port;
}

struct sp_watched *sp_watch_find(struct sp_watch *watch, uint16_t port)
{
	if (!watch->gates.length)
		return NULL;
	return bsearch(&port, watch->gates.items, watch->gates.length,
	    sizeof(*watch->gates.items), compare_port);
}

bool sp_watch_follow(struct sp_watch *watch, const struct sp_policy *policy,
    const struct sp_gates *gates, int64_t now)
{
	struct sp_watch next = { 0 };

	for (size_t i = 0; i < gates->length; i++) {
		const struct sp_gate *gate = &gates->items[i];
		const struct sp_service *service = &policy->services[gate->service];
		const struct sp_watched *old = sp_watch_find(watch, gate->port);
		struct sp_watched watched = { 0 };

		if (gate->protocol != SP_TCP)
			continue;
		if (old)
			watched = *old;
		/* What was asked for under another policy proves nothing here. */
		watched.protocol = gate->protocol;
		watched.port = gate->port;
		watched.service = service->name;
		watched.recheck_ms = (int64_t)service->recheck * 1000;
		watched.due = now;
		watched.backoff_ms = FIRST_BACKOFF_MS;
		watched.running = false;
		if (!sp_array_push(&next.gates, watched)) {
			sp_watch_free(&next);
			return false;
		}
	}
	sp_watch_free(watch);
	*watch = next;
	return true;
}

/* SplitMix64's finish: items are summed, so that their order does not count. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

uint64_t sp_target_listeners(const struct sp_target *target)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < target->listeners.length; i++) {
		const struct sp_listener *listener = &target->listeners.items[i];

		sum += mix(mix(listener->cookie) ^ mix(listener->inode) ^ listener->uid);
	}
	return sum;
}

uint64_t sp_target_endpoints(const struct sp_target *target)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct sp_address *address = &target->endpoints[i].address;

		sum += mix(
		    mix(address->high) ^ mix(~address->low) ^ (uint64_t)address->family);
	}
	return sum;
}

/* While a lease stands, whoever could not be judged is asked again in time for another
 * try, and one more: it is no waiting for somebody who is down. */
static void back_off(struct sp_watched *gate, int64_t now)
{
	int64_t soon = (gate->sure_until - now) / 4;

	if (soon > 0 && soon < gate->backoff_ms) {
		gate->due = now + (soon < SHORTEST_MS ? SHORTEST_MS : soon);
		return;
	}
	gate->due = now + gate->backoff_ms;
	gate->backoff_ms = gate->backoff_ms > MOST_BACKOFF_MS / 2 ? MOST_BACKOFF_MS
								  : gate->backoff_ms * 2;
}

bool sp_watched_renews(const struct sp_watched *gate)
{
	return gate->judged && gate->outcome == SP_PASS;
}

void sp_watched_schedule(
    struct sp_watched *gate, enum sp_outcome outcome, int64_t lease_ms, int64_t now)
{
	int64_t next = gate->recheck_ms;

	gate->outcome = outcome;
	gate->judged = true;
	switch (outcome) {
	case SP_PASS:
		gate->backoff_ms = FIRST_BACKOFF_MS;
		/* On a machine that has no time for that, proofs that are asked for
		 * more often than needed would take it from those that are. */
		if (next < 2 * gate->took_ms)
			next = 2 * gate->took_ms;
		/* A lease is renewed only below half of the new one, so that no more
		 * than half of it is sure to stand now. Half of that, and so much
		 * earlier that an answer twice as slow as the last is in time. */
		if (lease_ms / 4 < next)
			next = lease_ms / 4;
		if (lease_ms / 2 - 2 * gate->took_ms < next)
			next = lease_ms / 2 - 2 * gate->took_ms;
		gate->due = now + (next < SHORTEST_MS ? SHORTEST_MS : next);
		gate->sure_until = now + lease_ms / 2;
		return;
	case SP_FAIL:
	case SP_ABSENT:
		gate->sure_until = 0;
		back_off(gate, now);
		return;
	case SP_INCONCLUSIVE: back_off(gate, now); return;
	}
}

void sp_watched_reset(struct sp_watched *gate, int64_t now)
{
	gate->due = now;
	gate->backoff_ms = FIRST_BACKOFF_MS;
}

void sp_watch_free(struct sp_watch *watch)
{
	sp_array_free(&watch->gates);
}
