/* One big address set, cut by leading bits into pieces that hold so much at most. */
#ifndef SALLYPORT_RULESET_PIECE_H
#define SALLYPORT_RULESET_PIECE_H

#include <sallyport/ruleset.h>

#include "blocks.h"
#include "build.h"

/* A prefix that intervals of the set touch. */
struct piece {
	struct sp_range range;
	unsigned bits;
	char *name; /* "SET/10.0.0.0-8" */
};

struct pieces {
	struct piece *items;
	size_t length, capacity;
};

/* One set that is split. */
struct split {
	const char *name;  /* the set's */
	struct sp_set set; /* as it was: type and intervals */
	/* The set's blocks, or its intervals as they are: one part without a prefix. Each
	 * piece has a set for each of them that touches it. */
	struct sp_blocked parts;
	struct pieces pieces;
};

/* Fills `pieces` and `parts` of a split that has its set, with `most` intervals in a
 * piece. Blocks of lengths other than the list's own go to the ruleset's lists. False:
 * memory is out; what is there is cleared as ever. */
bool sp_split_cut(struct sp_build *build, struct split *split, size_t most);
/* The set itself is left. */
void sp_split_clear(struct split *split);

/* What of a part touches the piece, whole; borrowed. */
struct sp_intervals sp_piece_slice(
    const struct sp_blocks *part, const struct piece *piece);
/* "SET/10.0.0.0-8/24" has the blocks of 24 bits. False: memory is out. */
bool sp_piece_name_part(
    const struct sp_blocks *part, const struct piece *piece, char **ret_name);

#endif
