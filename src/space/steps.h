/* A ruleset as the list of steps that packets of one protocol and port go
 * through: each either decides or lets pass. */
#ifndef SALLYPORT_SPACE_STEPS_H
#define SALLYPORT_SPACE_STEPS_H

#include <sallyport/array.h>
#include <sallyport/space.h>

#include "pool.h"

enum sp_when { SP_WHEN_ALWAYS, SP_WHEN_VERIFIED, SP_WHEN_UNVERIFIED };

/* One rule with a verdict, in normal form. */
struct sp_step {
	bool base; /* of the base chain: stands before every port is looked at, or behind
		    */
	bool loopback;				 /* only packets of the loopback device */
	const char *interface;			 /* pattern; NULL: any */
	int family;				 /* 0: both */
	const struct sp_intervals *destinations; /* NULL: any */
	const struct sp_intervals *sources;	 /* NULL: any */
	enum sp_when when;
	const struct sp_rate *rate; /* NULL: decides without a limit */
	enum sp_fate fate;
	uint32_t outcome;	    /* of a step without a limit that decides */
	const struct sp_rule *rule; /* NULL: the chain's policy */
	const char *set;	    /* name of the address set that `sources` is */
};

struct sp_steps {
	struct sp_step *items;
	size_t length, capacity;
};

/* One side, prepared: which chain a port leads to. */
struct sp_side {
	const struct sp_ruleset *ruleset; /* NULL: no table */
	const struct sp_chain *input;
	const char *ranges[2]; /* the maps of ranges, TCP, UDP: one or two of before */
	struct sp_port_table *tables[2]; /* TCP, UDP */
	struct sp_by_name *sets, *chains;
	size_t set_count, chain_count;
	struct sp_joined *joined; /* the big sets, whole again */
	size_t joined_count;
};

/* False: memory is out; free it all the same. */
bool sp_side_begin(struct sp_side *side, const struct sp_ruleset *ruleset);
void sp_side_end(struct sp_side *side);

/* Where a port leads: chain numbers are counted from 1, 0 is none. */
struct sp_route {
	uint32_t chain, range_chain;
	bool cut;
};
struct sp_route sp_side_route(
    const struct sp_side *side, enum sp_protocol protocol, uint16_t port);

/* The steps for one protocol and port. The block lists that stand at the
 * beginning are left out: sp_side_blocks has them. False: memory is out. */
bool sp_side_steps(const struct sp_side *side, struct sp_space_pool *pool,
    enum sp_protocol protocol, uint16_t port, struct sp_steps *ret);

/* The block lists at the beginning, and a last step that lets pass. */
bool sp_side_blocks(
    const struct sp_side *side, struct sp_space_pool *pool, struct sp_steps *ret);

/* Those of `steps` that may match a packet by that interface to that
 * destination; unless `all`, up to the first that decides in any case. */
bool sp_steps_filter(const struct sp_steps *steps, const char *interface, bool loopback,
    const struct sp_address *destination, bool all, struct sp_steps *ret);

bool sp_pattern_matches(const char *pattern, const char *name);

#endif
