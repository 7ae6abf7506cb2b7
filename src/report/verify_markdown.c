/* Verdicts as Markdown: a comment for a review, a page for an auditor. */
#include <stdlib.h>
#include <string.h>

#include "markdown.h"
#include "verify_style.h"

/* Beyond it the hosts that show comments begin to cut (65,536 characters). */
#define MOST_ROWS 200
#define MOST_CERTIFICATES 100

static const char *mark_of(enum sp_outcome outcome)
{
	switch (outcome) {
	case SP_PASS: return "🟢 ";
	case SP_FAIL: return "🔴 ";
	case SP_INCONCLUSIVE:
	case SP_ABSENT: break;
	}
	return "🟠 ";
}

static void add_services(
    struct sp_text *text, const struct sp_policy *policy, const struct sp_target *target)
{
	for (size_t i = 0; policy && i < target->service_count; i++) {
		sp_text_add(text, "%s", i ? ", " : "");
		sp_markdown_plain(text, policy->services[target->services[i]].name);
	}
}

static void add_lease(struct sp_text *text, const struct sp_verdict *verdict)
{
	char end[STYLE_TIME_TEXT];

	if (verdict->lease)
		sp_text_add(
		    text, "%s", sp_style_time(sp_lease_not_after(verdict->lease), end));
	else if (verdict->target->on_fail == SP_ON_FAIL_WARN &&
		 verdict->outcome != SP_PASS)
		sp_text_add(text, "open, unverified");
	else
		sp_text_add(text, "none");
}

static void add_row(struct sp_text *text, const struct sp_policy *policy,
    const struct sp_verdict *verdict)
{
	sp_text_add(text, "| %u/%s | ", verdict->target->port,
	    sp_protocol_name(verdict->target->protocol));
	add_services(text, policy, verdict->target);
	sp_text_add(text, " | %s%s | ", mark_of(verdict->outcome),
	    sp_outcome_name(verdict->outcome));
	sp_markdown_code(text, verdict->reason, true);
	sp_text_add(text, " | ");
	sp_markdown_plain(text, verdict->target->profile->name);
	sp_text_add(text, " | ");
	add_lease(text, verdict);
	sp_text_add(text, " |\n");
}

static void add_table(struct sp_text *text, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts)
{
	sp_text_add(text, "| Port | Service | Verdict | Why | Profile | Lease until |\n"
			  "| --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < verdicts->count && i < MOST_ROWS; i++)
		add_row(text, policy, &verdicts->items[i]);
	if (verdicts->count > MOST_ROWS)
		sp_text_add(text, "\n%zu more ports are not listed here.\n",
		    verdicts->count - MOST_ROWS);
	sp_text_add(text, "\n");
}

static void add_finding(struct sp_text *text, const struct sp_verdict *verdict,
    const struct sp_endpoint_verdict *endpoint, const struct sp_finding *finding)
{
	const struct sp_finding_entry *entry = sp_finding_entry(finding->id);
	char place[SP_ENDPOINT_TEXT];

	sp_text_add(text, "- **%s** `%s`: %s: ", sp_weight_name(finding->weight),
	    sp_endpoint_print(&endpoint->endpoint->address, verdict->target->port, place),
	    entry->title);
	sp_markdown_code(text, finding->text, false);
	sp_text_add(text, " (`%s`; ", entry->key);
	sp_markdown_plain(text, entry->reference);
	sp_text_add(text, ")\n");
}

static size_t add_findings(struct sp_text *text, const struct sp_verdicts *verdicts)
{
	size_t count = 0;

	for (size_t i = 0; i < verdicts->count; i++) {
		const struct sp_verdict *verdict = &verdicts->items[i];

		for (size_t e = 0; e < verdict->endpoint_count; e++) {
			const struct sp_endpoint_verdict *endpoint =
			    &verdict->endpoints[e];

			for (size_t f = 0; f < endpoint->finding_count; f++)
				if (count++ < MOST_ROWS)
					add_finding(text, verdict, endpoint,
					    &endpoint->findings[f]);
		}
	}
	if (count > MOST_ROWS)
		sp_text_add(text, "\n%zu more findings are not listed here.\n",
		    count - MOST_ROWS);
	if (count)
		sp_text_add(text, "\n");
	return count;
}

static void add_certificate(
    struct sp_text *text, const struct sp_certificate *certificate, int64_t now)
{
	char date[SP_DATE_TEXT];

	sp_text_add(text, "| ");
	sp_markdown_code(text, certificate->subject, true);
	sp_text_add(text, " | ");
	sp_markdown_code(text, certificate->issuer, true);
	sp_text_add(text, " | ");
	sp_markdown_code(text, certificate->key, true);
	sp_text_add(text, ", %u bits | %s | %lld | `", certificate->key_bits,
	    sp_date_print(certificate->not_after, date),
	    (long long)((certificate->not_after - now) / 86400));
	for (size_t i = 0; i < sizeof(certificate->sha256); i++)
		sp_text_add(text, "%02x", certificate->sha256[i]);
	sp_text_add(text, "` |\n");
}

static const struct sp_testimony *testimony_of(
    const struct sp_verdict *verdict, size_t endpoint)
{
	return &verdict->endpoints[endpoint].endpoint->testimony;
}

/* Was it listed before place (v, e, c)? Hosts serve one certificate on many ports. */
static bool was_listed(const struct sp_verdicts *verdicts, size_t v, size_t e, size_t c)
{
	const uint8_t *wanted =
	    testimony_of(&verdicts->items[v], e)->certificates[c].sha256;

	for (size_t i = 0; i <= v; i++) {
		const struct sp_verdict *verdict = &verdicts->items[i];
		size_t endpoints = i < v ? verdict->endpoint_count : e + 1;

		for (size_t j = 0; j < endpoints; j++) {
			const struct sp_testimony *said = testimony_of(verdict, j);
			size_t count = i == v && j == e ? c : said->certificate_count;

			for (size_t k = 0; k < count; k++)
				if (!memcmp(said->certificates[k].sha256, wanted, 32))
					return true;
		}
	}
	return false;
}

/* PCI DSS 4.0.1, 4.2.1.1 asks for an inventory of them. */
static void add_certificates(struct sp_text *text, const struct sp_verdicts *verdicts)
{
	size_t count = 0;

	for (size_t v = 0; v < verdicts->count; v++)
		for (size_t e = 0; e < verdicts->items[v].endpoint_count; e++) {
			const struct sp_testimony *said =
			    testimony_of(&verdicts->items[v], e);

			for (size_t c = 0; c < said->certificate_count; c++) {
				if (count >= MOST_CERTIFICATES ||
				    was_listed(verdicts, v, e, c))
					continue;
				if (!count++)
					sp_text_add(text,
					    "<details><summary>Certificates</summary>\n\n"
					    "| Subject | Issuer | Key | Ends | Days left "
					    "| "
					    "SHA-256 |\n"
					    "| --- | --- | --- | --- | --- | --- |\n");
				add_certificate(
				    text, &said->certificates[c], verdicts->now);
			}
		}
	if (count)
		sp_text_add(text, "\n</details>\n");
}

bool sp_report_verify_markdown(
    FILE *out, const struct sp_policy *policy, const struct sp_verdicts *verdicts)
{
	struct sp_text text = { 0 };
	char now[STYLE_TIME_TEXT];

	sp_text_add(&text, "### sallyport: %s, %s\n\n",
	    sp_verdicts_pass(verdicts) ? "every TLS port passes"
				       : "not every TLS port passes",
	    sp_style_time(verdicts->now, now));
	if (verdicts->count == 0)
		sp_text_add(&text, "The policy has no TLS service: nothing to verify.\n");
	else
		add_table(&text, policy, verdicts);
	add_findings(&text, verdicts);
	add_certificates(&text, verdicts);
	return sp_style_flush(out, &text);
}
