#include <sallyport/committed.h>

#include <stdio.h>
#include <string.h>

static uint64_t rotate(uint64_t value, unsigned by)
{
	return value << by | value >> (64 - by);
}

/* Two multiply-and-rotate lanes, a word at a time: memory speed. */
static void absorb(uint64_t lanes[2], uint64_t word)
{
	lanes[0] = rotate((lanes[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15), 29);
	lanes[1] =
	    rotate((lanes[1] + word) * UINT64_C(0xc2b2ae3d27d4eb4f), 31) ^ lanes[0];
}

void sp_intervals_digest(const struct sp_intervals *set, uint64_t ret[2])
{
	uint64_t lanes[2] = { set->v4.length, set->v6.length };

	for (size_t i = 0; i < set->v4.length; i++)
		absorb(lanes,
		    (uint64_t)set->v4.items[i].first << 32 | set->v4.items[i].last);
	for (size_t i = 0; i < set->v6.length; i++) {
		absorb(lanes, set->v6.items[i].first_high);
		absorb(lanes, set->v6.items[i].first_low);
		absorb(lanes, set->v6.items[i].last_high);
		absorb(lanes, set->v6.items[i].last_low);
	}
	ret[0] = lanes[0];
	ret[1] = lanes[1];
}

static const struct sp_committed_set *find_entry(
    const struct sp_committed *committed, const char *name)
{
	for (size_t i = 0; i < committed->sets.length; i++)
		if (!strcmp(committed->sets.items[i].name, name))
			return &committed->sets.items[i];
	return NULL;
}

static const struct sp_set *find_set(const struct sp_ruleset *ruleset, const char *name)
{
	for (size_t i = 0; ruleset && i < ruleset->sets.length; i++)
		if (!strcmp(ruleset->sets.items[i].name, name))
			return &ruleset->sets.items[i];
	return NULL;
}

bool sp_committed_make(
    const struct sp_ruleset *wanted, uint32_t generation, struct sp_committed *ret)
{
	struct sp_committed made = { .generation = generation };

	for (size_t i = 0; i < wanted->sets.length; i++) {
		const struct sp_set *set = &wanted->sets.items[i];
		struct sp_committed_set entry = { .count = sp_intervals_count(
						      &set->addresses) };

		if (entry.count < SP_REMEMBERED_INTERVALS)
			continue;
		snprintf(entry.name, sizeof(entry.name), "%s", set->name);
		sp_intervals_digest(&set->addresses, entry.digest);
		if (!sp_array_push(&made.sets, entry)) {
			sp_committed_free(&made);
			return false;
		}
	}
	sp_committed_free(ret);
	*ret = made;
	return true;
}

static bool has_digest(const struct sp_set *set, const struct sp_committed_set *entry)
{
	uint64_t digest[2];

	if (sp_intervals_count(&set->addresses) != entry->count)
		return false;
	sp_intervals_digest(&set->addresses, digest);
	return digest[0] == entry->digest[0] && digest[1] == entry->digest[1];
}

const struct sp_set *sp_committed_same(const struct sp_committed *committed,
    uint32_t generation, const struct sp_ruleset *wanted, const char *name)
{
	const struct sp_committed_set *entry;
	const struct sp_set *set;

	if (!committed->generation || committed->generation != generation)
		return NULL;
	entry = find_entry(committed, name);
	set = entry ? find_set(wanted, name) : NULL;
	return set && has_digest(set, entry) ? set : NULL;
}

void sp_committed_free(struct sp_committed *committed)
{
	sp_array_free(&committed->sets);
	committed->generation = 0;
}
