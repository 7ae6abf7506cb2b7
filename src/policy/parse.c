/* One section into one object, by its table. */
#include "language.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "reading.h"

bool sp_refuse_item(struct sp_reading *reading, const struct sp_value *value, size_t i,
    const char *format, ...)
{
	struct sp_location at = sp_item_at(value->document, &value->items[i]);
	char *message = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0)
		return sp_out_of_memory(reading->diag);
	sp_error(reading->diag, &at, "%s", message);
	free(message);
	return false;
}

static bool unknown_key(struct sp_reading *reading, const struct sp_table *table,
    const struct sp_document *document, const struct sp_section *section,
    const struct sp_key *key)
{
	struct sp_suggestion suggestion = { .wanted = key->name };
	struct sp_location at = sp_key_at(document, key);
	struct sp_text known = { 0 };

	for (size_t i = 0; i < table->count; i++) {
		sp_suggest(&suggestion, sp_slice(table->rows[i].key));
		sp_text_add(&known, "%s%s", i ? ", " : "", table->rows[i].key);
	}
	if (known.failed)
		sp_out_of_memory(reading->diag);
	else if (suggestion.best.text)
		sp_error(reading->diag, &at,
		    "[%.*s] has no key \"%.*s\": did you mean \"%.*s\"?",
		    SP_SHOW(section->kind), SP_SHOW(key->name), SP_SHOW(suggestion.best));
	else
		sp_error(reading->diag, &at, "[%.*s] has no key \"%.*s\": it has %s",
		    SP_SHOW(section->kind), SP_SHOW(key->name), known.bytes);
	sp_text_free(&known);
	return false;
}

static const struct sp_row *row_of(const struct sp_table *table, struct sp_slice name)
{
	for (size_t i = 0; i < table->count; i++)
		if (sp_slice_is(name, table->rows[i].key))
			return &table->rows[i];
	return NULL;
}

static bool read_key(struct sp_reading *reading, const struct sp_row *row,
    const struct sp_document *document, const struct sp_key *key, void *object)
{
	struct sp_value value = { document, row,
		key->count ? &document->items.items[key->first] : NULL, key->count };

	if (key->count > 1 && !row->type->list)
		return sp_refuse_item(
		    reading, &value, 1, "%s takes one value: remove this one", row->key);
	/* Without a value the reader has reported it. */
	return key->count &&
	       row->type->read(reading, &value, (char *)object + row->offset);
}

/* Elements of a default, the longest of which is a profile's signatures. */
#define MAX_DEFAULTS 8

bool sp_default_read(struct sp_reading *reading, const struct sp_row *row,
    const char *standard, const struct sp_document *document,
    const struct sp_section *section, void *object)
{
	struct sp_item items[MAX_DEFAULTS];
	struct sp_value value = { document, row, items, 0 };

	for (const char *at = standard; at && value.count < MAX_DEFAULTS;) {
		const char *comma = strchr(at, ',');
		struct sp_slice text = { at, comma ? (size_t)(comma - at) : strlen(at) };

		items[value.count++] = (struct sp_item){ sp_slice_trim(text),
			section->line, section->column };
		at = comma ? comma + 1 : NULL;
	}
	return row->type->read(reading, &value, (char *)object + row->offset);
}

static bool read_missing(struct sp_reading *reading, const struct sp_table *table,
    const struct sp_row *row, const struct sp_document *document,
    const struct sp_section *section, void *object)
{
	struct sp_location at = sp_section_at(document, section);

	if (row->flags & SP_ROW_INHERITED)
		return true;
	if (row->standard)
		return sp_default_read(
		    reading, row, row->standard, document, section, object);
	if (!(row->flags & SP_ROW_REQUIRED))
		return true;
	if (!section->damaged)
		sp_error(reading->diag, &at, "[%s%s%.*s] has to say its %s", table->kind,
		    section->name.length ? " " : "", SP_SHOW(section->name), row->key);
	return false;
}

bool sp_section_read(struct sp_reading *reading, const struct sp_table *table,
    const struct sp_document *document, const struct sp_section *section, void *object)
{
	const struct sp_key *written[SP_MAX_ROWS] = { 0 };
	bool fine = !section->damaged;

	for (size_t i = 0; i < section->count; i++) {
		const struct sp_key *key = &document->keys.items[section->first + i];
		const struct sp_row *row = row_of(table, key->name);
		struct sp_location at = sp_key_at(document, key), first;
		size_t r = row ? (size_t)(row - table->rows) : 0;

		if (!row) {
			fine = unknown_key(reading, table, document, section, key);
		} else if (written[r]) {
			first = sp_key_at(document, written[r]);
			fine = sp_error(reading->diag, &at,
			    "%s is written twice in this section: keep one", row->key);
			sp_diag_add(reading->diag, SP_NOTE, &first, "it is here first");
		} else {
			written[r] = key;
			fine = read_key(reading, row, document, key, object) && fine;
		}
	}
	for (size_t r = 0; r < table->count; r++)
		if (!written[r])
			fine = read_missing(reading, table, &table->rows[r], document,
				   section, object) &&
			       fine;
	return fine;
}

bool sp_check_name(struct sp_diag *diag, const struct sp_document *document,
    const struct sp_section *section)
{
	struct sp_location at = sp_section_at(document, section);
	struct sp_slice name = section->name;

	if (!name.length)
		return sp_error(diag, &at, "[%.*s] has no name: write [%.*s NAME]",
		    SP_SHOW(section->kind), SP_SHOW(section->kind));
	for (size_t i = 0; i < name.length; i++)
		if (!sp_is_letter(name.text[i]) &&
		    (i == 0 ||
			(!sp_is_digit(name.text[i]) && !strchr("-_.", name.text[i]))))
			return sp_error(diag, &at,
			    "\"%.*s\" is not a name: letters, digits, '-', '_' and '.', "
			    "beginning with a letter",
			    SP_SHOW(name));
	return true;
}

struct sp_location sp_place_of(const struct sp_place *place, const char *name)
{
	const struct sp_key *key = sp_section_key(place->document, place->section, name);

	return key ? sp_key_at(place->document, key)
		   : sp_section_at(place->document, place->section);
}

bool sp_place_has(const struct sp_place *place, const char *name)
{
	return sp_section_key(place->document, place->section, name) != NULL;
}
