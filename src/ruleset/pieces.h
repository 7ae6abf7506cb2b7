/* Big address sets in pieces: an interval set of a million costs the kernel a third of
 * a second for each element that changes, and minutes to be read. Where the list has few
 * prefix lengths, each piece is hash sets of blocks (blocks.h) instead, and so is a list
 * that is no longer than a piece: a packet is looked up in them sooner. */
#ifndef SALLYPORT_RULESET_PIECES_H
#define SALLYPORT_RULESET_PIECES_H

#include <sallyport/ruleset.h>

#include "build.h"

/* Replaces every address set of more than `most` intervals by pieces of at most that
 * many, by leading bits, and every rule that matches it by a verdict map on those bits
 * and a chain for each piece, which has what is left of the rule:
 *
 *	map input/bad-4/2 { type ipv4_addr : verdict; size 1024;
 *		elements = { 0.0.0.0 : jump input/bad-4/0.0.0.0-2, … } }
 *	chain input/bad-4/0.0.0.0-2 {
 *		ip saddr & 255.255.255.0 @addr-bad-4/0.0.0.0-2/24 counter … drop
 *		ip saddr @addr-bad-4/0.0.0.0-2/32 counter … drop
 *	}
 *
 * and a rule "ip saddr & 192.0.0.0 vmap @input/bad-4/2"; or, with intervals, one rule
 * with @addr-bad-4/0.0.0.0-2. Where the pieces' lengths are too different for blocks,
 * the map is of intervals too: "ip saddr vmap @input/bad-4".
 *
 * A list of `least` to `most` intervals that can be blocks is one piece without a map:
 * its sets are called @addr-bad-4/24, and their rules stand where the list's rule was.
 *
 * An interval over the border of two pieces is in both, whole. Where a piece begins
 * depends on nothing but what it holds: a change elsewhere leaves it alone. The
 * pieces borrow the sets' intervals. */
void sp_split_sets(struct sp_build *build, size_t most, size_t least);

#endif
