/* Types whose values are numbers: ports, times, rates, sizes, versions. */
#include "language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

#include "printer.h"
#include "reading.h"

/* --- ports --------------------------------------------------------------- */

static bool read_port(struct sp_reading *reading, const struct sp_value *value, size_t i,
    struct sp_slice text, uint16_t *ret)
{
	struct sp_slice written = sp_slice_trim(text);
	unsigned long number;

	if (sp_slice_number(written, UINT16_MAX, &number)) {
		if (number == 0)
			return sp_refuse_item(
			    reading, value, i, "port 0: ports are 1 to 65535");
		*ret = (uint16_t)number;
		return true;
	}
	for (size_t c = 0; c < written.length; c++) {
		if (written.text[c] == '/')
			return sp_refuse_item(reading, value, i,
			    "\"%.*s\": a port stands alone, the key protocol says tcp or "
			    "udp",
			    SP_SHOW(value->items[i].text));
		if (!sp_is_digit(written.text[c]))
			return sp_refuse_item(reading, value, i,
			    "\"%.*s\" is not a port: write numbers and ranges, \"443, "
			    "9000-9100\"",
			    SP_SHOW(value->items[i].text));
	}
	return sp_refuse_item(reading, value, i,
	    "\"%.*s\" is not a port: ports are 1 to 65535, without leading zeros",
	    SP_SHOW(value->items[i].text));
}

static bool read_port_range(struct sp_reading *reading, const struct sp_value *value,
    size_t i, struct sp_ports *ret)
{
	struct sp_slice text = value->items[i].text;
	const char *dash = memchr(text.text, '-', text.length);
	struct sp_slice head = text, tail = text;

	if (dash) {
		head.length = (size_t)(dash - text.text);
		tail.text = dash + 1;
		tail.length = text.length - head.length - 1;
	}
	if (!read_port(reading, value, i, head, &ret->first))
		return false;
	ret->last = ret->first;
	if (dash && !read_port(reading, value, i, tail, &ret->last))
		return false;
	if (ret->last < ret->first)
		return sp_refuse_item(reading, value, i,
		    "the range %u-%u ends before it begins: write %u-%u", ret->first,
		    ret->last, ret->last, ret->first);
	return true;
}

static int compare_ports(const void *left, const void *right)
{
	const struct sp_ports *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static size_t merge_ports(struct sp_ports *ports, size_t count)
{
	size_t kept = 0;

	qsort(ports, count, sizeof(*ports), compare_ports);
	for (size_t i = 1; i < count; i++) {
		if (ports[i].first > ports[kept].last + 1)
			ports[++kept] = ports[i];
		else if (ports[i].last > ports[kept].last)
			ports[kept].last = ports[i].last;
	}
	return kept + 1;
}

static bool read_ports(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_ports *ports = calloc(value->count, sizeof(*ports));
	bool fine = true;

	if (!ports)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < value->count; i++)
		fine = read_port_range(reading, value, i, &ports[i]) && fine;
	if (!fine) {
		free(ports);
		return false;
	}
	sp_field_set_list(field, ports, merge_ports(ports, value->count));
	return true;
}

static void print_ports(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_ports *ports;
	const void *items;
	size_t count;
	char first[SP_DECIMAL], last[SP_DECIMAL], text[2 * SP_DECIMAL];

	(void)row;
	sp_field_get_list(field, &items, &count);
	ports = items;
	for (size_t i = 0; i < count; i++) {
		bool one = ports[i].first == ports[i].last;

		sp_join(text, sizeof(text), sp_decimal(first, ports[i].first),
		    one ? "" : "-", one ? "" : sp_decimal(last, ports[i].last));
		sp_print_word(printer, text);
	}
}

const struct sp_type sp_type_ports = { true, read_ports, print_ports };

/* --- times --------------------------------------------------------------- */

static const struct {
	char letter;
	uint32_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

static uint32_t unit_seconds(char letter)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].letter == letter)
			return units[i].seconds;
	return 0;
}

static bool read_duration(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_slice text = value->items[0].text, head = text;
	unsigned long number;
	uint32_t unit = unit_seconds(text.text[text.length - 1]);

	head.length--;
	if (!unit || !sp_slice_number(head, (unsigned long)SP_MAX_DURATION, &number))
		return sp_refuse_item(reading, value, 0,
		    "%s \"%.*s\" is not a time: write a number and s, m, h or d, \"24h\"",
		    value->row->key, SP_SHOW(text));
	if (number == 0 || number > SP_MAX_DURATION / unit)
		return sp_refuse_item(reading, value, 0,
		    "%s \"%.*s\" is out of bounds: 1s to %ud", value->row->key,
		    SP_SHOW(text), SP_MAX_DURATION / 86400);
	*(uint32_t *)field = (uint32_t)number * unit;
	return true;
}

static void print_duration(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	uint32_t seconds = *(const uint32_t *)field;
	char text[16];

	(void)row;
	for (size_t i = sizeof(units) / sizeof(*units); i-- > 0;) {
		/* One day is written as people say it: 24h. */
		if (seconds % units[i].seconds ||
		    (units[i].letter == 'd' && seconds == 86400))
			continue;
		snprintf(text, sizeof(text), "%u%c", seconds / units[i].seconds,
		    units[i].letter);
		sp_print_word(printer, text);
		return;
	}
}

const struct sp_type sp_type_duration = { false, read_duration, print_duration };

/* --- rates --------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t seconds;
} periods[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 } };

static uint32_t period_seconds(struct sp_slice name)
{
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++)
		if (sp_slice_is(name, periods[i].name))
			return periods[i].seconds;
	return 0;
}

static const char *period_name(uint32_t seconds)
{
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++)
		if (periods[i].seconds == seconds)
			return periods[i].name;
	return "?";
}

/* COUNT/PERIOD [burst COUNT]; nft's own default burst is 5 (libnftables,
 * limit statement). */
static bool parse_rate(struct sp_slice text, struct sp_rate *ret)
{
	struct sp_slice rate = sp_slice_word(&text), word = sp_slice_word(&text);
	struct sp_slice burst = sp_slice_word(&text);
	const char *slash = memchr(rate.text, '/', rate.length);
	unsigned long count, most = 5;
	size_t head = slash ? (size_t)(slash - rate.text) : 0;

	if (!slash || sp_slice_trim(text).length ||
	    !sp_slice_number((struct sp_slice){ rate.text, head }, SP_MAX_RATE, &count))
		return false;
	if (word.length &&
	    (!sp_slice_is(word, "burst") || !sp_slice_number(burst, SP_MAX_RATE, &most)))
		return false;
	*ret = (struct sp_rate){ (uint32_t)count,
		period_seconds((struct sp_slice){ slash + 1, rate.length - head - 1 }),
		(uint32_t)most };
	return ret->count && ret->seconds && ret->burst;
}

static bool read_rate(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_slice text = value->items[0].text;
	struct sp_rate *rate = field;

	if (sp_slice_is(text, "none")) {
		*rate = (struct sp_rate){ 0 };
		return true;
	}
	return parse_rate(text, rate) || sp_refuse_item(reading, value, 0,
					     "%s \"%.*s\" is not a rate: write none, or "
					     "a count (1 to %u) per second, "
					     "minute, hour or day, \"10/minute burst 5\"",
					     value->row->key, SP_SHOW(text), SP_MAX_RATE);
}

static void print_rate_after(
    struct sp_printer *printer, const char *before, const struct sp_rate *rate)
{
	char text[64];

	if (!rate->count) {
		sp_print_word(printer, "none");
		return;
	}
	snprintf(text, sizeof(text), "%s%u/%s burst %u", before, rate->count,
	    period_name(rate->seconds), rate->burst);
	sp_print_word(printer, text);
}

static void print_rate(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	print_rate_after(printer, "", field);
}

const struct sp_type sp_type_rate = { false, read_rate, print_rate };

static bool read_log_rate(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_slice text = value->items[0].text, rest = text;
	struct sp_rate *rate = field;

	if (sp_slice_is(text, "none")) {
		*rate = (struct sp_rate){ 0 };
		return true;
	}
	return (sp_slice_is(sp_slice_word(&rest), "blocked") && parse_rate(rest, rate)) ||
	       sp_refuse_item(reading, value, 0,
		   "log \"%.*s\" is neither none nor blocked with a rate: write "
		   "\"blocked "
		   "5/minute\"",
		   SP_SHOW(text));
}

static void print_log_rate(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	print_rate_after(printer, "blocked ", field);
}

const struct sp_type sp_type_log_rate = { false, read_log_rate, print_log_rate };

/* --- sizes and versions -------------------------------------------------- */

static bool read_number(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	unsigned long number;

	if (!sp_slice_number(value->items[0].text, SP_MAX_KEY_BITS, &number) || !number)
		return sp_refuse_item(reading, value, 0,
		    "%s \"%.*s\" is not a number of bits from 1 to %u", value->row->key,
		    SP_SHOW(value->items[0].text), SP_MAX_KEY_BITS);
	*(unsigned *)field = (unsigned)number;
	return true;
}

static void print_number(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	char text[16];

	(void)row;
	snprintf(text, sizeof(text), "%u", *(const unsigned *)field);
	sp_print_word(printer, text);
}

const struct sp_type sp_type_number = { false, read_number, print_number };

/* Names to wire versions, RFC 8446 section 4.2.1; none is 0. */
static const struct {
	const char *name;
	uint16_t version;
} tls_versions[] = { { "none", 0 }, { "1.0", 0x0301 }, { "1.1", 0x0302 },
	{ "1.2", 0x0303 }, { "1.3", 0x0304 } };

static bool read_tls_version(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	for (size_t i = 0; i < sizeof(tls_versions) / sizeof(*tls_versions); i++)
		if (sp_slice_is(value->items[0].text, tls_versions[i].name)) {
			*(uint16_t *)field = tls_versions[i].version;
			return true;
		}
	return sp_refuse_item(reading, value, 0,
	    "%s \"%.*s\" is not a version of TLS: 1.0, 1.1, 1.2 or 1.3", value->row->key,
	    SP_SHOW(value->items[0].text));
}

static void print_tls_version(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	(void)row;
	for (size_t i = 0; i < sizeof(tls_versions) / sizeof(*tls_versions); i++)
		if (tls_versions[i].version == *(const uint16_t *)field)
			sp_print_word(printer, tls_versions[i].name);
}

const struct sp_type sp_type_tls_version = { false, read_tls_version, print_tls_version };
