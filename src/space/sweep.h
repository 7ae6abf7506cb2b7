/* One walk over all addresses of a family, stopping wherever a step of either
 * side begins or ends to match. */
#ifndef SALLYPORT_SPACE_SWEEP_H
#define SALLYPORT_SPACE_SWEEP_H

#include <sallyport/number.h>
#include "steps.h"

struct sp_sweep;

/* The same steps match all of first to last. False: memory is out. */
typedef bool sp_sweep_piece(struct sp_sweep *sweep, sp_number first, sp_number last);

struct sp_sweep {
	enum sp_family family;
	sp_number first, last;			/* the part of the family to walk over */
	const struct sp_steps *sides[SP_SIDES]; /* the second may be NULL */
	sp_sweep_piece *piece;
	void *context;
	uint64_t *active[SP_SIDES]; /* a bit for each step that matches */
	bool changed[SP_SIDES];	    /* since `piece` last took it back */
};

/* False: memory is out. */
bool sp_sweep_run(struct sp_sweep *sweep);

/* The first matching step from `from` on; the side's step count if none. */
size_t sp_sweep_next(const struct sp_sweep *sweep, size_t side, size_t from);

#endif
