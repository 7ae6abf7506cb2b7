/* TLS profiles: the shipped ones, from policies/profiles. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "shipped.h"

void sp_profile_free(struct sp_profile *profile)
{
	free(profile->name);
	free(profile->source);
}

static bool add_profile(struct sp_reading *reading, const struct sp_document *document,
    const struct sp_section *section)
{
	struct sp_profile profile = { .name = NULL };
	bool fine =
	    sp_section_read(reading, &sp_profile_table, document, section, &profile);

	profile.name = strndup(section->name.text, section->name.length);
	if (!fine || !profile.name || !sp_array_push(&reading->profiles, profile)) {
		sp_profile_free(&profile);
		return fine ? sp_out_of_memory(reading->diag) : false;
	}
	return sp_names_add(&reading->profile_names, sp_slice(profile.name),
		   reading->profiles.length - 1) ||
	       sp_out_of_memory(reading->diag);
}

bool sp_profiles_read(struct sp_reading *reading)
{
	struct sp_document document = { .file = "baseline.ini",
		.bytes = (const char *)sp_shipped_baseline,
		.length = sp_shipped_baseline_length };
	bool fine = true;

	sp_document_read(&document, reading->diag);
	for (size_t i = 0; i < document.sections.length; i++)
		fine =
		    add_profile(reading, &document, &document.sections.items[i]) && fine;
	sp_document_free(&document);
	return fine;
}
