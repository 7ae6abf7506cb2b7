/* The process that undoes an unconfirmed apply: whatever becomes of the command,
 * its terminal or its session. */
#ifndef SALLYPORT_CLI_GUARDIAN_H
#define SALLYPORT_CLI_GUARDIAN_H

#include "command.h"

/* Starts it; call this with the pending snapshot written and before the commit.
 * It stays until nothing waits any more, and holds no descriptor of ours. False: no
 * process; said in `diag`. */
bool sp_guardian_start(const struct sp_options *options, struct sp_diag *diag);

/* Waits until what is pending is confirmed (SP_EXIT_DONE) or undone
 * (SP_EXIT_ROLLED_BACK). */
enum sp_exit sp_guardian_wait(const struct sp_options *options, const uint8_t digest[32]);

#endif
