/* Answers about single packets, for people and programs. */
#ifndef SALLYPORT_SPACE_REPORT_H
#define SALLYPORT_SPACE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <sallyport/expectation.h>

/* "[expect x] …: 10.0.0.1 → 22/tcp is dropped by default"; free() it. NULL:
 * memory is out. */
char *sp_broken_text(const struct sp_broken *broken);

/* What `check` found out about a policy without mistakes. */
struct sp_checked {
	const struct sp_policy *policy;
	size_t gates, warnings;
	const struct sp_lints *shadows; /* beside the policy's own lints */
	const struct sp_broken_list *broken;
	const char *kernel; /* that took the ruleset; NULL: not asked */
};

/* One object with "version": 1. */
bool sp_report_check_json(FILE *out, const struct sp_checked *checked);

#endif
