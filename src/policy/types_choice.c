/* Types whose values are words of a closed choice. */
#include "language.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

#include "names.h"
#include "printer.h"
#include "reading.h"

_Static_assert(sizeof(enum sp_mode) == sizeof(unsigned), "words are stored as enums");

void sp_field_set_enum(void *field, unsigned value)
{
	memcpy(field, &value, sizeof(value));
}

unsigned sp_field_get_enum(const void *field)
{
	unsigned value;

	memcpy(&value, field, sizeof(value));
	return value;
}

/* "a, b or c" */
static void list_words(struct sp_text *text, const struct sp_word *words)
{
	for (size_t i = 0; words[i].text; i++)
		sp_text_add(text, "%s%s",
		    i == 0		? ""
		    : words[i + 1].text ? ", "
					: " or ",
		    words[i].text);
}

static bool unknown_word(struct sp_reading *reading, const struct sp_value *value,
    size_t i, const struct sp_word *words)
{
	struct sp_slice written = value->items[i].text;
	struct sp_suggestion suggestion = { .wanted = written };
	struct sp_text choices = { 0 };

	for (size_t w = 0; words[w].text; w++)
		sp_suggest(&suggestion, sp_slice(words[w].text));
	list_words(&choices, words);
	if (choices.failed)
		sp_out_of_memory(reading->diag);
	else if (suggestion.best.text)
		sp_refuse_item(reading, value, i,
		    "%s is %s, not \"%.*s\": did you mean \"%.*s\"?", value->row->key,
		    choices.bytes, SP_SHOW(written), SP_SHOW(suggestion.best));
	else
		sp_refuse_item(reading, value, i, "%s is %s, not \"%.*s\"",
		    value->row->key, choices.bytes, SP_SHOW(written));
	sp_text_free(&choices);
	return false;
}

const struct sp_word *sp_find_word(
    struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	const struct sp_word *words = value->row->detail;
	struct sp_slice written = value->items[i].text;

	for (size_t w = 0; words[w].text; w++)
		if (sp_slice_is(written, words[w].text))
			return &words[w];
	unknown_word(reading, value, i, words);
	return NULL;
}

static bool read_word(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	const struct sp_word *word = sp_find_word(reading, value, 0);

	if (word)
		sp_field_set_enum(field, word->value);
	return word != NULL;
}

static void print_word(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	unsigned value = sp_field_get_enum(field);

	for (const struct sp_word *word = row->detail; word->text; word++)
		if (word->value == value) {
			sp_print_word(printer, word->text);
			return;
		}
}

const struct sp_type sp_type_word = { false, read_word, print_word };

/* The language's version: there is one, and nothing to store. */
static bool read_version(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	(void)field;
	return sp_slice_is(value->items[0].text, "1") ||
	       sp_refuse_item(reading, value, 0,
		   "version \"%.*s\" of the language is not known: write \"version = 1\"",
		   SP_SHOW(value->items[0].text));
}

static void print_version(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	(void)field;
	sp_print_word(printer, "1");
}

const struct sp_type sp_type_version = { false, read_version, print_version };

/* Two words over a bool. */
static bool read_flag(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	const struct sp_word *word = sp_find_word(reading, value, 0);

	if (word)
		*(bool *)field = word->value != 0;
	return word != NULL;
}

static void print_flag(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	for (const struct sp_word *word = row->detail; word->text; word++)
		if ((word->value != 0) == *(const bool *)field)
			sp_print_word(printer, word->text);
}

const struct sp_type sp_type_flag = { false, read_flag, print_flag };

/* tcp, udp or both, into two neighbouring flags. */
_Static_assert(
    offsetof(struct sp_service, udp) == offsetof(struct sp_service, tcp) + sizeof(bool) &&
	offsetof(struct sp_entry, udp) == offsetof(struct sp_entry, tcp) + sizeof(bool),
    "udp follows tcp");

static bool read_protocols(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	bool *flags = field, fine = true;

	for (size_t i = 0; i < value->count; i++) {
		const struct sp_word *word = sp_find_word(reading, value, i);

		if (word)
			flags[word->value] = true;
		fine = fine && word;
	}
	return fine;
}

static void print_protocols(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const bool *flags = field;

	for (const struct sp_word *word = row->detail; word->text; word++)
		if (flags[word->value])
			sp_print_word(printer, word->text);
}

const struct sp_type sp_type_protocols = { true, read_protocols, print_protocols };
