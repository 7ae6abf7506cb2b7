/* Diagnostics: what is wrong, where, and what would be right.
 *
 * Every fallible function of the library takes a caller-owned sp_diag and adds
 * to it; nothing in the library prints, logs or exits. */
#ifndef SALLYPORT_DIAG_H
#define SALLYPORT_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum sp_severity { SP_ERROR, SP_WARNING, SP_NOTE };

/* A place in a file. line and column count from 1, column in bytes; 0 means
 * "not known" (the whole file, or the whole line). The name is not owned. */
struct sp_location {
	const char *file;
	unsigned line, column;
};

struct sp_diagnostic {
	enum sp_severity severity;
	char *file; /* NULL: no file is to blame */
	unsigned line, column;
	char *message;
};

/* Zero-initialise before use; sp_diag_free afterwards. Beyond
 * SP_MAX_DIAGNOSTICS only the counts go on. */
struct sp_diag {
	struct sp_diagnostic *items;
	size_t length, capacity;
	size_t errors, warnings;
	bool out_of_memory; /* a diagnostic was lost for want of memory */
};

/* Adds one. `at` may be NULL. The format's text is copied. */
void sp_diag_add(struct sp_diag *diag, enum sp_severity severity,
    const struct sp_location *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same as SP_ERROR; returns false, so that `return sp_error(…)` reads well. */
bool sp_error(struct sp_diag *diag, const struct sp_location *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds "out of memory"; never allocates; returns false. */
bool sp_out_of_memory(struct sp_diag *diag);

/* Stable order: file as first met, then line, then column. */
void sp_diag_sort(struct sp_diag *diag);

void sp_diag_free(struct sp_diag *diag);

#endif
