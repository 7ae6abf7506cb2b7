#include "space_words.h"

#include <string.h>

#include <sallyport/escape.h>

#define MOST_PORTS 6

void sp_words_ports(struct sp_text *text, enum sp_protocol protocol,
    const struct sp_ports *ports, size_t count)
{
	size_t shown = count > MOST_PORTS ? MOST_PORTS - 1 : count;

	for (size_t i = 0; i < shown; i++) {
		sp_text_add(text, "%s%u", i ? ", " : "", ports[i].first);
		if (ports[i].last != ports[i].first)
			sp_text_add(text, "-%u", ports[i].last);
	}
	if (shown < count)
		sp_text_add(text, " and %zu more", count - shown);
	sp_text_add(text, "/%s", sp_protocol_name(protocol));
}

/* --- addresses ----------------------------------------------------------- */

static void add_ranges(
    struct sp_text *text, const struct sp_intervals *addresses, size_t most)
{
	size_t count = sp_intervals_count(addresses);
	size_t shown = count > most ? most - 1 : count;

	for (size_t i = 0; i < shown; i++) {
		struct sp_range range = sp_intervals_at(addresses, i);
		char words[SP_RANGE_TEXT];

		sp_text_add(text, "%s%s", i ? ", " : "", sp_range_print(&range, words));
	}
	if (shown < count)
		sp_text_add(text, " and %zu more", count - shown);
}

/* All of each family that it has anything of. */
static bool families_of(const struct sp_intervals *addresses, struct sp_intervals *ret)
{
	struct sp_range v4 = { { SP_IPV4, 0, 0 }, { SP_IPV4, 0, UINT32_MAX } };
	struct sp_range v6 = { { SP_IPV6, 0, 0 }, { SP_IPV6, UINT64_MAX, UINT64_MAX } };

	*ret = (struct sp_intervals){ 0 };
	return (!addresses->v4.length || sp_intervals_add(ret, &v4)) &&
	       (!addresses->v6.length || sp_intervals_add(ret, &v6));
}

/* Said by what is missing where that is shorter. */
static bool add_rest(
    struct sp_text *text, const struct sp_intervals *addresses, size_t most)
{
	struct sp_intervals whole, missing = { 0 };
	bool shorter = false;

	if (!families_of(addresses, &whole) ||
	    !sp_intervals_subtract(&whole, addresses, &missing)) {
		text->failed = true;
	} else if (sp_intervals_count(&missing) < sp_intervals_count(addresses)) {
		shorter = true;
		if (sp_intervals_is_any(&whole))
			sp_text_add(text, "any");
		else
			add_ranges(text, &whole, most);
		if (!sp_intervals_is_empty(&missing)) {
			sp_text_add(text, " but ");
			add_ranges(text, &missing, most);
		}
	}
	sp_intervals_free(&missing);
	sp_intervals_free(&whole);
	return shorter;
}

void sp_words_addresses(
    struct sp_text *text, const struct sp_intervals *addresses, size_t most)
{
	if (sp_intervals_is_any(addresses))
		sp_text_add(text, "any");
	else if (!add_rest(text, addresses, most))
		add_ranges(text, addresses, most);
}

/* --- places -------------------------------------------------------------- */

static void add_names(struct sp_text *text, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sp_text_add(text, "%s%s", i ? ", " : "", names[i]);
}

void sp_words_interfaces(struct sp_text *text, const struct sp_interfaces *interfaces)
{
	if (interfaces->any)
		sp_text_add(text, "any");
	if (interfaces->any && interfaces->name_count && interfaces->except_count)
		sp_text_add(text, ", ");
	/* A name beside "any" is one out of an exception's pattern. */
	if (!interfaces->any || interfaces->except_count)
		add_names(text, interfaces->names, interfaces->name_count);
	if (interfaces->except_count) {
		sp_text_add(text, " but ");
		add_names(text, interfaces->except, interfaces->except_count);
	}
}

void sp_words_place(struct sp_text *text, const struct sp_region *region)
{
	if (!region->any_destination) {
		sp_text_add(text, " to ");
		sp_words_addresses(text, &region->destinations, 4);
	}
	if (!region->interfaces->any || region->interfaces->except_count) {
		sp_text_add(text, " on ");
		sp_words_interfaces(text, region->interfaces);
	}
}

void sp_words_packet(struct sp_text *text, const struct sp_packet *packet)
{
	char words[SP_ADDRESS_TEXT];

	sp_text_add(text, "%s → ", sp_address_print(&packet->source, words));
	if (!packet->any_destination)
		sp_text_add(text, packet->destination.family == SP_IPV6 ? "[%s]:" : "%s:",
		    sp_address_print(&packet->destination, words));
	sp_text_add(text, "%u/%s", packet->port, sp_protocol_name(packet->protocol));
	if (packet->interface[0])
		sp_text_add(text, " on %s", packet->interface);
}

void sp_words_location(struct sp_text *text, const struct sp_location *at)
{
	const char *slash = at->file ? strrchr(at->file, '/') : NULL;

	/* A name may hold whatever a file system takes. */
	if (at->file && at->line) {
		sp_text_add_escaped(text, slash ? slash + 1 : at->file);
		sp_text_add(text, ":%u", at->line);
	}
}

/* --- outcomes ------------------------------------------------------------ */

void sp_words_rate(struct sp_text *text, const struct sp_rate *rate)
{
	static const struct {
		uint32_t seconds;
		const char *name;
	} units[] = { { 1, "second" }, { 60, "minute" }, { 3600, "hour" },
		{ 86400, "day" } };

	sp_text_add(text, "%u/", rate->count);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].seconds == rate->seconds) {
			sp_text_add(text, "%s burst %u", units[i].name, rate->burst);
			return;
		}
	sp_text_add(text, "%us burst %u", rate->seconds, rate->burst);
}

void sp_words_outcome(struct sp_text *text, const struct sp_decision *outcome)
{
	for (size_t i = 0; i < outcome->limit_count; i++) {
		sp_text_add(text, "%s up to ", sp_fate_name(outcome->limits[i].fate));
		sp_words_rate(text, &outcome->limits[i].rate);
		sp_text_add(text, ", then ");
	}
	sp_text_add(text, "%s", sp_fate_name(outcome->fate));
}

void sp_words_outcomes(
    struct sp_text *text, const struct sp_decision *const outcomes[SP_STATES])
{
	struct sp_text words[SP_STATES] = { 0 };

	for (size_t state = 0; state < SP_STATES; state++)
		sp_words_outcome(&words[state], outcomes[state]);
	if (words[0].failed || words[1].failed)
		text->failed = true;
	else if (!strcmp(words[SP_UNVERIFIED].bytes, words[SP_VERIFIED].bytes))
		sp_text_add(text, "%s", words[SP_VERIFIED].bytes);
	else if (!strcmp(words[SP_UNVERIFIED].bytes, "drop"))
		sp_text_add(text, "%s while verified", words[SP_VERIFIED].bytes);
	else
		sp_text_add(text, "%s while verified, else %s", words[SP_VERIFIED].bytes,
		    words[SP_UNVERIFIED].bytes);
	sp_text_free(&words[0]);
	sp_text_free(&words[1]);
}

void sp_words_decider(struct sp_text *text, const struct sp_decision *outcome)
{
	switch (outcome->decider) {
	case SP_DECIDER_SERVICE: sp_text_add(text, "[service %s]", outcome->name); return;
	case SP_DECIDER_SET: sp_text_add(text, "[addresses %s]", outcome->name); return;
	case SP_DECIDER_LOOPBACK:
		sp_text_add(text, "the loopback, which is always open");
		return;
	case SP_DECIDER_CUT:
		sp_text_add(text, "revoke = cut, while no lease stands");
		return;
	case SP_DECIDER_NO_TABLE: sp_text_add(text, "no table inet " SP_TABLE); return;
	case SP_DECIDER_DEFAULT:
	case SP_DECIDER_PASS: sp_text_add(text, "the default"); return;
	}
}

/* --- rows ---------------------------------------------------------------- */

static const char *word_of(enum sp_effect effect)
{
	switch (effect) {
	case SP_EFFECT_OPENS: return "opens";
	case SP_EFFECT_LOOSENS: return "loosens";
	case SP_EFFECT_TIGHTENS: return "tightens";
	case SP_EFFECT_CLOSES: return "closes";
	case SP_EFFECT_CHANGES: return "changes";
	}
	return "";
}

void sp_words_change(struct sp_text *text, const struct sp_region_row *row)
{
	const struct sp_service *service = row->service;

	switch (row->kind) {
	case SP_CHANGE_NEEDS_TLS:
		sp_text_add(text, "needs TLS from now on");
		if (service && service->tls == SP_TLS_STARTTLS)
			sp_text_add(text, " (starttls)");
		return;
	case SP_CHANGE_NO_TLS:
		sp_text_add(text, "opens without a proof of TLS from now on");
		return;
	case SP_CHANGE_FATE:
		sp_text_add(text, "%s", word_of(row->region->effect));
		return;
	}
}

char sp_words_sign(const struct sp_region_row *row)
{
	if (row->region->effect == SP_EFFECT_TIGHTENS)
		return '!';
	if (row->region->effect == SP_EFFECT_CLOSES && !row->exists)
		return '-';
	if (row->region->effect == SP_EFFECT_OPENS && !row->existed)
		return '+';
	return '~';
}

/* --- the plan ------------------------------------------------------------ */

/* 4,278,190,080 */
static void add_number(struct sp_text *text, uint64_t number)
{
	if (number >= 1000) {
		add_number(text, number / 1000);
		sp_text_add(text, ",%03u", (unsigned)(number % 1000));
	} else {
		sp_text_add(text, "%u", (unsigned)number);
	}
}

#define ALL_IPV4 (UINT64_C(1) << 32)

static void add_gain(struct sp_text *text, const struct sp_gain *gain)
{
	if (gain->ipv4 == ALL_IPV4) {
		sp_text_add(text, "All IPv4");
	} else if (gain->ipv4) {
		add_number(text, gain->ipv4);
		sp_text_add(text, " IPv4");
	}
	if (gain->ipv4 && gain->ipv6)
		sp_text_add(text, " and ");
	if (gain->ipv6 == UINT64_MAX) {
		sp_text_add(text, gain->ipv4 ? "all IPv6" : "All IPv6");
	} else if (gain->ipv6) {
		add_number(text, gain->ipv6);
		sp_text_add(text, " IPv6/64");
	}
	sp_text_add(text, " source%s ", gain->ipv4 + gain->ipv6 == 1 ? "" : "s");
	sp_text_add(text, gain->ipv4 + gain->ipv6 == 1 ? "gains " : "gain ");
	sp_words_ports(text, gain->protocol, gain->ports, gain->port_count);
	sp_text_add(text, ".");
}

#define MOST_GAINS 3

void sp_words_plan(struct sp_text *text, const struct sp_difference *difference)
{
	static const char *const words[SP_EFFECTS] = { "opens", "loosened", "tightened",
		"closes", "changed" };
	/* What a reviewer asks for first. */
	static const enum sp_effect order[SP_EFFECTS] = { SP_EFFECT_OPENS,
		SP_EFFECT_CLOSES, SP_EFFECT_LOOSENS, SP_EFFECT_TIGHTENS,
		SP_EFFECT_CHANGES };
	size_t settings = difference->settings.length, said = 0;

	sp_text_add(text, "Plan: ");
	for (size_t i = 0; i < SP_EFFECTS; i++)
		if (difference->effects[order[i]])
			sp_text_add(text, "%s%zu %s", said++ ? ", " : "",
			    difference->effects[order[i]], words[order[i]]);
	if (settings)
		sp_text_add(text, "%s%zu setting%s", said++ ? ", " : "", settings,
		    settings == 1 ? "" : "s");
	sp_text_add(text, ".");
	for (size_t i = 0; i < difference->gains.length && i < MOST_GAINS; i++) {
		sp_text_add(text, " ");
		add_gain(text, &difference->gains.items[i]);
	}
	if (difference->gains.length > MOST_GAINS)
		sp_text_add(
		    text, " %zu more gains.", difference->gains.length - MOST_GAINS);
}

/* --- what is not known --------------------------------------------------- */

#define MOST_OBJECTS 4

static const char *object_of(const struct sp_change *change)
{
	switch (change->kind) {
	case SP_CHANGE_ADD_TABLE:
	case SP_CHANGE_DELETE_TABLE: return "table";
	case SP_CHANGE_ADD_COUNTER:
	case SP_CHANGE_DELETE_COUNTER: return "counter";
	case SP_CHANGE_ADD_CHAIN:
	case SP_CHANGE_DELETE_CHAIN:
	case SP_CHANGE_FLUSH_CHAIN:
	case SP_CHANGE_ADD_RULE: return "chain";
	case SP_CHANGE_DELETE_SET:
	case SP_CHANGE_ADD_SET:
	case SP_CHANGE_ADD_ELEMENTS:
	case SP_CHANGE_DELETE_ELEMENTS:
	case SP_CHANGE_OPEN:
	case SP_CHANGE_CLOSE:
	case SP_CHANGE_GRACE: break;
	}
	return change->set && change->set->map ? "map" : "set";
}

static bool is_first_of_its_object(const struct sp_delta *drift, size_t index)
{
	const struct sp_change *change = &drift->changes.items[index];

	for (size_t i = 0; i < index; i++)
		if (!strcmp(drift->changes.items[i].name, change->name) &&
		    !strcmp(object_of(&drift->changes.items[i]), object_of(change)))
			return false;
	return true;
}

const struct sp_change *sp_words_next_drifted(
    const struct sp_difference *difference, size_t *at, const char **ret_kind)
{
	const struct sp_delta *drift = difference->old.drift;

	while (drift && *at < drift->changes.length) {
		size_t index = (*at)++;

		if (!is_first_of_its_object(drift, index))
			continue;
		*ret_kind = object_of(&drift->changes.items[index]);
		return &drift->changes.items[index];
	}
	return NULL;
}

static void add_objects(struct sp_text *text, const struct sp_difference *difference)
{
	const struct sp_change *change;
	const char *kind;
	size_t at = 0, count = 0;

	while ((change = sp_words_next_drifted(difference, &at, &kind)))
		if (count++ < MOST_OBJECTS)
			sp_text_add(
			    text, "%s%s %s", count > 1 ? ", " : "", kind, change->name);
	if (count > MOST_OBJECTS)
		sp_text_add(text, " and %zu more", count - MOST_OBJECTS);
}

void sp_words_doubt(struct sp_text *text, const struct sp_difference *difference)
{
	switch (difference->old.trust) {
	case SP_TRUST_OURS: return;
	case SP_TRUST_DRIFTED:
		sp_text_add(text,
		    "Not certain: the kernel's table is not what the last apply left (");
		add_objects(text, difference);
		sp_text_add(text, "). ");
		break;
	case SP_TRUST_UNKNOWN:
		sp_text_add(text,
		    "Not certain: what the last apply left cannot be read, "
		    "so whose rules the kernel's table holds is not known. ");
		break;
	}
	sp_text_add(text,
	    "sallyport's own rules in it were compared%s; what somebody else's let in "
	    "or shut out is not known. `sallyport diff --rules` lists them all, and "
	    "`sallyport apply` replaces them.",
	    difference->rows.length + difference->demands.length +
		    difference->settings.length
		? ""
		: " and treat every packet as the policy does");
}
