#include <sallyport/explanation_report.h>

#include <stdlib.h>
#include <string.h>

#include "space_json.h"
#include "space_words.h"
#include "verify_style.h"

/* Where the words of a line begin. */
#define COLUMN 16

/* "  label       words", wrapped. */
static void add_line(struct sp_text *text, const char *label, struct sp_text *words)
{
	if (words->failed)
		text->failed = true;
	sp_text_add(text, "  %-*s", COLUMN - 2, label);
	sp_style_wrapped(text, COLUMN, words->bytes ? words->bytes : "");
	sp_text_free(words);
}

static bool same_states(const struct sp_case *one)
{
	const struct sp_decision *const *outcomes = one->region->outcomes[SP_NEW];

	return outcomes[SP_UNVERIFIED] == outcomes[SP_VERIFIED];
}

/* "addr-office-4" is the IPv4 half of [addresses office], "addr-office-4/10.0.0.0-8" a
 * piece of it. */
static void add_set(struct sp_text *words, const char *set)
{
	size_t length = strcspn(set, "/"), skip = strlen(SP_ADDRESS_SET_PREFIX);

	if (length > skip + 2 && !strncmp(set, SP_ADDRESS_SET_PREFIX, skip))
		sp_text_add(
		    words, "[addresses %.*s]", (int)(length - skip - 2), set + skip);
	else
		sp_text_add(words, "the set %s", set);
}

static void add_matched(struct sp_text *words, const struct sp_reason *reason)
{
	char range[SP_RANGE_TEXT];

	if (!reason->by_source) {
		sp_text_add(words, "any source");
		return;
	}
	sp_text_add(words, "%s", sp_range_print(&reason->matched, range));
	if (reason->set) {
		sp_text_add(words, " of ");
		add_set(words, reason->set);
	}
}

static void add_decider(
    struct sp_text *text, const struct sp_case *one, size_t state, const char *label)
{
	const struct sp_decision *decision = one->region->outcomes[SP_NEW][state];
	struct sp_text words = { 0 };

	sp_words_decider(&words, decision);
	if (decision->at.line) {
		sp_text_add(&words, ", ");
		sp_words_location(&words, &decision->at);
	}
	if (one->reasons[state].rule && decision->name) {
		sp_text_add(&words, ": matches ");
		add_matched(&words, &one->reasons[state]);
	}
	add_line(text, label, &words);
}

static void add_demand(struct sp_text *text, const struct sp_policy *policy,
    const struct sp_service *service)
{
	struct sp_text words = { 0 };

	sp_text_add(&words, "%s", sp_tls_name(service->tls));
	if (service->starttls != SP_DIALECT_NONE)
		sp_text_add(&words, " %s", sp_dialect_name(service->starttls));
	sp_text_add(&words, ", profile %s", policy->profiles[service->profile].name);
	for (size_t i = 0; i < service->name_count; i++)
		sp_text_add(&words, "%s %s", i ? "," : ", valid for", service->names[i]);
	if (service->on_fail == SP_ON_FAIL_WARN)
		sp_text_add(&words, "; on_fail = warn: open, unverified");
	add_line(text, "TLS", &words);
}

static void add_proof(struct sp_text *text, const struct sp_proof_shown *proof)
{
	struct sp_text words = { 0 };
	char when[STYLE_TIME_TEXT], left[STYLE_LEFT_TEXT];

	if (proof->stands && proof->left_ms)
		sp_text_add(&words, "a lease stands in the kernel, %s left",
		    sp_style_left(proof->left_ms, left));
	else if (proof->stands)
		sp_text_add(&words, "a lease stands in the kernel");
	else if (proof->kernel_read)
		sp_text_add(&words, "no lease stands in the kernel: the port is shut");
	else
		sp_text_add(
		    &words, "not known here: no kernel that has the table can be read");
	if (proof->outcome)
		sp_text_add(&words, "; last verified %s: %s%s%s",
		    sp_style_time(proof->checked, when), proof->outcome,
		    proof->reason && *proof->reason ? ", " : "",
		    proof->reason ? proof->reason : "");
	add_line(text, "lease", &words);
}

static void add_service(struct sp_text *words, const struct sp_service *service)
{
	sp_text_add(words, "[service %s]", service->name);
	if (service->at.line) {
		sp_text_add(words, " (");
		sp_words_location(words, &service->at);
		sp_text_add(words, ")");
	}
}

static void add_advice(struct sp_text *text, const struct sp_case *one)
{
	const struct sp_packet *packet = &one->packet;
	struct sp_text words = { 0 };
	char address[SP_ADDRESS_TEXT];

	switch (one->advice) {
	case SP_ADVICE_NONE: return;
	case SP_ADVICE_ADD:
		sp_text_add(&words,
		    "no service allows %u/%s: write one, [service NAME] with port = %u%s",
		    packet->port, sp_protocol_name(packet->protocol), packet->port,
		    packet->protocol == SP_UDP ? " and protocol = udp" : "");
		break;
	case SP_ADVICE_FROM:
		sp_text_add(&words, "add %s to the from of ",
		    sp_address_print(&packet->source, address));
		add_service(&words, one->service);
		break;
	case SP_ADVICE_TO:
		sp_text_add(&words, "add the destination to the to of ");
		add_service(&words, one->service);
		break;
	case SP_ADVICE_INTERFACE:
		sp_text_add(&words, "add the interface to the interface of ");
		add_service(&words, one->service);
		break;
	case SP_ADVICE_SET:
		sp_text_add(&words, "take the source out of [addresses %s]",
		    one->region->outcomes[SP_NEW][SP_VERIFIED]->name);
		break;
	case SP_ADVICE_BLOCK:
		sp_text_add(&words, "narrow ");
		if (one->service)
			add_service(&words, one->service);
		else
			sp_text_add(&words, "what blocks it");
		break;
	case SP_ADVICE_VERIFY:
		sp_text_add(&words, "`sallyport verify` says what the server lacks; "
				    "`sallyport apply` opens the port once it passes");
		break;
	}
	add_line(text, "to let it in", &words);
}

static void add_case(struct sp_text *text, const struct sp_policy *policy,
    const struct sp_case *one, const struct sp_proof_shown *proof)
{
	const struct sp_service *service = one->service;
	struct sp_text head = { 0 };

	sp_words_packet(&head, &one->packet);
	sp_text_add(&head, ": ");
	sp_words_outcomes(&head, one->region->outcomes[SP_NEW]);
	if (head.failed)
		text->failed = true;
	else
		sp_style_wrapped(text, 0, head.bytes);
	sp_text_free(&head);
	if (same_states(one)) {
		add_decider(text, one, SP_VERIFIED, "decided by");
	} else {
		add_decider(text, one, SP_VERIFIED, "verified");
		add_decider(text, one, SP_UNVERIFIED, "unverified");
	}
	if (service && service->action == SP_ALLOW && service->tls != SP_TLS_NONE) {
		add_demand(text, policy, service);
		add_proof(text, proof);
	}
	if (one->advice != SP_ADVICE_VERIFY || !proof->stands)
		add_advice(text, one);
}

bool sp_report_explanation_text(FILE *out, const struct sp_policy *policy,
    const struct sp_explanation *explanation, const struct sp_proof_shown *proof)
{
	struct sp_text text = { 0 };

	if (explanation->cases.length > 1)
		sp_text_add(
		    &text, "It depends: %zu cases.\n\n", explanation->cases.length);
	for (size_t i = 0; i < explanation->cases.length; i++) {
		const struct sp_case *one = &explanation->cases.items[i];

		add_case(&text, policy, one, proof);
		if (explanation->cases.length > 1) {
			struct sp_text where = { 0 };

			sp_words_place(&where, one->region);
			if (where.bytes)
				add_line(&text, "where", &where);
			sp_text_add(&text, "\n");
		}
	}
	return sp_style_print(out, &text);
}

/* --- JSON ---------------------------------------------------------------- */

static const char *advice_name(enum sp_advice advice)
{
	switch (advice) {
	case SP_ADVICE_NONE: return "none";
	case SP_ADVICE_ADD: return "add a service";
	case SP_ADVICE_FROM: return "add to from";
	case SP_ADVICE_TO: return "add to to";
	case SP_ADVICE_INTERFACE: return "add to interface";
	case SP_ADVICE_SET: return "take out of the block list";
	case SP_ADVICE_BLOCK: return "narrow the block";
	case SP_ADVICE_VERIFY: return "verify";
	}
	return "";
}

static json_t *matched_json(const struct sp_reason *reason)
{
	char range[SP_RANGE_TEXT];

	if (!reason->by_source)
		return json_null();
	return json_pack("{s:s, s:o}", "element", sp_range_print(&reason->matched, range),
	    "set", sp_json_text(reason->set));
}

static json_t *case_json(const struct sp_case *one)
{
	json_t *object = sp_json_region(one->region);

	json_object_set_new(object, "packet", sp_json_packet(&one->packet, true));
	json_object_set_new(
	    object, "decision", sp_json_outcomes(one->region->outcomes[SP_NEW]));
	json_object_set_new(object, "matched",
	    json_pack("{s:o, s:o}", "unverified",
		matched_json(&one->reasons[SP_UNVERIFIED]), "verified",
		matched_json(&one->reasons[SP_VERIFIED])));
	json_object_set_new(
	    object, "service", sp_json_text(one->service ? one->service->name : NULL));
	json_object_set_new(object, "advice", json_string(advice_name(one->advice)));
	return object;
}

bool sp_report_explanation_json(FILE *out, const struct sp_policy *policy,
    const struct sp_explanation *explanation, const struct sp_proof_shown *proof)
{
	json_t *cases = json_array();

	(void)policy;
	for (size_t i = 0; i < explanation->cases.length; i++)
		json_array_append_new(cases, case_json(&explanation->cases.items[i]));
	return sp_json_flush(out,
	    json_pack("{s:i, s:b, s:o, s:{s:o, s:o, s:o}}", "version", 1, "accepted",
		(int)explanation->accepted, "cases", cases, "proof", "stands",
		proof->kernel_read ? json_boolean(proof->stands) : json_null(), "outcome",
		sp_json_text(proof->outcome), "reason", sp_json_text(proof->reason)));
}
