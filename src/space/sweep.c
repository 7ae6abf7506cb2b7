#include "sweep.h"

#include <stdlib.h>

#define WORD 64

/* Where a step's matching begins or ends next. */
struct cursor {
	const struct sp_intervals *sources;
	size_t at; /* interval */
	bool inside;
	uint32_t side, step;
};

struct event {
	sp_number at;
	uint32_t cursor;
};

struct walk {
	struct sp_sweep *sweep;
	struct cursor *cursors;
	size_t cursor_count;
	struct event *heap; /* the earliest first */
	size_t length;
};

static void sink(struct walk *walk, size_t at)
{
	struct event moved = walk->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= walk->length)
			break;
		if (child + 1 < walk->length &&
		    walk->heap[child + 1].at < walk->heap[child].at)
			child++;
		if (moved.at <= walk->heap[child].at)
			break;
		walk->heap[at] = walk->heap[child];
		at = child;
	}
	walk->heap[at] = moved;
}

static void flip(struct walk *walk, const struct cursor *cursor)
{
	walk->sweep->active[cursor->side][cursor->step / WORD] ^=
	    UINT64_C(1) << (cursor->step % WORD);
	walk->sweep->changed[cursor->side] = true;
}

/* The event behind the cursor's last one; false when the walk has no more. */
static bool next_event(
    const struct walk *walk, const struct cursor *cursor, sp_number *ret)
{
	enum sp_family family = walk->sweep->family;

	if (cursor->at >= sp_half_count(cursor->sources, family))
		return false;
	if (cursor->inside) {
		sp_number last = sp_half_last(cursor->sources, family, cursor->at);

		*ret = last + 1;
		return last < walk->sweep->last;
	}
	*ret = sp_half_first(cursor->sources, family, cursor->at);
	return *ret <= walk->sweep->last;
}

/* Begins at the walk's first address. */
static void add_cursor(struct walk *walk, uint32_t side, uint32_t step)
{
	const struct sp_intervals *sources =
	    walk->sweep->sides[side]->items[step].sources;
	struct cursor cursor = { sources, 0, false, side, step };
	enum sp_family family = walk->sweep->family;
	sp_number at;

	cursor.at = sp_half_search(sources, family, 0, walk->sweep->first);
	if (cursor.at < sp_half_count(sources, family) &&
	    sp_half_first(sources, family, cursor.at) <= walk->sweep->first) {
		cursor.inside = true;
		flip(walk, &cursor);
	}
	if (!next_event(walk, &cursor, &at))
		return;
	walk->cursors[walk->cursor_count] = cursor;
	walk->heap[walk->length++] = (struct event){ at, (uint32_t)walk->cursor_count++ };
}

static void prepare(struct walk *walk)
{
	struct sp_sweep *sweep = walk->sweep;

	for (uint32_t side = 0; side < SP_SIDES; side++)
		for (uint32_t i = 0; sweep->sides[side] && i < sweep->sides[side]->length;
		     i++) {
			const struct sp_step *step = &sweep->sides[side]->items[i];
			struct cursor any = { .side = side, .step = i };

			if (step->sources)
				add_cursor(walk, side, i);
			else
				flip(walk, &any);
		}
	for (size_t i = walk->length; i-- > 0;)
		sink(walk, i);
}

/* Everything that happens at the heap's first address. */
static void advance(struct walk *walk)
{
	sp_number now = walk->heap[0].at;

	while (walk->length && walk->heap[0].at == now) {
		struct cursor *cursor = &walk->cursors[walk->heap[0].cursor];

		flip(walk, cursor);
		if (cursor->inside)
			cursor->at++;
		cursor->inside = !cursor->inside;
		if (!next_event(walk, cursor, &walk->heap[0].at))
			walk->heap[0] = walk->heap[--walk->length];
		sink(walk, 0);
	}
}

static bool go(struct walk *walk)
{
	sp_number from = walk->sweep->first;

	while (walk->length) {
		sp_number now = walk->heap[0].at;

		if (!walk->sweep->piece(walk->sweep, from, now - 1))
			return false;
		advance(walk);
		from = now;
	}
	return walk->sweep->piece(walk->sweep, from, walk->sweep->last);
}

bool sp_sweep_run(struct sp_sweep *sweep)
{
	struct walk walk = { .sweep = sweep };
	size_t steps = 0;
	bool done = true;

	for (size_t side = 0; side < SP_SIDES; side++) {
		size_t count = sweep->sides[side] ? sweep->sides[side]->length : 0;

		sweep->active[side] = calloc(count / WORD + 1, sizeof(uint64_t));
		sweep->changed[side] = true;
		done = done && sweep->active[side];
		steps += count;
	}
	walk.cursors = calloc(steps + 1, sizeof(*walk.cursors));
	walk.heap = calloc(steps + 1, sizeof(*walk.heap));
	done = done && walk.cursors && walk.heap;
	if (done) {
		prepare(&walk);
		done = go(&walk);
	}
	free(walk.cursors);
	free(walk.heap);
	free(sweep->active[0]);
	free(sweep->active[1]);
	return done;
}

size_t sp_sweep_next(const struct sp_sweep *sweep, size_t side, size_t from)
{
	size_t count = sweep->sides[side]->length;
	size_t word = from / WORD;
	uint64_t bits;

	if (from >= count)
		return count;
	bits = sweep->active[side][word] & (~UINT64_C(0) << (from % WORD));
	while (!bits) {
		if (++word > (count - 1) / WORD)
			return count;
		bits = sweep->active[side][word];
	}
	return word * WORD + (size_t)__builtin_ctzll(bits);
}
