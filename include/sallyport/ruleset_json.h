#ifndef SALLYPORT_RULESET_JSON_H
#define SALLYPORT_RULESET_JSON_H

#include <sallyport/ruleset.h>

/* The ruleset as JSON: { "version": 1, "table": …, "counters": […], "sets": […],
 * "chains": [ { "name", "hook"?, "policy"?, "rules": [nft text, …] } ] }. NULL:
 * memory is out; free() it. */
char *sp_ruleset_json(const struct sp_ruleset *ruleset);

#endif
