/* An audit for a terminal: a line of facts per port, below it why. */
#include "audit_words.h"

#include <stdlib.h>

#include <sallyport/escape.h>

#include "verify_style.h"

#define REASON_COLUMN 6
#define PORT_WIDTH 16
#define SERVICE_WIDTH 18
#define OWNER_WIDTH 24
#define GATE_WIDTH 7

/* Escaped, in a column of `width`, with a blank behind it in any case. */
static void add_cell(struct sp_text *text, const char *words, int width)
{
	char *escaped = sp_escape(words ? words : "-");

	if (!escaped) {
		text->failed = true;
		return;
	}
	sp_text_add(text, "%-*.*s ", width - 1, width - 1, escaped);
	free(escaped);
}

static void add_owner(struct sp_text *text, const struct sp_audit_row *row)
{
	char uid[24];

	snprintf(uid, sizeof(uid), "uid %u", row->uid);
	add_cell(text, row->owner ? row->owner : row->has_uid ? uid : NULL, OWNER_WIDTH);
}

static void add_why(struct sp_text *text, const struct sp_audit_row *row)
{
	const struct sp_audit_entry *entry = sp_audit_entry(row->reason);
	struct sp_text words = { 0 };

	sp_text_add(&words, "%s", entry->title);
	if (row->text)
		sp_text_add(&words, ": %s", row->text);
	sp_text_add(&words, " [%s%s%s]", entry->key, row->finding ? ": " : "",
	    row->finding ? row->finding : "");
	sp_text_add(text, "%*s", REASON_COLUMN, "");
	if (words.failed)
		text->failed = true;
	else
		sp_style_wrapped(text, REASON_COLUMN, words.bytes);
	sp_text_free(&words);
}

static void add_row(struct sp_text *text, const struct sp_audit_row *row, bool colour)
{
	struct sp_text port = { 0 };

	sp_style_outcome(text, sp_audit_entry(row->reason)->pass ? SP_PASS : SP_FAIL,
	    REASON_COLUMN, colour);
	sp_audit_port(&port, row);
	add_cell(text, port.bytes, PORT_WIDTH);
	sp_text_free(&port);
	add_cell(text, row->services, SERVICE_WIDTH);
	add_owner(text, row);
	add_cell(text, sp_audit_gate_name(row->gate), GATE_WIDTH);
	sp_text_add(text, "%s\n", row->tls ? row->tls : "-");
	add_why(text, row);
}

static void add_foreign(struct sp_text *text, const struct sp_foreign *item, bool colour)
{
	const struct sp_foreign_entry *entry = sp_foreign_entry(item->kind);
	struct sp_text words = { 0 };

	sp_audit_foreign(&words, item);
	sp_text_add(&words, ": %s [%s]", entry->meaning, entry->key);
	if (entry->pass)
		sp_text_add(text, "%-*s", REASON_COLUMN, "note");
	else
		sp_style_outcome(text, SP_FAIL, REASON_COLUMN, colour);
	if (words.failed)
		text->failed = true;
	else
		sp_style_wrapped(text, REASON_COLUMN, words.bytes);
	sp_text_free(&words);
}

static void add_summary(struct sp_text *text, const struct sp_audit *audit)
{
	const char *remarks[SP_AUDIT_REMARKS + 1];
	char number[128];
	size_t failed = 0;

	for (size_t i = 0; i < audit->rows.length; i++)
		failed += !sp_audit_entry(audit->rows.items[i].reason)->pass;
	sp_text_add(text, "\n%zu ports: %zu pass, %zu fail. %zu not covered.\n",
	    audit->rows.length, audit->rows.length - failed, failed,
	    audit->foreigns.length);
	sp_audit_remarks(audit, number, remarks);
	for (size_t i = 0; remarks[i]; i++)
		sp_style_wrapped(text, 0, remarks[i]);
}

bool sp_report_audit_text(FILE *out, const struct sp_audit *audit, bool colour)
{
	struct sp_text text = { 0 };

	sp_text_add(&text, "%-*s%-*s%-*s%-*s%-*sTLS\n", REASON_COLUMN, "", PORT_WIDTH,
	    "PORT", SERVICE_WIDTH, "SERVICE", OWNER_WIDTH, "LISTENER", GATE_WIDTH,
	    "KERNEL");
	for (size_t i = 0; i < audit->rows.length; i++)
		add_row(&text, &audit->rows.items[i], colour);
	if (audit->foreigns.length)
		sp_text_add(&text, "\nNot covered by this policy:\n");
	for (size_t i = 0; i < audit->foreigns.length; i++)
		add_foreign(&text, &audit->foreigns.items[i], colour);
	add_summary(&text, audit);
	return sp_style_print(out, &text);
}
