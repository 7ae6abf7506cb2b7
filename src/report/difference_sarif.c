/* SARIF 2.1.0 (OASIS Standard, 27 March 2020): what code-review hosts show on
 * the line of a file. */
#include <sallyport/difference_report.h>

#include <string.h>

#include "sarif.h"
#include "space_json.h"
#include "space_words.h"

#define MOST_SOURCES 12

/* rules[] of the driver; a result names one by its id. */
static const struct sp_sarif_rule rules[] = {
	{ "opens", "Packets are accepted that were not", "warning" },
	{ "loosens", "More packets are accepted under a rate, or TLS is asked for less",
	    "warning" },
	{ "tightens", "A proof of TLS or a rate is asked for", "note" },
	{ "closes", "Packets are accepted no longer", "note" },
	{ "changes", "Packets are refused in another way, or TLS is judged differently",
	    "note" },
	{ "setting", "A setting that decides about no single packet", "note" },
	{ "not_certain", "The kernel's table holds rules that were not weighed",
	    "warning" },
};

/* A line of the new side, or none: code-review hosts show nothing of other files. */
static const struct sp_location *place_of(
    const struct sp_region_row *row, const struct sp_difference *difference)
{
	const struct sp_location *after = &row->after->at;

	if (row->kind == SP_CHANGE_NEEDS_TLS)
		after = &row->region->outcomes[SP_NEW][SP_VERIFIED]->at;
	return after->line || difference->new.policy ? after : &row->before->at;
}

/* What closes has no line any more. */
static void add_old_line(struct sp_text *text, const struct sp_region_row *row,
    const struct sp_difference *difference)
{
	if (place_of(row, difference)->line || !row->before->at.line)
		return;
	sp_text_add(text, " Until now decided by ");
	sp_words_location(text, &row->before->at);
	sp_text_add(text, ".");
}

static void describe(struct sp_text *text, const struct sp_region_row *row)
{
	const struct sp_region *region = row->region;

	sp_text_add(text, "%s ", row->name ? row->name : "(default)");
	sp_words_ports(text, region->protocol, region->ports, region->port_count);
	sp_text_add(text, " ");
	sp_words_change(text, row);
	sp_text_add(text, ": ");
	sp_words_addresses(text, &region->sources, MOST_SOURCES);
	sp_words_place(text, region);
	sp_text_add(text, ". For example ");
	sp_words_packet(text, &region->witness);
	sp_text_add(text, ": ");
	sp_words_outcomes(text, region->outcomes[SP_OLD]);
	sp_text_add(text, " → ");
	sp_words_outcomes(text, region->outcomes[SP_NEW]);
	sp_text_add(text, ".");
}

static void add_result(json_t *results, enum sp_effect effect, struct sp_text *text,
    const struct sp_location *at, const struct sp_difference *difference)
{
	const struct sp_policy *policy = difference->new.policy;
	const struct sp_location *where = at->line || !policy ? at : &policy->at;

	json_array_append_new(
	    results, sp_sarif_result(sp_effect_name(effect), rules[effect].level,
			 text->failed ? "" : text->bytes, where));
	sp_text_free(text);
}

static json_t *results_of(const struct sp_difference *difference)
{
	json_t *results = json_array();
	struct sp_text text = { 0 };

	for (size_t i = 0; i < difference->rows.length; i++) {
		const struct sp_region_row *row = &difference->rows.items[i];

		describe(&text, row);
		add_old_line(&text, row, difference);
		add_result(results, row->region->effect, &text, place_of(row, difference),
		    difference);
	}
	for (size_t i = 0; i < difference->demands.length; i++) {
		const struct sp_demand_row *row = &difference->demands.items[i];

		sp_text_add(&text, "%s ", row->service);
		sp_words_ports(&text, SP_TCP, row->ports.items, row->ports.length);
		sp_text_add(
		    &text, " TLS: %s = %s, was %s", row->what, row->after, row->before);
		add_result(results, row->effect, &text, &row->new_at, difference);
	}
	for (size_t i = 0; i < difference->settings.length; i++) {
		const struct sp_setting_row *row = &difference->settings.items[i];

		sp_text_add(&text, "%s = %s, was %s", row->what, row->after, row->before);
		json_array_append_new(results,
		    sp_sarif_result("setting", "note", text.failed ? "" : text.bytes,
			row->at.line || !difference->new.policy
			    ? &row->at
			    : &difference->new.policy->at));
		sp_text_free(&text);
	}
	if (difference->old.trust != SP_TRUST_OURS) {
		static const struct sp_location nowhere;

		sp_words_doubt(&text, difference);
		json_array_append_new(results,
		    sp_sarif_result("not_certain", "warning",
			text.failed ? "" : text.bytes,
			difference->new.policy ? &difference->new.policy->at : &nowhere));
		sp_text_free(&text);
	}
	return results;
}

bool sp_report_difference_sarif(
    FILE *out, const struct sp_difference *difference, const char *version)
{
	return sp_json_flush(out, sp_sarif_log(rules, sizeof(rules) / sizeof(*rules),
				      version, results_of(difference)));
}
