/* Leases: which gates stand open, and for how long. */
#include <string.h>

#include "delta_making.h"

/* The kernel counts jiffies (10 ms at most), and the clock is slewed meanwhile. */
#define ROUNDING_MS 100

static const struct sp_set *set_named(const struct sp_ruleset *ruleset, const char *name)
{
	for (size_t i = 0; ruleset && i < ruleset->sets.length; i++)
		if (!strcmp(ruleset->sets.items[i].name, name))
			return &ruleset->sets.items[i];
	return NULL;
}

/* Its elements stand only where the set stays: one that is made anew has none. */
static const struct sp_set *held_set(const struct sp_making *making, const char *name)
{
	const struct sp_set *held = set_named(making->held, name);
	const struct sp_set *wanted = set_named(making->wanted, name);

	return held && wanted && sp_set_same_type(held, wanted) ? held : NULL;
}

static const struct sp_element *held_lease(
    const struct sp_making *making, uint8_t protocol, uint16_t port)
{
	const struct sp_set *set = held_set(making, SP_SET_VERIFIED);

	for (size_t i = 0; set && i < set->elements.length; i++)
		if (set->elements.items[i].protocol == protocol &&
		    set->elements.items[i].ports.first == port)
			return &set->elements.items[i];
	return NULL;
}

static void open_gate(
    struct sp_making *making, const struct sp_gate *gate, uint64_t milliseconds)
{
	const struct sp_element *held =
	    held_lease(making, (uint8_t)gate->protocol, gate->port);
	struct sp_change *added;

	/* Renewed only below half; cut short when the proof ends earlier. */
	if (held && held->expires_ms && held->expires_ms >= milliseconds / 2 &&
	    held->expires_ms <= milliseconds + ROUNDING_MS)
		return;
	added = sp_making_add(making, SP_CHANGE_OPEN, SP_SET_VERIFIED);
	if (!added)
		return;
	added->protocol = (uint8_t)gate->protocol;
	added->port = gate->port;
	added->timeout_ms = milliseconds;
	making->delta->opens++;
}

static void close_gate(struct sp_making *making, uint8_t protocol, uint16_t port)
{
	struct sp_change *added = sp_making_add(making, SP_CHANGE_CLOSE, SP_SET_VERIFIED);

	if (!added)
		return;
	added->protocol = protocol;
	added->port = port;
	making->delta->closes++;
}

/* The lease that covers a gate. A UDP gate of a TLS service (HTTP/3) stands on
 * the same port's TCP proof. */
static const struct sp_lease *lease_of(
    const struct sp_proofs *proofs, const struct sp_gate *gate)
{
	for (size_t i = 0; i < proofs->lease_count; i++)
		if (sp_lease_port(proofs->leases[i]) == gate->port &&
		    sp_lease_protocol(proofs->leases[i]) == SP_TCP)
			return proofs->leases[i];
	return NULL;
}

static bool is_among(const struct sp_gate *gates, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (gates[i].port == port)
			return true;
	return false;
}

/* Does a lease that stands run on, whatever this round proved? */
static bool runs_on(const struct sp_proofs *proofs, uint16_t port)
{
	if (is_among(proofs->inconclusive, proofs->inconclusive_count, port))
		return true;
	return proofs->keep_all &&
	       !is_among(proofs->refused, proofs->refused_count, port);
}

static const struct sp_gate *gate_of(
    const struct sp_gates *gates, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < gates->length; i++)
		if (gates->items[i].protocol == (enum sp_protocol)protocol &&
		    gates->items[i].port == port)
			return &gates->items[i];
	return NULL;
}

static int64_t left_ms(const struct sp_proofs *proofs, const struct sp_lease *lease)
{
	return sp_lease_not_after(lease) * 1000 - proofs->now_ms;
}

static void open_proven(struct sp_making *making, const struct sp_gates *gates,
    const struct sp_proofs *proofs)
{
	for (size_t i = 0; i < gates->length; i++) {
		const struct sp_lease *lease = lease_of(proofs, &gates->items[i]);
		int64_t left = lease ? left_ms(proofs, lease) : 0;

		if (left > 0)
			open_gate(making, &gates->items[i], (uint64_t)left);
	}
}

/* Whatever stands open without a gate of this policy, or whose proof failed. */
static void close_unproven(struct sp_making *making, const struct sp_gates *gates,
    const struct sp_proofs *proofs)
{
	const struct sp_set *set = held_set(making, SP_SET_VERIFIED);

	for (size_t i = 0; set && i < set->elements.length; i++) {
		const struct sp_element *element = &set->elements.items[i];
		const struct sp_gate *gate =
		    gate_of(gates, element->protocol, element->ports.first);
		const struct sp_lease *lease = gate ? lease_of(proofs, gate) : NULL;

		if (gate && element->expires_ms && !proofs->shut_all &&
		    runs_on(proofs, gate->port))
			continue;
		if (!lease || left_ms(proofs, lease) <= 0)
			close_gate(making, element->protocol, element->ports.first);
	}
}

/* What ends by itself ends: an element without an end is none of ours. */
static void close_endless(struct sp_making *making, const char *name, bool all)
{
	const struct sp_set *set = held_set(making, name);

	for (size_t i = 0; set && i < set->elements.length; i++) {
		const struct sp_element *element = &set->elements.items[i];
		struct sp_change *added =
		    element->expires_ms && !all
			? NULL
			: sp_making_add(making, SP_CHANGE_CLOSE, name);

		if (!added)
			continue;
		added->set = set;
		added->protocol = element->protocol;
		added->port = element->ports.first;
	}
}

void sp_making_leases(struct sp_making *making, const struct sp_gates *gates,
    const struct sp_proofs *proofs)
{
	/* A set that somebody took away, or changed, is left like the rest. */
	if (proofs->leases_only && !held_set(making, SP_SET_VERIFIED))
		return;
	close_endless(making, SP_SET_GRACE, proofs->shut_all);
	close_endless(making, SP_SET_OVERRIDDEN, proofs->shut_all);
	close_unproven(making, gates, proofs);
	open_proven(making, gates, proofs);
}
