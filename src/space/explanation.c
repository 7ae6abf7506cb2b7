#include <sallyport/explanation.h>

#include <stdlib.h>
#include <string.h>

static bool accepts(const struct sp_decision *decision)
{
	for (size_t i = 0; i < decision->limit_count; i++)
		if (decision->limits[i].fate == SP_FATE_ACCEPT)
			return true;
	return decision->fate == SP_FATE_ACCEPT;
}

static const struct sp_service *service_named(
    const struct sp_policy *policy, const char *name)
{
	for (size_t i = 0; name && i < policy->service_count; i++)
		if (!strcmp(policy->services[i].name, name))
			return &policy->services[i];
	return NULL;
}

/* --- what would let it in ------------------------------------------------ */

static bool serves(const struct sp_service *service, const struct sp_packet *packet)
{
	if (service->action != SP_ALLOW ||
	    !(packet->protocol == SP_TCP ? service->tcp : service->udp))
		return false;
	for (size_t i = 0; i < service->port_count; i++)
		if (packet->port >= service->ports[i].first &&
		    packet->port <= service->ports[i].last)
			return true;
	return false;
}

static bool names(const struct sp_policy *policy, const struct sp_match *match,
    const struct sp_address *address)
{
	if (match->any || sp_intervals_contain(&match->literals, address))
		return true;
	for (size_t i = 0; i < match->set_count; i++)
		if (sp_intervals_contain(
			&policy->sets[match->sets[i].set].elements, address))
			return true;
	return false;
}

/* How much of a service fits; the first thing that does not is the advice. */
static enum sp_advice misfit(const struct sp_policy *policy,
    const struct sp_service *service, const struct sp_packet *packet)
{
	if (!names(policy, &service->from, &packet->source))
		return SP_ADVICE_FROM;
	if (!names(policy, &service->to, &packet->destination))
		return SP_ADVICE_TO;
	return SP_ADVICE_INTERFACE;
}

/* Of the services on the port, the one that fits best: what lacks last. */
static void advise_default(const struct sp_policy *policy, struct sp_case *one)
{
	one->advice = SP_ADVICE_ADD;
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];
		enum sp_advice advice;

		if (!serves(service, &one->packet))
			continue;
		advice = misfit(policy, service, &one->packet);
		if (one->service && advice <= one->advice)
			continue;
		one->service = service;
		one->advice = advice;
	}
}

static void advise(const struct sp_policy *policy, struct sp_case *one)
{
	const struct sp_decision *decision = one->region->outcomes[SP_NEW][SP_VERIFIED];

	one->service = decision->decider == SP_DECIDER_SERVICE
			   ? service_named(policy, decision->name)
			   : NULL;
	if (accepts(decision)) {
		one->advice = accepts(one->region->outcomes[SP_NEW][SP_UNVERIFIED])
				  ? SP_ADVICE_NONE
				  : SP_ADVICE_VERIFY;
		return;
	}
	switch (decision->decider) {
	case SP_DECIDER_SERVICE: one->advice = SP_ADVICE_BLOCK; return;
	case SP_DECIDER_SET: one->advice = SP_ADVICE_SET; return;
	case SP_DECIDER_DEFAULT:
	case SP_DECIDER_LOOPBACK:
	case SP_DECIDER_CUT:
	case SP_DECIDER_NO_TABLE:
	case SP_DECIDER_PASS: advise_default(policy, one); return;
	}
}

/* --- cases --------------------------------------------------------------- */

static struct sp_packet packet_of(
    const struct sp_region *region, const struct sp_inquiry *inquiry)
{
	struct sp_packet packet = region->witness;

	packet.source = sp_intervals_at(inquiry->sources, 0).first;
	return packet;
}

static bool find_reason(const struct sp_ruleset *ruleset, const struct sp_packet *packet,
    bool verified, struct sp_reason *ret)
{
	bool found = sp_space_rule(
	    ruleset, packet, verified, &ret->rule, &ret->matched, &ret->set);

	ret->by_source = ret->matched.first.family != 0;
	return found;
}

bool sp_explain(const struct sp_policy *policy, const struct sp_ruleset *ruleset,
    const struct sp_inquiry *inquiry, struct sp_explanation *ret, struct sp_diag *diag)
{
	*ret = (struct sp_explanation){ .accepted = true };
	if (!sp_space_ask(ruleset, inquiry, &ret->space, diag))
		return false;
	for (size_t i = 0; i < ret->space.regions.length; i++) {
		const struct sp_region *region = &ret->space.regions.items[i];
		struct sp_case one = { .region = region,
			.packet = packet_of(region, inquiry) };

		bool found = true;

		for (size_t state = 0; state < SP_STATES && found; state++)
			found = find_reason(ruleset, &one.packet, state == SP_VERIFIED,
			    &one.reasons[state]);
		advise(policy, &one);
		ret->accepted =
		    ret->accepted && accepts(region->outcomes[SP_NEW][SP_VERIFIED]);
		if (!found || !sp_array_push(&ret->cases, one)) {
			sp_explanation_free(ret);
			return sp_out_of_memory(diag);
		}
	}
	return true;
}

void sp_explanation_free(struct sp_explanation *explanation)
{
	sp_array_free(&explanation->cases);
	sp_space_free(&explanation->space);
}
