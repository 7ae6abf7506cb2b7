#include "names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/suggest.h>

/* FNV-1a, 64 bits. The names are the administrator's own, so that nobody is
 * there who would choose colliding ones. */
static size_t hash(struct sp_slice text)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.length; i++)
		value = (value ^ (unsigned char)text.text[i]) * UINT64_C(0x100000001b3);
	return (size_t)(value ^ value >> 32);
}

static struct sp_name *slot_of(const struct sp_names *names, struct sp_slice text)
{
	size_t at = hash(text) & (names->capacity - 1);

	while (names->slots[at].text.text && !sp_slice_equal(names->slots[at].text, text))
		at = (at + 1) & (names->capacity - 1);
	return &names->slots[at];
}

bool sp_names_find(const struct sp_names *names, struct sp_slice text, size_t *ret_index)
{
	const struct sp_name *slot = names->capacity ? slot_of(names, text) : NULL;

	if (!slot || !slot->text.text)
		return false;
	*ret_index = slot->index;
	return true;
}

static bool grow(struct sp_names *names)
{
	struct sp_names larger = { .capacity =
				       names->capacity ? names->capacity * 2 : 64 };

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < names->capacity; i++)
		if (names->slots[i].text.text)
			*slot_of(&larger, names->slots[i].text) = names->slots[i];
	larger.length = names->length;
	free(names->slots);
	*names = larger;
	return true;
}

bool sp_names_add(struct sp_names *names, struct sp_slice text, size_t index)
{
	if (names->length * 2 >= names->capacity && !grow(names))
		return false;
	*slot_of(names, text) = (struct sp_name){ text, index };
	names->length++;
	return true;
}

void sp_names_free(struct sp_names *names)
{
	free(names->slots);
	*names = (struct sp_names){ 0 };
}

#define LONGEST_COMPARED 40
#define SHORTEST_BEGINNING 3

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of
 * neighbours, each one; letters compare without case. */
static size_t distance(struct sp_slice a, struct sp_slice b)
{
	size_t rows[3][LONGEST_COMPARED + 1];

	for (size_t j = 0; j <= b.length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3],
		       *second = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.length; j++) {
			char x = lower(a.text[i - 1]), y = lower(b.text[j - 1]);

			row[j] = least(
			    above[j] + 1, least(row[j - 1] + 1, above[j - 1] + (x != y)));
			if (i > 1 && j > 1 && x == lower(b.text[j - 2]) &&
			    y == lower(a.text[i - 2]))
				row[j] = least(row[j], second[j - 2] + 1);
		}
	}
	return rows[a.length % 3][b.length];
}

/* Steps that make a slip of the finger. */
static size_t near(struct sp_slice wanted)
{
	return wanted.length < 4 ? 1 : wanted.length / 3;
}

static bool begins(struct sp_slice whole, struct sp_slice part)
{
	return part.length >= SHORTEST_BEGINNING && part.length < whole.length &&
	       !memcmp(whole.text, part.text, part.length);
}

void sp_suggest(struct sp_suggestion *suggestion, struct sp_slice candidate)
{
	struct sp_slice wanted = suggestion->wanted;
	size_t most = near(wanted), found;

	if (wanted.length > LONGEST_COMPARED || candidate.length > LONGEST_COMPARED)
		return;
	/* A word that was not written to its end comes after every slip. */
	if (begins(candidate, wanted))
		found = most + 1;
	/* Each letter that one has more is a step. */
	else if (candidate.length > wanted.length + most ||
		 wanted.length > candidate.length + most ||
		 (found = distance(wanted, candidate)) > most)
		return;
	if (suggestion->best.text && found >= suggestion->distance)
		return;
	suggestion->best = candidate;
	suggestion->distance = found;
}

const char *sp_suggested(const char *wanted, const char *const *names, size_t count)
{
	struct sp_suggestion suggestion = { .wanted = sp_slice(wanted) };

	for (size_t i = 0; i < count; i++)
		sp_suggest(&suggestion, sp_slice(names[i]));
	return suggestion.best.text;
}
