#include <sallyport/verify_report.h>

#include <stdlib.h>
#include <string.h>

#include "space_json.h"

static json_t *digest_of(const uint8_t digest[32])
{
	char text[65];

	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return json_string(text);
}

static json_t *version_of(uint16_t version)
{
	char text[16];

	return version ? json_string(sp_version_name(version, text)) : json_null();
}

static json_t *number_or_null(uint16_t number)
{
	char text[8];

	snprintf(text, sizeof(text), "0x%04x", number);
	return number ? json_string(text) : json_null();
}

static json_t *name_of(const struct sp_target *target, uint16_t name)
{
	return name == SP_NO_NAME ? json_null() : sp_json_text(target->names[name]);
}

static json_t *chain_of(const uint16_t *indices, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer(indices[i]));
	return list;
}

static json_t *answer_of(const struct sp_target *target,
    const struct sp_answered *answered, const struct sp_testimony *testimony)
{
	const struct sp_observation *seen =
	    sp_testimony_find(testimony, answered->question, answered->name);
	json_t *object = json_pack("{s:s, s:o, s:s, s:o}", "question",
	    sp_question(answered->question)->key, "name", name_of(target, answered->name),
	    "answer", sp_answer_name(answered->answer), "how",
	    sp_json_text(answered->how));

	if (!object || !seen)
		return object;
	json_object_set_new(object, "version", version_of(seen->version));
	json_object_set_new(object, "suite", number_or_null(seen->suite));
	json_object_set_new(object, "group", number_or_null(seen->group));
	json_object_set_new(object, "signature_scheme", number_or_null(seen->scheme));
	json_object_set_new(object, "dh_bits", json_integer(seen->dh_bits));
	json_object_set_new(object, "proven", json_boolean(seen->proven));
	json_object_set_new(object, "tries", json_integer(seen->tries));
	if (sp_question(answered->question)->kind == SP_KIND_HANDSHAKE || seen->proven) {
		json_object_set_new(object, "ocsp_staple", json_boolean(seen->staple));
		json_object_set_new(object, "sent_total", json_integer(seen->sent_total));
		json_object_set_new(
		    object, "sent", chain_of(seen->sent, seen->sent_count));
		json_object_set_new(
		    object, "chain", chain_of(seen->chain, seen->chain_count));
	}
	return object;
}

static json_t *finding_of(
    const struct sp_target *target, const struct sp_finding *finding)
{
	const struct sp_finding_entry *entry = sp_finding_entry(finding->id);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", entry->key,
	    "weight", sp_weight_name(finding->weight), "title", entry->title, "reference",
	    entry->reference, "clause", sp_json_text(finding->clause), "remedy",
	    sp_json_text(entry->remedy), "name", name_of(target, finding->name), "text",
	    sp_json_text(finding->text));
}

static json_t *certificate_of(const struct sp_certificate *certificate, int64_t now)
{
	json_t *names = json_array();

	for (size_t i = 0; i < certificate->name_count; i++)
		json_array_append_new(names, sp_json_text(certificate->names[i]));
	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:I, s:o, s:i, s:o, s:b, "
	    "s:b, s:b, s:b}",
	    "subject", sp_json_text(certificate->subject), "issuer",
	    sp_json_text(certificate->issuer), "serial",
	    sp_json_text(certificate->serial), "names", names, "name_total",
	    (int)certificate->name_total, "sha256", digest_of(certificate->sha256),
	    "not_before", sp_json_time(certificate->not_before), "not_after",
	    sp_json_time(certificate->not_after), "days_left",
	    (json_int_t)((certificate->not_after - now) / 86400), "key",
	    sp_json_text(certificate->key), "key_bits", (int)certificate->key_bits,
	    "signature", sp_json_text(certificate->signature), "self_signed",
	    certificate->self_signed, "ca", certificate->authority, "server_auth",
	    !certificate->purposes || certificate->server_auth, "must_staple",
	    certificate->must_staple);
}

static json_t *endpoint_of(const struct sp_verdict *verdict,
    const struct sp_endpoint_verdict *endpoint, int64_t now)
{
	const struct sp_testimony *testimony = &endpoint->endpoint->testimony;
	json_t *answers = json_array(), *findings = json_array(), *all = json_array();
	char address[SP_ADDRESS_TEXT];

	for (size_t i = 0; i < endpoint->answer_count; i++)
		json_array_append_new(answers,
		    answer_of(verdict->target, &endpoint->answers[i], testimony));
	for (size_t i = 0; i < endpoint->finding_count; i++)
		json_array_append_new(
		    findings, finding_of(verdict->target, &endpoint->findings[i]));
	for (size_t i = 0; i < testimony->certificate_count; i++)
		json_array_append_new(
		    all, certificate_of(&testimony->certificates[i], now));
	return json_pack("{s:s, s:i, s:b, s:b, s:s, s:o, s:o, s:o, s:i, s:b, s:I, s:I}",
	    "address", sp_address_print(&endpoint->endpoint->address, address), "port",
	    verdict->target->port, "local", endpoint->endpoint->local, "listening",
	    endpoint->endpoint->listening, "outcome", sp_outcome_name(endpoint->outcome),
	    "answers", answers, "findings", findings, "certificates", all, "connections",
	    (int)testimony->connections, "sandboxed", testimony->sandboxed, "began_ms",
	    (json_int_t)testimony->began_ms, "ended_ms", (json_int_t)testimony->ended_ms);
}

static json_t *lease_of(const struct sp_lease *lease)
{
	if (!lease)
		return json_null();
	return json_pack("{s:o, s:o}", "not_after",
	    sp_json_time(sp_lease_not_after(lease)), "evidence",
	    digest_of(sp_lease_evidence(lease)));
}

static json_t *services_of(const struct sp_policy *policy, const struct sp_target *target)
{
	json_t *list = json_array();

	for (size_t i = 0; policy && i < target->service_count; i++)
		json_array_append_new(
		    list, sp_json_text(policy->services[target->services[i]].name));
	return list;
}

static json_t *verdict_of(
    const struct sp_policy *policy, const struct sp_verdict *verdict, int64_t now)
{
	const struct sp_target *target = verdict->target;
	json_t *names = json_array(), *endpoints = json_array();

	for (size_t i = 0; i < target->name_count; i++)
		json_array_append_new(names, sp_json_text(target->names[i]));
	for (size_t i = 0; i < verdict->endpoint_count; i++)
		json_array_append_new(
		    endpoints, endpoint_of(verdict, &verdict->endpoints[i], now));
	return json_pack("{s:i, s:s, s:o, s:s, s:s*, s:s, s:o, s:s, s:s, s:o, s:o, s:o}",
	    "port", target->port, "protocol", sp_protocol_name(target->protocol),
	    "services", services_of(policy, target), "tls", sp_tls_name(target->tls),
	    "starttls", target->dialect ? sp_dialect_name(target->dialect) : NULL,
	    "profile", target->profile->name, "names", names, "on_fail",
	    target->on_fail == SP_ON_FAIL_WARN ? "warn" : "block", "outcome",
	    sp_outcome_name(verdict->outcome), "reason", sp_json_text(verdict->reason),
	    "lease", lease_of(verdict->lease), "endpoints", endpoints);
}

bool sp_report_verify_json(
    FILE *out, const struct sp_policy *policy, const struct sp_verdicts *verdicts)
{
	json_t *ports = json_array(), *report;

	for (size_t i = 0; i < verdicts->count; i++)
		json_array_append_new(
		    ports, verdict_of(policy, &verdicts->items[i], verdicts->now));
	/* A port that could not be told must not look like one that is not there. */
	if (json_array_size(ports) != verdicts->count) {
		json_decref(ports);
		return false;
	}
	report = json_pack("{s:i, s:o, s:b, s:o}", "version", 1, "time",
	    sp_json_time(verdicts->now), "pass", sp_verdicts_pass(verdicts), "ports",
	    ports);
	return sp_json_flush(out, report);
}
