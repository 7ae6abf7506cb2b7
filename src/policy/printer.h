/* Writes the canonical form, into memory or into a digest. */
#ifndef SALLYPORT_POLICY_PRINTER_H
#define SALLYPORT_POLICY_PRINTER_H

#include <stdio.h>

#include <sha2.h>

#include <sallyport/array.h>
#include <sallyport/policy.h>

struct sp_row;
struct sp_table;

struct sp_printer {
	const struct sp_policy *policy; /* whose sets and profiles are named */
	bool inlined;
	struct sp_text text;
	SHA2_CTX *digest; /* if set, the text goes there and is not kept */
	bool spelled;	  /* long lists of addresses too are digested as text */
	size_t
	    digested;  /* bytes of text so far; of lists that were not spelled, at most */
	size_t column; /* where the line stands */
	bool first;    /* no element of this value was printed yet */
};

/* Adds one element of a list, or the only one of a value. */
void sp_print_item(struct sp_printer *printer, const char *text, size_t length);
void sp_print_word(struct sp_printer *printer, const char *text);

/* A long list of addresses into a digest, as numbers: to write a million out would
 * take longer than all the rest. False: it has to be spelled. */
bool sp_print_absorb(struct sp_printer *printer, const struct sp_intervals *set);

/* One value, as it stands behind "key = ". */
void sp_print_value(
    struct sp_printer *printer, const struct sp_row *row, const void *object);

#endif
