#include <sallyport/space_report.h>

#include <stdlib.h>

#include "space_json.h"
#include "space_words.h"

static const char *past(enum sp_fate fate)
{
	switch (fate) {
	case SP_FATE_DROP: return "dropped";
	case SP_FATE_REJECT: return "rejected";
	case SP_FATE_ACCEPT: return "accepted";
	}
	return "";
}

char *sp_broken_text(const struct sp_broken *broken)
{
	bool allow = broken->expect->decision == SP_EXPECT_ALLOW;
	struct sp_text text = { 0 };

	sp_text_add(&text, "[expect %s] wants %s, but ", broken->expect->name,
	    allow ? "allow" : "block");
	sp_words_packet(&text, &broken->packet);
	/* Limits are left out of the decision: accepted is what was not wanted. */
	sp_text_add(
	    &text, " is %s", allow ? past(broken->decision.fate) : past(SP_FATE_ACCEPT));
	if (!broken->either_way)
		sp_text_add(
		    &text, broken->verified ? " while verified" : " while not verified");
	sp_text_add(&text, " by ");
	sp_words_decider(&text, &broken->decision);
	if (allow && !broken->either_way && !broken->verified)
		sp_text_add(&text, "; a port that needs TLS is open \"when = verified\"");
	if (text.failed) {
		sp_text_free(&text);
		return NULL;
	}
	return text.bytes;
}

static json_t *broken_json(const struct sp_broken *broken)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "expect",
	    sp_json_text(broken->expect->name), "at",
	    sp_json_location(&broken->expect->at), "wanted",
	    broken->expect->decision == SP_EXPECT_ALLOW ? "allow" : "block", "packet",
	    sp_json_packet(&broken->packet, broken->verified), "decision",
	    sp_json_outcome(&broken->decision));
}

static json_t *lint_json(const struct sp_lint *lint)
{
	return json_pack("{s:s, s:o, s:o}", "id", sp_lint_entry(lint->id)->name, "at",
	    sp_json_location(&lint->at), "message", sp_json_text(lint->message));
}

static void add_lints(json_t *list, const struct sp_lints *lints)
{
	for (size_t i = 0; i < lints->length; i++)
		json_array_append_new(list, lint_json(&lints->items[i]));
}

bool sp_report_check_json(FILE *out, const struct sp_checked *checked)
{
	const struct sp_policy *policy = checked->policy;
	json_t *lints = json_array(), *broken = json_array();

	add_lints(lints, &policy->lints);
	add_lints(lints, checked->shadows);
	for (size_t i = 0; i < checked->broken->length; i++)
		json_array_append_new(broken, broken_json(&checked->broken->items[i]));
	return sp_json_flush(out,
	    json_pack("{s:i, s:b, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:s*}", "version", 1,
		"valid", 1, "services", (json_int_t)policy->service_count, "address_sets",
		(json_int_t)policy->set_count, "gates", (json_int_t)checked->gates,
		"warnings", (json_int_t)checked->warnings, "lints", lints, "expectations",
		(json_int_t)policy->expect_count, "broken_expectations", broken, "kernel",
		checked->kernel));
}
