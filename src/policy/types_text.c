/* Types whose values are names and texts: hosts, interfaces, files, entries. */
#include "language.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "hostname.h"
#include "printer.h"
#include "reading.h"

void sp_field_set_list(void *field, void *items, size_t count)
{
	memcpy(field, &items, sizeof(items));
	memcpy((char *)field + sizeof(items), &count, sizeof(count));
}

void sp_field_get_list(const void *field, const void **ret_items, size_t *ret_count)
{
	memcpy(ret_items, field, sizeof(*ret_items));
	memcpy(ret_count, (const char *)field + sizeof(*ret_items), sizeof(*ret_count));
}

#define LIST_FIELD(type, items, count)                                    \
	_Static_assert(offsetof(struct type, count) ==                    \
			   offsetof(struct type, items) + sizeof(void *), \
	    #count " follows " #items)
LIST_FIELD(sp_service, ports, port_count);
LIST_FIELD(sp_service, interfaces, interface_count);
LIST_FIELD(sp_service, names, name_count);
LIST_FIELD(sp_service, alpn, alpn_count);
LIST_FIELD(sp_service, listen, listen_count);
LIST_FIELD(sp_entry, ports, port_count);
LIST_FIELD(sp_address_set, files, file_count);
LIST_FIELD(sp_expect, interfaces, interface_count);
LIST_FIELD(sp_expect, ports, port_count);

static bool is_none(const struct sp_value *value)
{
	return value->count == 1 && sp_slice_is(value->items[0].text, "none");
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

/* Reads each element with `one` into a list of strings. `one` returns NULL
 * after reporting, or *ret_skip for an element that is already there. */
typedef char *read_one(
    struct sp_reading *reading, const struct sp_value *value, size_t i);

static bool read_strings(
    struct sp_reading *reading, const struct sp_value *value, void *field, read_one *one)
{
	char **strings = calloc(value->count, sizeof(*strings));
	struct sp_names seen = { 0 };
	size_t count = 0, existing;
	bool fine = strings != NULL || sp_out_of_memory(reading->diag);

	for (size_t i = 0; strings && i < value->count; i++) {
		char *text = one(reading, value, i);

		if (!text) {
			fine = false;
		} else if (sp_names_find(&seen, sp_slice(text), &existing)) {
			free(text); /* the second mention says nothing more */
		} else {
			strings[count] = text;
			if (!sp_names_add(&seen, sp_slice(text), count++))
				fine = sp_out_of_memory(reading->diag);
		}
	}
	sp_names_free(&seen);
	if (fine)
		sp_field_set_list(field, strings, count);
	else
		free_strings(strings, count);
	return fine;
}

static void print_strings(
    struct sp_printer *printer, const void *field, const char *empty)
{
	const void *items;
	size_t count;

	sp_field_get_list(field, &items, &count);
	if (!count)
		sp_print_word(printer, empty);
	for (size_t i = 0; i < count; i++)
		sp_print_word(printer, ((char *const *)items)[i]);
}

/* --- free text ----------------------------------------------------------- */

static bool read_text(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_text text = { 0 };

	for (size_t i = 0; i < value->count; i++)
		sp_text_add(&text, "%s%.*s", i ? ", " : "",
		    (int)value->items[i].text.length, value->items[i].text.text);
	if (text.failed) {
		sp_text_free(&text);
		return sp_out_of_memory(reading->diag);
	}
	*(char **)field = text.bytes;
	return true;
}

static void print_text(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	if (*(char *const *)field)
		sp_print_word(printer, *(char *const *)field);
}

const struct sp_type sp_type_text = { true, read_text, print_text };

/* A catalogue entry's name; whether there is one is asked by service.c. */
static bool read_name(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (is_none(value))
		return true;
	*(char **)field = strndup(value->items[0].text.text, value->items[0].text.length);
	return *(char **)field || sp_out_of_memory(reading->diag);
}

static void print_name(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const char *name = *(char *const *)field;

	(void)row;
	sp_print_word(printer, name ? name : "none");
}

const struct sp_type sp_type_name = { false, read_name, print_name };

/* --- host names ---------------------------------------------------------- */

static char *read_host_name(
    struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	struct sp_slice text = value->items[i].text;
	char canonical[SP_MAX_HOST_NAME + 1];
	const char *problem = sp_host_name_read(text, canonical);
	char *copy;

	if (problem) {
		sp_refuse_item(reading, value, i, "\"%.*s\" %s", SP_SHOW(text), problem);
		return NULL;
	}
	copy = strdup(canonical);
	if (!copy)
		sp_out_of_memory(reading->diag);
	return copy;
}

static bool read_host_names(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (is_none(value))
		return true;
	if (value->count > SP_MAX_NAMES)
		return sp_refuse_item(reading, value, SP_MAX_NAMES,
		    "more than %d names: each is asked in a handshake of its own",
		    SP_MAX_NAMES);
	for (size_t i = 0; i < value->count; i++)
		if (sp_slice_is(value->items[i].text, "none"))
			return sp_refuse_item(reading, value, i,
			    "\"none\" stands alone: without it the names are asked");
	return read_strings(reading, value, field, read_host_name);
}

static void print_or_none(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	print_strings(printer, field, "none");
}

const struct sp_type sp_type_host_names = { true, read_host_names, print_or_none };

/* --- interfaces ---------------------------------------------------------- */

/* Narrower than dev_valid_name() of the kernel, so that each name can be
 * written in nft syntax as it is. */
static bool valid_interface(struct sp_slice text)
{
	if (text.length > 1 && text.text[text.length - 1] == '*')
		text.length--;
	if (text.length > SP_MAX_INTERFACE_NAME || sp_slice_is(text, ".") ||
	    sp_slice_is(text, ".."))
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!sp_is_letter(text.text[i]) && !sp_is_digit(text.text[i]) &&
		    !strchr("._:+-", text.text[i]))
			return false;
	return true;
}

static char *read_interface(
    struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	struct sp_slice text = value->items[i].text;
	char *copy;

	if (sp_slice_is(text, "any")) {
		sp_refuse_item(reading, value, i,
		    "\"any\" stands alone: remove it or the other elements");
		return NULL;
	}
	if (!valid_interface(text)) {
		sp_refuse_item(reading, value, i,
		    "\"%.*s\" is not an interface's name: at most %d letters, digits and "
		    "\"._:+-\", at most one '*' at its end",
		    SP_SHOW(text), SP_MAX_INTERFACE_NAME);
		return NULL;
	}
	copy = strndup(text.text, text.length);
	if (!copy)
		sp_out_of_memory(reading->diag);
	return copy;
}

static bool read_interfaces(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (value->count == 1 && sp_slice_is(value->items[0].text, "any"))
		return true;
	return read_strings(reading, value, field, read_interface);
}

static void print_interfaces(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	print_strings(printer, field, "any");
}

const struct sp_type sp_type_interfaces = { true, read_interfaces, print_interfaces };

/* --- protocols of ALPN --------------------------------------------------- */

/* RFC 7301 section 3.1; every registered one is printable, and "h2" is no list. */
static char *read_protocol(
    struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	struct sp_slice text = value->items[i].text;
	bool fine = text.length <= SP_MAX_ALPN_BYTES;
	char *copy;

	for (size_t c = 0; c < text.length; c++)
		fine = fine && text.text[c] > ' ' && text.text[c] < 0x7f;
	if (!fine) {
		sp_refuse_item(reading, value, i,
		    "\"%.*s\" is not a protocol of ALPN: 1 to %d characters of ASCII "
		    "without blanks, \"h2\", \"http/1.1\"",
		    SP_SHOW(text), SP_MAX_ALPN_BYTES);
		return NULL;
	}
	copy = strndup(text.text, text.length);
	if (!copy)
		sp_out_of_memory(reading->diag);
	return copy;
}

static bool read_alpn(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (is_none(value))
		return true;
	if (value->count > SP_MAX_ALPN)
		return sp_refuse_item(
		    reading, value, SP_MAX_ALPN, "more than %d protocols", SP_MAX_ALPN);
	return read_strings(reading, value, field, read_protocol);
}

const struct sp_type sp_type_alpn = { true, read_alpn, print_or_none };

/* --- files --------------------------------------------------------------- */

/* A path that cannot be written in a policy could not be printed either. */
static bool writable_path(const char *path)
{
	for (size_t i = 0; path[i]; i++)
		if (path[i] == ',' || (unsigned char)path[i] < 0x20 ||
		    (i && sp_is_blank(path[i - 1]) && (path[i] == ';' || path[i] == '#')))
			return false;
	return strlen(path) <= SP_MAX_ELEMENT_BYTES;
}

static char *read_path(struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	char *path = sp_path_absolute(value->document->file, value->items[i].text);

	if (!path) {
		sp_out_of_memory(reading->diag);
	} else if (!writable_path(path)) {
		sp_refuse_item(reading, value, i,
		    "the whole path, %s, is longer than %d bytes or has a ',' or a "
		    "comment "
		    "in it: a policy cannot name it",
		    path, SP_MAX_ELEMENT_BYTES);
		free(path);
		return NULL;
	}
	return path;
}

static bool read_file_path(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	const struct sp_path_kind *kind = value->row->detail;
	struct sp_location at = sp_item_at(value->document, &value->items[0]);
	char *path;

	if (sp_slice_is(value->items[0].text, kind->without))
		return true;
	path = read_path(reading, value, 0);
	if (!path ||
	    (!reading->stands_alone && !sp_file_usable(path, kind->limit, kind->directory,
					   kind->what, &at, reading->diag))) {
		free(path);
		return false;
	}
	*(char **)field = path;
	return true;
}

static void print_file_path(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_path_kind *kind = row->detail;
	const char *path = *(char *const *)field;

	sp_print_word(printer, path ? path : kind->without);
}

const struct sp_type sp_type_path = { false, read_file_path, print_file_path };

static bool read_files(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	if (is_none(value))
		return true;
	return read_strings(reading, value, field, read_path);
}

const struct sp_type sp_type_files = { true, read_files, print_or_none };

/* include.c has read them by the time the keys are; the canonical form has
 * them in place. */
static bool read_include(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	(void)reading;
	(void)value;
	(void)field;
	return true;
}

static void print_include(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	(void)field;
	sp_print_word(printer, "none");
}

const struct sp_type sp_type_include = { true, read_include, print_include };

/* --- profiles ------------------------------------------------------------ */

static bool read_profile(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_slice name = value->items[0].text;
	struct sp_suggestion suggestion = { .wanted = name };

	if (sp_names_find(&reading->profile_names, name, field))
		return true;
	for (size_t i = 0; i < reading->profiles.length; i++)
		sp_suggest(&suggestion, sp_slice(reading->profiles.items[i].name));
	if (suggestion.best.text)
		return sp_refuse_item(reading, value, 0,
		    "there is no profile \"%.*s\": did you mean \"%.*s\"?", SP_SHOW(name),
		    SP_SHOW(suggestion.best));
	return sp_refuse_item(reading, value, 0,
	    "there is no profile \"%.*s\": write a [profile %.*s], or name a shipped one",
	    SP_SHOW(name), SP_SHOW(name));
}

static void print_profile(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	sp_print_word(printer, printer->policy->profiles[*(const size_t *)field].name);
}

const struct sp_type sp_type_profile = { false, read_profile, print_profile };

/* --- lockdown ------------------------------------------------------------ */

/* lockdown.c resolves it, when the services are known. */
static bool read_lockdown(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	(void)reading;
	(void)value;
	(void)field;
	return true;
}

static void print_lockdown(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_policy *policy = printer->policy;

	(void)row;
	(void)field;
	if (!policy->lockdown_count)
		sp_print_word(printer, "none");
	for (size_t i = 0; i < policy->lockdown_count; i++)
		sp_print_word(printer, policy->services[policy->lockdown[i]].name);
}

const struct sp_type sp_type_lockdown = { true, read_lockdown, print_lockdown };
