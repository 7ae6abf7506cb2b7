/* [expect] sections put to the test, and what services do to each other. Pure. */
#ifndef SALLYPORT_EXPECTATION_H
#define SALLYPORT_EXPECTATION_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/lint.h>
#include <sallyport/policy.h>
#include <sallyport/space.h>

/* An expectation that does not hold: a packet that meets another fate, and what
 * decides about it. `name` is the decision's own; its limits are left out. */
struct sp_broken {
	const struct sp_expect *expect;
	struct sp_packet packet;
	bool verified;	 /* while a lease stands */
	bool either_way; /* or not: it makes no difference */
	struct sp_decision decision;
	char *name;
};

struct sp_broken_list {
	struct sp_broken *items;
	size_t length, capacity;
};

/* The broken ones, in the policy's order. False: memory is out. */
bool sp_expectations_check(const struct sp_policy *policy,
    const struct sp_ruleset *ruleset, struct sp_broken_list *ret, struct sp_diag *diag);
void sp_broken_free(struct sp_broken_list *list);

/* Adds the lints of services that others decide for. False: memory is out. */
bool sp_shadows_lint(const struct sp_policy *policy, const struct sp_ruleset *ruleset,
    struct sp_lints *lints, struct sp_diag *diag);

/* Everything that a match names; false: memory is out. */
bool sp_match_addresses(const struct sp_policy *policy, const struct sp_match *match,
    struct sp_intervals *ret);

#endif
