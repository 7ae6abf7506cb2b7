#include <sallyport/difference_report.h>

#include <string.h>

#include <sallyport/escape.h>

#include "space_words.h"
#include "verify_style.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

#define MOST_SOURCES 6
/* Where a row's words go on in its next line. */
#define HANGING 36
/* Where the effect stands. */
#define EFFECT 26
#define WITNESS 6

static const char *colour_of(enum sp_effect effect)
{
	switch (effect) {
	case SP_EFFECT_OPENS: return RED;
	case SP_EFFECT_LOOSENS:
	case SP_EFFECT_TIGHTENS:
	case SP_EFFECT_CHANGES: return YELLOW;
	case SP_EFFECT_CLOSES: return GREEN;
	}
	return "";
}

/* Characters, since no name that we print has wider ones. */
static size_t width_of(const char *bytes, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	return width;
}

/* Words from column `at` on, later lines from `hanging` on. Returns the column
 * behind the last one. */
static size_t flow(struct sp_text *text, size_t at, size_t hanging, const char *words)
{
	bool first = true;

	while (*words) {
		size_t length = strcspn(words, " "), width = width_of(words, length);

		if (!first && at + 1 + width > REPORT_COLUMNS - 1) {
			sp_text_add(text, "\n%*s", (int)hanging, "");
			at = hanging;
		} else if (!first) {
			sp_text_add(text, " ");
			at++;
		}
		sp_text_add_bytes(text, words, length);
		at += width;
		words += length;
		words += strspn(words, " ");
		first = false;
	}
	return at;
}

/* The place at the line's end, or at the next one's. */
static void end_line(struct sp_text *text, size_t at, const struct sp_text *place)
{
	size_t width = place->bytes ? width_of(place->bytes, place->length) : 0;

	if (place->failed)
		text->failed = true;
	if (!width) {
		sp_text_add(text, "\n");
		return;
	}
	if (at + 2 + width > REPORT_COLUMNS - 1) {
		sp_text_add(text, "\n");
		at = 0;
	}
	if (width > REPORT_COLUMNS - 1)
		width = REPORT_COLUMNS - 1;
	sp_text_add(
	    text, "%*s%s\n", (int)(REPORT_COLUMNS - 1 - width - at), "", place->bytes);
}

/* What is the same for every row: sign, name, ports, then `words`, then where. */
static void add_line(struct sp_text *text, char sign, const char *name,
    const struct sp_text *ports, const char *effect, const struct sp_text *words,
    const struct sp_text *place)
{
	struct sp_text head = { 0 };
	size_t at;

	if (ports->failed || words->failed) {
		text->failed = true;
		return;
	}
	sp_text_add(&head, "%c %-12s %9s  ", sign, name, ports->bytes);
	if (head.failed) {
		text->failed = true;
		return;
	}
	at = width_of(head.bytes, head.length);
	if (at <= REPORT_COLUMNS / 2) {
		sp_text_add_bytes(text, head.bytes, head.length);
	} else {
		flow(text, 0, 2, head.bytes);
		sp_text_add(text, "\n%*s", EFFECT, "");
		at = EFFECT;
	}
	sp_text_free(&head);
	if (*effect) {
		sp_text_add(text, "%-8s  ", effect);
		at += 10;
	}
	at = flow(text, at, HANGING, words->bytes);
	end_line(text, at, place);
}

/* The line of the side that the row is about; of two files of one name, which. */
static void add_place(struct sp_text *text, const struct sp_difference *difference,
    const struct sp_location *old, const struct sp_location *new, bool prefer_old)
{
	const struct sp_location *at = prefer_old && old->line ? old : new;

	if (!at->line)
		at = old;
	sp_words_location(text, at);
	if (at == old && at->line && difference->new.policy) {
		const char *ours = strrchr(at->file, '/');
		const char *theirs = strrchr(difference->new.policy->at.file, '/');

		ours = ours ? ours + 1 : at->file;
		theirs = theirs ? theirs + 1 : difference->new.policy->at.file;
		if (!strcmp(ours, theirs))
			sp_text_add(text, " (old)");
	}
}

static void add_colour(struct sp_text *text, const char *code, bool colour)
{
	if (colour)
		sp_text_add(text, "%s", code);
}

static void add_witness(struct sp_text *text, const struct sp_region *region)
{
	struct sp_text words = { 0 };

	sp_words_packet(&words, &region->witness);
	sp_text_add(&words, ": ");
	sp_words_outcomes(&words, region->outcomes[SP_OLD]);
	sp_text_add(&words, " → ");
	sp_words_outcomes(&words, region->outcomes[SP_NEW]);
	sp_text_add(text, "%*se.g. ", WITNESS, "");
	if (words.failed)
		text->failed = true;
	else
		flow(text, WITNESS + 5, WITNESS + 5, words.bytes);
	sp_text_add(text, "\n");
	sp_text_free(&words);
}

/* Whose the packets are that change; a demand for TLS on everybody says it all. */
static void add_scope(struct sp_text *words, const struct sp_region_row *row)
{
	const struct sp_region *region = row->region;

	if (row->kind == SP_CHANGE_FATE) {
		sp_text_add(
		    words, "%*s", (int)(10 - strlen(sp_effect_name(region->effect))), "");
		sp_words_addresses(words, &region->sources, MOST_SOURCES);
	} else if (!sp_intervals_is_any(&region->sources)) {
		sp_text_add(words, " for ");
		sp_words_addresses(words, &region->sources, MOST_SOURCES);
	}
	sp_words_place(words, region);
}

static void add_row(struct sp_text *text, const struct sp_difference *difference,
    const struct sp_region_row *row, bool colour)
{
	const struct sp_region *region = row->region;
	struct sp_text ports = { 0 }, words = { 0 }, place = { 0 };

	sp_words_ports(&ports, region->protocol, region->ports, region->port_count);
	if (row->kind != SP_CHANGE_FATE)
		sp_words_change(&words, row);
	add_scope(&words, row);
	add_place(&place, difference, &row->before->at,
	    row->kind == SP_CHANGE_NEEDS_TLS ? &region->outcomes[SP_NEW][SP_VERIFIED]->at
					     : &row->after->at,
	    region->effect == SP_EFFECT_CLOSES);
	add_colour(text, colour_of(region->effect), colour);
	add_line(text, sp_words_sign(row), row->name ? row->name : "(default)", &ports,
	    row->kind == SP_CHANGE_FATE ? sp_effect_name(region->effect) : "", &words,
	    &place);
	add_colour(text, PLAIN, colour);
	add_witness(text, region);
	sp_text_free(&ports);
	sp_text_free(&words);
	sp_text_free(&place);
}

static void add_demand(struct sp_text *text, const struct sp_difference *difference,
    const struct sp_demand_row *row, bool colour)
{
	struct sp_text ports = { 0 }, words = { 0 }, place = { 0 };

	sp_words_ports(&ports, SP_TCP, row->ports.items, row->ports.length);
	sp_text_add(&words, "TLS %s: %s = %s, was %s", sp_effect_name(row->effect),
	    row->what, row->after, row->before);
	add_place(&place, difference, &row->old_at, &row->new_at, false);
	add_colour(text, colour_of(row->effect), colour);
	add_line(text, '!', row->service, &ports, "", &words, &place);
	add_colour(text, PLAIN, colour);
	sp_text_free(&ports);
	sp_text_free(&words);
	sp_text_free(&place);
}

static void add_setting(struct sp_text *text, const struct sp_difference *difference,
    const struct sp_setting_row *row)
{
	static const struct sp_location nowhere = { 0 };
	struct sp_text what = { 0 }, place = { 0 };
	size_t at;

	sp_text_add(&what, "* %s", row->what);
	if (row->service)
		sp_text_add(&what, " of [service %s]", row->service);
	sp_text_add(&what, ": %s, was %s", row->after, row->before);
	add_place(&place, difference, &nowhere, &row->at, false);
	if (what.failed) {
		text->failed = true;
	} else {
		at = flow(text, 0, 2, what.bytes);
		end_line(text, at, &place);
	}
	sp_text_free(&what);
	sp_text_free(&place);
}

/* Rows come sorted by effect: demands stand with their like. */
static void add_rows(
    struct sp_text *text, const struct sp_difference *difference, bool colour)
{
	for (int effect = 0; effect < SP_EFFECTS; effect++) {
		for (size_t i = 0; i < difference->rows.length; i++)
			if ((int)difference->rows.items[i].region->effect == effect)
				add_row(
				    text, difference, &difference->rows.items[i], colour);
		for (size_t i = 0; i < difference->demands.length; i++)
			if ((int)difference->demands.items[i].effect == effect)
				add_demand(text, difference,
				    &difference->demands.items[i], colour);
	}
	for (size_t i = 0; i < difference->settings.length; i++)
		add_setting(text, difference, &difference->settings.items[i]);
}

/* Frees the words. */
static void add_paragraph(struct sp_text *text, struct sp_text *words)
{
	if (words->failed)
		text->failed = true;
	else
		flow(text, 0, 0, words->bytes);
	sp_text_add(text, "\n");
	sp_text_free(words);
}

static void add_sameness(struct sp_text *text, const struct sp_difference *difference)
{
	sp_text_add(text, "No difference: ");
	sp_text_add_escaped(text, difference->old.name);
	sp_text_add(text, " and ");
	sp_text_add_escaped(text, difference->new.name);
	sp_text_add(text, " treat every packet alike.\n");
}

bool sp_report_difference_text(
    FILE *out, const struct sp_difference *difference, bool colour, bool quiet)
{
	struct sp_text text = { 0 }, plan = { 0 }, doubt = { 0 };

	if (sp_difference_is_empty(difference)) {
		if (!quiet)
			add_sameness(&text, difference);
		else
			sp_text_add(&text, "%s", "");
		return sp_style_print(out, &text);
	}
	add_rows(&text, difference, colour);
	if (!quiet && text.length) {
		sp_words_plan(&plan, difference);
		add_paragraph(&text, &plan);
	}
	if (difference->old.trust != SP_TRUST_OURS) {
		sp_words_doubt(&doubt, difference);
		add_paragraph(&text, &doubt);
	}
	return sp_style_print(out, &text);
}
