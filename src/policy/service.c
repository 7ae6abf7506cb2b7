/* One [service NAME]: its keys, what it takes from the catalogue, and whether
 * they fit together. */
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "language.h"

void sp_match_free(struct sp_match *match)
{
	sp_intervals_free(&match->literals);
	free(match->sets);
	free(match->subsets);
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void sp_service_free(struct sp_service *service)
{
	free(service->name);
	free(service->use);
	free(service->ports);
	sp_match_free(&service->from);
	sp_match_free(&service->to);
	free_strings(service->interfaces, service->interface_count);
	free_strings(service->names, service->name_count);
	free_strings(service->alpn, service->alpn_count);
	free(service->client_certificate);
	free(service->listen);
	free(service->ca);
	free(service->crl);
}

/* What the checks of one service look at. */
struct subject {
	struct sp_reading *reading;
	const struct sp_place *place;
	const struct sp_entry *entry; /* or NULL */
	struct sp_service *service;
	/* What is missing may have been in a line that was refused. */
	bool damaged;
};

static bool complain(const struct subject *subject, const char *key, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

static bool complain(
    const struct subject *subject, const char *key, const char *format, ...)
{
	struct sp_location at = sp_place_of(subject->place, key);
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return sp_error(subject->reading->diag, &at, "%s", text);
}

/* --- the catalogue entry ------------------------------------------------- */

/* Says what could be meant, and before it, or without it, what else to do. */
static bool no_such_entry(const struct subject *subject, struct sp_slice name,
    const struct sp_location *at, const char *otherwise, const char *alone)
{
	const struct sp_catalogue *catalogue = &subject->reading->catalogue;
	struct sp_suggestion suggestion = { .wanted = name };

	for (size_t i = 0; i < catalogue->entries.length; i++)
		sp_suggest(&suggestion, sp_slice(catalogue->entries.items[i].name));
	if (suggestion.best.text)
		return sp_error(subject->reading->diag, at,
		    "\"%.*s\" is not in the catalogue: %sdid you mean \"%.*s\"?",
		    SP_SHOW(name), otherwise, SP_SHOW(suggestion.best));
	return sp_error(subject->reading->diag, at,
	    "\"%.*s\" is not in the catalogue: %s", SP_SHOW(name), alone);
}

static bool find_entry(struct subject *subject)
{
	const struct sp_place *place = subject->place;
	const struct sp_key *key = sp_section_key(place->document, place->section, "use");
	struct sp_slice name = place->section->name;
	const struct sp_item *item;
	struct sp_location at;

	if (!key || !key->count) {
		subject->entry = sp_catalogue_find(&subject->reading->catalogue, name);
		return true;
	}
	item = &place->document->items.items[key->first];
	if (sp_slice_is(item->text, "none"))
		return true;
	at = sp_item_at(place->document, item);
	subject->entry = sp_catalogue_find(&subject->reading->catalogue, item->text);
	return subject->entry || no_such_entry(subject, item->text, &at, "",
				     "name another entry, or write \"use = none\"");
}

/* --- what was not written ------------------------------------------------ */

static bool derive_use(struct subject *subject)
{
	if (!subject->entry || sp_place_has(subject->place, "use"))
		return true;
	subject->service->use = strdup(subject->entry->name);
	return subject->service->use || sp_out_of_memory(subject->reading->diag);
}

static bool derive_ports(struct subject *subject)
{
	struct sp_service *service = subject->service;
	const struct sp_entry *entry = subject->entry;

	service->ports_at = sp_place_of(subject->place, "port");
	if (sp_place_has(subject->place, "port") || subject->damaged)
		return true;
	if (!entry && sp_place_has(subject->place, "use"))
		return complain(
		    subject, "port", "[service %s] has to say its port", service->name);
	if (!entry)
		return no_such_entry(subject, sp_slice(service->name), &service->at,
		    "write its port and tls, or ", "write its port and tls");
	service->ports = calloc(entry->port_count, sizeof(*service->ports));
	if (!service->ports)
		return sp_out_of_memory(subject->reading->diag);
	memcpy(service->ports, entry->ports, entry->port_count * sizeof(*service->ports));
	service->port_count = entry->port_count;
	return true;
}

static bool derive_protocol(struct subject *subject)
{
	if (!sp_place_has(subject->place, "protocol")) {
		subject->service->tcp = !subject->entry || subject->entry->tcp;
		subject->service->udp = subject->entry && subject->entry->udp;
	}
	return true;
}

/* A service that shuts a port has nothing to prove. */
static bool derive_tls(struct subject *subject)
{
	struct sp_service *service = subject->service;

	service->tls_at = sp_place_of(subject->place, "tls");
	if (sp_place_has(subject->place, "tls") || subject->damaged)
		return true;
	if (subject->entry)
		service->tls = subject->entry->tls;
	else if (service->action == SP_ALLOW &&
		 (service->port_count || sp_place_has(subject->place, "port")))
		return complain(subject, "tls",
		    "[service %s] has no catalogue entry and has to say its tls: none, "
		    "required or starttls",
		    service->name);
	if (service->action != SP_ALLOW && !service->tcp)
		service->tls = SP_TLS_NONE;
	return true;
}

static bool derive_dialect(struct subject *subject)
{
	struct sp_service *service = subject->service;
	bool written = sp_place_has(subject->place, "starttls");

	if (!written && service->tls == SP_TLS_STARTTLS && subject->entry)
		service->starttls = subject->entry->starttls;
	if (service->tls == SP_TLS_NONE && subject->entry)
		service->plain_dialect = subject->entry->starttls;
	if (service->tls == SP_TLS_STARTTLS && service->starttls == SP_DIALECT_NONE &&
	    !subject->damaged)
		return complain(subject, written ? "starttls" : "tls",
		    "tls = starttls wants a dialect: write starttls = smtp, imap, …");
	if (service->tls != SP_TLS_STARTTLS && service->starttls != SP_DIALECT_NONE &&
	    !subject->damaged)
		return complain(subject, "starttls",
		    "starttls = %s has no effect with tls = %s: remove it, or write "
		    "\"tls = starttls\"",
		    sp_dialect_name(service->starttls), sp_tls_name(service->tls));
	return true;
}

static bool derive_recheck(struct subject *subject)
{
	uint32_t quarter = subject->service->lease / 4;

	if (quarter == 0)
		quarter = 1;
	if (!sp_place_has(subject->place, "profile"))
		subject->service->profile = subject->reading->policy->profile;
	if (!sp_place_has(subject->place, "recheck"))
		subject->service->recheck = quarter;
	if (subject->service->recheck > subject->service->lease &&
	    subject->service->lease)
		return complain(subject, "recheck",
		    "recheck is longer than the lease, %u seconds: the port would shut "
		    "before it is asked again",
		    subject->service->lease);
	return true;
}

/* --- what fits together -------------------------------------------------- */

static size_t count_ports(const struct sp_service *service)
{
	size_t count = 0;

	for (size_t i = 0; i < service->port_count; i++)
		count += (size_t)(service->ports[i].last - service->ports[i].first) + 1;
	return count;
}

static bool check_tls(const struct subject *subject)
{
	const struct sp_service *service = subject->service;
	size_t ports = count_ports(service);
	bool fine = true;

	if (service->tls == SP_TLS_NONE)
		return true;
	if (!service->tcp)
		fine = complain(subject, "protocol",
		    "tls = %s with UDP alone: TLS is proven over TCP, write \"protocol = "
		    "tcp, udp\" or \"tls = none\"",
		    sp_tls_name(service->tls));
	if (service->action != SP_ALLOW)
		return fine;
	if (ports > SP_MAX_TLS_PORTS)
		fine = complain(subject, "port",
		    "a TLS service with %zu ports: at most %d, each has to be probed",
		    ports, SP_MAX_TLS_PORTS);
	if (!sp_place_has(subject->place, "name") && !subject->damaged)
		fine = complain(subject, "name",
		    "[service %s] has to say the name that its certificate is valid for, "
		    "or "
		    "\"name = none\" for the chain alone",
		    service->name);
	return fine;
}

/* Keys that say something about a proof that is not asked for. */
static void warn_without_tls(const struct subject *subject)
{
	const struct sp_place *place = subject->place;

	for (size_t i = 0; i < place->section->count; i++) {
		const struct sp_key *key =
		    &place->document->keys.items[place->section->first + i];
		struct sp_location at = sp_key_at(place->document, key);

		for (size_t r = 0; r < sp_service_table.count; r++) {
			const struct sp_row *row = &sp_service_table.rows[r];
			const struct sp_item *item =
			    &place->document->items.items[key->first];

			if (sp_slice_is(key->name, row->key) &&
			    (row->flags & SP_ROW_TLS) && row->standard && key->count &&
			    !(key->count == 1 && sp_slice_is(item->text, row->standard)))
				sp_diag_add(subject->reading->diag, SP_WARNING, &at,
				    "%s has no effect while tls = none", row->key);
		}
	}
}

static void warn_plain(const struct subject *subject)
{
	const struct sp_service *service = subject->service;

	if (service->tls != SP_TLS_NONE || service->action != SP_ALLOW)
		return;
	warn_without_tls(subject);
}

/* A packet has one family. */
static bool check_families(const struct subject *subject)
{
	const struct sp_service *service = subject->service;
	bool v4 = service->from.any || service->from.literals.v4.length;
	bool v6 = service->from.any || service->from.literals.v6.length;

	for (size_t i = 0; i < service->from.set_count; i++) {
		const struct sp_address_set *set =
		    &subject->reading->sets.items[service->from.sets[i].set];

		v4 = v4 || set->elements.v4.length ||
		     sp_intervals_is_empty(&set->elements);
		v6 = v6 || set->elements.v6.length ||
		     sp_intervals_is_empty(&set->elements);
	}
	if (service->to.any || (v4 && service->to.literals.v4.length) ||
	    (v6 && service->to.literals.v6.length))
		return true;
	return complain(subject, "to",
	    "from has only %s addresses and to only %s ones: no packet is from one to "
	    "the "
	    "other",
	    v4 ? "IPv4" : "IPv6", v4 ? "IPv6" : "IPv4");
}

/* --- */

static bool check_new(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_location at = sp_section_at(place->document, place->section);
	size_t existing;

	if (!sp_names_find(&reading->service_names, place->section->name, &existing))
		return true;
	sp_error(reading->diag, &at, "[service %.*s] is there twice",
	    SP_SHOW(place->section->name));
	sp_diag_add(reading->diag, SP_NOTE, &reading->services.items[existing].at,
	    "it is here first");
	return false;
}

static bool read_and_check(struct subject *subject)
{
	const struct sp_place *place = subject->place;
	bool found = find_entry(subject), fine;

	fine = sp_section_read(subject->reading, &sp_service_table, place->document,
	    place->section, subject->service);
	if (!found)
		return false;
	fine = derive_use(subject) && fine;
	fine = derive_ports(subject) && fine;
	fine = derive_protocol(subject) && fine;
	fine = derive_tls(subject) && fine;
	fine = derive_dialect(subject) && fine;
	fine = derive_recheck(subject) && fine;
	if (!fine)
		return false;
	fine = check_tls(subject);
	fine = check_families(subject) && fine;
	warn_plain(subject);
	return fine;
}

bool sp_service_read(struct sp_reading *reading, const struct sp_place *place)
{
	struct sp_service service = { .at = sp_section_at(
					  place->document, place->section) };
	struct subject subject = { reading, place, NULL, &service,
		place->section->damaged };
	struct sp_origin origin = { *place, false };

	if (!sp_check_name(reading->diag, place->document, place->section) ||
	    !check_new(reading, place))
		return false;
	if (reading->services.length >= SP_MAX_SERVICES)
		return sp_error(
		    reading->diag, &service.at, "more than %d services", SP_MAX_SERVICES);
	service.name = strndup(place->section->name.text, place->section->name.length);
	if (!service.name || !sp_array_reserve(&reading->services, 1) ||
	    !sp_array_reserve(&reading->origins, 1) ||
	    !sp_names_add(&reading->service_names, place->section->name,
		reading->services.length)) {
		free(service.name);
		return sp_out_of_memory(reading->diag);
	}
	origin.sound = read_and_check(&subject);
	reading->services.items[reading->services.length++] = service;
	reading->origins.items[reading->origins.length++] = origin;
	return origin.sound;
}
