/* Names to indices: a hash table, so that ten thousand names stay linear. */
#ifndef SALLYPORT_POLICY_NAMES_H
#define SALLYPORT_POLICY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

struct sp_name {
	struct sp_slice text; /* not owned; NULL: a free slot */
	size_t index;
};

/* Zero is empty. */
struct sp_names {
	struct sp_name *slots;
	size_t length, capacity; /* capacity: 0 or a power of two */
};

bool sp_names_find(const struct sp_names *names, struct sp_slice text, size_t *ret_index);

/* Adds a name that is not in yet. False: memory is out. */
bool sp_names_add(struct sp_names *names, struct sp_slice text, size_t index);

void sp_names_free(struct sp_names *names);

/* "Did you mean": of all candidates offered, the nearest to `wanted` that is
 * near enough to be a slip of the finger, else one that `wanted` begins. */
struct sp_suggestion {
	struct sp_slice wanted, best; /* best.text NULL: none so far */
	size_t distance;
};

void sp_suggest(struct sp_suggestion *suggestion, struct sp_slice candidate);

#endif
