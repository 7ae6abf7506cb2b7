#ifndef SALLYPORT_CLI_LINT_H
#define SALLYPORT_CLI_LINT_H

#include <sallyport/expectation.h>

#include "policy.h"

/* What is found beside the lints that the policy brings itself. */
struct sp_linted {
	struct sp_lints shadows;
	struct sp_broken_list broken;
};

/* False: said on standard error. Free it in any case. */
bool sp_lint_policy(const struct sp_compiled *compiled, struct sp_linted *ret);
void sp_linted_free(struct sp_linted *linted);

/* All of it on standard error: warnings with their identifiers, broken
 * expectations as errors. */
void sp_linted_show(const struct sp_options *options, const struct sp_compiled *compiled,
    const struct sp_linted *linted);
size_t sp_linted_count(
    const struct sp_compiled *compiled, const struct sp_linted *linted);

/* check --explain NAME; "all" lists them. */
enum sp_exit sp_explain_lint(const char *name);

#endif
