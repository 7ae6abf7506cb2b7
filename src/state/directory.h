/* Files written whole: a temporary, fsync, rename, fsync of the directory. */
#ifndef SALLYPORT_STATE_DIRECTORY_H
#define SALLYPORT_STATE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/diag.h>

/* Opens a directory, making it (mode 0750) and its missing parents. -1: said. */
int sp_state_directory_open(const char *path, struct sp_diag *diag);

/* What root makes in a directory of somebody else's is made theirs: commands of
 * root and the enforcer, which is not root, share the state. Fails with errno. */
bool sp_state_give(int directory, int made);

/* Replaces NAME in the directory by `bytes`; of several at once, with or without the
 * lock, the last one's stay, whole. `path` names the directory in messages. */
bool sp_state_file_replace(int directory, const char *path, const char *name,
    const void *bytes, size_t length, struct sp_diag *diag);

/* Removes what a writer of NAME, in a directory that one alone writes to, left behind
 * when it did not come to its end. */
void sp_state_file_forget(int directory, const char *name);

/* Reads at most `limit` bytes of a regular file; NUL-terminated, the caller
 * frees. NULL: errno says why. */
char *sp_state_file_read(
    int directory, const char *name, size_t limit, size_t *ret_length);

#endif
