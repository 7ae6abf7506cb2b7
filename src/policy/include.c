/* The policy's files: the policy itself and what it includes, in place. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "language.h"

const char *sp_keep_name(struct sp_reading *reading, char *name)
{
	if (name && sp_array_push(&reading->files, name))
		return name;
	free(name);
	sp_out_of_memory(reading->diag);
	return NULL;
}

struct sp_source *sp_source_open(struct sp_reading *reading, const char *path,
    const char *what, const struct sp_location *blame)
{
	const char *name = sp_keep_name(reading, strdup(path));
	struct sp_source *source = name ? calloc(1, sizeof(*source)) : NULL;

	/* An array of pointers is meant. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	if (!source || !sp_array_push(&reading->sources, source)) {
		sp_out_of_memory(reading->diag);
		free(source);
		return NULL;
	}
	if (!sp_file_read(
		path, SP_MAX_POLICY_BYTES, what, blame, &source->file, reading->diag))
		return NULL;
	source->document.file = name;
	source->document.bytes = source->file.bytes;
	source->document.length = source->file.length;
	return source;
}

static bool same_file(const struct sp_source *a, const struct sp_source *b)
{
	return a->file.device == b->file.device && a->file.inode == b->file.inode;
}

/* Is `source` one of the files that lead to it? Both lines are named. */
static bool check_cycle(struct sp_reading *reading, const struct sp_source *source)
{
	for (const struct sp_source *above = source->parent; above;
	     above = above->parent) {
		if (!same_file(source, above))
			continue;
		sp_error(reading->diag, &source->included_at,
		    "%s includes itself: an include cycle", source->document.file);
		sp_diag_add(reading->diag, SP_NOTE,
		    above->parent ? &above->included_at
				  : &(struct sp_location){ above->document.file, 1, 0 },
		    above->parent ? "it is included here first"
				  : "it is the policy itself");
		return false;
	}
	return true;
}

static bool check_twice(struct sp_reading *reading, const struct sp_source *source)
{
	for (size_t i = 0; reading->sources.items[i] != source; i++) {
		const struct sp_source *other = reading->sources.items[i];

		if (!other->file.bytes || !same_file(source, other))
			continue;
		sp_error(reading->diag, &source->included_at, "%s is included twice",
		    source->document.file);
		sp_diag_add(reading->diag, SP_NOTE, &other->included_at,
		    "it is included here first");
		return false;
	}
	return true;
}

static bool check_limits(struct sp_reading *reading, const struct sp_source *parent,
    const struct sp_location *at)
{
	size_t depth = 1;

	for (const struct sp_source *above = parent; above->parent; above = above->parent)
		depth++;
	if (depth > SP_MAX_INCLUDE_DEPTH)
		return sp_error(reading->diag, at,
		    "includes are nested more than %d deep", SP_MAX_INCLUDE_DEPTH);
	if (reading->sources.length > SP_MAX_INCLUDE_FILES)
		return sp_error(reading->diag, at, "more than %d files are included",
		    SP_MAX_INCLUDE_FILES);
	return true;
}

static bool place_sections(struct sp_reading *reading, struct sp_source *source);

static bool include_one(
    struct sp_reading *reading, struct sp_source *parent, const struct sp_item *item)
{
	struct sp_location at = sp_item_at(&parent->document, item);
	struct sp_source *source;
	char *path;

	if (!check_limits(reading, parent, &at))
		return false;
	path = sp_path_beside(parent->document.file, item->text);
	if (!path)
		return sp_out_of_memory(reading->diag);
	source = sp_source_open(reading, path, "included file", &at);
	free(path);
	if (!source)
		return false;
	source->parent = parent;
	source->included_at = at;
	if (!check_cycle(reading, source) || !check_twice(reading, source))
		return false;
	sp_document_read(&source->document, reading->diag);
	return place_sections(reading, source);
}

static bool include_all(struct sp_reading *reading, struct sp_source *source,
    const struct sp_section *section)
{
	const struct sp_key *key = sp_section_key(&source->document, section, "include");
	bool fine = true;

	for (size_t i = 0; key && i < key->count; i++) {
		const struct sp_item *item =
		    &source->document.items.items[key->first + i];

		if (!sp_slice_is(item->text, "none"))
			fine = include_one(reading, source, item) && fine;
	}
	return fine;
}

/* An included file's [policy] says what it includes and the version that it is
 * written in; what holds for the whole is said in one place. */
static bool check_included(struct sp_reading *reading, const struct sp_source *source,
    const struct sp_section *section)
{
	const struct sp_document *document = &source->document;
	bool fine = true;

	for (size_t i = 0; i < section->count; i++) {
		const struct sp_key *key = &document->keys.items[section->first + i];
		struct sp_location at = sp_key_at(document, key);

		if (!sp_slice_is(key->name, "version") &&
		    !sp_slice_is(key->name, "include"))
			fine = sp_error(reading->diag, &at,
			    "an included file's [policy] has version and include alone: "
			    "write this in %s",
			    reading->main->document.file);
	}
	return fine;
}

static bool place_sections(struct sp_reading *reading, struct sp_source *source)
{
	const struct sp_document *document = &source->document;
	bool fine = true;

	for (size_t i = 0; i < document->sections.length; i++) {
		const struct sp_section *section = &document->sections.items[i];
		struct sp_place place = { document, section };
		bool policy = sp_slice_is(section->kind, sp_policy_table.kind);

		if (!policy || !source->parent) {
			if (!sp_array_push(&reading->places, place))
				return sp_out_of_memory(reading->diag);
		} else {
			fine = check_included(reading, source, section) && fine;
		}
		if (policy)
			fine = include_all(reading, source, section) && fine;
	}
	return fine;
}

bool sp_sources_read(struct sp_reading *reading, const char *path)
{
	struct sp_source *source =
	    sp_source_open(reading, path, "policy", &(struct sp_location){ path, 0, 0 });

	if (!source)
		return false;
	reading->main = source;
	sp_document_read(&source->document, reading->diag);
	return place_sections(reading, source);
}
