/* Whole files, read once, under a limit. */
#ifndef SALLYPORT_POLICY_FILE_H
#define SALLYPORT_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <sallyport/diag.h>

#include "slice.h"

struct sp_file {
	char *bytes; /* free() it; not terminated */
	size_t length;
	dev_t device;
	ino_t inode;
};

/* Reads a regular file of at most `limit` bytes. An error is placed at `blame`
 * and calls the file `what`. Directories, devices, FIFOs and sockets are
 * refused, and a FIFO without a writer does not hang. */
bool sp_file_read(const char *path, size_t limit, const char *what,
    const struct sp_location *blame, struct sp_file *ret, struct sp_diag *diag);

/* Can `path` be opened, as a regular file of at most `limit` bytes or, if it may be
 * one, as a directory? Nothing is read. */
bool sp_file_usable(const char *path, size_t limit, bool directory, const char *what,
    const struct sp_location *blame, struct sp_diag *diag);

/* `path` as seen from the file `from`: relative paths start at its folder.
 * NULL when memory is out. */
char *sp_path_beside(const char *from, struct sp_slice path);

/* The same, absolute; symbolic links stay what they are. NULL when memory is
 * out or the working directory is gone. */
char *sp_path_absolute(const char *from, struct sp_slice path);

#endif
