/* The policy language as tables: one per kind of section, one row per key. The
 * parser, its "did you mean", the defaults and the printer all work from them. */
#ifndef SALLYPORT_POLICY_LANGUAGE_H
#define SALLYPORT_POLICY_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/policy.h>

#include "document.h"

struct sp_reading;
struct sp_printer;
struct sp_row;
struct sp_suggestion;

/* One key's value as it was written, or its default. */
struct sp_value {
	const struct sp_document *document;
	const struct sp_row *row;
	const struct sp_item *items;
	size_t count;
};

/* How values of one type are read into a field and printed from it. */
struct sp_type {
	bool list; /* more than one element */
	/* False when there was an error, which is in the diagnostics; the field
	 * is then fit for freeing. */
	bool (*read)(
	    struct sp_reading *reading, const struct sp_value *value, void *field);
	/* Adds elements through sp_print_item. */
	void (*print)(
	    struct sp_printer *printer, const struct sp_row *row, const void *field);
};

enum sp_row_flag {
	/* The section is an error without it. */
	SP_ROW_REQUIRED = 1 << 0,
	/* Not written, it is what another place says: the catalogue entry, the
	 * policy, another key (service.c). */
	SP_ROW_DERIVED = 1 << 1,
	/* Has no effect while tls = none. */
	SP_ROW_TLS = 1 << 2,
	/* Names another file, or changes nothing of what is enforced: left out of
	 * the form that stands alone. */
	SP_ROW_OUTSIDE = 1 << 3,
	/* May stand in the [policy] of an included file. */
	SP_ROW_INCLUDED = 1 << 4,
	/* Not written, it stays what the object holds already: a profile's base. */
	SP_ROW_INHERITED = 1 << 5,
};

struct sp_row {
	const char *key;
	const struct sp_type *type;
	size_t offset;	      /* of the field in the table's object */
	const char *standard; /* the default, in the language itself; or NULL */
	unsigned flags;
	const void *detail; /* what the type wants to know: its words */
};

struct sp_table {
	const char *kind;
	bool named;
	const struct sp_row *rows;
	size_t count;
};

/* A word of a closed choice. The last one has no text. */
struct sp_word {
	const char *text;
	unsigned value;
};

/* A key that names a file. */
struct sp_path_kind {
	const char *without; /* the word for no path */
	const char *what;    /* as an error calls it */
	size_t limit;	     /* bytes */
	bool directory;	     /* may be one */
};

/* Keys that one section can have. */
#define SP_MAX_ROWS 64

/* How numbers of IANA are named. */
struct sp_numbering {
	const char *what; /* "cipher suite" */
	bool (*find)(const char *name, size_t length, uint16_t *ret);
	const char *(*name)(uint16_t number, char text[16]);
	/* Offers every name to a suggestion. */
	void (*suggest)(struct sp_suggestion *suggestion);
};

extern const struct sp_numbering sp_suite_numbering, sp_group_numbering;

extern const struct sp_table sp_policy_table;	 /* struct sp_policy */
extern const struct sp_table sp_service_table;	 /* struct sp_service */
extern const struct sp_table sp_addresses_table; /* struct sp_address_set */
extern const struct sp_table sp_profile_table;	 /* struct sp_profile */
extern const struct sp_table sp_entry_table;	 /* struct sp_entry */
extern const struct sp_table sp_expect_table;	 /* struct sp_expect */

extern const struct sp_type sp_type_version, sp_type_word, sp_type_flag,
    sp_type_protocols, sp_type_ports, sp_type_duration, sp_type_rate, sp_type_log_rate,
    sp_type_number, sp_type_tls_version, sp_type_sources, sp_type_destinations,
    sp_type_elements, sp_type_addresses, sp_type_text, sp_type_name, sp_type_host_names,
    sp_type_interfaces, sp_type_path, sp_type_files, sp_type_profile, sp_type_include,
    sp_type_limit, sp_type_numbers, sp_type_flags, sp_type_clauses, sp_type_alpn,
    sp_type_lockdown, sp_type_lints, sp_type_protocol_ports;

const struct sp_row *sp_table_row(const struct sp_table *table, const char *key);

/* Reads a section's keys into `object`, in which the defaults then stand too
 * (but not the derived ones). Every mistake is reported; false if any. */
bool sp_section_read(struct sp_reading *reading, const struct sp_table *table,
    const struct sp_document *document, const struct sp_section *section, void *object);

/* Reads the row's default, or `standard` in its place, at the section's header. */
bool sp_default_read(struct sp_reading *reading, const struct sp_row *row,
    const char *standard, const struct sp_document *document,
    const struct sp_section *section, void *object);

/* Names of services and sets: letters, digits, '-', '_', '.', beginning with a
 * letter. Reports and returns false otherwise. */
bool sp_check_name(struct sp_diag *diag, const struct sp_document *document,
    const struct sp_section *section);

/* Helpers for the types. */
bool sp_refuse_item(struct sp_reading *reading, const struct sp_value *value, size_t i,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The word that an element is, of the row's; NULL after reporting. */
const struct sp_word *sp_find_word(
    struct sp_reading *reading, const struct sp_value *value, size_t i);
/* A field pair { T *items; size_t count; } as the structs of policy.h have them. */
void sp_field_set_list(void *field, void *items, size_t count);
void sp_field_get_list(const void *field, const void **ret_items, size_t *ret_count);
void sp_field_set_enum(void *field, unsigned value);
unsigned sp_field_get_enum(const void *field);
const char *sp_range_problem(enum sp_range_error error);

#endif
