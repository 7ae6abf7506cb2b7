#include "verify_style.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sallyport/escape.h>

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static void add_coloured(
    struct sp_text *text, const char *code, const char *word, int width, bool colour)
{
	sp_text_add(
	    text, "%s%-*s%s", colour ? code : "", width, word, colour ? PLAIN : "");
}

void sp_style_outcome(
    struct sp_text *text, enum sp_outcome outcome, int width, bool colour)
{
	const char *code = YELLOW;

	if (outcome == SP_PASS)
		code = GREEN;
	else if (outcome == SP_FAIL)
		code = RED;
	add_coloured(text, code, sp_outcome_name(outcome), width, colour);
}

void sp_style_weight(struct sp_text *text, enum sp_weight weight, int width, bool colour)
{
	const char *code = YELLOW;

	if (weight == SP_WEIGHT_FAIL)
		code = RED;
	else if (weight == SP_WEIGHT_NOTE)
		code = DIM;
	add_coloured(text, code, sp_weight_name(weight), width, colour);
}

/* Columns that the bytes take: characters, since what is wider is rare in names. */
static size_t width_of(const char *bytes, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			width++;
	return width;
}

void sp_style_wrapped(struct sp_text *text, size_t column, const char *words)
{
	char *escaped = sp_escape(words);

	if (escaped)
		sp_style_wrapped_as_is(text, column, escaped);
	else
		text->failed = true;
	free(escaped);
}

void sp_style_wrapped_as_is(struct sp_text *text, size_t column, const char *words)
{
	size_t at = column;
	bool first = true;

	for (const char *word = words; *word;) {
		size_t length = strcspn(word, " "), width = width_of(word, length);

		if (!first && at + 1 + width > REPORT_COLUMNS) {
			sp_text_add(text, "\n%*s", (int)column, "");
			at = column;
			first = true;
		}
		sp_text_add(text, "%s", first ? "" : " ");
		sp_text_add_bytes(text, word, length);
		at += width + !first;
		first = false;
		word += length;
		word += strspn(word, " ");
	}
	sp_text_add(text, "\n");
}

const char *sp_style_left(uint64_t milliseconds, char text[STYLE_LEFT_TEXT])
{
	uint64_t seconds = milliseconds / 1000;

	if (seconds >= 86400)
		snprintf(text, STYLE_LEFT_TEXT, "%llud %lluh",
		    (unsigned long long)seconds / 86400,
		    (unsigned long long)seconds % 86400 / 3600);
	else if (seconds >= 3600)
		snprintf(text, STYLE_LEFT_TEXT, "%lluh %llum",
		    (unsigned long long)seconds / 3600,
		    (unsigned long long)seconds % 3600 / 60);
	else if (seconds >= 60)
		snprintf(text, STYLE_LEFT_TEXT, "%llum %llus",
		    (unsigned long long)seconds / 60, (unsigned long long)seconds % 60);
	else
		snprintf(text, STYLE_LEFT_TEXT, "%llus", (unsigned long long)seconds);
	return text;
}

const char *sp_style_time(int64_t at, char text[STYLE_TIME_TEXT])
{
	time_t seconds = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(text, STYLE_TIME_TEXT, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, STYLE_TIME_TEXT, "?");
	return text;
}

void sp_style_findings(struct sp_text *text, const struct sp_endpoint_verdict *verdict,
    const char *place, bool colour)
{
	for (size_t i = 0; i < verdict->finding_count; i++) {
		const struct sp_finding *finding = &verdict->findings[i];
		const struct sp_finding_entry *entry = sp_finding_entry(finding->id);
		char *words = NULL;

		if (verdict->outcome == SP_FAIL &&
		    finding->weight == SP_WEIGHT_INCONCLUSIVE)
			continue;
		if (asprintf(&words, "%s%s [%s: %s]", place, finding->text, entry->key,
			entry->reference) < 0) {
			text->failed = true;
			return;
		}
		sp_text_add(text, "  ");
		sp_style_weight(text, finding->weight, STYLE_FINDING_COLUMN - 2, colour);
		sp_style_wrapped(text, STYLE_FINDING_COLUMN, words);
		free(words);
	}
}

bool sp_style_flush(FILE *out, struct sp_text *text)
{
	bool done = !text->failed &&
		    fwrite(text->bytes, 1, text->length, out) == text->length &&
		    fflush(out) == 0;

	sp_text_free(text);
	return done;
}

bool sp_style_print(FILE *out, struct sp_text *text)
{
	static const char arrow[] = "→";
	struct sp_text plain = { 0 };
	const char *at = text->bytes;

	if (text->failed || !at || !strcmp(nl_langinfo(CODESET), "UTF-8"))
		return sp_style_flush(out, text);
	for (const char *next; (next = strstr(at, arrow)); at = next + strlen(arrow)) {
		sp_text_add_bytes(&plain, at, (size_t)(next - at));
		sp_text_add(&plain, "->");
	}
	sp_text_add(&plain, "%s", at);
	sp_text_free(text);
	return sp_style_flush(out, &plain);
}
