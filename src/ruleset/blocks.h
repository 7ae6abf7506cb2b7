/* A big address list as blocks of a few prefix lengths, for hash sets: such a set takes
 * a fifth of the time that an interval set needs to load, a third of the memory, and one
 * step to be looked up or changed. */
#ifndef SALLYPORT_RULESET_BLOCKS_H
#define SALLYPORT_RULESET_BLOCKS_H

#include <sallyport/address.h>

/* Each length is one more lookup for a packet that none of them has; four cost what the
 * one of an interval set costs. */
#define SP_BLOCK_LENGTHS 4

/* The blocks of one length: intervals of whole blocks, sorted, disjoint. */
struct sp_blocks {
	unsigned prefix;
	struct sp_intervals addresses;
	bool borrowed; /* they are the list's own */
};

struct sp_blocked {
	struct sp_blocks lengths[SP_BLOCK_LENGTHS]; /* the longest prefix first */
	size_t count; /* 0: the list has too many lengths for that */
};

/* Cuts one family's half of `list` (the other is empty). False: memory is out. */
bool sp_blocks_make(
    const struct sp_intervals *list, enum sp_family family, struct sp_blocked *ret);
void sp_blocks_free(struct sp_blocked *blocked);

/* How many blocks of that length the intervals are. */
size_t sp_blocks_count(const struct sp_intervals *addresses, unsigned prefix);

/* The size to declare for so many: the kernel lets no more in, and a set of another size
 * has to be made anew. Room for an eighth more at least, in steps of a third or a half.
 */
uint32_t sp_blocks_size(size_t count);

#endif
