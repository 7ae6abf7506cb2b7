#include <stdlib.h>
#include <string.h>

#include "verify_style.h"

#define PORT_WIDTH 10
#define VERDICT_WIDTH 13
#define MOST_SERVICE_WIDTH 20

/* "https, shop" */
static void add_services(
    struct sp_text *text, const struct sp_policy *policy, const struct sp_target *target)
{
	for (size_t i = 0; i < target->service_count; i++)
		sp_text_add(text, "%s%s", i ? ", " : "",
		    policy->services[target->services[i]].name);
}

static size_t service_width(
    const struct sp_policy *policy, const struct sp_verdicts *verdicts)
{
	size_t width = strlen("SERVICE");

	for (size_t i = 0; i < verdicts->count; i++) {
		struct sp_text names = { 0 };

		add_services(&names, policy, verdicts->items[i].target);
		if (names.length > width)
			width = names.length;
		sp_text_free(&names);
	}
	return (width > MOST_SERVICE_WIDTH ? MOST_SERVICE_WIDTH : width) + 2;
}

/* The reason, and for a port that is open how long, or why without proof. */
static char *words_of(const struct sp_verdict *verdict)
{
	char *words = NULL, end[STYLE_TIME_TEXT];
	int length;

	if (verdict->lease)
		length = asprintf(&words, "%s; lease until %s", verdict->reason,
		    sp_style_time(sp_lease_not_after(verdict->lease), end));
	else if (verdict->target->on_fail == SP_ON_FAIL_WARN)
		length = asprintf(
		    &words, "%s; open, unverified (on_fail = warn)", verdict->reason);
	else
		length = asprintf(&words, "%s", verdict->reason);
	return length < 0 ? NULL : words;
}

static void add_row(struct sp_text *text, const struct sp_policy *policy,
    const struct sp_verdict *verdict, size_t width, bool colour)
{
	struct sp_text names = { 0 };
	char port[16], *words = words_of(verdict);
	size_t column = PORT_WIDTH + width + VERDICT_WIDTH;

	snprintf(port, sizeof(port), "%u/%s", verdict->target->port,
	    sp_protocol_name(verdict->target->protocol));
	add_services(&names, policy, verdict->target);
	if (!words || names.failed) {
		text->failed = true;
	} else {
		sp_text_add(text, "%-*s%-*s", PORT_WIDTH, port, (int)width,
		    names.bytes ? names.bytes : "");
		/* A list of services that is too long keeps its line, the rest follows.
		 */
		if (names.length + 2 > width)
			sp_text_add(text, "\n%*s", (int)(PORT_WIDTH + width), "");
		sp_style_outcome(text, verdict->outcome, VERDICT_WIDTH, colour);
		sp_style_wrapped(text, column, words);
	}
	free(words);
	sp_text_free(&names);
}

static bool same_findings(
    const struct sp_endpoint_verdict *a, const struct sp_endpoint_verdict *b)
{
	if (a->outcome != b->outcome || a->finding_count != b->finding_count)
		return false;
	for (size_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].id != b->findings[i].id ||
		    strcmp(a->findings[i].text, b->findings[i].text) != 0)
			return false;
	return true;
}

/* Was the same told of an earlier endpoint of the port? */
static bool was_told(const struct sp_verdict *verdict, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_findings(&verdict->endpoints[i], &verdict->endpoints[index]))
			return true;
	return false;
}

static const char *place_of(
    const struct sp_verdict *verdict, size_t index, char text[SP_ENDPOINT_TEXT])
{
	return sp_endpoint_print(
	    &verdict->endpoints[index].endpoint->address, verdict->target->port, text);
}

/* The later endpoints of which all this is true as well. */
static void add_likewise(
    struct sp_text *text, const struct sp_verdict *verdict, size_t index)
{
	struct sp_text words = { 0 };
	char place[SP_ENDPOINT_TEXT];

	for (size_t i = index + 1; i < verdict->endpoint_count; i++)
		if (same_findings(&verdict->endpoints[index], &verdict->endpoints[i]))
			sp_text_add(&words, "%s%s", words.length ? ", " : "likewise ",
			    place_of(verdict, i, place));
	if (words.failed) {
		text->failed = true;
	} else if (words.length) {
		sp_text_add(text, "%*s", STYLE_FINDING_COLUMN, "");
		sp_style_wrapped(text, STYLE_FINDING_COLUMN, words.bytes);
	}
	sp_text_free(&words);
}

static void add_details(
    struct sp_text *text, const struct sp_verdict *verdict, bool colour)
{
	for (size_t i = 0; i < verdict->endpoint_count; i++) {
		const struct sp_endpoint_verdict *endpoint = &verdict->endpoints[i];
		char place[SP_ENDPOINT_TEXT], before[SP_ENDPOINT_TEXT + 32];

		if (endpoint->finding_count == 0 || was_told(verdict, i))
			continue;
		snprintf(before, sizeof(before), "%s%s: ", place_of(verdict, i, place),
		    endpoint->endpoint->local ? "" : ", not of this host");
		sp_style_findings(text, endpoint, before, colour);
		add_likewise(text, verdict, i);
	}
}

static bool has_details(const struct sp_verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		for (size_t e = 0; e < verdicts->items[i].endpoint_count; e++)
			if (verdicts->items[i].endpoints[e].finding_count)
				return true;
	return false;
}

bool sp_report_verify_text(FILE *out, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts, bool colour)
{
	size_t width = service_width(policy, verdicts);
	struct sp_text text = { 0 };

	if (verdicts->count == 0)
		sp_text_add(&text, "The policy has no TLS service: nothing to verify.\n");
	else
		sp_text_add(&text, "%-*s%-*s%-*s%s\n", PORT_WIDTH, "PORT", (int)width,
		    "SERVICE", VERDICT_WIDTH, "VERDICT", "WHY");
	for (size_t i = 0; i < verdicts->count; i++)
		add_row(&text, policy, &verdicts->items[i], width, colour);
	if (has_details(verdicts))
		sp_text_add(&text, "\n");
	for (size_t i = 0; i < verdicts->count; i++)
		add_details(&text, &verdicts->items[i], colour);
	return sp_style_print(out, &text);
}
