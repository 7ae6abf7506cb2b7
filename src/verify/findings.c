#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sallyport/array.h>

static const struct sp_finding_entry entries[SP_FINDINGS] = {
	[SP_FINDING_PLAIN_TEXT] = { "plain_text", "Plain text where the policy wants TLS",
	    "policy: tls = required", SP_WEIGHT_FAIL },
	[SP_FINDING_SSLV3] = { "sslv3", "SSLv3 is accepted",
	    "RFC 7568; CVE-2014-3566 (POODLE)", SP_WEIGHT_FAIL },
	[SP_FINDING_TLS10] = { "tls10", "TLS 1.0 is accepted",
	    "RFC 8996; CVE-2011-3389 (BEAST)", SP_WEIGHT_FAIL },
	[SP_FINDING_TLS11] = { "tls11", "TLS 1.1 is accepted", "RFC 8996",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_VERSION] = { "version",
	    "A version that the profile forbids is accepted", "profile: min_version",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_EXPIRED] = { "certificate_expired",
	    "A certificate has expired", "RFC 5280 section 4.1.2.5", SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_NOT_YET_VALID] = { "certificate_not_yet_valid",
	    "A certificate is not valid yet", "RFC 5280 section 4.1.2.5",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_NAME] = { "certificate_name",
	    "The certificate is for another name", "RFC 9525 section 6", SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_SELF_SIGNED] = { "certificate_self_signed",
	    "The certificate is signed by itself", "RFC 5280 section 6.1",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_UNTRUSTED] = { "certificate_untrusted",
	    "The chain ends at nobody who is trusted", "RFC 5280 section 6.1",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_PURPOSE] = { "certificate_purpose",
	    "The certificate is not for servers", "RFC 5280 section 4.2.1.12",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_CHAIN] = { "certificate_chain",
	    "The chain does not verify", "RFC 5280 section 6.1", SP_WEIGHT_FAIL },
	[SP_FINDING_CERTIFICATE_MISSING] = { "certificate_missing",
	    "The server showed no certificate", "RFC 8446 section 4.4.2",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_WEAK_KEY] = { "weak_key", "A key is too weak",
	    "profile: min_rsa_bits, min_ec_bits; NIST SP 800-57", SP_WEIGHT_FAIL },
	[SP_FINDING_WEAK_SIGNATURE] = { "weak_signature", "A signature is too weak",
	    "profile: signature; RFC 9155, RFC 6151", SP_WEIGHT_FAIL },
	[SP_FINDING_STARTTLS_INJECTION] = { "starttls_injection",
	    "Plain text is taken for protected", "CVE-2011-0411; RFC 3207 section 4.2",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_PLAINTEXT_AUTH] = { "plaintext_auth",
	    "Passwords are taken before the upgrade", "RFC 8314 section 3; RFC 4954",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_REQUIRED_VERSION] = { "required_version",
	    "A version that the profile requires is refused", "profile: required_version",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_INCOMPLETE] = { "incomplete_handshake",
	    "A version is offered and does not complete", "RFC 8446 section 4.4",
	    SP_WEIGHT_FAIL },
	[SP_FINDING_PROBER] = { "prober", "The endpoint could not be asked to the end",
	    "tls.md, Limits against a hostile server", SP_WEIGHT_INCONCLUSIVE },
	[SP_FINDING_UNREACHABLE] = { "unreachable", "No connection", "tls.md, Verdicts",
	    SP_WEIGHT_INCONCLUSIVE },
	[SP_FINDING_STARTTLS] = { "starttls", "The upgrade to TLS did not work",
	    "tls.md, STARTTLS", SP_WEIGHT_INCONCLUSIVE },
	[SP_FINDING_UNANSWERED] = { "unanswered", "A question was not answered well",
	    "tls.md, Verdicts", SP_WEIGHT_INCONCLUSIVE },
	[SP_FINDING_UNPROVEN] = { "unproven", "No allowed version was proven",
	    "tls.md, Verdicts", SP_WEIGHT_INCONCLUSIVE },
	[SP_FINDING_CLIENT_CERTIFICATE] = { "client_certificate",
	    "The server asks for a client certificate", "RFC 8446 section 4.3.2",
	    SP_WEIGHT_NOTE },
};

const struct sp_finding_entry *sp_finding_entry(enum sp_finding_id id)
{
	return &entries[id];
}

const char *sp_outcome_name(enum sp_outcome outcome)
{
	switch (outcome) {
	case SP_PASS: return "pass";
	case SP_FAIL: return "fail";
	case SP_INCONCLUSIVE: return "inconclusive";
	case SP_ABSENT: return "absent";
	}
	return "?";
}

const char *sp_answer_name(enum sp_answer answer)
{
	switch (answer) {
	case SP_ANSWER_YES: return "yes";
	case SP_ANSWER_NO: return "no";
	case SP_ANSWER_INCONCLUSIVE: return "inconclusive";
	case SP_ANSWER_NOT_ASKED: return "not asked";
	}
	return "?";
}

const char *sp_weight_name(enum sp_weight weight)
{
	switch (weight) {
	case SP_WEIGHT_NOTE: return "note";
	case SP_WEIGHT_WARN: return "warn";
	case SP_WEIGHT_INCONCLUSIVE: return "inconclusive";
	case SP_WEIGHT_FAIL: return "fail";
	}
	return "?";
}

const char *sp_endpoint_print(
    const struct sp_address *address, uint16_t port, char text[SP_ENDPOINT_TEXT])
{
	char bare[SP_ADDRESS_TEXT];

	sp_address_print(address, bare);
	snprintf(text, SP_ENDPOINT_TEXT, address->family == SP_IPV6 ? "[%s]:%u" : "%s:%u",
	    bare, port);
	return text;
}

const char *sp_date_print(int64_t at, char text[SP_DATE_TEXT])
{
	time_t seconds = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099 ||
	    strftime(text, SP_DATE_TEXT, "%Y-%m-%d", &tm) == 0)
		snprintf(text, SP_DATE_TEXT, "out of dates");
	return text;
}

static bool is_there(
    const struct sp_endpoint_verdict *verdict, enum sp_finding_id id, const char *text)
{
	for (size_t i = 0; i < verdict->finding_count; i++)
		if (verdict->findings[i].id == id &&
		    !strcmp(verdict->findings[i].text, text))
			return true;
	return false;
}

void sp_finding_add(struct judging *judging, enum sp_finding_id id, uint16_t name,
    const char *format, ...)
{
	struct sp_endpoint_verdict *verdict = judging->verdict;
	struct sp_finding finding = {
		.id = id, .weight = entries[id].weight, .name = name
	};
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&finding.text, format, arguments) < 0)
		finding.text = NULL;
	va_end(arguments);
	if (finding.text && is_there(verdict, id, finding.text)) {
		free(finding.text);
		return;
	}
	if (!finding.text ||
	    !sp_array_grow((void **)&verdict->findings, &verdict->finding_capacity,
		verdict->finding_count, 1, sizeof(*verdict->findings))) {
		free(finding.text);
		judging->out_of_memory = true;
		return;
	}
	verdict->findings[verdict->finding_count++] = finding;
}

bool sp_finding_has(const struct sp_endpoint_verdict *verdict, enum sp_finding_id id)
{
	for (size_t i = 0; i < verdict->finding_count; i++)
		if (verdict->findings[i].id == id)
			return true;
	return false;
}

static bool comes_before(const struct sp_finding *a, const struct sp_finding *b)
{
	return a->weight != b->weight ? a->weight > b->weight : a->id < b->id;
}

void sp_findings_sort(struct sp_endpoint_verdict *verdict)
{
	/* Insertion keeps the order of equals; there are a dozen at most. */
	for (size_t i = 1; i < verdict->finding_count; i++) {
		struct sp_finding finding = verdict->findings[i];
		size_t place = i;

		while (
		    place > 0 && comes_before(&finding, &verdict->findings[place - 1])) {
			verdict->findings[place] = verdict->findings[place - 1];
			place--;
		}
		verdict->findings[place] = finding;
	}
}

enum sp_outcome sp_findings_outcome(const struct sp_endpoint_verdict *verdict)
{
	enum sp_outcome outcome = SP_PASS;

	for (size_t i = 0; i < verdict->finding_count; i++) {
		switch (verdict->findings[i].weight) {
		case SP_WEIGHT_NOTE:
		case SP_WEIGHT_WARN: break;
		case SP_WEIGHT_INCONCLUSIVE:
			if (outcome == SP_PASS)
				outcome = SP_INCONCLUSIVE;
			break;
		case SP_WEIGHT_FAIL: outcome = SP_FAIL; break;
		}
	}
	return outcome;
}
