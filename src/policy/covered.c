/* An allow that is wholly covered by blocks allows nothing: a mistake.
 *
 * Both protocols are swept by port, so that the cost grows with what overlaps.
 * Between two ports where something begins or ends the same blocks are active;
 * what they and the block lists leave of an allow's sources is computed there,
 * and an allow that keeps anything anywhere is out of question at once. A block
 * counts where it holds for all the interfaces and local addresses of the
 * allow; one that is covered only by several such restrictions together is not
 * found. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"

struct stretch {
	uint16_t first, last;
	size_t service;
};

struct sweep {
	struct sp_reading *reading;
	struct sp_intervals listed;	   /* of all sets with action = block */
	bool borrowed;			   /* … of which there is one: its elements */
	const struct sp_address_set *list; /* one of them, for the note */
	bool *open;			   /* per service: it allows something */
	size_t *blamed; /* per service: a block that takes part, or SIZE_MAX */
	SP_ARRAY(struct stretch) stretches;
	SP_ARRAY(struct stretch) allows, blocks; /* active */
};

/* --- does one match hold wherever the other does? ------------------------ */

static bool pattern_covers(const char *outer, const char *inner)
{
	size_t length = strlen(outer);

	if (length && outer[length - 1] == '*')
		return !strncmp(outer, inner, length - 1);
	return !strcmp(outer, inner);
}

static bool interfaces_cover(
    const struct sp_service *outer, const struct sp_service *inner)
{
	if (!outer->interface_count)
		return true;
	for (size_t i = 0; i < inner->interface_count; i++) {
		bool found = false;

		for (size_t o = 0; o < outer->interface_count && !found; o++)
			found =
			    pattern_covers(outer->interfaces[o], inner->interfaces[i]);
		if (!found)
			return false;
	}
	return inner->interface_count > 0;
}

static bool holds_for(const struct sp_service *block, const struct sp_service *allow)
{
	if (!interfaces_cover(block, allow))
		return false;
	return block->to.any || (!allow->to.any && sp_intervals_cover(&block->to.literals,
						       &allow->to.literals));
}

/* --- sources ------------------------------------------------------------- */

/* Everything that a match names; a family that `to` lacks cannot occur. */
static bool sources_of(
    const struct sweep *sweep, const struct sp_service *service, struct sp_intervals *ret)
{
	const struct sp_match *from = &service->from;
	bool fine;

	memset(ret, 0, sizeof(*ret));
	fine = from->any ? sp_intervals_add_any(ret)
			 : sp_intervals_add_all(ret, &from->literals);
	for (size_t i = 0; fine && i < from->set_count; i++)
		fine = sp_intervals_add_all(
		    ret, &sweep->reading->sets.items[from->sets[i].set].elements);
	if (!fine) {
		sp_intervals_free(ret);
		return false;
	}
	if (!service->to.any && !service->to.literals.v4.length)
		ret->v4.length = 0;
	if (!service->to.any && !service->to.literals.v6.length)
		ret->v6.length = 0;
	sp_intervals_normalize(ret);
	return true;
}

static bool take_away(struct sp_intervals *left, const struct sp_intervals *taken)
{
	struct sp_intervals rest;

	if (!sp_intervals_subtract(left, taken, &rest))
		return false;
	sp_intervals_free(left);
	*left = rest;
	return true;
}

static bool take_block(
    const struct sweep *sweep, const struct sp_service *block, struct sp_intervals *left)
{
	bool fine = true;

	if (block->from.any) {
		sp_intervals_free(left);
		return true;
	}
	fine = take_away(left, &block->from.literals);
	for (size_t i = 0; fine && i < block->from.set_count; i++)
		fine = take_away(
		    left, &sweep->reading->sets.items[block->from.sets[i].set].elements);
	return fine;
}

static bool match_contains(const struct sweep *sweep, const struct sp_match *match,
    const struct sp_address *address)
{
	if (match->any || sp_intervals_contain(&match->literals, address))
		return true;
	for (size_t i = 0; i < match->set_count; i++)
		if (sp_intervals_contain(
			&sweep->reading->sets.items[match->sets[i].set].elements,
			address))
			return true;
	return false;
}

/* Some address that the allow names; false: it names none. */
static bool witness(
    const struct sweep *sweep, const struct sp_service *allow, struct sp_address *ret)
{
	const struct sp_match *from = &allow->from;
	bool v4 = allow->to.any || allow->to.literals.v4.length;
	const struct sp_intervals *parts = &from->literals;

	if (from->any) {
		*ret = (struct sp_address){ v4 ? SP_IPV4 : SP_IPV6, 0, 0 };
		return true;
	}
	for (size_t i = 0; i <= from->set_count; i++) {
		if (i)
			parts =
			    &sweep->reading->sets.items[from->sets[i - 1].set].elements;
		if (sp_intervals_is_empty(parts) ||
		    (!v4 && parts->v4.length == sp_intervals_count(parts)))
			continue;
		*ret = sp_intervals_at(parts, v4 ? 0 : parts->v4.length).first;
		return true;
	}
	return false;
}

/* The cheap question, which nearly every allow answers with no: is one of its
 * addresses blocked here? */
static bool may_be_covered(const struct sweep *sweep, const struct sp_service *allow)
{
	struct sp_address address;

	if (!witness(sweep, allow, &address))
		return false;
	if (sp_intervals_contain(&sweep->listed, &address))
		return true;
	for (size_t i = 0; i < sweep->blocks.length; i++) {
		const struct sp_service *block =
		    &sweep->reading->services.items[sweep->blocks.items[i].service];

		if (match_contains(sweep, &block->from, &address) &&
		    holds_for(block, allow))
			return true;
	}
	return false;
}

/* Is nothing of the allow left where the active blocks hold? */
static bool is_covered(
    struct sweep *sweep, const struct sp_service *allow, size_t *blamed, bool *ret)
{
	struct sp_intervals left;

	*ret = false;
	if (!may_be_covered(sweep, allow))
		return true;
	if (!sources_of(sweep, allow, &left))
		return false;
	for (size_t i = 0; i < sweep->blocks.length && !sp_intervals_is_empty(&left);
	     i++) {
		size_t index = sweep->blocks.items[i].service;
		const struct sp_service *block = &sweep->reading->services.items[index];

		if (!holds_for(block, allow))
			continue;
		if (!take_block(sweep, block, &left)) {
			sp_intervals_free(&left);
			return false;
		}
		*blamed = index;
	}
	*ret = sp_intervals_is_empty(&left) || sp_intervals_cover(&sweep->listed, &left);
	sp_intervals_free(&left);
	return true;
}

/* --- the sweep ----------------------------------------------------------- */

static int compare_stretches(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->service > b->service) - (a->service < b->service);
}

static bool add_stretches(struct sweep *sweep, enum sp_protocol protocol)
{
	sweep->stretches.length = 0;
	for (size_t i = 0; i < sweep->reading->services.length; i++) {
		const struct sp_service *service = &sweep->reading->services.items[i];

		if (!sweep->reading->origins.items[i].sound ||
		    !(protocol == SP_TCP ? service->tcp : service->udp))
			continue;
		for (size_t p = 0; p < service->port_count; p++) {
			struct stretch item = { service->ports[p].first,
				service->ports[p].last, i };

			if (!sp_array_push(&sweep->stretches, item))
				return false;
		}
	}
	if (sweep->stretches.length)
		qsort(sweep->stretches.items, sweep->stretches.length,
		    sizeof(*sweep->stretches.items), compare_stretches);
	return true;
}

/* Keeps what goes on at `port`, and what is still in question. Returns the port
 * behind the first one that ends. */
static uint32_t keep_active(
    const struct sweep *sweep, struct stretch *items, size_t *length, uint32_t port)
{
	uint32_t next = UINT16_MAX + 1;
	size_t kept = 0;

	for (size_t i = 0; i < *length; i++) {
		if (items[i].last < port || sweep->open[items[i].service])
			continue;
		if (items[i].last + 1u < next)
			next = items[i].last + 1u;
		items[kept++] = items[i];
	}
	*length = kept;
	return next;
}

static bool ask_active(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->allows.length; i++) {
		size_t index = sweep->allows.items[i].service;
		bool covered;

		if (!is_covered(sweep, &sweep->reading->services.items[index],
			&sweep->blamed[index], &covered))
			return false;
		sweep->open[index] = !covered;
	}
	return true;
}

static bool sweep_protocol(struct sweep *sweep, enum sp_protocol protocol)
{
	size_t at = 0;
	uint32_t port = 0;

	if (!add_stretches(sweep, protocol))
		return false;
	sweep->allows.length = sweep->blocks.length = 0;
	while (port <= UINT16_MAX) {
		uint32_t ends, more;

		for (; at < sweep->stretches.length &&
		       sweep->stretches.items[at].first == port;
		     at++) {
			struct stretch *item = &sweep->stretches.items[at];
			bool allow =
			    sweep->reading->services.items[item->service].action ==
			    SP_ALLOW;

			if (!(allow ? sp_array_push(&sweep->allows, *item)
				    : sp_array_push(&sweep->blocks, *item)))
				return false;
		}
		keep_active(sweep, sweep->allows.items, &sweep->allows.length, port);
		keep_active(sweep, sweep->blocks.items, &sweep->blocks.length, port);
		if (!ask_active(sweep))
			return false;
		ends =
		    keep_active(sweep, sweep->allows.items, &sweep->allows.length, port);
		more =
		    keep_active(sweep, sweep->blocks.items, &sweep->blocks.length, port);
		port = ends < more ? ends : more;
		if (at < sweep->stretches.length &&
		    sweep->stretches.items[at].first < port)
			port = sweep->stretches.items[at].first;
	}
	return true;
}

/* --- what is said -------------------------------------------------------- */

static void say(struct sweep *sweep, size_t index)
{
	struct sp_reading *reading = sweep->reading;
	struct sp_service *allow = &reading->services.items[index];
	struct sp_location at = sp_place_of(&reading->origins.items[index].place, "from");

	sp_error(reading->diag, &at,
	    "[service %s] allows nothing: all of it is blocked elsewhere", allow->name);
	if (sweep->blamed[index] != SIZE_MAX) {
		const struct sp_service *block =
		    &reading->services.items[sweep->blamed[index]];

		sp_diag_add(reading->diag, SP_NOTE, &block->at, "[service %s] %s it",
		    block->name, block->action == SP_BLOCK ? "blocks" : "rejects");
	} else if (sweep->list) {
		sp_diag_add(reading->diag, SP_NOTE, &sweep->list->at,
		    "[addresses %s] blocks it", sweep->list->name);
	}
}

static bool has_blocks(const struct sp_reading *reading)
{
	for (size_t i = 0; i < reading->sets.length; i++)
		if (reading->sets.items[i].block)
			return true;
	for (size_t i = 0; i < reading->services.length; i++)
		if (reading->services.items[i].action != SP_ALLOW)
			return true;
	return false;
}

/* A million of them are not copied and sorted for want of a second list. */
static bool gather_lists(struct sweep *sweep)
{
	struct sp_intervals one = { 0 };

	for (size_t i = 0; i < sweep->reading->sets.length; i++) {
		const struct sp_address_set *set = &sweep->reading->sets.items[i];

		if (!set->block)
			continue;
		if (sweep->list && !sp_intervals_add_all(&sweep->listed, &one))
			return false;
		one = set->elements;
		sweep->list = set;
	}
	sweep->borrowed = sp_intervals_is_empty(&sweep->listed);
	if (sweep->borrowed) {
		sweep->listed = one;
		return true;
	}
	return sp_intervals_add_all(&sweep->listed, &one) &&
	       sp_intervals_sort(&sweep->listed);
}

static bool start(struct sweep *sweep)
{
	size_t count = sweep->reading->services.length;

	sweep->open = calloc(count + 1, sizeof(*sweep->open));
	sweep->blamed = malloc((count + 1) * sizeof(*sweep->blamed));
	if (!sweep->open || !sweep->blamed)
		return false;
	for (size_t i = 0; i < count; i++) {
		sweep->open[i] = !sweep->reading->origins.items[i].sound;
		sweep->blamed[i] = SIZE_MAX;
	}
	return gather_lists(sweep);
}

bool sp_check_covered(struct sp_reading *reading)
{
	struct sweep sweep = { .reading = reading };
	bool fine = true;

	/* What a list with mistakes leaves out would be a guess. */
	if (reading->sets_unsound || !has_blocks(reading))
		return true;
	if (!start(&sweep) || !sweep_protocol(&sweep, SP_TCP) ||
	    !sweep_protocol(&sweep, SP_UDP))
		fine = sp_out_of_memory(reading->diag);
	for (size_t i = 0; fine && i < reading->services.length; i++)
		if (reading->services.items[i].action == SP_ALLOW && !sweep.open[i])
			say(&sweep, i);
	if (!sweep.borrowed)
		sp_intervals_free(&sweep.listed);
	sp_array_free(&sweep.stretches);
	sp_array_free(&sweep.allows);
	sp_array_free(&sweep.blocks);
	free(sweep.open);
	free(sweep.blamed);
	return fine;
}
