/* Lints that the text and the catalogue give rise to. What services do to each
 * other's packets is the packet space's: space/shadow.c. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"

/* --- address sets -------------------------------------------------------- */

static void mark(const struct sp_match *match, bool *used)
{
	for (size_t i = 0; i < match->set_count; i++)
		used[match->sets[i].set] = true;
}

static bool lint_set(struct sp_lints *lints, const struct sp_address_set *set, bool used)
{
	if (sp_intervals_is_empty(&set->elements) &&
	    !sp_lints_add(lints, set->allow_lint, SP_LINT_EMPTY_ADDRESSES, &set->at,
		"[addresses %s] has no address in it", set->name))
		return false;
	return used || set->block ||
	       sp_lints_add(lints, set->allow_lint, SP_LINT_UNUSED_ADDRESSES, &set->at,
		   "[addresses %s] is used by no service", set->name);
}

static bool lint_sets(const struct sp_reading *reading, struct sp_lints *lints)
{
	bool *used = calloc(reading->sets.length + 1, sizeof(*used));
	bool fine = used != NULL;

	for (size_t i = 0; fine && i < reading->services.length; i++)
		mark(&reading->services.items[i].from, used);
	for (size_t i = 0; fine && i < reading->expects.length; i++)
		mark(&reading->expects.items[i].from, used);
	for (size_t i = 0; fine && i < reading->sets.length; i++)
		fine = lint_set(lints, &reading->sets.items[i], used[i]);
	free(used);
	return fine;
}

/* The first of `large` that does not end before `address`. */
static size_t search(const struct sp_intervals *large, const struct sp_address *address)
{
	size_t low = 0, high = sp_intervals_count(large);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct sp_range range = sp_intervals_at(large, middle);

		if (sp_address_compare(&range.last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A block list that lies wholly within what is allowed is an exception. */
static bool is_exception(
    const struct sp_address_set *allowed, const struct sp_address_set *block)
{
	return sp_intervals_cover(&allowed->elements, &block->elements);
}

/* Some address that is in both. The smaller one leads: a list may have a million
 * elements, and each service its own look at it. */
static bool share(
    const struct sp_intervals *a, const struct sp_intervals *b, struct sp_range *ret)
{
	bool swap = sp_intervals_count(a) > sp_intervals_count(b);
	const struct sp_intervals *small = swap ? b : a, *large = swap ? a : b;

	for (size_t i = 0; i < sp_intervals_count(small); i++) {
		struct sp_range mine = sp_intervals_at(small, i), its;
		size_t at = search(large, &mine.first);

		if (at == sp_intervals_count(large))
			return false;
		its = sp_intervals_at(large, at);
		if (sp_address_compare(&its.first, &mine.last) > 0)
			continue;
		ret->first = sp_address_compare(&its.first, &mine.first) > 0 ? its.first
									     : mine.first;
		ret->last =
		    sp_address_compare(&its.last, &mine.last) < 0 ? its.last : mine.last;
		return true;
	}
	return false;
}

static bool lint_pair(struct sp_lints *lints, unsigned allowed,
    const struct sp_location *at, const char *where, const struct sp_address_set *one,
    const struct sp_address_set *two)
{
	struct sp_range range;
	char text[SP_RANGE_TEXT];

	/* The section that says it, or either set's, may allow it. */
	allowed |= one->allow_lint | two->allow_lint;
	if (allowed >> SP_LINT_OVERLAPPING_ADDRESSES & 1)
		return true;
	return !share(&one->elements, &two->elements, &range) ||
	       sp_lints_add(lints, allowed, SP_LINT_OVERLAPPING_ADDRESSES, at,
		   "[addresses %s] and [addresses %s] overlap%s: both have %s", one->name,
		   two->name, where, sp_range_print(&range, text));
}

static bool lint_blocks(const struct sp_reading *reading, struct sp_lints *lints)
{
	for (size_t i = 0; i < reading->sets.length; i++)
		for (size_t j = 0; j < i && reading->sets.items[i].block; j++)
			if (reading->sets.items[j].block &&
			    !lint_pair(lints, 0, &reading->sets.items[i].at,
				", two block lists", &reading->sets.items[j],
				&reading->sets.items[i]))
				return false;
	return true;
}

static bool lint_from_sets(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service)
{
	const struct sp_match *from = &service->from;

	for (size_t i = 0; i < from->set_count; i++) {
		const struct sp_address_set *one =
		    &reading->sets.items[from->sets[i].set];

		for (size_t j = 0; j < i; j++)
			if (!lint_pair(lints, service->allow_lint, &from->sets[i].at,
				" in one from", &reading->sets.items[from->sets[j].set],
				one))
				return false;
		for (size_t b = 0;
		     b < reading->sets.length && service->action == SP_ALLOW; b++)
			if (reading->sets.items[b].block &&
			    &reading->sets.items[b] != one &&
			    !is_exception(one, &reading->sets.items[b]) &&
			    !lint_pair(lints, service->allow_lint, &from->sets[i].at,
				", and the second is a block list", one,
				&reading->sets.items[b]))
				return false;
	}
	return true;
}

/* --- sources ------------------------------------------------------------- */

static bool lint_subsets(const struct sp_service *service, struct sp_lints *lints)
{
	for (size_t i = 0; i < service->from.subset_count; i++) {
		const struct sp_subset *subset = &service->from.subsets[i];
		char inner[SP_RANGE_TEXT], outer[SP_RANGE_TEXT];

		if (!sp_lints_add(lints, service->allow_lint, SP_LINT_SUBSET_SOURCE,
			&subset->at, "%s lies within %s of the same list",
			sp_range_print(&subset->inner, inner),
			sp_range_print(&subset->outer, outer)))
			return false;
	}
	return true;
}

/* A literal that one of the list's sets holds. */
static bool lint_literals(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service)
{
	const struct sp_match *from = &service->from;

	for (size_t s = 0; s < from->set_count; s++) {
		const struct sp_address_set *set =
		    &reading->sets.items[from->sets[s].set];

		for (size_t i = 0; i < sp_intervals_count(&from->literals); i++) {
			struct sp_range range = sp_intervals_at(&from->literals, i);
			struct sp_intervals one = { 0 };
			char text[SP_RANGE_TEXT];
			bool covered;

			if (!sp_intervals_contain(&set->elements, &range.first))
				continue;
			if (!sp_intervals_add(&one, &range))
				return false;
			covered = sp_intervals_cover(&set->elements, &one);
			sp_intervals_free(&one);
			if (covered && !sp_lints_add(lints, service->allow_lint,
					   SP_LINT_SUBSET_SOURCE, &from->at,
					   "%s lies within @%s of the same list",
					   sp_range_print(&range, text), set->name))
				return false;
		}
	}
	return true;
}

/* --- the catalogue ------------------------------------------------------- */

static const struct sp_entry *entry_of(
    const struct sp_reading *reading, const struct sp_service *service)
{
	return service->use
		   ? sp_catalogue_find(&reading->catalogue, sp_slice(service->use))
		   : NULL;
}

/* What the catalogue knows of one port over TCP. */
struct known {
	const struct sp_entry *plain, *tls;
};

static struct known known_port(const struct sp_reading *reading, uint16_t port)
{
	struct known known = { 0 };

	for (size_t i = 0; i < reading->catalogue.entries.length; i++) {
		const struct sp_entry *entry = &reading->catalogue.entries.items[i];

		/* Ranges are nobody's ports in particular. */
		for (size_t p = 0; p < entry->port_count && entry->tcp; p++)
			if (entry->ports[p].first == port && entry->ports[p].last == port)
				*(entry->tls == SP_TLS_NONE ? &known.plain : &known.tls) =
				    entry;
	}
	return known;
}

static bool lint_port(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service, uint16_t port)
{
	struct known known = known_port(reading, port);
	const struct sp_entry *own = entry_of(reading, service);

	/* Its own entry with TLS is another lint. */
	if (service->tls == SP_TLS_NONE && known.tls && !known.plain &&
	    (!own || own->tls == SP_TLS_NONE))
		return sp_lints_add(lints, service->allow_lint, SP_LINT_PLAIN_ON_TLS_PORT,
		    &service->tls_at,
		    "[service %s] asks for no TLS on port %u, which the catalogue knows "
		    "as \"%s\", with tls = %s",
		    service->name, port, known.tls->name, sp_tls_name(known.tls->tls));
	if (service->tls != SP_TLS_NONE && known.plain && !known.tls)
		return sp_lints_add(lints, service->allow_lint, SP_LINT_TLS_ON_PLAIN_PORT,
		    &service->tls_at,
		    "[service %s] asks for TLS on port %u, which the catalogue knows as "
		    "\"%s\", without TLS",
		    service->name, port, known.plain->name);
	return true;
}

static bool lint_ports(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service)
{
	for (size_t p = 0; p < service->port_count && service->tcp; p++)
		if (service->ports[p].first == service->ports[p].last &&
		    !lint_port(reading, lints, service, service->ports[p].first))
			return false;
	return true;
}

/* Protocols in which passwords travel as they are typed, whatever is written. */
static bool is_bare(const struct sp_service *service)
{
	return service->use &&
	       (!strcmp(service->use, "telnet") || !strcmp(service->use, "ftp"));
}

static bool lint_plain(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service)
{
	const struct sp_entry *own = entry_of(reading, service);
	bool known_with_tls = own && own->tls != SP_TLS_NONE;

	if (service->tls != SP_TLS_NONE)
		return true;
	if (known_with_tls &&
	    !sp_lints_add(lints, service->allow_lint, SP_LINT_PLAIN_FOR_TLS,
		&service->tls_at,
		"tls = none, and the catalogue knows \"%s\" with tls = %s: nothing is "
		"verified here",
		own->name, sp_tls_name(own->tls)))
		return false;
	return !service->from.any || (!known_with_tls && !is_bare(service)) ||
	       sp_lints_add(lints, service->allow_lint, SP_LINT_PLAIN_FROM_ANY,
		   &service->at, "[service %s] is open to any, in clear text",
		   service->name);
}

/* --- all of it ----------------------------------------------------------- */

static bool lint_service(const struct sp_reading *reading, struct sp_lints *lints,
    const struct sp_service *service)
{
	if (!lint_subsets(service, lints) || !lint_literals(reading, lints, service) ||
	    !lint_from_sets(reading, lints, service))
		return false;
	return service->action != SP_ALLOW || (lint_plain(reading, lints, service) &&
						  lint_ports(reading, lints, service));
}

bool sp_policy_lint(struct sp_reading *reading)
{
	struct sp_lints *lints = &reading->policy->lints;
	bool fine = lint_sets(reading, lints) && lint_blocks(reading, lints);

	for (size_t i = 0; fine && i < reading->services.length; i++)
		fine = lint_service(reading, lints, &reading->services.items[i]);
	return fine || sp_out_of_memory(reading->diag);
}
