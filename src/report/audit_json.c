/* An audit for programs: one object with "version": 1, and SARIF 2.1.0. */
#include "audit_words.h"

#include <stdlib.h>

#include "sarif.h"
#include "space_json.h"

static json_t *text_or_null(const char *text)
{
	return text ? sp_json_text(text) : json_null();
}

static json_t *row_json(const struct sp_audit_row *row)
{
	const struct sp_audit_entry *entry = sp_audit_entry(row->reason);

	return json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s?, "
			 "s:s?, s:o}",
	    "pass", entry->pass, "reason", entry->key, "title", entry->title, "protocol",
	    sp_protocol_name(row->protocol), "ports", sp_json_ports(&row->ports, 1),
	    "services", text_or_null(row->services), "at", sp_json_location(&row->at),
	    "listeners", text_or_null(row->listeners), "uid",
	    row->has_uid ? json_integer((json_int_t)row->uid) : json_null(), "owner",
	    text_or_null(row->owner), "kernel", sp_audit_gate_name(row->gate), "tls",
	    row->tls, "finding", row->finding, "text", text_or_null(row->text));
}

static json_t *foreign_json(const struct sp_foreign *item)
{
	const struct sp_foreign_entry *entry = sp_foreign_entry(item->kind);
	char address[SP_ADDRESS_TEXT];

	return json_pack(
	    "{s:b, s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:i, s:b, s:I, s:i, s:i, "
	    "s:s?, s:i, s:s?}",
	    "pass", entry->pass, "kind", entry->key, "title", entry->title, "meaning",
	    entry->meaning, "legacy", item->legacy, "family", item->family, "table",
	    sp_json_text(item->table), "chain", sp_json_text(item->chain), "priority",
	    (int)item->priority, "drop", item->drop, "handle", (json_int_t)item->handle,
	    "protocol", (int)item->protocol, "port", (int)item->port, "to",
	    item->has_to ? sp_address_print(&item->to, address) : NULL, "to_port",
	    (int)item->to_port, "software", sp_foreign_software(item));
}

bool sp_report_audit_json(FILE *out, const struct sp_audit *audit)
{
	json_t *rows = json_array(), *foreigns = json_array();

	for (size_t i = 0; i < audit->rows.length; i++)
		if (json_array_append_new(rows, row_json(&audit->rows.items[i])) < 0)
			goto failed;
	for (size_t i = 0; i < audit->foreigns.length; i++)
		if (json_array_append_new(
			foreigns, foreign_json(&audit->foreigns.items[i])) < 0)
			goto failed;
	return sp_json_flush(out,
	    json_pack("{s:i, s:o, s:b, s:o, s:{s:b, s:b, s:b, s:I}, s:b, s:I, s:o, s:o}",
		"version", 1, "time", sp_json_time(audit->time), "pass",
		sp_audit_passes(audit), "policy", sp_json_text(audit->policy), "kernel",
		"read", audit->kernel_read, "legacy_read",
		audit->kernel_read && !audit->legacy_unread, "loaded", audit->loaded,
		"differences", (json_int_t)audit->differences, "blocks_nothing",
		audit->blocks_nothing, "processes_not_seen", (json_int_t)audit->closed,
		"rows", rows, "not_covered", foreigns));
failed:
	json_decref(rows);
	json_decref(foreigns);
	return false;
}

/* ---- SARIF ---- */

static void make_rules(struct sp_sarif_rule rules[SP_AUDIT_REASONS + SP_FOREIGN_KINDS])
{
	for (int i = 0; i < SP_AUDIT_REASONS; i++) {
		const struct sp_audit_entry *entry =
		    sp_audit_entry((enum sp_audit_reason)i);

		rules[i] = (struct sp_sarif_rule){ entry->key, entry->title,
			entry->pass ? "none" : "error" };
	}
	for (int i = 0; i < SP_FOREIGN_KINDS; i++) {
		const struct sp_foreign_entry *entry =
		    sp_foreign_entry((enum sp_foreign_kind)i);

		rules[SP_AUDIT_REASONS + i] = (struct sp_sarif_rule){ entry->key,
			entry->title, entry->pass ? "note" : "error" };
	}
}

/* A result needs a place; where no service names the port, that is the policy,
 * which lacks one. */
static json_t *row_result(const struct sp_audit *audit, const struct sp_audit_row *row)
{
	const struct sp_audit_entry *entry = sp_audit_entry(row->reason);
	struct sp_location at =
	    row->at.file ? row->at : (struct sp_location){ audit->policy, 1, 0 };
	struct sp_text text = { 0 };
	json_t *result = NULL;

	sp_audit_port(&text, row);
	sp_text_add(&text, ": %s", entry->title);
	if (row->text)
		sp_text_add(&text, ": %s", row->text);
	if (!text.failed)
		result = sp_sarif_result(
		    entry->key, entry->pass ? "none" : "error", text.bytes, &at);
	/* Section 3.27.10: a level other than none is for kind "fail" alone. */
	if (result && entry->pass)
		json_object_set_new(result, "kind", json_string("pass"));
	sp_text_free(&text);
	return result;
}

static json_t *foreign_result(const struct sp_audit *audit, const struct sp_foreign *item)
{
	const struct sp_foreign_entry *entry = sp_foreign_entry(item->kind);
	struct sp_location at = { audit->policy, 1, 0 };
	struct sp_text text = { 0 };
	json_t *result = NULL;

	sp_audit_foreign(&text, item);
	sp_text_add(&text, ": %s", entry->meaning);
	if (!text.failed)
		result = sp_sarif_result(
		    entry->key, entry->pass ? "note" : "error", text.bytes, &at);
	sp_text_free(&text);
	return result;
}

bool sp_report_audit_sarif(FILE *out, const struct sp_audit *audit, const char *version)
{
	struct sp_sarif_rule rules[SP_AUDIT_REASONS + SP_FOREIGN_KINDS];
	json_t *results = json_array();
	bool done = results != NULL;

	/* A finding that could not be told must not look like none. */
	for (size_t i = 0; done && i < audit->rows.length; i++)
		done = json_array_append_new(
			   results, row_result(audit, &audit->rows.items[i])) == 0;
	for (size_t i = 0; done && i < audit->foreigns.length; i++)
		done = json_array_append_new(results,
			   foreign_result(audit, &audit->foreigns.items[i])) == 0;
	if (!done) {
		json_decref(results);
		return false;
	}
	make_rules(rules);
	return sp_json_flush(
	    out, sp_sarif_log(rules, sizeof(rules) / sizeof(*rules), version, results));
}
