#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sallyport/array.h>

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

__attribute__((format(printf, 3, 0))) static void add(struct judging *judging,
    struct sp_finding finding, const char *format, va_list arguments)
{
	struct sp_endpoint_verdict *verdict = judging->verdict;

	if (vasprintf(&finding.text, format, arguments) < 0)
		finding.text = NULL;
	if (finding.text && is_there(verdict, finding.id, finding.text)) {
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

void sp_finding_add(struct judging *judging, enum sp_finding_id id, uint16_t name,
    const char *format, ...)
{
	struct sp_finding finding = {
		.id = id, .weight = sp_finding_entry(id)->weight, .name = name
	};
	va_list arguments;

	va_start(arguments, format);
	add(judging, finding, format, arguments);
	va_end(arguments);
}

void sp_finding_held(struct judging *judging, enum sp_finding_id id,
    struct sp_opinion opinion, uint16_t name, const char *format, ...)
{
	struct sp_finding finding = { .id = id,
		.weight =
		    opinion.stance == SP_STANCE_FAIL ? SP_WEIGHT_FAIL : SP_WEIGHT_WARN,
		.name = name,
		.clause = sp_profile_clause(judging->target->profile, opinion.demand) };
	va_list arguments;

	if (opinion.stance == SP_STANCE_IGNORE)
		return;
	va_start(arguments, format);
	add(judging, finding, format, arguments);
	va_end(arguments);
}

struct sp_opinion sp_opinion_of(const struct judging *judging, enum sp_weakness weakness)
{
	return (struct sp_opinion){ judging->target->profile->weaknesses[weakness],
		(enum sp_demand)(SP_DEMAND_WEAKNESS + weakness) };
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
