/* What it takes to get from what the kernel holds to what it should hold: an
 * ordered list of changes, one netlink message or a few each. Empty means: send
 * nothing.
 *
 * One batch, as a rule. Since Linux 6.18 an interval set shows its content when a
 * commit ends, after the rules of the same commit are in force (measured: of 1,000
 * packets that the policies before and after allow, 1 or 2 met a rule whose set was
 * still empty; a block list lets as many through). So where a table stands and such
 * sets are new, they go ahead in a batch of their own, with whatever else is new and
 * nothing refers to: packets meet the old policy, whole, until the second batch. For a
 * map of ranges that is so on every kernel (SP_MAP_RANGES_PREFIX). */
#ifndef SALLYPORT_DELTA_H
#define SALLYPORT_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/lease.h>
#include <sallyport/ruleset.h>

/* The kernel's side, as the decoder read it. */
struct sp_kernel {
	bool present;	     /* the table exists */
	bool dormant;	     /* it does, and none of its chains is hooked */
	uint32_t generation; /* NFTA_GEN_ID at which all of it was true */
	struct sp_ruleset *held;
};

enum sp_change_kind {
	SP_CHANGE_ADD_TABLE,
	SP_CHANGE_DELETE_TABLE,
	SP_CHANGE_ADD_COUNTER,
	SP_CHANGE_ADD_CHAIN,
	SP_CHANGE_FLUSH_CHAIN,
	SP_CHANGE_DELETE_ELEMENTS,
	SP_CHANGE_DELETE_SET,
	SP_CHANGE_DELETE_CHAIN,
	SP_CHANGE_DELETE_COUNTER,
	SP_CHANGE_ADD_SET,
	SP_CHANGE_ADD_ELEMENTS,
	SP_CHANGE_ADD_RULE,
	SP_CHANGE_OPEN,	 /* a lease: element of `verified` with a timeout */
	SP_CHANGE_CLOSE, /* its end */
	SP_CHANGE_GRACE, /* non-SYN TCP for 30 s, on the first load */
};

/* Pointers go into the wanted ruleset (additions) or the held one (deletions);
 * the addresses are the change's own. */
struct sp_change {
	enum sp_change_kind kind;
	const char *name; /* the object's */
	const struct sp_set *set;
	const struct sp_chain *chain;
	const struct sp_rule *rule;
	SP_ARRAY(const struct sp_element *) elements;
	struct sp_intervals addresses;
	bool all_addresses; /* the set's own, all of them: addresses is empty */
	/* OPEN, CLOSE, GRACE */
	uint8_t protocol;
	uint16_t port;
	uint64_t timeout_ms;
};

struct sp_delta {
	SP_ARRAY(struct sp_change) changes;
	/* So many of them, the first ones, are committed before the others; 0: all in
	 * one batch. */
	size_t ahead;
	size_t opens, closes; /* leases granted or taken back */
};

/* What is known of the gates when a delta is made. */
struct sp_proofs {
	/* Keep every lease that stands unless it is refused below: not every
	 * gate was asked (--no-verify, the enforcer's rounds). */
	bool keep_all;
	/* What stands open was not opened by us, or not since this boot: leases,
	 * overrides and the grace of a first load end. */
	bool shut_all;
	/* The rules are left as they stand (drift = report). */
	bool leases_only;
	const struct sp_gate *refused;
	size_t refused_count;
	const struct sp_lease *const *leases;
	size_t lease_count;
	/* Gates whose proof was inconclusive: their leases run on, untouched. */
	const struct sp_gate *inconclusive;
	size_t inconclusive_count;
	/* Milliseconds since the epoch: whole seconds would leave a port open up to
	 * one after its certificate ended. The transaction sets it, at each attempt. */
	int64_t now_ms;
};

/* Makes the delta; pure. `proofs` NULL: shape only, leases are left alone.
 * NULL: memory is out. Wanted and held outlive it. */
struct sp_delta *sp_delta_make(const struct sp_ruleset *wanted,
    const struct sp_gates *gates, const struct sp_kernel *kernel,
    const struct sp_proofs *proofs, struct sp_diag *diag);

/* The delta that removes our table: nothing is blocked any more. Empty when it is
 * not there. */
struct sp_delta *sp_delta_remove(const struct sp_kernel *kernel, struct sp_diag *diag);

/* The break-glass: a gate opened without proof, for a while, by a person. Made by
 * the command alone; it goes into a set of its own, never into `verified`. */
struct sp_override {
	enum sp_protocol protocol;
	uint16_t port;
	uint64_t timeout_ms; /* 0: ends one that stands */
};

struct sp_delta *sp_delta_override(
    const struct sp_override *overrides, size_t count, struct sp_diag *diag);

/* The delta that removes what was sent ahead, when the rest was refused. It refers to
 * what `delta` does. */
struct sp_delta *sp_delta_take_back(const struct sp_delta *delta, struct sp_diag *diag);

void sp_delta_free(struct sp_delta *delta);

/* One line per change in nft's words, "+ " or "- " first. */
void sp_delta_print(const struct sp_delta *delta, struct sp_text *ret);

#endif
