/* The canonical form: every section, every key, every default. */
#include "printer.h"

#include <string.h>

#include <sallyport/limits.h>
#include <sallyport/number.h>

#include "language.h"
#include "reading.h"

/* A list goes on in the next line behind this column, for the reader's eyes,
 * and far below what inih takes. */
#define WIDTH 80
/* How much is gathered before the digest gets it. */
#define DIGEST_PART 65536
/* What a line that is left out may have had, for the limit of the text. */
#define MOOT_BYTES 256
/* Shorter lists are digested as they are printed. */
#define LONG_LIST 256

static void flush(struct sp_printer *printer)
{
	SHA256Update(
	    printer->digest, (const uint8_t *)printer->text.bytes, printer->text.length);
	printer->digested += printer->text.length;
	printer->text.length = 0;
}

static void add(struct sp_printer *printer, const char *bytes, size_t length)
{
	struct sp_text *text = &printer->text;

	/* What fits is the rule, with millions of small pieces. */
	if (length < text->capacity - text->length) {
		memcpy(text->bytes + text->length, bytes, length);
		text->length += length;
	} else {
		sp_text_add_bytes(text, bytes, length);
	}
	printer->column += length;
	if (printer->digest && printer->text.length >= DIGEST_PART)
		flush(printer);
}

static void add_word(struct sp_printer *printer, const char *text)
{
	add(printer, text, strlen(text));
}

static void end_line(struct sp_printer *printer)
{
	add(printer, "\n", 1);
	printer->column = 0;
}

void sp_print_item(struct sp_printer *printer, const char *text, size_t length)
{
	if (!printer->first && printer->column + length > WIDTH) {
		add(printer, ",", 1);
		end_line(printer);
		add(printer, "\t", 1);
		printer->column = 8;
	} else if (!printer->first) {
		add(printer, ", ", 2);
	}
	add(printer, text, length);
	printer->first = false;
}

static uint8_t *absorb_number(uint8_t *at, uint64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(number >> shift);
	return at;
}

/* An interval that is a prefix takes its length and the bytes that the length reaches
 * into; every other one both its ends behind a byte that is no length of a prefix. */
static uint8_t *absorb(
    uint8_t *at, enum sp_family family, sp_number first, sp_number last)
{
	unsigned bits = sp_family_bits(family);
	sp_number host = first ^ last;

	if ((host & (host + 1)) || (first & host)) {
		*at++ = UINT8_MAX;
		at += sp_number_bytes(family, first, at);
		return at + sp_number_bytes(family, last, at);
	}
	*at = (uint8_t)(bits - sp_number_width(host));
	sp_number_bytes(family, first, at + 1);
	return at + 1 + (*at + 7) / 8;
}

#define ABSORBED_BYTES 33 /* of one interval, at most */

static void absorb_half(
    SHA2_CTX *digest, const struct sp_intervals *set, enum sp_family family)
{
	uint8_t part[4096], *at = absorb_number(part, sp_half_count(set, family));

	for (size_t i = 0; i < sp_half_count(set, family); i++) {
		if (at > part + sizeof(part) - ABSORBED_BYTES) {
			SHA256Update(digest, part, (size_t)(at - part));
			at = part;
		}
		at = absorb(at, family, sp_half_first(set, family, i),
		    sp_half_last(set, family, i));
	}
	SHA256Update(digest, part, (size_t)(at - part));
}

bool sp_print_absorb(struct sp_printer *printer, const struct sp_intervals *set)
{
	size_t count = sp_intervals_count(set);

	if (!printer->digest || printer->spelled || count < LONG_LIST)
		return false;
	flush(printer);
	absorb_half(printer->digest, set, SP_IPV4);
	absorb_half(printer->digest, set, SP_IPV6);
	printer->digested += count * SP_RANGE_TEXT;
	printer->first = false;
	return true;
}

void sp_print_word(struct sp_printer *printer, const char *text)
{
	sp_print_item(printer, text, strlen(text));
}

void sp_print_value(
    struct sp_printer *printer, const struct sp_row *row, const void *object)
{
	printer->first = true;
	row->type->print(printer, row, (const char *)object + row->offset);
}

/* Into a digest goes what differs from a default; the defaults themselves are in it
 * once. Most of what ten thousand services have is defaults. */
static bool is_standard(const struct sp_printer *printer, const struct sp_row *row,
    size_t value, size_t flushed)
{
	size_t length = printer->text.length - value;

	return printer->digest && !printer->spelled && row->standard &&
	       printer->digested == flushed && strlen(row->standard) == length &&
	       !memcmp(printer->text.bytes + value, row->standard, length);
}

/* Into a digest goes the number of the row, as a byte that begins no other line. */
static void print_key(
    struct sp_printer *printer, const struct sp_table *table, const struct sp_row *row)
{
	char code = (char)(0x80 | (row - table->rows));

	if (printer->digest && !printer->spelled) {
		add(printer, &code, 1);
	} else {
		add_word(printer, row->key);
		add_word(printer, " = ");
	}
}

static void print_row(struct sp_printer *printer, const struct sp_table *table,
    const struct sp_row *row, const void *object)
{
	size_t begin = printer->text.length, flushed = printer->digested, value;

	print_key(printer, table, row);
	value = printer->text.length;
	sp_print_value(printer, row, object);
	if (is_standard(printer, row, value, flushed)) {
		printer->digested += printer->text.length - begin;
		printer->text.length = begin;
	} else {
		end_line(printer);
	}
	printer->column = 0;
	if (printer->digest && !printer->spelled)
		printer->digested += strlen(row->key) + 3;
}

static void absorb_standards(struct sp_printer *printer)
{
	static const struct sp_table *const tables[] = { &sp_policy_table,
		&sp_profile_table, &sp_addresses_table, &sp_service_table };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t r = 0; r < tables[i]->count; r++) {
			const struct sp_row *row = &tables[i]->rows[r];

			if (!row->standard)
				continue;
			add_word(printer, row->key);
			add_word(printer, " = ");
			add_word(printer, row->standard);
			end_line(printer);
		}
	}
	flush(printer);
	printer->digested = 0;
}

/* A service without TLS decides the same whatever its keys for it say. */
static bool is_moot(const struct sp_printer *printer, const struct sp_table *table,
    const struct sp_row *row, const void *object)
{
	return printer->digest && !printer->spelled && (row->flags & SP_ROW_TLS) &&
	       table == &sp_service_table &&
	       ((const struct sp_service *)object)->tls == SP_TLS_NONE;
}

static void print_section(struct sp_printer *printer, const struct sp_table *table,
    const char *name, const void *object)
{
	add_word(printer, "[");
	add_word(printer, table->kind);
	if (name) {
		add_word(printer, " ");
		add_word(printer, name);
	}
	add_word(printer, "]");
	end_line(printer);
	for (size_t i = 0; i < table->count; i++) {
		const struct sp_row *row = &table->rows[i];

		if (printer->inlined && (row->flags & SP_ROW_OUTSIDE))
			continue;
		if (is_moot(printer, table, row, object))
			printer->digested += MOOT_BYTES;
		else
			print_row(printer, table, row, object);
	}
}

static bool is_used(const struct sp_policy *policy, size_t profile)
{
	bool used = policy->profile == profile;

	for (size_t i = 0; i < policy->service_count; i++)
		used = used || policy->services[i].profile == profile;
	return used;
}

/* The policy's own profiles, and of profiles.d those that it uses: with them the
 * text stands alone. It then redefines what profiles.d may still have. */
static void print_profiles(struct sp_printer *printer)
{
	const struct sp_policy *policy = printer->policy;

	for (size_t i = 0; i < policy->profile_count; i++) {
		struct sp_profile profile = policy->profiles[i];

		if (!profile.at.file || (!profile.of_policy && !is_used(policy, i)))
			continue;
		profile.override = true;
		end_line(printer);
		print_section(printer, &sp_profile_table, profile.name, &profile);
	}
}

/* What is expected of a policy is no part of what is enforced. */
static void print_expects(struct sp_printer *printer)
{
	const struct sp_policy *policy = printer->policy;

	for (size_t i = 0; i < policy->expect_count && !printer->inlined; i++) {
		end_line(printer);
		print_section(printer, &sp_expect_table, policy->expects[i].name,
		    &policy->expects[i]);
	}
}

static void print_policy(struct sp_printer *printer)
{
	const struct sp_policy *policy = printer->policy;

	print_section(printer, &sp_policy_table, NULL, policy);
	print_profiles(printer);
	for (size_t i = 0; i < policy->set_count; i++) {
		end_line(printer);
		print_section(
		    printer, &sp_addresses_table, policy->sets[i].name, &policy->sets[i]);
	}
	for (size_t i = 0; i < policy->service_count; i++) {
		end_line(printer);
		print_section(printer, &sp_service_table, policy->services[i].name,
		    &policy->services[i]);
	}
	print_expects(printer);
}

char *sp_profile_print(const struct sp_policy *policy, size_t profile)
{
	struct sp_printer printer = { .policy = policy };

	print_section(&printer, &sp_profile_table, NULL, &policy->profiles[profile]);
	sp_text_add_bytes(&printer.text, "", 0); /* its NUL */
	if (printer.text.failed) {
		sp_text_free(&printer.text);
		return NULL;
	}
	return printer.text.bytes;
}

char *sp_policy_print(const struct sp_policy *policy, bool inlined, size_t *ret_length)
{
	struct sp_printer printer = { .policy = policy, .inlined = inlined };

	print_policy(&printer);
	sp_text_add_bytes(&printer.text, "", 0); /* its NUL */
	if (printer.text.failed) {
		sp_text_free(&printer.text);
		return NULL;
	}
	if (ret_length)
		*ret_length = printer.text.length;
	return printer.text.bytes;
}

/* False: memory is out. */
static bool digest(const struct sp_policy *policy, bool spelled,
    uint8_t ret[SP_DIGEST_BYTES], size_t *ret_bytes)
{
	SHA2_CTX context;
	struct sp_printer printer = {
		.policy = policy, .inlined = true, .digest = &context, .spelled = spelled
	};
	bool fine;

	SHA256Init(&context);
	if (!spelled)
		absorb_standards(&printer);
	print_policy(&printer);
	fine = !printer.text.failed;
	if (fine) {
		flush(&printer);
		SHA256Final(ret, &context);
	}
	*ret_bytes = printer.digested;
	sp_text_free(&printer.text);
	return fine;
}

/* Of the form that stands alone. It also has to be readable again: a snapshot
 * that is refused at boot would be found out too late. */
bool sp_policy_digest(struct sp_policy *policy, struct sp_diag *diag)
{
	uint8_t of_its_text[SP_DIGEST_BYTES];
	size_t bytes;

	if (!digest(policy, false, policy->digest, &bytes))
		return sp_out_of_memory(diag);
	if (bytes <= SP_MAX_POLICY_BYTES)
		return true;
	/* Too long perhaps: its text says. */
	if (!digest(policy, true, of_its_text, &bytes))
		return sp_out_of_memory(diag);
	return bytes <= SP_MAX_POLICY_BYTES ||
	       sp_error(diag, &policy->at,
		   "with its address files in place the policy has %zu bytes: at most %u",
		   bytes, SP_MAX_POLICY_BYTES);
}
