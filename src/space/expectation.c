#include <sallyport/expectation.h>

#include <stdlib.h>
#include <string.h>

bool sp_match_addresses(const struct sp_policy *policy, const struct sp_match *match,
    struct sp_intervals *ret)
{
	bool fine;

	*ret = (struct sp_intervals){ 0 };
	fine = match->any ? sp_intervals_add_any(ret)
			  : sp_intervals_add_all(ret, &match->literals);
	for (size_t i = 0; fine && i < match->set_count; i++)
		fine =
		    sp_intervals_add_all(ret, &policy->sets[match->sets[i].set].elements);
	sp_intervals_normalize(ret);
	if (!fine)
		sp_intervals_free(ret);
	return fine;
}

/* One expectation while it is looked at. */
struct trial {
	const struct sp_ruleset *ruleset;
	const struct sp_expect *expect;
	struct sp_intervals sources, destinations;
	struct sp_broken_list *broken;
	bool found; /* one packet says enough */
	struct sp_diag *diag;
};

/* A first packet that passes under a rate passes. */
static bool accepts(const struct sp_decision *decision)
{
	for (size_t i = 0; i < decision->limit_count; i++)
		if (decision->limits[i].fate == SP_FATE_ACCEPT)
			return true;
	return decision->fate == SP_FATE_ACCEPT;
}

static bool is_asked(const struct sp_expect *expect, size_t state)
{
	switch (expect->when) {
	case SP_EXPECT_BOTH: return true;
	case SP_EXPECT_VERIFIED: return state == SP_VERIFIED;
	case SP_EXPECT_UNVERIFIED: return state == SP_UNVERIFIED;
	}
	return true;
}

static bool add_broken(struct trial *trial, const struct sp_region *region, size_t state)
{
	const struct sp_decision *decision = region->outcomes[SP_NEW][state];
	struct sp_broken broken = { .expect = trial->expect,
		.packet = region->witness,
		.verified = state == SP_VERIFIED,
		.either_way = accepts(region->outcomes[SP_NEW][SP_VERIFIED]) ==
			      accepts(region->outcomes[SP_NEW][SP_UNVERIFIED]),
		.decision = *decision,
		.name = decision->name ? strdup(decision->name) : NULL };

	broken.decision.limits = NULL;
	broken.decision.limit_count = 0;
	broken.decision.name = broken.name;
	trial->found = true;
	if ((!decision->name || broken.name) && sp_array_push(trial->broken, broken))
		return true;
	free(broken.name);
	return sp_out_of_memory(trial->diag);
}

static bool judge_region(struct trial *trial, const struct sp_region *region)
{
	bool wanted = trial->expect->decision == SP_EXPECT_ALLOW;

	for (size_t state = 0; state < SP_STATES; state++)
		if (is_asked(trial->expect, state) &&
		    accepts(region->outcomes[SP_NEW][state]) != wanted)
			return add_broken(trial, region, state);
	return true;
}

static bool ask(
    struct trial *trial, const struct sp_protocol_port *port, const char *interface)
{
	struct sp_inquiry inquiry = { port->protocol, port->port, &trial->sources,
		trial->expect->to.any ? NULL : &trial->destinations, interface };
	struct sp_space cases;
	bool done = true;

	if (!sp_space_ask(trial->ruleset, &inquiry, &cases, trial->diag))
		return false;
	for (size_t i = 0; i < cases.regions.length && !trial->found && done; i++)
		done = judge_region(trial, &cases.regions.items[i]);
	sp_space_free(&cases);
	return done;
}

static bool try_port(struct trial *trial, const struct sp_protocol_port *port)
{
	const struct sp_expect *expect = trial->expect;

	if (!expect->interface_count)
		return ask(trial, port, NULL);
	for (size_t i = 0; i < expect->interface_count && !trial->found; i++)
		if (!ask(trial, port, expect->interfaces[i]))
			return false;
	return true;
}

static bool try_expect(struct trial *trial, const struct sp_policy *policy)
{
	const struct sp_expect *expect = trial->expect;
	bool done;

	if (!sp_match_addresses(policy, &expect->from, &trial->sources))
		return sp_out_of_memory(trial->diag);
	done = sp_match_addresses(policy, &expect->to, &trial->destinations) ||
	       sp_out_of_memory(trial->diag);
	for (size_t i = 0; i < expect->port_count && !trial->found && done; i++)
		done = try_port(trial, &expect->ports[i]);
	sp_intervals_free(&trial->sources);
	sp_intervals_free(&trial->destinations);
	return done;
}

bool sp_expectations_check(const struct sp_policy *policy,
    const struct sp_ruleset *ruleset, struct sp_broken_list *ret, struct sp_diag *diag)
{
	*ret = (struct sp_broken_list){ 0 };
	for (size_t i = 0; i < policy->expect_count; i++) {
		struct trial trial = { .ruleset = ruleset,
			.expect = &policy->expects[i],
			.broken = ret,
			.diag = diag };

		if (!try_expect(&trial, policy)) {
			sp_broken_free(ret);
			return false;
		}
	}
	return true;
}

void sp_broken_free(struct sp_broken_list *list)
{
	for (size_t i = 0; i < list->length; i++)
		free(list->items[i].name);
	sp_array_free(list);
}
