/* A delta in the making: shape in delta.c, leases in delta_leases.c. */
#ifndef SALLYPORT_RULESET_DELTA_MAKING_H
#define SALLYPORT_RULESET_DELTA_MAKING_H

#include <sallyport/delta.h>

struct sp_making {
	const struct sp_ruleset *wanted, *held;
	struct sp_delta *delta;
	bool failed;
};

/* Appends a change; NULL and `failed` when memory is out. */
struct sp_change *sp_making_add(
    struct sp_making *making, enum sp_change_kind kind, const char *name);

/* Grants and takes back leases so that exactly the proven gates stand open. */
void sp_making_leases(struct sp_making *making, const struct sp_gates *gates,
    const struct sp_proofs *proofs);

#endif
