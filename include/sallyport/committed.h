/* What we committed, remembered: while the generation id is the one of our own last
 * commit, the kernel's long address sets hold what we put there and are not read to
 * learn it. Reading a million elements takes a second; after somebody else's commit
 * that is what is done. */
#ifndef SALLYPORT_COMMITTED_H
#define SALLYPORT_COMMITTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/array.h>
#include <sallyport/ruleset.h>

/* From here on a set is remembered: dumping 10,000 elements takes 8 ms. */
#define SP_REMEMBERED_INTERVALS 4096
/* A set's name and its NUL, as the kernel limits them (NFT_NAME_MAXLEN). */
#define SP_COMMITTED_NAME 256

struct sp_committed_set {
	char name[SP_COMMITTED_NAME];
	uint64_t digest[2];
	size_t count;
};

/* Zero: nothing is known. Good for one boot and one network namespace. */
struct sp_committed {
	uint32_t generation; /* after our last commit; 0: nothing is known */
	SP_ARRAY(struct sp_committed_set) sets;
};

/* Of the elements, in order; not against an adversary: who can change the memory
 * can change the kernel. */
void sp_intervals_digest(const struct sp_intervals *set, uint64_t ret[2]);

/* Remembers `wanted`'s long sets as committed at `generation`. False: memory. */
bool sp_committed_make(
    const struct sp_ruleset *wanted, uint32_t generation, struct sp_committed *ret);

/* The wanted set of this name, when the kernel at `generation` is known to hold the
 * same elements; else NULL. */
const struct sp_set *sp_committed_same(const struct sp_committed *committed,
    uint32_t generation, const struct sp_ruleset *wanted, const char *name);

void sp_committed_free(struct sp_committed *committed);

#endif
