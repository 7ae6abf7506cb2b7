/* Deltas that need no comparison: the table goes, the glass is broken, what was sent
 * ahead is taken back. */
#include <sallyport/delta.h>

#include <stdlib.h>

#include "delta_making.h"

struct sp_delta *sp_delta_remove(const struct sp_kernel *kernel, struct sp_diag *diag)
{
	struct sp_making making = { .delta = calloc(1, sizeof(*making.delta)) };

	if (making.delta && kernel->present)
		sp_making_add(&making, SP_CHANGE_DELETE_TABLE, SP_TABLE);
	if (making.delta && !making.failed)
		return making.delta;
	sp_out_of_memory(diag);
	sp_delta_free(making.delta);
	return NULL;
}

struct sp_delta *sp_delta_override(
    const struct sp_override *overrides, size_t count, struct sp_diag *diag)
{
	struct sp_making making = { .delta = calloc(1, sizeof(*making.delta)) };

	for (size_t i = 0; i < count && making.delta; i++) {
		const struct sp_override *override = &overrides[i];
		struct sp_change *change = sp_making_add(&making,
		    override->timeout_ms ? SP_CHANGE_OPEN : SP_CHANGE_CLOSE,
		    SP_SET_OVERRIDDEN);

		if (!change)
			break;
		change->protocol = (uint8_t) override->protocol;
		change->port = override->port;
		change->timeout_ms = override->timeout_ms;
	}
	if (making.delta && !making.failed)
		return making.delta;
	sp_out_of_memory(diag);
	sp_delta_free(making.delta);
	return NULL;
}

static void undo_all(struct sp_making *making, const struct sp_delta *delta,
    enum sp_change_kind made, enum sp_change_kind undoing)
{
	for (size_t i = 0; i < delta->ahead; i++) {
		const struct sp_change *change = &delta->changes.items[i];
		struct sp_change *undone;

		/* Only a verdict map's elements hold on to anything. */
		if (change->kind != made ||
		    (made == SP_CHANGE_ADD_ELEMENTS && !change->set->map))
			continue;
		undone = sp_making_add(making, undoing, change->name);
		if (!undone)
			return;
		undone->set = change->set;
		for (size_t e = 0; e < change->elements.length; e++)
			if (!sp_array_push(&undone->elements, change->elements.items[e]))
				making->failed = true;
	}
}

struct sp_delta *sp_delta_take_back(const struct sp_delta *delta, struct sp_diag *diag)
{
	struct sp_making making = { .delta = calloc(1, sizeof(*making.delta)) };

	if (making.delta) {
		undo_all(&making, delta, SP_CHANGE_ADD_CHAIN, SP_CHANGE_FLUSH_CHAIN);
		undo_all(
		    &making, delta, SP_CHANGE_ADD_ELEMENTS, SP_CHANGE_DELETE_ELEMENTS);
		undo_all(&making, delta, SP_CHANGE_ADD_SET, SP_CHANGE_DELETE_SET);
		undo_all(&making, delta, SP_CHANGE_ADD_CHAIN, SP_CHANGE_DELETE_CHAIN);
		undo_all(&making, delta, SP_CHANGE_ADD_COUNTER, SP_CHANGE_DELETE_COUNTER);
	}
	if (making.delta && !making.failed)
		return making.delta;
	sp_out_of_memory(diag);
	sp_delta_free(making.delta);
	return NULL;
}
