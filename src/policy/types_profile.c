/* Types whose values a profile has: numbers of IANA by their names, masks, limits
 * of time, and clauses. Reading replaces what the field holds: a profile's begins
 * as its base's. */
#include "language.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "names.h"
#include "printer.h"
#include "reading.h"

#define LIST_FIELD(items, count)                                                \
	_Static_assert(offsetof(struct sp_profile, count) ==                    \
			   offsetof(struct sp_profile, items) + sizeof(void *), \
	    #count " follows " #items)
LIST_FIELD(suites, suite_count);
LIST_FIELD(groups, group_count);
LIST_FIELD(key_curves, key_curve_count);

static bool is_word(const struct sp_value *value, const char *word)
{
	return value->count == 1 && sp_slice_is(value->items[0].text, word);
}

/* --- numbers by name ----------------------------------------------------- */

static bool find_suite(const char *name, size_t length, uint16_t *ret)
{
	const struct sp_suite *suite = sp_suite_named(name, length);

	if (suite)
		*ret = suite->id;
	return suite != NULL;
}

static void suggest_suites(struct sp_suggestion *suggestion)
{
	for (size_t i = 0; i < sp_suite_count; i++) {
		sp_suggest(suggestion, sp_slice(sp_suites[i].name));
		if (sp_suites[i].openssl)
			sp_suggest(suggestion, sp_slice(sp_suites[i].openssl));
	}
}

static bool find_group(const char *name, size_t length, uint16_t *ret)
{
	const struct sp_group *group = sp_group_named(name, length);

	if (group)
		*ret = group->id;
	return group != NULL;
}

static void suggest_groups(struct sp_suggestion *suggestion)
{
	for (size_t i = 0; i < sp_group_count; i++) {
		sp_suggest(suggestion, sp_slice(sp_groups[i].name));
		if (sp_groups[i].nist)
			sp_suggest(suggestion, sp_slice(sp_groups[i].nist));
	}
}

const struct sp_numbering sp_suite_numbering = { "cipher suite", find_suite,
	sp_suite_name, suggest_suites };
const struct sp_numbering sp_group_numbering = { "group", find_group, sp_group_name,
	suggest_groups };

static bool unknown_number(struct sp_reading *reading, const struct sp_value *value,
    size_t i, const struct sp_numbering *numbering)
{
	struct sp_slice name = value->items[i].text;
	struct sp_suggestion suggestion = { .wanted = name };

	numbering->suggest(&suggestion);
	if (suggestion.best.text)
		return sp_refuse_item(reading, value, i,
		    "there is no %s \"%.*s\": did you mean \"%.*s\"?", numbering->what,
		    SP_SHOW(name), SP_SHOW(suggestion.best));
	return sp_refuse_item(reading, value, i,
	    "there is no %s \"%.*s\": write IANA's or OpenSSL's name of it, or any",
	    numbering->what, SP_SHOW(name));
}

static int compare_numbers(const void *left, const void *right)
{
	const uint16_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static size_t without_twins(uint16_t *numbers, size_t count)
{
	size_t kept = 0;

	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (!kept || numbers[i] != numbers[kept - 1])
			numbers[kept++] = numbers[i];
	return kept;
}

static void replace_list(void *field, void *items, size_t count)
{
	const void *old;
	size_t old_count;

	sp_field_get_list(field, &old, &old_count);
	free((void *)old);
	sp_field_set_list(field, items, count);
}

static bool read_numbers(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	const struct sp_numbering *numbering = value->row->detail;
	uint16_t *numbers;
	bool fine = true;

	if (is_word(value, "any")) {
		replace_list(field, NULL, 0);
		return true;
	}
	numbers = calloc(value->count, sizeof(*numbers));
	if (!numbers)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < value->count; i++)
		if (!numbering->find(value->items[i].text.text,
			value->items[i].text.length, &numbers[i]))
			fine = unknown_number(reading, value, i, numbering);
	if (!fine) {
		free(numbers);
		return false;
	}
	replace_list(field, numbers, without_twins(numbers, value->count));
	return true;
}

static void print_numbers(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_numbering *numbering = row->detail;
	const uint16_t *numbers;
	const void *items;
	size_t count;
	char text[16];

	sp_field_get_list(field, &items, &count);
	numbers = items;
	if (!count)
		sp_print_word(printer, "any");
	for (size_t i = 0; i < count; i++)
		sp_print_word(printer, numbering->name(numbers[i], text));
}

const struct sp_type sp_type_numbers = { true, read_numbers, print_numbers };

/* --- masks --------------------------------------------------------------- */

static bool read_flags(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	unsigned mask = 0;

	for (size_t i = 0; i < value->count && !is_word(value, "any"); i++) {
		const struct sp_word *word = sp_find_word(reading, value, i);

		if (!word)
			return false;
		mask |= 1u << word->value;
	}
	*(unsigned *)field = mask;
	return true;
}

static void print_flags(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	unsigned mask = *(const unsigned *)field;

	if (!mask)
		sp_print_word(printer, "any");
	for (const struct sp_word *word = row->detail; word->text; word++)
		if (mask & 1u << word->value)
			sp_print_word(printer, word->text);
}

const struct sp_type sp_type_flags = { true, read_flags, print_flags };

/* --- limits of time ------------------------------------------------------ */

static bool read_limit(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (!is_word(value, "none"))
		return sp_type_duration.read(reading, value, field);
	*(uint32_t *)field = 0;
	return true;
}

static void print_limit(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	if (*(const uint32_t *)field)
		sp_type_duration.print(printer, row, field);
	else
		sp_print_word(printer, "none");
}

const struct sp_type sp_type_limit = { false, read_limit, print_limit };

/* --- clauses ------------------------------------------------------------- */

static bool unknown_demand(struct sp_reading *reading, const struct sp_value *value,
    size_t i, struct sp_slice key)
{
	struct sp_suggestion suggestion = { .wanted = key };

	for (int demand = 0; demand < SP_DEMANDS; demand++)
		sp_suggest(&suggestion, sp_slice(sp_demand_key((enum sp_demand)demand)));
	if (suggestion.best.text)
		return sp_refuse_item(reading, value, i,
		    "no key of a profile is \"%.*s\": did you mean \"%.*s\"?",
		    SP_SHOW(key), SP_SHOW(suggestion.best));
	return sp_refuse_item(reading, value, i,
	    "no key of a profile is \"%.*s\": a clause is a key and where it is said, "
	    "\"min_version section 3.1\"",
	    SP_SHOW(key));
}

/* "KEY where the source says so" */
static bool read_clause(
    struct sp_reading *reading, const struct sp_value *value, size_t i, char **clauses)
{
	struct sp_slice text = value->items[i].text, key = sp_slice_word(&text);
	char *clause;

	text = sp_slice_trim(text);
	for (int demand = 0; demand < SP_DEMANDS; demand++) {
		const char *known = sp_demand_key((enum sp_demand)demand);

		if (!sp_slice_is(key, known))
			continue;
		if (!text.length)
			return sp_refuse_item(reading, value, i,
			    "a clause of %s is a key and where it is said: \"%s section "
			    "3.1\"",
			    known, known);
		clause = strndup(text.text, text.length);
		free(clauses[demand]);
		clauses[demand] = clause;
		return clause || sp_out_of_memory(reading->diag);
	}
	return unknown_demand(reading, value, i, key);
}

static bool read_clauses(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	bool fine = true;

	for (size_t i = 0; i < value->count && !is_word(value, "none"); i++)
		fine = read_clause(reading, value, i, field) && fine;
	return fine;
}

static void print_clauses(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	char *const *clauses = field;
	bool any = false;

	(void)row;
	for (int demand = 0; demand < SP_DEMANDS; demand++) {
		struct sp_text text = { 0 };

		if (!clauses[demand])
			continue;
		any = true;
		sp_text_add(&text, "%s %s", sp_demand_key((enum sp_demand)demand),
		    clauses[demand]);
		if (text.failed)
			printer->text.failed = true;
		else
			sp_print_word(printer, text.bytes);
		sp_text_free(&text);
	}
	if (!any)
		sp_print_word(printer, "none");
}

const struct sp_type sp_type_clauses = { true, read_clauses, print_clauses };
