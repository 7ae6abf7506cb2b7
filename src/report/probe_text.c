#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify_style.h"

static const char *name_of(const struct sp_target *target, uint16_t name)
{
	return name == SP_NO_NAME ? "no name" : target->names[name];
}

/* A version in columns; a longer question, where it was asked, in words. */
static void add_answer(struct sp_text *text, const struct sp_answered *answered)
{
	const struct sp_question_entry *entry = sp_question(answered->question);
	char *words = NULL;

	if (entry->purpose == SP_PURPOSE_VERSION &&
	    answered->answer == SP_ANSWER_NOT_ASKED) {
		sp_text_add(
		    text, "  %-10s%s\n", entry->title, sp_answer_name(answered->answer));
	} else if (entry->purpose == SP_PURPOSE_VERSION) {
		sp_text_add(
		    text, "  %-10s%-14s", entry->title, sp_answer_name(answered->answer));
		sp_style_wrapped(text, 26, answered->how);
	} else if (answered->answer != SP_ANSWER_NOT_ASKED) {
		if (asprintf(&words, "%s: %s, %s", entry->title,
			sp_answer_name(answered->answer), answered->how) < 0) {
			text->failed = true;
			return;
		}
		sp_text_add(text, "  ");
		sp_style_wrapped(text, 6, words);
		free(words);
	}
}

static void add_answers(struct sp_text *text, const struct sp_verdict *verdict,
    const struct sp_endpoint_verdict *endpoint)
{
	const struct sp_target *target = verdict->target;

	for (size_t i = 0; i < endpoint->answer_count; i++) {
		const struct sp_answered *answered = &endpoint->answers[i];

		if (target->name_count > 1 &&
		    (i == 0 || answered->name != endpoint->answers[i - 1].name)) {
			sp_text_add(text, "  for ");
			sp_style_wrapped(text, 6, name_of(target, answered->name));
		}
		add_answer(text, answered);
	}
}

static void add_line(struct sp_text *text, const char *label, const char *value)
{
	/* A SHA-256 in full just fits. */
	sp_text_add(text, "      %-9s", label);
	sp_style_wrapped(text, 15, value);
}

static void add_names(struct sp_text *text, const struct sp_certificate *certificate)
{
	struct sp_text list = { 0 };

	for (size_t i = 0; i < certificate->name_count; i++)
		sp_text_add(&list, "%s%s", i ? ", " : "", certificate->names[i]);
	if (certificate->name_total > certificate->name_count)
		sp_text_add(&list, ", and %zu more",
		    certificate->name_total - certificate->name_count);
	if (list.failed)
		text->failed = true;
	else if (list.bytes)
		add_line(text, "names", list.bytes);
	sp_text_free(&list);
}

static void add_validity(
    struct sp_text *text, const struct sp_certificate *certificate, int64_t now)
{
	char from[SP_DATE_TEXT], to[SP_DATE_TEXT], line[96];
	int64_t days = (certificate->not_after - now) / 86400;

	snprintf(line, sizeof(line), "%s to %s (%lld days left)",
	    sp_date_print(certificate->not_before, from),
	    sp_date_print(certificate->not_after, to), (long long)days);
	if (certificate->not_after <= now)
		snprintf(line, sizeof(line), "%s to %s (expired)", from, to);
	add_line(text, "valid", line);
}

static void add_certificate(struct sp_text *text,
    const struct sp_certificate *certificate, const char *role, int64_t now)
{
	char line[160], digest[65];

	sp_text_add(text, "    %s\n", role);
	add_line(text, "subject", certificate->subject);
	add_names(text, certificate);
	add_line(text, "issuer", certificate->issuer);
	add_validity(text, certificate, now);
	snprintf(line, sizeof(line), "%.60s, %u bits; signed with %.60s",
	    certificate->key, certificate->key_bits, certificate->signature);
	add_line(text, "key", line);
	add_line(text, "serial", certificate->serial);
	for (size_t i = 0; i < sizeof(certificate->sha256); i++)
		snprintf(digest + 2 * i, 3, "%02x", certificate->sha256[i]);
	add_line(text, "SHA-256", digest);
}

/* The chain of the first handshake that built this one; each chain once. */
static bool chain_was_told(const struct sp_testimony *testimony, size_t index)
{
	const struct sp_observation *this = &testimony->observations[index];

	for (size_t i = 0; i < index; i++) {
		const struct sp_observation *other = &testimony->observations[i];

		if (other->chain_count == this->chain_count &&
		    !memcmp(other->chain, this->chain,
			this->chain_count * sizeof(this->chain[0])))
			return true;
	}
	return false;
}

static void add_chains(struct sp_text *text, const struct sp_verdicts *verdicts,
    const struct sp_endpoint_verdict *endpoint)
{
	const struct sp_testimony *testimony = &endpoint->endpoint->testimony;

	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *seen = &testimony->observations[i];

		if (seen->chain_count == 0 || chain_was_told(testimony, i))
			continue;
		sp_text_add(text, "  certificates of the %s handshake, %u sent\n",
		    sp_question(seen->question)->title, seen->sent_total);
		for (size_t c = 0; c < seen->chain_count; c++) {
			const struct sp_certificate *certificate =
			    &testimony->certificates[seen->chain[c]];
			const char *role = "issuer";

			if (c == 0)
				role = "server";
			else if (certificate->self_signed)
				role = "root";
			add_certificate(text, certificate, role, verdicts->now);
		}
	}
}

static void add_endpoint(struct sp_text *text, const struct sp_verdicts *verdicts,
    const struct sp_verdict *verdict, const struct sp_endpoint_verdict *endpoint,
    bool colour)
{
	char address[SP_ENDPOINT_TEXT];

	sp_text_add(text, "%s: ",
	    sp_endpoint_print(
		&endpoint->endpoint->address, verdict->target->port, address));
	sp_style_outcome(text, endpoint->outcome, 0, colour);
	sp_text_add(text, ", by profile %s\n", verdict->target->profile->name);
	add_answers(text, verdict, endpoint);
	add_chains(text, verdicts, endpoint);
	sp_style_findings(text, endpoint, "", colour);
}

bool sp_report_probe_text(FILE *out, const struct sp_verdicts *verdicts, bool colour)
{
	struct sp_text text = { 0 };

	for (size_t i = 0; i < verdicts->count; i++) {
		const struct sp_verdict *verdict = &verdicts->items[i];

		for (size_t e = 0; e < verdict->endpoint_count; e++)
			add_endpoint(
			    &text, verdicts, verdict, &verdict->endpoints[e], colour);
		if (verdict->endpoint_count == 0)
			sp_text_add(&text, "nothing to probe\n");
	}
	return sp_style_print(out, &text);
}
