/* One policy in the course of being read: what the stages hand to each other. */
#ifndef SALLYPORT_POLICY_READING_H
#define SALLYPORT_POLICY_READING_H

#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/policy.h>

#include "catalogue.h"
#include "document.h"
#include "file.h"
#include "names.h"

/* A file of the policy. The text stays until reading ends: slices point to it. */
struct sp_source {
	struct sp_document document;
	struct sp_file file;
	struct sp_location included_at; /* file NULL: the policy itself */
	struct sp_source *parent;
};

/* Where a section of the policy stands; includes are in place. */
struct sp_place {
	const struct sp_document *document;
	const struct sp_section *section;
};

/* Where a service comes from. Only a sound one, without an error of its own, is
 * compared with others. */
struct sp_origin {
	struct sp_place place;
	bool sound;
};

struct sp_reading {
	struct sp_policy *policy;
	struct sp_diag *diag;
	const char *config_directory;
	bool stands_alone; /* a snapshot's text: sp_policy_source */
	size_t errors_before; /* that the caller's diagnostics had already */
	SP_ARRAY(struct sp_source *) sources;
	const struct sp_source *main; /* the policy itself */
	SP_ARRAY(struct sp_place) places;
	SP_ARRAY(char *) files; /* becomes policy->files */
	struct sp_catalogue catalogue;
	SP_ARRAY(struct sp_service) services;
	SP_ARRAY(struct sp_origin) origins; /* beside services */
	SP_ARRAY(struct sp_address_set) sets;
	SP_ARRAY(struct sp_profile) profiles;
	SP_ARRAY(struct sp_expect) expects;
	struct sp_names expect_names;
	struct sp_names service_names, set_names, profile_names;
	bool sets_unsound; /* some address set had a mistake */
};

/* Keeps a file's name as long as the policy lives; NULL when memory is out. */
const char *sp_keep_name(struct sp_reading *reading, char *name);

/* include.c: reads the policy and what it includes into `sources`, and puts all
 * sections in their order into `places`. */
bool sp_sources_read(struct sp_reading *reading, const char *path);

/* Opens one more file beside the policy's own (services.d). NULL on error. */
struct sp_source *sp_source_open(struct sp_reading *reading, const char *path,
    const char *what, const struct sp_location *blame);

/* lists.c: the address file's ranges are added to `set`, not normalized. */
bool sp_list_read(const char *path, const struct sp_location *blame,
    struct sp_intervals *set, struct sp_diag *diag);
/* The same as sp_intervals_normalize, by a radix sort. False: memory is out. */
bool sp_intervals_sort(struct sp_intervals *set);

/* service.c, addresses.c, profile.c: one section into one more item. */
bool sp_service_read(struct sp_reading *reading, const struct sp_place *place);
bool sp_addresses_read(struct sp_reading *reading, const struct sp_place *place);
bool sp_profile_read(struct sp_reading *reading, const struct sp_place *place);
/* The shipped profiles. */
bool sp_profiles_read(struct sp_reading *reading);
/* Each [profile NAME] of a file of profiles.d. */
bool sp_profiles_file_read(
    struct sp_reading *reading, const struct sp_document *document);
bool sp_expect_read(struct sp_reading *reading, const struct sp_place *place);
void sp_service_free(struct sp_service *service);
void sp_match_free(struct sp_match *match);
void sp_expect_free(struct sp_expect *expect);
void sp_set_free(struct sp_address_set *set);
void sp_profile_free(struct sp_profile *profile);

/* The section's key, or its header when the key was not written. */
struct sp_location sp_place_of(const struct sp_place *place, const char *key);
bool sp_place_has(const struct sp_place *place, const char *key);

/* lockdown.c: after the services. */
bool sp_lockdown_read(struct sp_reading *reading);

/* Checks between services; each reports and returns false. */
bool sp_check_agreement(struct sp_reading *reading);
bool sp_check_covered(struct sp_reading *reading);

/* lints.c: fills in policy->lints. False: memory is out. */
bool sp_policy_lint(struct sp_reading *reading);

/* printer.c: fills in the digest. */
bool sp_policy_digest(struct sp_policy *policy, struct sp_diag *diag);

#endif
