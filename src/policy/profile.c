/* TLS profiles: the shipped ones of policies/profiles, those of profiles.d, and
 * the policy's own [profile NAME], in this order. Each is made from one that
 * stands before it, so that there is no cycle to find. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "shipped.h"

/* What one begins with that does not say otherwise. */
#define STANDARD_BASE "baseline"

void sp_profile_free(struct sp_profile *profile)
{
	free(profile->name);
	free(profile->source);
	free(profile->suites);
	free(profile->groups);
	free(profile->key_curves);
	for (size_t i = 0; i < SP_DEMANDS; i++)
		free(profile->clauses[i]);
}

/* False when memory is out; the count is then 0. */
static bool copy_numbers(uint16_t **numbers, size_t *count)
{
	size_t bytes = *count * sizeof(**numbers);
	uint16_t *copy = bytes ? malloc(bytes) : NULL;

	if (copy)
		memcpy(copy, *numbers, bytes);
	else
		*count = 0;
	*numbers = copy;
	return copy || !bytes;
}

/* What `base` says, in memory of its own; not whose it is. */
static bool copy_profile(const struct sp_profile *base, struct sp_profile *ret)
{
	bool fine;

	*ret = *base;
	ret->name = ret->source = NULL;
	ret->override = ret->of_policy = false;
	fine = copy_numbers(&ret->suites, &ret->suite_count);
	fine = copy_numbers(&ret->groups, &ret->group_count) && fine;
	fine = copy_numbers(&ret->key_curves, &ret->key_curve_count) && fine;
	for (size_t i = 0; i < SP_DEMANDS; i++) {
		ret->clauses[i] = base->clauses[i] ? strdup(base->clauses[i]) : NULL;
		fine = fine && (ret->clauses[i] || !base->clauses[i]);
	}
	return fine;
}

static const struct sp_profile *find_profile(
    const struct sp_reading *reading, struct sp_slice name)
{
	size_t index;

	return sp_names_find(&reading->profile_names, name, &index)
		   ? &reading->profiles.items[index]
		   : NULL;
}

static bool no_such_base(
    struct sp_reading *reading, struct sp_slice name, const struct sp_location *at)
{
	struct sp_suggestion suggestion = { .wanted = name };

	for (size_t i = 0; i < reading->profiles.length; i++)
		sp_suggest(&suggestion, sp_slice(reading->profiles.items[i].name));
	if (suggestion.best.text)
		return sp_error(reading->diag, at,
		    "there is no profile \"%.*s\" above: did you mean \"%.*s\"?",
		    SP_SHOW(name), SP_SHOW(suggestion.best));
	return sp_error(reading->diag, at,
	    "there is no profile \"%.*s\" above: a base stands before what is made "
	    "from it",
	    SP_SHOW(name));
}

/* The defaults of every key, for one that is made from nothing. */
static bool read_defaults(
    struct sp_reading *reading, const struct sp_place *place, struct sp_profile *profile)
{
	for (size_t i = 0; i < sp_profile_table.count; i++) {
		const struct sp_row *row = &sp_profile_table.rows[i];

		if ((row->flags & SP_ROW_INHERITED) &&
		    !sp_default_read(reading, row, row->standard, place->document,
			place->section, profile))
			return false;
	}
	return true;
}

/* Fills `profile` with its base; `ret_base` gets the base's name, or "none". */
static bool begin_with_base(struct sp_reading *reading, const struct sp_place *place,
    struct sp_profile *profile, struct sp_slice *ret_base)
{
	const struct sp_key *key =
	    sp_section_key(place->document, place->section, "base");
	struct sp_location at = sp_section_at(place->document, place->section);
	const struct sp_profile *base;

	*ret_base = sp_slice(STANDARD_BASE);
	if (key && key->count) {
		const struct sp_item *item = &place->document->items.items[key->first];

		*ret_base = item->text;
		at = sp_item_at(place->document, item);
	}
	if (sp_slice_is(*ret_base, "none"))
		return read_defaults(reading, place, profile);
	base = find_profile(reading, *ret_base);
	if (!base)
		return no_such_base(reading, *ret_base, &at);
	return copy_profile(base, profile) || sp_out_of_memory(reading->diag);
}

/* A clause says where the base's value comes from, not where this one does. */
static void drop_clauses(const struct sp_place *place, struct sp_profile *profile)
{
	for (int i = 0; i < SP_DEMANDS; i++)
		if (sp_place_has(place, sp_demand_key((enum sp_demand)i))) {
			free(profile->clauses[i]);
			profile->clauses[i] = NULL;
		}
}

static bool derive_source(
    struct sp_reading *reading, struct sp_slice base, struct sp_profile *profile)
{
	struct sp_text text = { 0 };

	if (profile->source)
		return true;
	sp_text_add(&text, "profile %s", profile->name);
	if (!sp_slice_is(base, "none"))
		sp_text_add(&text, " made from %.*s", SP_SHOW(base));
	if (text.failed) {
		sp_text_free(&text);
		return sp_out_of_memory(reading->diag);
	}
	profile->source = text.bytes;
	return true;
}

/* --- what fits together -------------------------------------------------- */

static const struct {
	enum sp_weakness weakness;
	uint16_t version;
	const char *written;
} versions[] = { { SP_WEAK_SSLV2, SP_SSL2, NULL }, { SP_WEAK_SSLV3, SP_SSL3, NULL },
	{ SP_WEAK_TLS10, SP_TLS10, "1.0" }, { SP_WEAK_TLS11, SP_TLS11, "1.1" } };

/* The stricter of min_version and a weakness decides: what was written and has no
 * effect for that reason is said. */
static void warn_versions(struct sp_reading *reading, const struct sp_place *place,
    const struct sp_profile *profile)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		const char *key = sp_weakness(versions[i].weakness)->key;
		enum sp_stance stance = profile->weaknesses[versions[i].weakness];
		bool allowed = versions[i].version >= profile->min_version;
		struct sp_location at = sp_place_of(place, key);

		if (sp_place_has(place, key) && stance != SP_STANCE_FAIL && !allowed)
			sp_diag_add(reading->diag, SP_WARNING, &at,
			    "%s = %s has no effect while min_version is above it", key,
			    sp_stance_name(stance));
		at = sp_place_of(place, "min_version");
		if (sp_place_has(place, "min_version") && stance == SP_STANCE_FAIL &&
		    allowed)
			sp_diag_add(reading->diag, SP_WARNING, &at,
			    "min_version allows TLS %s, and %s = fail refuses it: write "
			    "\"%s = warn\" or \"%s = ignore\"",
			    versions[i].written, key, key, key);
	}
}

static bool check_profile(struct sp_reading *reading, const struct sp_place *place,
    const struct sp_profile *profile)
{
	struct sp_location at = sp_place_of(place, "required_version");

	if (!strcmp(profile->name, "none"))
		return sp_error(reading->diag, &profile->at,
		    "\"none\" means no base: choose another name");
	if (profile->min_version == 0) {
		at = sp_place_of(place, "min_version");
		return sp_error(
		    reading->diag, &at, "min_version is 1.0, 1.1, 1.2 or 1.3, not none");
	}
	if (profile->required_version && profile->required_version < profile->min_version)
		return sp_error(reading->diag, &at,
		    "required_version is below min_version: no server can have both");
	warn_versions(reading, place, profile);
	return true;
}

/* --- */

static bool refuse_known(struct sp_reading *reading, const struct sp_profile *profile,
    const struct sp_profile *old)
{
	if (old->of_policy && profile->of_policy)
		sp_error(reading->diag, &profile->at, "[profile %s] is there twice",
		    profile->name);
	else
		sp_error(reading->diag, &profile->at,
		    "there is a profile \"%s\" already: write \"override = yes\" to "
		    "redefine it",
		    profile->name);
	if (old->at.file)
		sp_diag_add(reading->diag, SP_NOTE, &old->at, "it is here first");
	return false;
}

/* Puts the profile in, in place of the one that it overrides. Owns it then. */
static bool add_profile(struct sp_reading *reading, struct sp_profile *profile)
{
	size_t existing;

	if (sp_names_find(&reading->profile_names, sp_slice(profile->name), &existing)) {
		struct sp_profile *old = &reading->profiles.items[existing];
		struct sp_profile replaced = *old;

		if (!profile->override || (old->of_policy && profile->of_policy))
			return refuse_known(reading, profile, old);
		/* The name that the table points to stays. */
		replaced.name = profile->name;
		profile->name = old->name;
		*old = *profile;
		sp_profile_free(&replaced);
		memset(profile, 0, sizeof(*profile));
		return true;
	}
	if (!sp_array_reserve(&reading->profiles, 1) ||
	    !sp_names_add(&reading->profile_names, sp_slice(profile->name),
		reading->profiles.length))
		return sp_out_of_memory(reading->diag);
	reading->profiles.items[reading->profiles.length++] = *profile;
	memset(profile, 0, sizeof(*profile));
	return true;
}

static bool read_profile(
    struct sp_reading *reading, const struct sp_place *place, bool of_policy)
{
	struct sp_profile profile = { .name = NULL };
	struct sp_slice base, name = place->section->name;
	bool fine = begin_with_base(reading, place, &profile, &base);

	profile.at = sp_section_at(place->document, place->section);
	profile.of_policy = of_policy;
	profile.name = strndup(name.text, name.length);
	if (!profile.name)
		fine = sp_out_of_memory(reading->diag);
	if (fine)
		drop_clauses(place, &profile);
	/* Its keys are looked at even when its base is not known. */
	fine = sp_section_read(reading, &sp_profile_table, place->document,
		   place->section, &profile) &&
	       fine;
	fine = fine && derive_source(reading, base, &profile) &&
	       check_profile(reading, place, &profile) && add_profile(reading, &profile);
	sp_profile_free(&profile);
	return fine;
}

bool sp_profile_read(struct sp_reading *reading, const struct sp_place *place)
{
	return sp_check_name(reading->diag, place->document, place->section) &&
	       read_profile(reading, place, true);
}

bool sp_profiles_file_read(struct sp_reading *reading, const struct sp_document *document)
{
	bool fine = true;

	for (size_t i = 0; i < document->sections.length; i++) {
		struct sp_place place = { document, &document->sections.items[i] };
		struct sp_location at = sp_section_at(document, place.section);

		if (!sp_slice_is(place.section->kind, sp_profile_table.kind))
			fine = sp_error(reading->diag, &at,
			    "[%.*s] does not belong here: profiles.d holds [profile "
			    "NAME] sections",
			    SP_SHOW(place.section->kind));
		else
			fine = sp_check_name(reading->diag, document, place.section) &&
			       read_profile(reading, &place, false) && fine;
	}
	return fine;
}

bool sp_profiles_read(struct sp_reading *reading)
{
	bool fine = true;

	for (size_t i = 0; i < sp_shipped_profile_count; i++) {
		const struct sp_shipped *shipped = &sp_shipped_profiles[i];
		struct sp_document document = { .file = shipped->name,
			.bytes = (const char *)shipped->bytes,
			.length = *shipped->length };

		sp_document_read(&document, reading->diag);
		fine = sp_profiles_file_read(reading, &document) && fine;
		sp_document_free(&document);
	}
	/* Locations point into files that the policy keeps; these have none. */
	for (size_t i = 0; i < reading->profiles.length; i++)
		reading->profiles.items[i].at.file = NULL;
	return fine;
}
