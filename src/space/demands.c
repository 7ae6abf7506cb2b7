/* What TLS has to be like behind a port that asks for it on both sides. */
#include "difference_making.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A TLS service on one of its ports. */
struct place {
	uint16_t port;
	size_t service;
};

struct places {
	struct place *items;
	size_t length, capacity;
};

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->service > b->service) - (a->service < b->service);
}

static bool find_places(const struct sp_policy *policy, struct places *ret)
{
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (service->action != SP_ALLOW || service->tls == SP_TLS_NONE)
			continue;
		for (size_t p = 0; p < service->port_count; p++)
			for (uint32_t port = service->ports[p].first;
			     port <= service->ports[p].last; port++)
				if (!sp_array_push(
					ret, (struct place){ (uint16_t)port, i }))
					return false;
	}
	if (ret->length)
		qsort(ret->items, ret->length, sizeof(*ret->items), compare_places);
	return true;
}

/* One port on one side: services that agree, but for names and listen. */
struct held {
	const struct sp_policy *policy;
	const struct place *places;
	size_t count;
};

static const struct sp_service *first_service(const struct held *held)
{
	return &held->policy->services[held->places[0].service];
}

/* --- aspects ------------------------------------------------------------- */

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

struct texts {
	char **items;
	size_t length, capacity;
};

static bool all_names(const struct held *held, struct texts *ret)
{
	size_t kept = 0;

	for (size_t i = 0; i < held->count; i++) {
		const struct sp_service *service =
		    &held->policy->services[held->places[i].service];

		for (size_t n = 0; n < service->name_count; n++)
			if (!sp_array_push(ret, service->names[n]))
				return false;
	}
	if (ret->length)
		qsort(ret->items, ret->length, sizeof(char *), compare_texts);
	for (size_t i = 0; i < ret->length; i++)
		if (!kept || strcmp(ret->items[kept - 1], ret->items[i]))
			ret->items[kept++] = ret->items[i];
	ret->length = kept;
	return true;
}

static void join(const struct texts *texts, struct sp_text *ret)
{
	for (size_t i = 0; i < texts->length; i++)
		sp_text_add(ret, "%s%s", i ? ", " : "", texts->items[i]);
	if (!texts->length)
		sp_text_add(ret, "none");
}

static void write_names(const struct held *held, struct sp_text *ret)
{
	struct texts names = { 0 };

	if (all_names(held, &names))
		join(&names, ret);
	else
		ret->failed = true;
	sp_array_free(&names);
}

static void write_tls(const struct held *held, struct sp_text *ret)
{
	const struct sp_service *service = first_service(held);

	sp_text_add(ret, "%s", sp_tls_name(service->tls));
	if (service->starttls != SP_DIALECT_NONE)
		sp_text_add(ret, " %s", sp_dialect_name(service->starttls));
}

static void write_profile(const struct held *held, struct sp_text *ret)
{
	sp_text_add(ret, "%s", held->policy->profiles[first_service(held)->profile].name);
}

static void write_ca(const struct held *held, struct sp_text *ret)
{
	const char *ca = first_service(held)->ca;

	sp_text_add(ret, "%s", ca ? ca : "system");
}

static void write_crl(const struct held *held, struct sp_text *ret)
{
	const char *crl = first_service(held)->crl;

	sp_text_add(ret, "%s", crl ? crl : "none");
}

static void write_certificate(const struct held *held, struct sp_text *ret)
{
	const char *file = first_service(held)->client_certificate;

	sp_text_add(ret, "%s", file ? file : "none");
}

static void write_alpn(const struct held *held, struct sp_text *ret)
{
	const struct sp_service *service = first_service(held);
	struct texts texts = { service->alpn, service->alpn_count, 0 };

	join(&texts, ret);
}

static bool all_listen(const struct held *held, struct sp_intervals *ret)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct sp_service *service =
		    &held->policy->services[held->places[i].service];

		for (size_t a = 0; a < service->listen_count; a++) {
			struct sp_range one = { service->listen[a], service->listen[a] };

			if (!sp_intervals_add(ret, &one))
				return false;
		}
	}
	return true;
}

/* Where it has to prove itself beside what listens: an address that is named no more
 * may serve what it likes. */
static void write_listen(const struct held *held, struct sp_text *ret)
{
	struct sp_intervals all = { 0 };
	char text[SP_RANGE_TEXT];

	if (!all_listen(held, &all))
		ret->failed = true;
	sp_intervals_normalize(&all);
	for (size_t i = 0; i < sp_intervals_count(&all); i++) {
		struct sp_range range = sp_intervals_at(&all, i);

		sp_text_add(ret, "%s%s", i ? ", " : "", sp_range_print(&range, text));
	}
	if (sp_intervals_is_empty(&all))
		sp_text_add(ret, "none");
	sp_intervals_free(&all);
}

static void write_lease(const struct held *held, struct sp_text *ret)
{
	static const struct {
		uint32_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint32_t lease = first_service(held)->lease;
	size_t unit = 0;

	while (lease % units[unit].seconds)
		unit++;
	sp_text_add(ret, "%u%c", lease / units[unit].seconds, units[unit].unit);
}

static void write_revoke(const struct held *held, struct sp_text *ret)
{
	sp_text_add(
	    ret, "%s", first_service(held)->revoke == SP_REVOKE_CUT ? "cut" : "drain");
}

/* --- which way it goes --------------------------------------------------- */

static bool lease_effect(
    const struct held *old, const struct held *new, enum sp_effect *ret)
{
	*ret = first_service(new)->lease > first_service(old)->lease ? SP_EFFECT_LOOSENS
								     : SP_EFFECT_TIGHTENS;
	return true;
}

static bool revoke_effect(
    const struct held *old, const struct held *new, enum sp_effect *ret)
{
	(void)old;
	*ret = first_service(new)->revoke == SP_REVOKE_CUT ? SP_EFFECT_TIGHTENS
							   : SP_EFFECT_LOOSENS;
	return true;
}

static bool are_among(const struct texts *some, const struct texts *all)
{
	for (size_t i = 0; i < some->length; i++)
		if (!bsearch(&some->items[i], all->items, all->length, sizeof(char *),
			compare_texts))
			return false;
	return true;
}

/* A certificate has to be valid for every name. */
static bool names_effect(
    const struct held *old, const struct held *new, enum sp_effect *ret)
{
	struct texts before = { 0 }, after = { 0 };
	bool read = all_names(old, &before) && all_names(new, &after);

	if (read) {
		if (!before.length || (after.length && are_among(&before, &after)))
			*ret = SP_EFFECT_TIGHTENS;
		else if (!after.length || are_among(&after, &before))
			*ret = SP_EFFECT_LOOSENS;
	}
	sp_array_free(&before);
	sp_array_free(&after);
	return read;
}

struct aspect {
	const char *what;
	void (*write)(const struct held *held, struct sp_text *ret);
	/* NULL: it merely changes, as *ret says already. False: memory is out. */
	bool (*effect)(
	    const struct held *old, const struct held *new, enum sp_effect *ret);
};

static const struct aspect aspects[] = {
	{ "tls", write_tls, NULL },
	{ "name", write_names, names_effect },
	{ "profile", write_profile, NULL },
	{ "ca", write_ca, NULL },
	{ "crl", write_crl, NULL },
	{ "client_certificate", write_certificate, NULL },
	{ "alpn", write_alpn, NULL },
	{ "listen", write_listen, NULL },
	{ "lease", write_lease, lease_effect },
	{ "revoke", write_revoke, revoke_effect },
};

/* --- rows ---------------------------------------------------------------- */

/* A row of the same service that says the same gets one more port. */
static struct sp_demand_row *find_row(struct sp_difference *difference,
    const char *service, const char *what, const char *before, const char *after)
{
	for (size_t i = difference->demands.length; i-- > 0;) {
		struct sp_demand_row *row = &difference->demands.items[i];

		/* Ports come in order: other services' rows are behind. */
		if (difference->demands.length - i >
		    4 * sizeof(aspects) / sizeof(*aspects))
			break;
		if (!strcmp(row->what, what) && !strcmp(row->service, service) &&
		    !strcmp(row->before, before) && !strcmp(row->after, after))
			return row;
	}
	return NULL;
}

static bool add_port(struct sp_demand_row *row, uint16_t port)
{
	struct sp_ports *last =
	    row->ports.length ? &row->ports.items[row->ports.length - 1] : NULL;

	if (last && last->last + 1u == port) {
		last->last = port;
		return true;
	}
	return sp_array_push(&row->ports, (struct sp_ports){ port, port });
}

static bool add_row(struct sp_difference *difference, const struct aspect *aspect,
    const struct held *old, const struct held *new, struct sp_text texts[2])
{
	const struct sp_service *service = first_service(new);
	struct sp_demand_row *row = find_row(
	    difference, service->name, aspect->what, texts[0].bytes, texts[1].bytes);
	struct sp_demand_row added = { .effect = SP_EFFECT_CHANGES,
		.service = service->name,
		.what = aspect->what,
		.before = texts[0].bytes,
		.after = texts[1].bytes,
		.old_at = first_service(old)->at,
		.new_at = service->at };

	if (!row) {
		if ((aspect->effect && !aspect->effect(old, new, &added.effect)) ||
		    !sp_array_push(&difference->demands, added))
			return false;
		texts[0] = texts[1] = (struct sp_text){ 0 };
		difference->effects[added.effect]++;
		row = &difference->demands.items[difference->demands.length - 1];
	}
	return add_port(row, new->places[0].port);
}

/* "strict (min_version = 1.3)": a key of a profile whose name stays. What a list goes
 * on in is a part of it, each line behind a tab. */
static void write_key(const char *name, const char *line, struct sp_text *ret)
{
	size_t length = strcspn(line, "\n");

	sp_text_add(ret, "%s (%.*s", name, (int)length, line);
	while (line[length] == '\n' && line[length + 1] == '\t') {
		line += length + 2;
		length = strcspn(line, "\n");
		sp_text_add(ret, " %.*s", (int)length, line);
	}
	sp_text_add(ret, ")");
}

/* The line behind the key and what its list goes on in. NULL: the end. */
static const char *next_line(const char *line)
{
	do {
		line += strcspn(line, "\n");
		line += *line == '\n';
	} while (*line == '\t');
	return *line ? line : NULL;
}

/* Keys that say where a profile comes from, and judge nothing. */
static bool is_remark(const char *line)
{
	static const char *const remarks[] = { "source =", "clauses =", "override =" };

	for (size_t i = 0; i < sizeof(remarks) / sizeof(*remarks); i++)
		if (!strncmp(line, remarks[i], strlen(remarks[i])))
			return true;
	return false;
}

static bool compare_keys(struct sp_difference *difference, const struct held *old,
    const struct held *new, const char *before, const char *after)
{
	static const struct aspect profile = { "profile", write_profile, NULL };
	const char *name = old->policy->profiles[first_service(old)->profile].name;

	while (before && after) {
		const char *rest = next_line(before), *other = next_line(after);
		size_t length = rest ? (size_t)(rest - before) : strlen(before);
		size_t its = other ? (size_t)(other - after) : strlen(after);
		struct sp_text texts[2] = { 0 };
		bool done = true;

		if ((length != its || memcmp(before, after, length)) &&
		    !is_remark(before)) {
			write_key(name, before, &texts[0]);
			write_key(name, after, &texts[1]);
			done = !texts[0].failed && !texts[1].failed &&
			       add_row(difference, &profile, old, new, texts);
			sp_text_free(&texts[0]);
			sp_text_free(&texts[1]);
		}
		if (!done)
			return false;
		before = rest;
		after = other;
	}
	return true;
}

/* A profile of one's own may change and keep its name. */
static bool compare_profiles(
    struct sp_difference *difference, const struct held *old, const struct held *new)
{
	size_t one = first_service(old)->profile, two = first_service(new)->profile;
	char *before, *after;
	bool done;

	if (strcmp(old->policy->profiles[one].name, new->policy->profiles[two].name))
		return true;
	before = sp_profile_print(old->policy, one);
	after = sp_profile_print(new->policy, two);
	done = before && after && compare_keys(difference, old, new, before, after);
	free(before);
	free(after);
	return done;
}

static bool compare_port(
    struct sp_difference *difference, const struct held *old, const struct held *new)
{
	for (size_t i = 0; i < sizeof(aspects) / sizeof(*aspects); i++) {
		struct sp_text texts[2] = { 0 };
		bool done;

		aspects[i].write(old, &texts[0]);
		aspects[i].write(new, &texts[1]);
		done = !texts[0].failed && !texts[1].failed &&
		       (!strcmp(texts[0].bytes, texts[1].bytes) ||
			   add_row(difference, &aspects[i], old, new, texts));
		sp_text_free(&texts[0]);
		sp_text_free(&texts[1]);
		if (!done)
			return false;
	}
	return compare_profiles(difference, old, new);
}

static size_t same_port(const struct places *places, size_t from)
{
	size_t end = from;

	while (
	    end < places->length && places->items[end].port == places->items[from].port)
		end++;
	return end - from;
}

static bool compare_places_of(
    struct sp_difference *difference, const struct places *old, const struct places *new)
{
	for (size_t i = 0, j = 0; i < old->length && j < new->length;) {
		struct held before = { difference->old.policy, &old->items[i],
			same_port(old, i) };
		struct held after = { difference->new.policy, &new->items[j],
			same_port(new, j) };
		uint16_t left = before.places[0].port, right = after.places[0].port;

		if (left == right && !compare_port(difference, &before, &after))
			return false;
		if (left <= right)
			i += before.count;
		if (right <= left)
			j += after.count;
	}
	return true;
}

bool sp_demands_add(struct sp_difference *difference)
{
	struct places old = { 0 }, new = { 0 };
	bool done = true;

	if (difference->old.policy && difference->new.policy)
		done = find_places(difference->old.policy, &old) &&
		       find_places(difference->new.policy, &new) &&
		       compare_places_of(difference, &old, &new);
	sp_array_free(&old);
	sp_array_free(&new);
	return done;
}
