/* Services on the same port and protocol: one proof opens the port for all of
 * them, so that they have to agree on what it takes. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "printer.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The first key on which two services disagree, NULL when there is none. */
static const char *difference(const struct sp_service *a, const struct sp_service *b)
{
	if (a->tls != b->tls)
		return "tls";
	if (a->tls == SP_TLS_NONE)
		return NULL;
	if (a->starttls != b->starttls)
		return "starttls";
	if (a->profile != b->profile)
		return "profile";
	if (!same_text(a->ca, b->ca))
		return "ca";
	if (!same_text(a->crl, b->crl))
		return "crl";
	if (!same_text(a->client_certificate, b->client_certificate))
		return "client_certificate";
	if (a->lease != b->lease)
		return "lease";
	if (a->revoke != b->revoke)
		return "revoke";
	return a->on_fail != b->on_fail ? "on_fail" : NULL;
}

/* One port range of one service. */
struct stretch {
	uint16_t first, last;
	size_t service;
};

static int compare_stretches(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->service > b->service) - (a->service < b->service);
}

static bool say(struct sp_reading *reading, const char *key, enum sp_protocol protocol,
    unsigned port, size_t earlier, size_t later)
{
	const struct sp_row *row = sp_table_row(&sp_service_table, key);
	const struct sp_service *a = &reading->services.items[earlier];
	const struct sp_service *b = &reading->services.items[later];
	struct sp_location here = sp_place_of(&reading->origins.items[later].place, key);
	struct sp_location there =
	    sp_place_of(&reading->origins.items[earlier].place, key);
	struct sp_policy names = { .profiles = reading->profiles.items };
	struct sp_printer printer = { .policy = &names };

	sp_print_value(&printer, row, b);
	sp_text_add_bytes(&printer.text, "", 1);
	sp_print_value(&printer, row, a);
	sp_text_add_bytes(&printer.text, "", 1);
	if (printer.text.failed) {
		sp_text_free(&printer.text);
		return sp_out_of_memory(reading->diag);
	}
	sp_error(reading->diag, &here,
	    "%s = %s, and [service %s] on %u/%s has %s = %s: they have to agree", key,
	    printer.text.bytes, a->name, port, sp_protocol_name(protocol), key,
	    printer.text.bytes + strlen(printer.text.bytes) + 1);
	sp_diag_add(reading->diag, SP_NOTE, &there, "[service %s] says it here", a->name);
	sp_text_free(&printer.text);
	return false;
}

static bool add_stretches(struct sp_reading *reading, enum sp_protocol protocol,
    struct stretch **ret_items, size_t *ret_length)
{
	SP_ARRAY(struct stretch) stretches = { 0 };

	for (size_t i = 0; i < reading->services.length; i++) {
		const struct sp_service *service = &reading->services.items[i];

		if (!reading->origins.items[i].sound || service->action != SP_ALLOW ||
		    !(protocol == SP_TCP ? service->tcp : service->udp))
			continue;
		for (size_t p = 0; p < service->port_count; p++) {
			struct stretch item = { service->ports[p].first,
				service->ports[p].last, i };

			if (!sp_array_push(&stretches, item)) {
				sp_array_free(&stretches);
				return sp_out_of_memory(reading->diag);
			}
		}
	}
	*ret_items = stretches.items;
	*ret_length = stretches.length;
	return true;
}

/* Sweeps over the stretches by their first ports. What overlaps has to agree,
 * so that comparing with one of those that are still going, the one that goes
 * furthest, is enough: the others agreed with it or were reported. */
static bool check_protocol(struct sp_reading *reading, enum sp_protocol protocol)
{
	struct stretch *stretches = NULL, *furthest = NULL;
	bool *reported = calloc(reading->services.length + 1, sizeof(*reported));
	size_t length = 0;
	bool fine = true;

	if (!reported)
		return sp_out_of_memory(reading->diag);
	fine = add_stretches(reading, protocol, &stretches, &length);
	if (length)
		qsort(stretches, length, sizeof(*stretches), compare_stretches);
	for (size_t i = 0; i < length; i++) {
		struct stretch *item = &stretches[i];
		size_t a, b;
		const char *key;

		if (furthest && item->first <= furthest->last) {
			a = furthest->service < item->service ? furthest->service
							      : item->service;
			b = furthest->service + item->service - a;
			key = difference(
			    &reading->services.items[a], &reading->services.items[b]);
			if (key && !reported[b])
				fine = say(reading, key, protocol, item->first, a, b);
			reported[b] = reported[b] || key;
		}
		if (!furthest || item->last > furthest->last)
			furthest = item;
	}
	free(stretches);
	free(reported);
	return fine;
}

/* A pair that meets on both protocols is reported for TCP alone. */
bool sp_check_agreement(struct sp_reading *reading)
{
	return check_protocol(reading, SP_TCP) && check_protocol(reading, SP_UDP);
}
