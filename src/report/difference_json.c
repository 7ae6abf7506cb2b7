#include <sallyport/difference_report.h>

#include "space_json.h"
#include "space_words.h"

static const char *kind_name(enum sp_row_kind kind)
{
	switch (kind) {
	case SP_CHANGE_FATE: return "fate";
	case SP_CHANGE_NEEDS_TLS: return "needs_tls";
	case SP_CHANGE_NO_TLS: return "needs_no_tls";
	}
	return "";
}

static json_t *change_of(const struct sp_region_row *row)
{
	const struct sp_region *region = row->region;
	json_t *change = json_pack("{s:s, s:s, s:o, s:b, s:b}", "effect",
	    sp_effect_name(region->effect), "kind", kind_name(row->kind), "about",
	    sp_json_text(row->name), "existed", (int)row->existed, "exists",
	    (int)row->exists);

	json_object_update_new(change, sp_json_region(region));
	json_object_set_new(change, "before", sp_json_outcomes(region->outcomes[SP_OLD]));
	json_object_set_new(change, "after", sp_json_outcomes(region->outcomes[SP_NEW]));
	json_object_set_new(change, "witness",
	    sp_json_packet(&region->witness, region->witness_state == SP_VERIFIED));
	return change;
}

static json_t *changes_of(const struct sp_difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->rows.length; i++)
		json_array_append_new(list, change_of(&difference->rows.items[i]));
	return list;
}

static json_t *demands_of(const struct sp_difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->demands.length; i++) {
		const struct sp_demand_row *row = &difference->demands.items[i];

		json_array_append_new(
		    list, json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "effect",
			      sp_effect_name(row->effect), "service",
			      sp_json_text(row->service), "ports",
			      sp_json_ports(row->ports.items, row->ports.length), "key",
			      row->what, "before", sp_json_text(row->before), "after",
			      sp_json_text(row->after), "before_at",
			      sp_json_location(&row->old_at), "after_at",
			      sp_json_location(&row->new_at)));
	}
	return list;
}

static json_t *settings_of(const struct sp_difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->settings.length; i++) {
		const struct sp_setting_row *row = &difference->settings.items[i];

		json_array_append_new(list,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "key", row->what, "service",
			sp_json_text(row->service), "before", sp_json_text(row->before),
			"after", sp_json_text(row->after), "at",
			sp_json_location(&row->at)));
	}
	return list;
}

/* Numbers above 2^53 are not every reader's: as text. */
static json_t *gains_of(const struct sp_difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->gains.length; i++) {
		const struct sp_gain *gain = &difference->gains.items[i];
		char networks[24] = "all";

		if (gain->ipv6 != UINT64_MAX)
			snprintf(networks, sizeof(networks), "%llu",
			    (unsigned long long)gain->ipv6);
		json_array_append_new(list,
		    json_pack("{s:s, s:o, s:I, s:s}", "protocol",
			sp_protocol_name(gain->protocol), "ports",
			sp_json_ports(gain->ports, gain->port_count), "ipv4_addresses",
			(json_int_t)gain->ipv4, "ipv6_networks_of_64_bits", networks));
	}
	return list;
}

static json_t *summary_of(const struct sp_difference *difference)
{
	json_t *summary = json_object();

	for (int effect = 0; effect < SP_EFFECTS; effect++)
		json_object_set_new(summary, sp_effect_name((enum sp_effect)effect),
		    json_integer((json_int_t)difference->effects[effect]));
	json_object_set_new(
	    summary, "settings", json_integer((json_int_t)difference->settings.length));
	return summary;
}

static const char *trust_name(enum sp_trust trust)
{
	switch (trust) {
	case SP_TRUST_OURS: return "ours";
	case SP_TRUST_DRIFTED: return "drifted";
	case SP_TRUST_UNKNOWN: return "unknown";
	}
	return "?";
}

static json_t *drift_of(const struct sp_difference *difference)
{
	json_t *list = json_array();
	const struct sp_change *change;
	const char *kind;
	size_t at = 0;

	while ((change = sp_words_next_drifted(difference, &at, &kind)))
		json_array_append_new(list, json_pack("{s:s, s:o}", "kind", kind, "name",
						sp_json_text(change->name)));
	return list;
}

bool sp_report_difference_json(FILE *out, const struct sp_difference *difference)
{
	return sp_json_flush(out,
	    json_pack("{s:i, s:o, s:o, s:b, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o}",
		"version", 1, "old", sp_json_text(difference->old.name), "new",
		sp_json_text(difference->new.name), "same",
		(int)sp_difference_is_empty(difference), "old_is",
		trust_name(difference->old.trust), "drifted", drift_of(difference),
		"tls_compared", (int)(difference->old.policy && difference->new.policy),
		"summary", summary_of(difference), "changes", changes_of(difference),
		"tls", demands_of(difference), "settings", settings_of(difference),
		"gains", gains_of(difference)));
}
