/* `lockdown`: the services that stay reachable when nothing else can be trusted. */
#include "reading.h"

#include <stdlib.h>

#include "language.h"

static bool no_such_service(
    struct sp_reading *reading, const struct sp_slice name, const struct sp_location *at)
{
	struct sp_suggestion suggestion = { .wanted = name };

	for (size_t i = 0; i < reading->services.length; i++)
		sp_suggest(&suggestion, sp_slice(reading->services.items[i].name));
	if (suggestion.best.text)
		return sp_error(reading->diag, at,
		    "there is no [service %.*s]: did you mean \"%.*s\"?", SP_SHOW(name),
		    SP_SHOW(suggestion.best));
	return sp_error(reading->diag, at,
	    "there is no [service %.*s]: lockdown names services of this policy",
	    SP_SHOW(name));
}

/* What waits for a proof cannot be the way in when proofs are not to be had. */
static bool check_service(struct sp_reading *reading, const struct sp_service *service,
    const struct sp_location *at)
{
	if (service->tls != SP_TLS_NONE)
		sp_error(reading->diag, at,
		    "[service %s] has tls = %s: lockdown names services without TLS",
		    service->name, sp_tls_name(service->tls));
	else if (service->action != SP_ALLOW)
		sp_error(reading->diag, at,
		    "[service %s] allows nothing: lockdown names services that do",
		    service->name);
	else
		return true;
	sp_diag_add(reading->diag, SP_NOTE, &service->tls_at, "it is here");
	return false;
}

static bool add_service(struct sp_reading *reading, size_t index)
{
	struct sp_policy *policy = reading->policy;

	for (size_t i = 0; i < policy->lockdown_count; i++)
		if (policy->lockdown[i] == index)
			return true;
	policy->lockdown[policy->lockdown_count++] = index;
	return true;
}

static bool read_one(struct sp_reading *reading, const struct sp_document *document,
    const struct sp_item *item)
{
	struct sp_location at = sp_item_at(document, item);
	size_t index;

	if (!sp_names_find(&reading->service_names, item->text, &index))
		return no_such_service(reading, item->text, &at);
	/* One with a mistake of its own has no tls yet. */
	if (!reading->origins.items[index].sound)
		return false;
	return check_service(reading, &reading->services.items[index], &at) &&
	       add_service(reading, index);
}

bool sp_lockdown_read(struct sp_reading *reading)
{
	const struct sp_place *place = NULL;
	const struct sp_key *key;
	const struct sp_item *items;
	bool fine = true;

	for (size_t i = 0; !place && i < reading->places.length; i++)
		if (sp_slice_is(reading->places.items[i].section->kind, "policy"))
			place = &reading->places.items[i];
	key = place ? sp_section_key(place->document, place->section, "lockdown") : NULL;
	if (!key || !key->count)
		return true;
	items = &place->document->items.items[key->first];
	if (key->count == 1 && sp_slice_is(items[0].text, "none"))
		return true;
	reading->policy->lockdown =
	    calloc(key->count, sizeof(*reading->policy->lockdown));
	if (!reading->policy->lockdown)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < key->count; i++)
		fine = read_one(reading, place->document, &items[i]) && fine;
	return fine;
}
