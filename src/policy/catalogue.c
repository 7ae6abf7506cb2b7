/* Services by name: the shipped catalogue and services.d. */
#include "catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "reading.h"
#include "shipped.h"

#define SHIPPED_NAME "the catalogue"

static void free_entry(struct sp_entry *entry)
{
	free(entry->name);
	free(entry->description);
	free(entry->ports);
}

void sp_catalogue_free(struct sp_catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->entries.length; i++)
		free_entry(&catalogue->entries.items[i]);
	sp_array_free(&catalogue->entries);
	sp_names_free(&catalogue->names);
}

const struct sp_entry *sp_catalogue_find(
    const struct sp_catalogue *catalogue, struct sp_slice name)
{
	size_t index;

	return sp_names_find(&catalogue->names, name, &index)
		   ? &catalogue->entries.items[index]
		   : NULL;
}

/* What holds for a service holds for what services are made from. */
static bool check_entry(struct sp_reading *reading, const struct sp_entry *entry)
{
	if (entry->tls == SP_TLS_STARTTLS && entry->starttls == SP_DIALECT_NONE)
		return sp_error(reading->diag, &entry->at,
		    "tls = starttls wants a dialect: write starttls");
	if (entry->tls != SP_TLS_STARTTLS && entry->starttls != SP_DIALECT_NONE)
		return sp_error(reading->diag, &entry->at,
		    "starttls without tls = starttls: remove one");
	if (entry->tls != SP_TLS_NONE && !entry->tcp)
		return sp_error(reading->diag, &entry->at,
		    "tls with UDP alone: TLS is proven over TCP");
	if (!strcmp(entry->name, "none"))
		return sp_error(reading->diag, &entry->at,
		    "\"none\" means no entry: choose another name");
	return true;
}

/* Puts the entry in, in place of the one that it overrides. Owns it then. */
static bool add_entry(struct sp_reading *reading, struct sp_entry *entry)
{
	struct sp_catalogue *catalogue = &reading->catalogue;
	size_t existing;

	if (sp_names_find(&catalogue->names, sp_slice(entry->name), &existing)) {
		struct sp_entry *old = &catalogue->entries.items[existing];
		struct sp_entry replaced = *old;

		if (!entry->override) {
			sp_error(reading->diag, &entry->at,
			    "the catalogue has \"%s\" already: write \"override = yes\" "
			    "to "
			    "redefine it",
			    entry->name);
			sp_diag_add(reading->diag, SP_NOTE, &old->at, "it is here");
			return false;
		}
		/* The name that the table points to stays. */
		replaced.name = entry->name;
		entry->name = old->name;
		*old = *entry;
		free_entry(&replaced);
		memset(entry, 0, sizeof(*entry));
		return true;
	}
	if (!sp_array_reserve(&catalogue->entries, 1) ||
	    !sp_names_add(
		&catalogue->names, sp_slice(entry->name), catalogue->entries.length))
		return sp_out_of_memory(reading->diag);
	catalogue->entries.items[catalogue->entries.length++] = *entry;
	memset(entry, 0, sizeof(*entry));
	return true;
}

static bool read_entry(struct sp_reading *reading, const struct sp_document *document,
    const struct sp_section *section)
{
	struct sp_entry entry = { .at = sp_section_at(document, section) };
	bool fine;

	if (!sp_slice_is(section->kind, sp_entry_table.kind))
		return sp_error(reading->diag, &entry.at,
		    "[%.*s] does not belong here: services.d holds [service NAME] "
		    "sections",
		    SP_SHOW(section->kind));
	if (!sp_check_name(reading->diag, document, section))
		return false;
	entry.name = strndup(section->name.text, section->name.length);
	if (!entry.name)
		return sp_out_of_memory(reading->diag);
	fine = sp_section_read(reading, &sp_entry_table, document, section, &entry) &&
	       check_entry(reading, &entry) && add_entry(reading, &entry);
	free_entry(&entry);
	return fine;
}

static bool read_entries(struct sp_reading *reading, const struct sp_document *document)
{
	bool fine = true;

	for (size_t i = 0; i < document->sections.length; i++)
		fine =
		    read_entry(reading, document, &document->sections.items[i]) && fine;
	return fine;
}

static bool read_shipped(struct sp_reading *reading)
{
	struct sp_document document = { .file = SHIPPED_NAME,
		.bytes = (const char *)sp_shipped_services,
		.length = sp_shipped_services_length };
	bool fine;

	sp_document_read(&document, reading->diag);
	fine = read_entries(reading, &document);
	sp_document_free(&document);
	return fine;
}

static int is_policy_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 &&
	       !strcmp(entry->d_name + length - 4, ".ini");
}

typedef bool use_file(struct sp_reading *reading, const char *path);

static bool read_services_file(struct sp_reading *reading, const char *path)
{
	struct sp_source *source = sp_source_open(
	    reading, path, "service file", &(struct sp_location){ path, 0, 0 });

	if (!source)
		return false;
	sp_document_read(&source->document, reading->diag);
	return read_entries(reading, &source->document);
}

static bool read_profiles_file(struct sp_reading *reading, const char *path)
{
	struct sp_source *source = sp_source_open(
	    reading, path, "profile file", &(struct sp_location){ path, 0, 0 });

	if (!source)
		return false;
	sp_document_read(&source->document, reading->diag);
	return sp_profiles_file_read(reading, &source->document);
}

/* Each *.ini of a folder, in the order of their names. */
static bool each_file(struct sp_reading *reading, const char *folder, use_file *use)
{
	char *directory = NULL;
	struct dirent **entries = NULL;
	bool fine = true;
	int count;

	if (asprintf(&directory, "%s/%s", reading->config_directory, folder) < 0)
		return sp_out_of_memory(reading->diag);
	count = scandir(directory, &entries, is_policy_file, alphasort);
	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		fine = sp_error(reading->diag, &(struct sp_location){ directory, 0, 0 },
		    "cannot read the folder: %s", strerror(errno));
	for (int i = 0; i < count; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0)
			fine = sp_out_of_memory(reading->diag);
		else
			fine = use(reading, path) && fine;
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(directory);
	return fine;
}

bool sp_catalogue_read(struct sp_reading *reading)
{
	bool fine = read_shipped(reading);

	if (reading->stands_alone)
		return fine;
	fine = each_file(reading, "services.d", read_services_file) && fine;
	return each_file(reading, "profiles.d", read_profiles_file) && fine;
}
