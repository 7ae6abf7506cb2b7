/* Colours and columns that the text reports share. */
#ifndef SALLYPORT_REPORT_VERIFY_STYLE_H
#define SALLYPORT_REPORT_VERIFY_STYLE_H

#include <sallyport/array.h>
#include <sallyport/verify_report.h>

#define REPORT_COLUMNS 80

/* The outcome or weight, padded to `width`, in its colour. */
void sp_style_outcome(
    struct sp_text *text, enum sp_outcome outcome, int width, bool colour);
void sp_style_weight(struct sp_text *text, enum sp_weight weight, int width, bool colour);

/* Escaped words from the current column on; lines after the first begin at the
 * same one. Ends with a line break. */
void sp_style_wrapped(struct sp_text *text, size_t column, const char *words);
/* What was escaped before. */
void sp_style_wrapped_as_is(struct sp_text *text, size_t column, const char *words);

/* "2026-11-23 13:40 UTC"; out of range: "?" */
#define STYLE_TIME_TEXT 32
const char *sp_style_time(int64_t at, char text[STYLE_TIME_TEXT]);

/* "23h 59m": what is left of a time, in its two largest units */
#define STYLE_LEFT_TEXT 32
const char *sp_style_left(uint64_t milliseconds, char text[STYLE_LEFT_TEXT]);

/* Findings of an endpoint, each with its reference, behind `place` (an address,
 * or ""); when something failed, what was merely not answered is left out. */
void sp_style_findings(struct sp_text *text, const struct sp_endpoint_verdict *verdict,
    const char *place, bool colour);
/* Where the words of a finding begin. */
#define STYLE_FINDING_COLUMN 16

/* Writes the text and frees it. */
bool sp_style_flush(FILE *out, struct sp_text *text);
/* The same for who reads it on a terminal: an arrow only where the locale has one.
 * (Markdown and SARIF are UTF-8 whatever the locale.) */
bool sp_style_print(FILE *out, struct sp_text *text);

#endif
