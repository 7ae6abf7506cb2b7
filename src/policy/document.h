/* The text of one policy file, taken apart but not yet understood: sections,
 * their keys, the keys' elements, each with its place. */
#ifndef SALLYPORT_POLICY_DOCUMENT_H
#define SALLYPORT_POLICY_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/array.h>
#include <sallyport/diag.h>

#include "slice.h"

/* One element of a value: what stands between commas or on a line. */
struct sp_item {
	struct sp_slice text; /* never empty, no blanks at its ends */
	unsigned line, column;
};

struct sp_key {
	struct sp_slice name;
	unsigned line, column;
	size_t first, count; /* of sp_document.items; at least one */
};

struct sp_section {
	struct sp_slice kind, name; /* [kind name]; the name may be empty */
	unsigned line, column;
	size_t first, count; /* of sp_document.keys */
	/* A line of it was refused: what is missing may have been there. */
	bool damaged;
};

struct sp_document {
	const char *file;  /* as diagnostics name it; not owned */
	const char *bytes; /* all slices point here; not owned */
	size_t length;
	SP_ARRAY(struct sp_section) sections;
	SP_ARRAY(struct sp_key) keys;
	SP_ARRAY(struct sp_item) items;
};

/* Takes `length` bytes apart (reader.c). Every mistake goes to `diag`; what was
 * right is in the document all the same, so that later stages can report their
 * mistakes too. `document` comes zeroed but for file, bytes and length. */
void sp_document_read(struct sp_document *document, struct sp_diag *diag);

void sp_document_free(struct sp_document *document);

/* The key of that name, the first one; NULL when it was not written. */
const struct sp_key *sp_section_key(const struct sp_document *document,
    const struct sp_section *section, const char *name);

static inline struct sp_location sp_at(
    const struct sp_document *document, unsigned line, unsigned column)
{
	return (struct sp_location){ document->file, line, column };
}

static inline struct sp_location sp_item_at(
    const struct sp_document *document, const struct sp_item *item)
{
	return sp_at(document, item->line, item->column);
}

static inline struct sp_location sp_key_at(
    const struct sp_document *document, const struct sp_key *key)
{
	return sp_at(document, key->line, key->column);
}

static inline struct sp_location sp_section_at(
    const struct sp_document *document, const struct sp_section *section)
{
	return sp_at(document, section->line, section->column);
}

#endif
