/* An audit as Markdown: a page for an auditor. */
#include "audit_words.h"

#include "markdown.h"
#include "verify_style.h"

static void add_row(struct sp_text *text, const struct sp_audit_row *row)
{
	const struct sp_audit_entry *entry = sp_audit_entry(row->reason);

	sp_text_add(text, "| %s | ", entry->pass ? "🟢 pass" : "🔴 fail");
	sp_audit_port(text, row);
	sp_text_add(text, " | ");
	sp_markdown_plain(text, row->services ? row->services : "none");
	sp_text_add(text, " | ");
	sp_markdown_code(text, row->listeners ? row->listeners : "", true);
	sp_text_add(text, " | ");
	sp_markdown_code(text, row->owner ? row->owner : "", true);
	sp_text_add(text, " | %s | %s | ", sp_audit_gate_name(row->gate),
	    row->tls ? row->tls : "");
	sp_markdown_plain(text, entry->title);
	if (row->text) {
		sp_text_add(text, ": ");
		sp_markdown_code(text, row->text, true);
	}
	sp_text_add(text, " |\n");
}

static void add_foreign(struct sp_text *text, const struct sp_foreign *item)
{
	const struct sp_foreign_entry *entry = sp_foreign_entry(item->kind);
	struct sp_text words = { 0 };

	sp_audit_foreign(&words, item);
	sp_text_add(text, "- %s", entry->pass ? "" : "🔴 ");
	if (words.failed)
		text->failed = true;
	else
		sp_markdown_code(text, words.bytes, false);
	sp_text_add(text, ": %s (`%s`)\n", entry->meaning, entry->key);
	sp_text_free(&words);
}

bool sp_report_audit_markdown(FILE *out, const struct sp_audit *audit)
{
	const char *remarks[SP_AUDIT_REMARKS + 1];
	struct sp_text text = { 0 };
	char number[128];

	sp_text_add(&text, "### %s\n\n",
	    sp_audit_passes(audit) ? "🟢 The audit passes"
				   : "🔴 The audit does not pass");
	sp_audit_remarks(audit, number, remarks);
	for (size_t i = 0; remarks[i]; i++)
		sp_text_add(&text, "%s\n\n", remarks[i]);
	sp_text_add(&text,
	    "| | Port | Service | Listens at | Owner | Kernel | TLS | Why |\n"
	    "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < audit->rows.length; i++)
		add_row(&text, &audit->rows.items[i]);
	if (audit->foreigns.length)
		sp_text_add(&text, "\n#### Not covered by this policy\n\n");
	for (size_t i = 0; i < audit->foreigns.length; i++)
		add_foreign(&text, &audit->foreigns.items[i]);
	return sp_style_flush(out, &text);
}
