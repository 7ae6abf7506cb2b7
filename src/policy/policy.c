/* From a file to a policy: the pipeline. */
#include <sallyport/policy.h>

#include <stdlib.h>

#include "language.h"
#include "reading.h"

#define CONFIG_DIRECTORY "/etc/sallyport"

typedef bool read_section(struct sp_reading *reading, const struct sp_place *place);

static bool read_policy_section(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_location at = sp_section_at(place->document, place->section);

	if (reading->policy->at.line) {
		sp_error(reading->diag, &at, "[policy] is there twice");
		sp_diag_add(
		    reading->diag, SP_NOTE, &reading->policy->at, "it is here first");
		return false;
	}
	reading->policy->at = at;
	if (place->section->name.length)
		sp_error(reading->diag, &at, "[policy] has no name: write [policy]");
	return sp_section_read(
	    reading, &sp_policy_table, place->document, place->section, reading->policy);
}

/* In the order in which they are read: the policy names a profile, services name
 * sets and profiles. */
static const struct kind {
	const char *name;
	read_section *read;
} kinds[] = {
	{ "profile", sp_profile_read },
	{ "policy", read_policy_section },
	{ "addresses", sp_addresses_read },
	{ "service", sp_service_read },
	{ "expect", sp_expect_read },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static bool unknown_section(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_location at = sp_section_at(place->document, place->section);
	struct sp_slice kind = place->section->kind;
	struct sp_suggestion suggestion = { .wanted = kind };
	const struct sp_catalogue *catalogue = &reading->catalogue;

	for (size_t k = 0; k < KINDS; k++)
		sp_suggest(&suggestion, sp_slice(kinds[k].name));
	if (suggestion.best.text)
		return sp_error(reading->diag, &at,
		    "there are no [%.*s] sections: did you mean [%.*s]?", SP_SHOW(kind),
		    SP_SHOW(suggestion.best));
	if (sp_catalogue_find(catalogue, kind))
		return sp_error(reading->diag, &at,
		    "there are no [%.*s] sections: did you mean [service %.*s]?",
		    SP_SHOW(kind), SP_SHOW(kind));
	return sp_error(reading->diag, &at,
	    "there are no [%.*s] sections: there are [policy], [service NAME], "
	    "[addresses NAME], [profile NAME] and [expect NAME]",
	    SP_SHOW(kind));
}

static bool read_sections(struct sp_reading *reading)
{
	bool fine = true;

	for (size_t k = 0; k < KINDS; k++)
		for (size_t i = 0; i < reading->places.length; i++) {
			const struct sp_place *place = &reading->places.items[i];

			if (sp_slice_is(place->section->kind, kinds[k].name))
				fine = kinds[k].read(reading, place) && fine;
		}
	return fine;
}

static bool check_kinds(struct sp_reading *reading)
{
	bool fine = true;

	for (size_t i = 0; i < reading->places.length; i++) {
		const struct sp_place *place = &reading->places.items[i];
		bool known = false;

		for (size_t k = 0; k < KINDS; k++)
			known = known || sp_slice_is(place->section->kind, kinds[k].name);
		if (!known)
			fine = unknown_section(reading, place);
	}
	return fine;
}

static bool any_errors(const struct sp_reading *reading)
{
	return reading->diag->errors > reading->errors_before;
}

static bool check_whole(struct sp_reading *reading)
{
	struct sp_location at = { reading->main->document.file, 0, 0 };

	/* A file without a single good line has its errors already. */
	if (!reading->places.length)
		return !any_errors(reading) &&
		       sp_error(reading->diag, &at,
			   "an empty policy: begin it with [policy] and version = 1");
	if (!reading->policy->at.line)
		return sp_error(reading->diag, &at,
		    "no [policy] section: begin with [policy] and version = 1");
	if (!reading->services.length && !any_errors(reading))
		sp_diag_add(reading->diag, SP_WARNING, &reading->policy->at,
		    "no service is allowed: everything is shut");
	return true;
}

static bool read_all(struct sp_reading *reading, const char *path)
{
	bool fine = sp_profiles_read(reading) && sp_catalogue_read(reading);

	fine = sp_sources_read(reading, path) && fine;
	if (!reading->main)
		return false;
	fine = check_kinds(reading) && fine;
	fine = read_sections(reading) && fine;
	fine = check_whole(reading) && sp_lockdown_read(reading) && fine;
	fine = sp_check_agreement(reading) && fine;
	fine = sp_check_covered(reading) && fine;
	return fine && (any_errors(reading) || sp_policy_lint(reading));
}

/* The policy takes over what the stages made. */
static void hand_over(struct sp_reading *reading)
{
	struct sp_policy *policy = reading->policy;

	policy->services = reading->services.items;
	policy->service_count = reading->services.length;
	policy->sets = reading->sets.items;
	policy->set_count = reading->sets.length;
	policy->profiles = reading->profiles.items;
	policy->profile_count = reading->profiles.length;
	policy->expects = reading->expects.items;
	policy->expect_count = reading->expects.length;
	policy->files = reading->files.items;
	policy->file_count = reading->files.length;
}

static void free_reading(struct sp_reading *reading)
{
	for (size_t i = 0; i < reading->sources.length; i++) {
		sp_document_free(&reading->sources.items[i]->document);
		free(reading->sources.items[i]->file.bytes);
		free(reading->sources.items[i]);
	}
	sp_array_free(&reading->sources);
	sp_array_free(&reading->places);
	sp_array_free(&reading->origins);
	sp_names_free(&reading->service_names);
	sp_names_free(&reading->set_names);
	sp_names_free(&reading->profile_names);
	sp_names_free(&reading->expect_names);
	sp_catalogue_free(&reading->catalogue);
}

struct sp_policy *sp_policy_read(
    const struct sp_policy_source *source, struct sp_diag *diag)
{
	struct sp_reading reading = { .diag = diag,
		.config_directory = source->config_directory ? source->config_directory
							     : CONFIG_DIRECTORY,
		.stands_alone = source->stands_alone };
	struct sp_policy *policy = calloc(1, sizeof(*policy));
	bool fine;

	if (!policy) {
		sp_out_of_memory(diag);
		return NULL;
	}
	reading.policy = policy;
	reading.errors_before = diag->errors;
	fine = read_all(&reading, source->path);
	hand_over(&reading);
	/* An error that a stage reported and did not return counts as well. */
	fine = fine && !any_errors(&reading) && sp_policy_digest(policy, diag);
	free_reading(&reading);
	sp_diag_sort(diag);
	if (!fine) {
		sp_policy_free(policy);
		return NULL;
	}
	return policy;
}

void sp_policy_free(struct sp_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->service_count; i++)
		sp_service_free(&policy->services[i]);
	for (size_t i = 0; i < policy->set_count; i++)
		sp_set_free(&policy->sets[i]);
	for (size_t i = 0; i < policy->profile_count; i++)
		sp_profile_free(&policy->profiles[i]);
	for (size_t i = 0; i < policy->expect_count; i++)
		sp_expect_free(&policy->expects[i]);
	for (size_t i = 0; i < policy->file_count; i++)
		free(policy->files[i]);
	sp_lints_free(&policy->lints);
	free(policy->expects);
	free(policy->services);
	free(policy->sets);
	free(policy->profiles);
	free(policy->files);
	free(policy->lockdown);
	free(policy);
}
