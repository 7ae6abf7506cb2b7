/* Big address sets in pieces: an interval set of a million costs the kernel a third of
 * a second for each element that changes, and minutes to be read. */
#ifndef SALLYPORT_RULESET_PIECES_H
#define SALLYPORT_RULESET_PIECES_H

#include <sallyport/ruleset.h>

#include "build.h"

/* Replaces every address set of more than `most` intervals by pieces of at most that
 * many, by leading bits, and every rule that matches it by a verdict map on those bits
 * and a chain for each piece, which has what is left of the rule:
 *
 *	map input/bad-4 { type ipv4_addr : verdict; flags interval;
 *		elements = { 0.0.0.0/2 : jump input/bad-4/0.0.0.0-2, … } }
 *	chain input/bad-4/0.0.0.0-2 {
 *		ip saddr @addr-bad-4/0.0.0.0-2 counter name "set-bad" drop
 *	}
 *
 * An interval over the border of two pieces is in both, whole. Where a piece begins
 * depends on nothing but what it holds: a change elsewhere leaves it alone. The
 * pieces borrow the sets' intervals. */
void sp_split_sets(struct sp_build *build, size_t most);

#endif
