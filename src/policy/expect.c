/* One [expect NAME]: read here, put to the test where rulesets are (expect.h). */
#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "reading.h"

void sp_expect_free(struct sp_expect *expect)
{
	free(expect->name);
	sp_match_free(&expect->from);
	sp_match_free(&expect->to);
	for (size_t i = 0; i < expect->interface_count; i++)
		free(expect->interfaces[i]);
	free(expect->interfaces);
	free(expect->ports);
}

static bool check_new(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_location at = sp_section_at(place->document, place->section);
	size_t existing;

	if (!sp_names_find(&reading->expect_names, place->section->name, &existing))
		return true;
	sp_error(reading->diag, &at, "[expect %.*s] is there twice",
	    SP_SHOW(place->section->name));
	sp_diag_add(reading->diag, SP_NOTE, &reading->expects.items[existing].at,
	    "it is here first");
	return false;
}

bool sp_expect_read(struct sp_reading *reading, const struct sp_place *place)
{
	const struct sp_section *section = place->section;
	struct sp_expect expect = { .at = sp_section_at(place->document, section) };
	bool fine;

	if (!sp_check_name(reading->diag, place->document, section) ||
	    !check_new(reading, place))
		return false;
	expect.name = strndup(section->name.text, section->name.length);
	if (!expect.name || !sp_array_reserve(&reading->expects, 1) ||
	    !sp_names_add(
		&reading->expect_names, section->name, reading->expects.length)) {
		free(expect.name);
		return sp_out_of_memory(reading->diag);
	}
	fine =
	    sp_section_read(reading, &sp_expect_table, place->document, section, &expect);
	reading->expects.items[reading->expects.length++] = expect;
	return fine;
}
