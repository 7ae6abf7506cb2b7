/* Answers about single packets, for people and programs. */
#ifndef SALLYPORT_SPACE_REPORT_H
#define SALLYPORT_SPACE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include <sallyport/expectation.h>

/* "[expect x] …: 10.0.0.1 → 22/tcp is dropped by default"; free() it. NULL:
 * memory is out. */
char *sp_broken_text(const struct sp_broken *broken);
json_t *sp_broken_json(const struct sp_broken *broken);
json_t *sp_lint_json(const struct sp_lint *lint);

#endif
