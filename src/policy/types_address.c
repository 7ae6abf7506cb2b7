/* Types whose values are addresses, prefixes, ranges and sets of them. */
#include "language.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "printer.h"
#include "reading.h"

const char *sp_range_problem(enum sp_range_error error)
{
	switch (error) {
	case SP_RANGE_OK: break;
	case SP_RANGE_SYNTAX: return "not an address, a prefix or a range";
	case SP_RANGE_LENGTH: return "a prefix of more than 32 bits (IPv4) or 128 (IPv6)";
	case SP_RANGE_HOST_BITS: return "a prefix with host bits set";
	case SP_RANGE_FAMILIES: return "a range from one family to the other";
	case SP_RANGE_REVERSED: return "a range that ends before it begins";
	case SP_RANGE_MAPPED: return "IPv4-mapped, which no packet's address is";
	}
	return "?";
}

static bool refuse_range(struct sp_reading *reading, const struct sp_value *value,
    size_t i, enum sp_range_error error, struct sp_range *range)
{
	struct sp_slice written = value->items[i].text;
	char right[SP_RANGE_TEXT];

	if (error == SP_RANGE_REVERSED) {
		struct sp_address last = range->first;

		range->first = range->last;
		range->last = last;
	}
	if (error == SP_RANGE_HOST_BITS || error == SP_RANGE_REVERSED ||
	    error == SP_RANGE_MAPPED)
		return sp_refuse_item(reading, value, i, "\"%.*s\" is %s: write %s",
		    SP_SHOW(written), sp_range_problem(error),
		    sp_range_print(range, right));
	return sp_refuse_item(reading, value, i, "\"%.*s\" is %s", SP_SHOW(written),
	    sp_range_problem(error));
}

static bool add_range(struct sp_reading *reading, const struct sp_value *value, size_t i,
    struct sp_intervals *set)
{
	struct sp_slice written = value->items[i].text;
	struct sp_range range, meant;
	enum sp_range_error error = sp_range_parse(written.text, written.length, &range);

	/* A snapshot may have them from a version that took them. */
	if (error == SP_RANGE_OK && !reading->stands_alone &&
	    sp_range_is_mapped(&range, &meant)) {
		range = meant;
		error = SP_RANGE_MAPPED;
	}
	if (error != SP_RANGE_OK)
		return refuse_range(reading, value, i, error, &range);
	return sp_intervals_add(set, &range) || sp_out_of_memory(reading->diag);
}

static void print_intervals(struct sp_printer *printer, const struct sp_intervals *set)
{
	char text[SP_RANGE_TEXT];

	if (sp_print_absorb(printer, set))
		return;
	for (size_t i = 0; i < sp_intervals_count(set); i++) {
		struct sp_range range = sp_intervals_at(set, i);

		sp_print_item(printer, text, sp_range_write(&range, text));
	}
}

/* --- from, to ------------------------------------------------------------ */

static bool add_set(struct sp_reading *reading, const struct sp_value *value, size_t i,
    struct sp_match *match)
{
	struct sp_slice name = { value->items[i].text.text + 1,
		value->items[i].text.length - 1 };
	struct sp_suggestion suggestion = { .wanted = name };
	struct sp_set_use use = { .at = sp_item_at(value->document, &value->items[i]) };

	if (!name.length)
		return sp_refuse_item(
		    reading, value, i, "\"@\" alone: write @NAME for [addresses NAME]");
	if (sp_names_find(&reading->set_names, name, &use.set)) {
		for (size_t s = 0; s < match->set_count; s++)
			if (match->sets[s].set == use.set)
				return true;
		match->sets[match->set_count++] = use;
		return true;
	}
	for (size_t s = 0; s < reading->sets.length; s++)
		sp_suggest(&suggestion, sp_slice(reading->sets.items[s].name));
	if (suggestion.best.text)
		return sp_refuse_item(reading, value, i,
		    "there is no [addresses %.*s]: did you mean \"@%.*s\"?",
		    SP_SHOW(name), SP_SHOW(suggestion.best));
	return sp_refuse_item(
	    reading, value, i, "there is no [addresses %.*s]", SP_SHOW(name));
}

static bool read_match_item(struct sp_reading *reading, const struct sp_value *value,
    size_t i, bool with_sets, struct sp_match *match)
{
	struct sp_slice text = value->items[i].text;

	if (sp_slice_is(text, "any"))
		return sp_refuse_item(reading, value, i,
		    "\"any\" stands alone: remove it or the other elements");
	if (text.text[0] != '@')
		return add_range(reading, value, i, &match->literals);
	if (!with_sets)
		return sp_refuse_item(reading, value, i,
		    "%s names local addresses: write them here, not \"%.*s\"",
		    value->row->key, SP_SHOW(text));
	return add_set(reading, value, i, match);
}

/* --- literals within literals, for a lint -------------------------------- */

struct written {
	struct sp_range range;
	struct sp_location at;
};

/* Wider ones first. */
static int compare_written(const void *left, const void *right)
{
	const struct written *a = left, *b = right;
	int order = sp_address_compare(&a->range.first, &b->range.first);

	order = order ? order : sp_address_compare(&b->range.last, &a->range.last);
	return order ? order : (int)(a->at.line > b->at.line) - (a->at.line < b->at.line);
}

static size_t write_down(const struct sp_value *value, struct written *written)
{
	size_t count = 0;

	for (size_t i = 0; i < value->count; i++) {
		struct sp_slice text = value->items[i].text;

		if (sp_range_parse(text.text, text.length, &written[count].range) ==
		    SP_RANGE_OK)
			written[count++].at =
			    sp_item_at(value->document, &value->items[i]);
	}
	if (count)
		qsort(written, count, sizeof(*written), compare_written);
	return count;
}

static bool find_subsets(
    struct sp_reading *reading, const struct sp_value *value, struct sp_match *match)
{
	struct written *written = calloc(value->count, sizeof(*written)), *widest;
	size_t count = written ? write_down(value, written) : 0;
	bool fine = written != NULL;

	widest = written;
	for (size_t i = 1; i < count && fine && match->subset_count < SP_MAX_SUBSETS;
	     i++) {
		if (sp_address_compare(&written[i].range.last, &widest->range.last) > 0) {
			widest = &written[i];
			continue;
		}
		if (!match->subsets)
			match->subsets = calloc(SP_MAX_SUBSETS, sizeof(*match->subsets));
		fine = match->subsets != NULL;
		if (fine)
			match->subsets[match->subset_count++] =
			    (struct sp_subset){ written[i].range, widest->range,
				    written[i].at };
	}
	free(written);
	return fine || sp_out_of_memory(reading->diag);
}

static bool read_match(struct sp_reading *reading, const struct sp_value *value,
    bool with_sets, struct sp_match *match)
{
	bool fine = true;

	match->at = sp_item_at(value->document, &value->items[0]);
	match->any = value->count == 1 && sp_slice_is(value->items[0].text, "any");
	if (match->any)
		return true;
	match->sets = calloc(value->count, sizeof(*match->sets));
	if (!match->sets)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < value->count; i++)
		fine = read_match_item(reading, value, i, with_sets, match) && fine;
	fine = find_subsets(reading, value, match) && fine;
	sp_intervals_normalize(&match->literals);
	if (!match->set_count) {
		free(match->sets);
		match->sets = NULL;
	}
	/* 0.0.0.0/0 with ::/0 is another way to write it. */
	if (sp_intervals_is_any(&match->literals) && !match->set_count) {
		sp_intervals_free(&match->literals);
		match->any = true;
	}
	return fine;
}

static bool read_sources(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	return read_match(reading, value, true, field);
}

static bool read_destinations(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	return read_match(reading, value, false, field);
}

static void print_match(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_match *match = field;

	(void)row;
	if (match->any)
		sp_print_word(printer, "any");
	print_intervals(printer, &match->literals);
	for (size_t i = 0; i < match->set_count; i++) {
		const char *name = printer->policy->sets[match->sets[i].set].name;
		char text[64];

		text[0] = '@';
		/* A set's name fits: SP_INIH_SECTION_BYTES. */
		memccpy(text + 1, name, '\0', sizeof(text) - 1);
		sp_print_word(printer, text);
	}
}

const struct sp_type sp_type_sources = { true, read_sources, print_match };
const struct sp_type sp_type_destinations = { true, read_destinations, print_match };

/* --- elements ------------------------------------------------------------ */

static bool read_elements(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	bool fine = true;

	if (value->count == 1 && sp_slice_is(value->items[0].text, "none"))
		return true;
	for (size_t i = 0; i < value->count; i++) {
		if (value->items[i].text.text[0] == '@')
			fine = sp_refuse_item(reading, value, i,
			    "\"%.*s\": a set does not hold sets; a service's from takes "
			    "several",
			    SP_SHOW(value->items[i].text));
		else
			fine = add_range(reading, value, i, field) && fine;
	}
	return fine;
}

static void print_elements(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	/* The field is what was written here; a text that stands alone has all. */
	const struct sp_intervals *all = field, *literals = all;
	const struct sp_address_set *set =
	    (const struct sp_address_set *)(const void *)((const char *)field -
							  row->offset);

	if (printer->inlined || !set->file_count)
		literals = &set->elements;
	if (sp_intervals_is_empty(literals))
		sp_print_word(printer, "none");
	print_intervals(printer, literals);
}

const struct sp_type sp_type_elements = { true, read_elements, print_elements };

/* --- single addresses ---------------------------------------------------- */

static bool read_addresses(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_address *addresses;
	bool fine = true;

	if (value->count == 1 && sp_slice_is(value->items[0].text, "none"))
		return true;
	addresses = calloc(value->count, sizeof(*addresses));
	if (!addresses)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < value->count; i++) {
		struct sp_slice text = value->items[i].text;

		if (!sp_address_parse(text.text, text.length, &addresses[i]))
			fine = sp_refuse_item(reading, value, i,
			    "\"%.*s\" is not an address: %s takes IPv4 and IPv6 "
			    "addresses",
			    SP_SHOW(text), value->row->key);
	}
	sp_field_set_list(field, addresses, value->count);
	return fine;
}

static void print_addresses(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const void *items;
	size_t count;
	char text[SP_ADDRESS_TEXT];

	(void)row;
	sp_field_get_list(field, &items, &count);
	if (!count)
		sp_print_word(printer, "none");
	for (size_t i = 0; i < count; i++)
		sp_print_word(printer,
		    sp_address_print((const struct sp_address *)items + i, text));
}

const struct sp_type sp_type_addresses = { true, read_addresses, print_addresses };
