/* Leases that a hand gave or took. A command that proves something leaves evidence,
 * under the lock; what stands, or is gone, against the evidence is drift. */
#include <string.h>
#include <time.h>

#include <sallyport/evidence.h>

#include "parts.h"

/* What a lease may stand longer than its proof says, for rounding and clocks. */
#define SLACK_MS 2000

static const struct sp_set *leases_of(const struct sp_kernel *kernel)
{
	for (size_t i = 0; kernel->held && i < kernel->held->sets.length; i++)
		if (!strcmp(kernel->held->sets.items[i].name, SP_SET_VERIFIED))
			return &kernel->held->sets.items[i];
	return NULL;
}

/* Milliseconds that the last proof of the port still holds; 0: none. `ret_sure` is
 * until when its lease stands at the least: it is renewed below half. */
static int64_t proven_for(
    const struct sp_enforcing *enforcer, uint16_t port, int64_t *ret_sure)
{
	struct sp_evidence evidence;
	int64_t now = time(NULL), left = 0;

	*ret_sure = 0;
	if (!sp_evidence_load(
		enforcer->options->directories.state, SP_TCP, port, &evidence))
		return 0;
	if (!strcmp(evidence.outcome, sp_outcome_name(SP_PASS)) &&
	    evidence.not_after > now) {
		left = (evidence.not_after - now) * 1000;
		*ret_sure =
		    left - (evidence.not_after - evidence.checked) * 500 - SLACK_MS;
	}
	sp_evidence_clear(&evidence);
	return left;
}

static bool is_refused(const struct sp_enforcing *enforcer, uint16_t port)
{
	for (size_t i = 0; i < enforcer->refused.length; i++)
		if (enforcer->refused.items[i].port == port)
			return true;
	return false;
}

/* One that stands. It is taken back at once unless the enforcer has a proof of its
 * own, which then puts the lease's end right. */
static bool is_stray(struct sp_enforcing *enforcer, const struct sp_element *element)
{
	uint16_t port = element->ports.first;
	const struct sp_watched *gate = sp_watch_find(&enforcer->watch, port);
	int64_t sure, left = proven_for(enforcer, port, &sure);

	if (is_refused(enforcer, port) ||
	    (element->expires_ms && gate && (gate->open || left) &&
		(!left || (int64_t)element->expires_ms <= left + SLACK_MS)))
		return false;
	if (gate && !gate->open)
		sp_refuse(enforcer, gate);
	return true;
}

static bool is_gone(struct sp_enforcing *enforcer, const struct sp_set *leases,
    const struct sp_watched *gate)
{
	int64_t sure;

	if (!gate->open || is_refused(enforcer, gate->port))
		return false;
	for (size_t i = 0; i < leases->elements.length; i++)
		if (leases->elements.items[i].ports.first == gate->port)
			return false;
	return proven_for(enforcer, gate->port, &sure) && sure > 0;
}

size_t sp_count_strays(struct sp_enforcing *enforcer, const struct sp_kernel *kernel)
{
	const struct sp_set *leases = leases_of(kernel);
	size_t strays = 0;

	/* Without the set there is a difference already. */
	for (size_t i = 0; leases && i < leases->elements.length; i++)
		strays += is_stray(enforcer, &leases->elements.items[i]);
	for (size_t i = 0; leases && i < enforcer->watch.gates.length; i++)
		strays += is_gone(enforcer, leases, &enforcer->watch.gates.items[i]);
	return strays;
}
