/* What we committed, remembered: the kernel's big sets are not read back to learn
 * what is in them. A dump starts over for every message, so that of a million
 * elements takes minutes; while the generation id is the one of our own last
 * commit, they hold what we put there. */
#ifndef SALLYPORT_COMMITTED_H
#define SALLYPORT_COMMITTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/array.h>
#include <sallyport/delta.h>
#include <sallyport/ruleset.h>

/* From here on a set is big: dumping 10,000 elements takes 8 ms, 100,000 a second. */
#define SP_BIG_SET 20000

struct sp_committed_set {
	char name[80];
	uint64_t digest[2];
	size_t count;
};

/* Zero: nothing is known. Good for one boot and one network namespace. */
struct sp_committed {
	uint32_t generation; /* after our last commit; 0: nothing is known */
	SP_ARRAY(struct sp_committed_set) sets; /* the big ones */
};

/* Of the elements, in order; not against an adversary: who can change the memory
 * can change the kernel. */
void sp_intervals_digest(const struct sp_intervals *set, uint64_t ret[2]);

const struct sp_committed_set *sp_committed_find(const struct sp_committed *committed,
    const char *name);

/* Remembers `wanted`'s big sets as committed at `generation`. False: memory. */
bool sp_committed_make(const struct sp_ruleset *wanted, uint32_t generation,
    struct sp_committed *ret);

/* Is this set too big to be read, as wanted or as remembered? */
bool sp_set_is_big(const char *name, const struct sp_ruleset *wanted,
    const struct sp_committed *committed);

/* Gives every held set that was not read its elements: those of `wanted` when they
 * are the same, else those of `before` (the ruleset that was committed, NULL: not at
 * hand) when the memory says so, else none, and `unknown`. */
void sp_kernel_resolve(struct sp_kernel *kernel, const struct sp_ruleset *wanted,
    const struct sp_ruleset *before, const struct sp_committed *committed);

bool sp_kernel_has_unknown(const struct sp_kernel *kernel);
/* Takes every unknown set for the wanted one. Returns how many there were. */
size_t sp_kernel_assume(struct sp_kernel *kernel, const struct sp_ruleset *wanted);

void sp_committed_free(struct sp_committed *committed);

#endif
