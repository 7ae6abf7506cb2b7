/* Lints: what is valid and most likely not meant. Each has an identifier, by
 * which it is explained and silenced. */
#ifndef SALLYPORT_LINT_H
#define SALLYPORT_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/diag.h>

enum sp_lint_id {
	SP_LINT_SHADOWED,
	SP_LINT_SHADOWED_IN_PART,
	SP_LINT_REDUNDANT,
	SP_LINT_SUBSET_SOURCE,
	SP_LINT_EMPTY_ADDRESSES,
	SP_LINT_UNUSED_ADDRESSES,
	SP_LINT_OVERLAPPING_ADDRESSES,
	SP_LINT_PLAIN_FROM_ANY,
	SP_LINT_PLAIN_FOR_TLS,
	SP_LINT_PLAIN_ON_TLS_PORT,
	SP_LINT_TLS_ON_PLAIN_PORT,
	SP_LINT_COUNT,
};

struct sp_lint_entry {
	const char *name;      /* as `allow_lint` and --explain take it */
	const char *title;     /* one line */
	const char *paragraph; /* why, and what to do; lines of at most 76 columns */
};

const struct sp_lint_entry *sp_lint_entry(enum sp_lint_id id);

/* One finding. */
struct sp_lint {
	enum sp_lint_id id;
	struct sp_location at; /* the file's name is the policy's */
	char *message;
};

struct sp_lints {
	struct sp_lint *items;
	size_t length, capacity;
};

/* Adds one, unless `allowed`, a mask of 1 << id, has it. False: memory is out. */
bool sp_lints_add(struct sp_lints *lints, unsigned allowed, enum sp_lint_id id,
    const struct sp_location *at, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void sp_lints_free(struct sp_lints *lints);

#endif
