/* What outlives a command (kernel.md, State): the snapshot in force, the one
 * before it, and the lock. Every write is whole or not at all. */
#ifndef SALLYPORT_STATE_H
#define SALLYPORT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/policy.h>

/* Makes the snapshot of `policy` (its canonical text, address files inlined)
 * the active one; the active one becomes the previous. A snapshot with the same
 * digest is left as it is. After false, the active one is whole: old or new. */
bool sp_snapshot_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag);

/* The digest of the active snapshot. False: there is none that can be read. */
bool sp_snapshot_digest(const char *state_directory, uint8_t ret[SP_DIGEST_BYTES]);

/* STATE/active/policy.ini; the caller frees. NULL: memory is out. */
char *sp_snapshot_path(const char *state_directory);

/* Takes RUN/lock, exclusively. `waiting` is called once when somebody else holds
 * it. 0 ms refuses at once. Returns a descriptor to close, or -1. */
int sp_state_lock(const char *run_directory, uint32_t wait_ms, void (*waiting)(void),
    struct sp_diag *diag);

#endif
