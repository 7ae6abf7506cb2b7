#include <sallyport/known.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/address.h>

#include "hostname.h"
#include "reading.h"

#define CONFIG_DIRECTORY "/etc/sallyport"

static void free_known(struct sp_known *known)
{
	free(known->name);
	free(known->ports);
}

static bool add(struct sp_knowns *knowns, const struct sp_entry *entry)
{
	struct sp_known known = { .name = strdup(entry->name),
		.ports = calloc(entry->port_count + 1, sizeof(*known.ports)),
		.port_count = entry->port_count,
		.tcp = entry->tcp,
		.udp = entry->udp,
		.tls = entry->tls,
		.starttls = entry->starttls };

	if (known.ports && entry->port_count)
		memcpy(
		    known.ports, entry->ports, entry->port_count * sizeof(*known.ports));
	if (known.name && known.ports && sp_array_push(knowns, known))
		return true;
	free_known(&known);
	return false;
}

static void free_reading(struct sp_reading *reading)
{
	for (size_t i = 0; i < reading->sources.length; i++) {
		sp_document_free(&reading->sources.items[i]->document);
		free(reading->sources.items[i]->file.bytes);
		free(reading->sources.items[i]);
	}
	sp_array_free(&reading->sources);
	for (size_t i = 0; i < reading->files.length; i++)
		free(reading->files.items[i]);
	sp_array_free(&reading->files);
	for (size_t i = 0; i < reading->profiles.length; i++)
		sp_profile_free(&reading->profiles.items[i]);
	sp_array_free(&reading->profiles);
	sp_names_free(&reading->profile_names);
	sp_catalogue_free(&reading->catalogue);
}

bool sp_knowns_read(
    const char *config_directory, struct sp_knowns *ret, struct sp_diag *diag)
{
	struct sp_reading reading = { .diag = diag,
		.errors_before = diag->errors,
		.config_directory =
		    config_directory ? config_directory : CONFIG_DIRECTORY };
	struct sp_knowns found = { 0 };
	/* Profiles of profiles.d may have shipped ones as their base. */
	bool fine = sp_profiles_read(&reading) && sp_catalogue_read(&reading);

	for (size_t i = 0; fine && i < reading.catalogue.entries.length; i++)
		if (!add(&found, &reading.catalogue.entries.items[i]))
			fine = sp_out_of_memory(diag);
	free_reading(&reading);
	if (fine)
		*ret = found;
	else
		sp_knowns_free(&found);
	return fine;
}

void sp_knowns_free(struct sp_knowns *knowns)
{
	for (size_t i = 0; i < knowns->length; i++)
		free_known(&knowns->items[i]);
	sp_array_free(knowns);
}

bool sp_is_plain_host_name(const char *text)
{
	char canonical[SP_MAX_HOST_NAME + 1];
	struct sp_address address;

	/* The reader lets '_' pass, for names that an administrator wrote. */
	return *text && strlen(text) <= SP_MAX_HOST_NAME && !strchr(text, '_') &&
	       !sp_address_parse(text, strlen(text), &address) &&
	       !sp_host_name_read(sp_slice(text), canonical);
}
