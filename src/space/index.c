#include "index.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64
#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t sp_hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * FNV_PRIME;
	return hash ^ (hash >> 29);
}

uint64_t sp_hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
	return sp_hash_word(hash, text != NULL);
}

uint32_t sp_index_find(const struct sp_index *index, uint64_t hash, sp_index_same *same,
    const void *context, const void *wanted)
{
	if (!index->capacity)
		return SP_NOWHERE;
	for (size_t at = hash & (index->capacity - 1);;
	     at = (at + 1) & (index->capacity - 1)) {
		const struct sp_index_slot *slot = &index->slots[at];

		if (slot->number == SP_NOWHERE)
			return SP_NOWHERE;
		if (slot->hash == hash && same(context, slot->number, wanted))
			return slot->number;
	}
}

static void put(struct sp_index *index, struct sp_index_slot slot)
{
	size_t at = slot.hash & (index->capacity - 1);

	while (index->slots[at].number != SP_NOWHERE)
		at = (at + 1) & (index->capacity - 1);
	index->slots[at] = slot;
	index->length++;
}

static bool grow(struct sp_index *index)
{
	struct sp_index grown = { .capacity = index->capacity ? 2 * index->capacity
							      : FIRST_CAPACITY };

	grown.slots = malloc(grown.capacity * sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < grown.capacity; i++)
		grown.slots[i].number = SP_NOWHERE;
	for (size_t i = 0; i < index->capacity; i++)
		if (index->slots[i].number != SP_NOWHERE)
			put(&grown, index->slots[i]);
	free(index->slots);
	*index = grown;
	return true;
}

bool sp_index_add(struct sp_index *index, uint64_t hash, uint32_t number)
{
	if (2 * (index->length + 1) > index->capacity && !grow(index))
		return false;
	put(index, (struct sp_index_slot){ hash, number });
	return true;
}

void sp_index_free(struct sp_index *index)
{
	free(index->slots);
	*index = (struct sp_index){ 0 };
}
