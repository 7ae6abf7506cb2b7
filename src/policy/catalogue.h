/* Services by name: the shipped catalogue and services.d. */
#ifndef SALLYPORT_POLICY_CATALOGUE_H
#define SALLYPORT_POLICY_CATALOGUE_H

#include <sallyport/array.h>
#include <sallyport/policy.h>

#include "names.h"

struct sp_reading;

struct sp_entry {
	char *name;
	struct sp_location at;
	char *description;
	struct sp_ports *ports;
	size_t port_count;
	bool tcp, udp;
	enum sp_tls tls;
	enum sp_dialect starttls;
	bool override; /* redefines an entry on purpose */
};

struct sp_catalogue {
	SP_ARRAY(struct sp_entry) entries;
	struct sp_names names;
};

/* Reads the shipped entries, then services.d of the configuration directory;
 * a folder that is not there is no error. */
bool sp_catalogue_read(struct sp_reading *reading);

/* NULL when it has no such entry. */
const struct sp_entry *sp_catalogue_find(
    const struct sp_catalogue *catalogue, struct sp_slice name);

void sp_catalogue_free(struct sp_catalogue *catalogue);

#endif
