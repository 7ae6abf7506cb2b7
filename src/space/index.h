/* A hash table from contents to small numbers: sets, outcomes and chains that
 * are equal get the same number, so that comparing them is comparing numbers. */
#ifndef SALLYPORT_SPACE_INDEX_H
#define SALLYPORT_SPACE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_NOWHERE UINT32_MAX

struct sp_index_slot {
	uint64_t hash;
	uint32_t number; /* SP_NOWHERE: free */
};

/* Zero is empty. */
struct sp_index {
	struct sp_index_slot *slots;
	size_t length, capacity; /* capacity: 0 or a power of two */
};

/* Is what has that number equal to what is looked for? */
typedef bool sp_index_same(const void *context, uint32_t number, const void *wanted);

/* The number, or SP_NOWHERE. */
uint32_t sp_index_find(const struct sp_index *index, uint64_t hash, sp_index_same *same,
    const void *context, const void *wanted);

/* Adds what is not in yet. False: memory is out. */
bool sp_index_add(struct sp_index *index, uint64_t hash, uint32_t number);

void sp_index_free(struct sp_index *index);

/* FNV-1a over words; begin with SP_HASH_START. */
#define SP_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t sp_hash_word(uint64_t hash, uint64_t word);
uint64_t sp_hash_text(uint64_t hash, const char *text); /* NULL is one too */

#endif
