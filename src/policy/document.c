#include "document.h"

void sp_document_free(struct sp_document *document)
{
	sp_array_free(&document->sections);
	sp_array_free(&document->keys);
	sp_array_free(&document->items);
}

const struct sp_key *sp_section_key(const struct sp_document *document,
    const struct sp_section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct sp_key *key = &document->keys.items[section->first + i];

		if (sp_slice_is(key->name, name))
			return key;
	}
	return NULL;
}
