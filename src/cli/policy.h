/* What every command starts with. */
#ifndef SALLYPORT_CLI_POLICY_H
#define SALLYPORT_CLI_POLICY_H

#include <sallyport/policy.h>
#include <sallyport/ruleset.h>
#include <sallyport/standing.h>

#include "command.h"

/* Reads the policy at `path`; its diagnostics go to standard error. NULL: exit 2. */
struct sp_policy *sp_read_policy(
    const struct sp_options *options, const char *path, size_t *ret_warnings);

/* The same for a text of our own. Errors are in `diag`, warnings are not told: it is
 * not the user's. NULL: there was an error. */
struct sp_policy *sp_policy_in_memory(const struct sp_options *options, const char *text,
    size_t length, struct sp_diag *diag);

/* What a report's printer said: where it failed and standard output did not (that is
 * told at the end, main.c), memory is out, and told here. */
bool sp_printed(bool done);

/* One line on standard error: file:line:column: error: what. */
void sp_show_diagnostic(const struct sp_diagnostic *item);

/* There is no such snapshot; false where that cannot be told. */
bool sp_state_lacks(const char *state_directory, const char *snapshot);

/* sp_standing_load_in_force, for a command that comes after an apply. */
bool sp_load_in_force(const struct sp_directories *directories, struct sp_standing *ret,
    struct sp_diag *diag);

/* An error that names the services that have a gate, for who named another. */
bool sp_no_such_service(
    const struct sp_policy *policy, const char *name, struct sp_diag *diag);

/* With the lockdown that stands now: a command that commits asks at its start. */
struct sp_directories sp_directories_of(const struct sp_options *options);

/* A policy with everything that is made of it alone. */
struct sp_compiled {
	struct sp_policy *policy;
	struct sp_ruleset *ruleset;
	struct sp_gates gates;
	size_t warnings;
};

/* SP_EXIT_DONE, or what to exit with. Free it in any case. */
enum sp_exit sp_compile_policy(
    const struct sp_options *options, const char *path, struct sp_compiled *ret);
void sp_compiled_free(struct sp_compiled *compiled);

#endif
