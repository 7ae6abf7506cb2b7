/* The frame of a SARIF 2.1.0 log with one run. */
#ifndef SALLYPORT_REPORT_SARIF_H
#define SALLYPORT_REPORT_SARIF_H

#include <jansson.h>

#include <sallyport/diag.h>

struct sp_sarif_rule {
	const char *id, *description;
	const char *level; /* "error", "warning", "note" */
};

/* Takes `results` over. */
json_t *sp_sarif_log(const struct sp_sarif_rule *rules, size_t count, const char *version,
    json_t *results);

/* `at` without a file gives a result without a place. */
json_t *sp_sarif_result(const char *rule, const char *level, const char *message,
    const struct sp_location *at);

#endif
