/* A pull-request comment: GitHub's Markdown (tables, collapsed details). */
#include <sallyport/difference_report.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/escape.h>

#include "markdown.h"
#include "space_words.h"
#include "verify_style.h"

#define MOST_SOURCES 12
/* Beyond it the hosts that show comments begin to cut (65,536 characters). */
#define MOST_ROWS 200

static void add_cell(struct sp_text *text, struct sp_text *words)
{
	if (words->failed)
		text->failed = true;
	sp_markdown_plain(text, words->bytes);
	sp_text_add(text, " | ");
	sp_text_free(words);
}

static const char *mark_of(enum sp_effect effect)
{
	switch (effect) {
	case SP_EFFECT_OPENS: return "🔴 ";
	case SP_EFFECT_LOOSENS: return "🟠 ";
	case SP_EFFECT_TIGHTENS:
	case SP_EFFECT_CLOSES: return "🟢 ";
	case SP_EFFECT_CHANGES: return "";
	}
	return "";
}

static void add_row(struct sp_text *text, const struct sp_region_row *row)
{
	const struct sp_region *region = row->region;
	struct sp_text words = { 0 };

	sp_text_add(text, "| %s", mark_of(region->effect));
	sp_words_change(&words, row);
	add_cell(text, &words);
	sp_text_add(&words, "%s", row->name ? row->name : "(default)");
	add_cell(text, &words);
	sp_words_ports(&words, region->protocol, region->ports, region->port_count);
	add_cell(text, &words);
	sp_words_addresses(&words, &region->sources, MOST_SOURCES);
	sp_words_place(&words, region);
	add_cell(text, &words);
	sp_words_packet(&words, &region->witness);
	sp_text_add(&words, ": ");
	sp_words_outcomes(&words, region->outcomes[SP_OLD]);
	sp_text_add(&words, " → ");
	sp_words_outcomes(&words, region->outcomes[SP_NEW]);
	add_cell(text, &words);
	sp_words_location(&words,
	    region->effect == SP_EFFECT_CLOSES && row->before->at.line ? &row->before->at
	    : row->kind == SP_CHANGE_NEEDS_TLS
		? &region->outcomes[SP_NEW][SP_VERIFIED]->at
		: &row->after->at);
	add_cell(text, &words);
	sp_text_add(text, "\n");
}

static void add_regions(struct sp_text *text, const struct sp_difference *difference)
{
	size_t count = difference->rows.length;

	if (!count)
		return;
	sp_text_add(text, "| Change | Service | Port | Sources | For example | Line |\n"
			  "| --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < count && i < MOST_ROWS; i++)
		add_row(text, &difference->rows.items[i]);
	if (count > MOST_ROWS)
		sp_text_add(
		    text, "\n%zu more changes are not listed here.\n", count - MOST_ROWS);
	sp_text_add(text, "\n");
}

static void add_demands(struct sp_text *text, const struct sp_difference *difference)
{
	if (!difference->demands.length)
		return;
	sp_text_add(text, "| TLS demand | Service | Port | Before | After | Line |\n"
			  "| --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < difference->demands.length && i < MOST_ROWS; i++) {
		const struct sp_demand_row *row = &difference->demands.items[i];
		struct sp_text words = { 0 };

		sp_text_add(text, "| %s", mark_of(row->effect));
		sp_text_add(&words, "%s %s", row->what, sp_effect_name(row->effect));
		add_cell(text, &words);
		sp_text_add(&words, "%s", row->service);
		add_cell(text, &words);
		sp_words_ports(&words, SP_TCP, row->ports.items, row->ports.length);
		add_cell(text, &words);
		sp_text_add(&words, "%s", row->before);
		add_cell(text, &words);
		sp_text_add(&words, "%s", row->after);
		add_cell(text, &words);
		sp_words_location(&words, &row->new_at);
		add_cell(text, &words);
		sp_text_add(text, "\n");
	}
	sp_text_add(text, "\n");
}

static void add_settings(struct sp_text *text, const struct sp_difference *difference)
{
	for (size_t i = 0; i < difference->settings.length; i++) {
		const struct sp_setting_row *row = &difference->settings.items[i];

		sp_text_add(text, "- `%s`", row->what);
		if (row->service)
			sp_text_add(text, " of `[service %s]`", row->service);
		sp_text_add(text, ": `%s`, was `%s`\n", row->after, row->before);
	}
	if (difference->settings.length)
		sp_text_add(text, "\n");
}

/* A file's name, which may hold line breaks and more. */
static void add_name(struct sp_text *text, const char *name)
{
	char *escaped = sp_escape(name);

	sp_markdown_plain(text, escaped);
	text->failed = text->failed || !escaped;
	free(escaped);
}

bool sp_report_difference_markdown(FILE *out, const struct sp_difference *difference)
{
	struct sp_text text = { 0 }, plan = { 0 };

	sp_text_add(&text, "### sallyport: ");
	add_name(&text, difference->old.name);
	sp_text_add(&text, " → ");
	add_name(&text, difference->new.name);
	sp_text_add(&text, "\n\n");
	if (sp_difference_is_empty(difference)) {
		sp_text_add(&text, "No difference: both treat every packet alike.\n");
		return sp_style_flush(out, &text);
	}
	if (difference->old.trust != SP_TRUST_OURS) {
		sp_text_add(&text, "⚠️ ");
		sp_words_doubt(&text, difference);
		sp_text_add(&text, "\n\n");
	}
	sp_words_plan(&plan, difference);
	if (plan.failed)
		text.failed = true;
	sp_text_add(&text, "**%s**\n\n", plan.failed ? "" : plan.bytes);
	sp_text_free(&plan);
	add_regions(&text, difference);
	add_demands(&text, difference);
	add_settings(&text, difference);
	return sp_style_flush(out, &text);
}
