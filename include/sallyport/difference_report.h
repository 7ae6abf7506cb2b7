/* A difference for people, programs and code review. Prints what was computed,
 * computes nothing. */
#ifndef SALLYPORT_DIFFERENCE_REPORT_H
#define SALLYPORT_DIFFERENCE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <sallyport/difference.h>

/* Each is false when memory is out or writing failed. */
bool sp_report_difference_text(
    FILE *out, const struct sp_difference *difference, bool colour, bool quiet);
/* One object with "version": 1; src/report/diff.schema.json says the rest. */
bool sp_report_difference_json(FILE *out, const struct sp_difference *difference);
/* A pull-request comment, GitHub's dialect. */
bool sp_report_difference_markdown(FILE *out, const struct sp_difference *difference);
/* SARIF 2.1.0 (OASIS): each change on its line of the new policy. */
bool sp_report_difference_sarif(
    FILE *out, const struct sp_difference *difference, const char *version);

#endif
