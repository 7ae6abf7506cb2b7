/* Address sets: [addresses NAME]. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "language.h"

void sp_set_free(struct sp_address_set *set)
{
	free(set->name);
	for (size_t i = 0; i < set->file_count; i++)
		free(set->files[i]);
	free(set->files);
	sp_intervals_free(&set->literals);
	sp_intervals_free(&set->elements);
}

static bool check_new(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_location at = sp_section_at(place->document, place->section);
	size_t existing;

	if (!sp_names_find(&reading->set_names, place->section->name, &existing))
		return true;
	sp_error(reading->diag, &at, "[addresses %.*s] is there twice",
	    SP_SHOW(place->section->name));
	sp_diag_add(reading->diag, SP_NOTE, &reading->sets.items[existing].at,
	    "it is here first");
	return false;
}

/* Reads the files of one set. A mistake in them is placed in the file; that it
 * cannot be read, at the key that names it. */
static bool load_files(
    struct sp_reading *reading, const struct sp_place *place, struct sp_address_set *set)
{
	struct sp_location at = sp_place_of(place, "file");
	bool fine = true;

	for (size_t i = 0; i < set->file_count; i++) {
		const char *name = sp_keep_name(reading, strdup(set->files[i]));

		if (!name)
			return false;
		fine = sp_list_read(name, &at, &set->elements, reading->diag) && fine;
	}
	return fine;
}

static bool unite(struct sp_reading *reading, struct sp_address_set *set)
{
	bool fine = sp_intervals_sort(&set->literals);

	if (!set->file_count) {
		set->elements = set->literals;
		memset(&set->literals, 0, sizeof(set->literals));
	} else {
		fine = fine && sp_intervals_add_all(&set->elements, &set->literals) &&
		       sp_intervals_sort(&set->elements);
	}
	if (!fine)
		return sp_out_of_memory(reading->diag);
	return sp_intervals_count(&set->elements) <= SP_MAX_SET_ELEMENTS ||
	       sp_error(reading->diag, &set->at, "more than %u addresses in one set",
		   SP_MAX_SET_ELEMENTS);
}

static bool check_empty(struct sp_reading *reading, const struct sp_place *place,
    const struct sp_address_set *set)
{
	if (!sp_place_has(place, "elements") && !sp_place_has(place, "file") &&
	    !place->section->damaged)
		return sp_error(reading->diag, &set->at,
		    "[addresses %s] has to say its elements or a file", set->name);
	return true;
}

/* Even a set with mistakes is kept, so that its uses are no further ones. */
bool sp_addresses_read(struct sp_reading *reading, const struct sp_place *place)
{
	const struct sp_section *section = place->section;
	struct sp_address_set set = { .at = sp_section_at(place->document, section) };
	bool fine;

	if (!sp_check_name(reading->diag, place->document, section) ||
	    !check_new(reading, place))
		return false;
	set.name = strndup(section->name.text, section->name.length);
	if (!set.name || !sp_array_push(&reading->sets, set)) {
		free(set.name);
		return sp_out_of_memory(reading->diag);
	}
	if (!sp_names_add(&reading->set_names, section->name, reading->sets.length - 1))
		return sp_out_of_memory(reading->diag);
	fine =
	    sp_section_read(reading, &sp_addresses_table, place->document, section, &set);
	fine = load_files(reading, place, &set) && fine;
	fine = unite(reading, &set) && fine;
	reading->sets.items[reading->sets.length - 1] = set;
	fine = fine && check_empty(reading, place, &set);
	reading->sets_unsound = reading->sets_unsound || !fine;
	return fine;
}
