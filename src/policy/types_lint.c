/* Types of allow_lint, and of an expectation's port. */
#include "language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/limits.h>

#include "names.h"
#include "printer.h"
#include "reading.h"

/* --- lints --------------------------------------------------------------- */

static bool find_lint(struct sp_slice name, unsigned *ret_mask)
{
	for (unsigned id = 0; id < SP_LINT_COUNT; id++)
		if (sp_slice_is(name, sp_lint_entry((enum sp_lint_id)id)->name)) {
			*ret_mask |= 1u << id;
			return true;
		}
	return false;
}

static bool refuse_lint(
    struct sp_reading *reading, const struct sp_value *value, size_t i)
{
	struct sp_slice written = value->items[i].text;
	struct sp_suggestion suggestion = { .wanted = written };

	for (unsigned id = 0; id < SP_LINT_COUNT; id++)
		sp_suggest(
		    &suggestion, sp_slice(sp_lint_entry((enum sp_lint_id)id)->name));
	if (suggestion.best.text)
		return sp_refuse_item(reading, value, i,
		    "there is no lint \"%.*s\": did you mean \"%.*s\"?", SP_SHOW(written),
		    SP_SHOW(suggestion.best));
	return sp_refuse_item(reading, value, i,
	    "there is no lint \"%.*s\": `sallyport check --explain all` lists them",
	    SP_SHOW(written));
}

static bool read_lints(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	unsigned mask = 0;
	bool fine = true;

	if (value->count == 1 && sp_slice_is(value->items[0].text, "none"))
		return true;
	for (size_t i = 0; i < value->count; i++)
		if (!find_lint(value->items[i].text, &mask))
			fine = refuse_lint(reading, value, i);
	*(unsigned *)field = mask;
	return fine;
}

static void print_lints(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	unsigned mask = *(const unsigned *)field;

	(void)row;
	if (!mask)
		sp_print_word(printer, "none");
	for (unsigned id = 0; id < SP_LINT_COUNT; id++)
		if (mask >> id & 1)
			sp_print_word(printer, sp_lint_entry((enum sp_lint_id)id)->name);
}

const struct sp_type sp_type_lints = { true, read_lints, print_lints };

/* --- 443/tcp ------------------------------------------------------------- */

static bool read_protocol_port(struct sp_reading *reading, const struct sp_value *value,
    size_t i, struct sp_protocol_port *ret)
{
	struct sp_slice text = value->items[i].text, head = text, tail = text;
	const char *slash = memchr(text.text, '/', text.length);
	unsigned long port;

	head.length = slash ? (size_t)(slash - text.text) : text.length;
	tail.text += slash ? head.length + 1 : text.length;
	tail.length -= slash ? head.length + 1 : text.length;
	if (!sp_slice_number(head, UINT16_MAX, &port) || !port || port > UINT16_MAX ||
	    (!sp_slice_is(tail, "tcp") && !sp_slice_is(tail, "udp")))
		return sp_refuse_item(reading, value, i,
		    "\"%.*s\" is not a port with its protocol: write it as in 443/tcp",
		    SP_SHOW(text));
	ret->port = (uint16_t)port;
	ret->protocol = sp_slice_is(tail, "tcp") ? SP_TCP : SP_UDP;
	return true;
}

static bool read_protocol_ports(
    struct sp_reading *reading, const struct sp_value *value, void *field)
{
	struct sp_protocol_port *ports;
	bool fine = true;

	if (value->count > SP_MAX_EXPECT_PORTS)
		return sp_refuse_item(reading, value, SP_MAX_EXPECT_PORTS,
		    "more than %d ports in one expectation", SP_MAX_EXPECT_PORTS);
	ports = calloc(value->count, sizeof(*ports));
	if (!ports)
		return sp_out_of_memory(reading->diag);
	for (size_t i = 0; i < value->count; i++)
		fine = read_protocol_port(reading, value, i, &ports[i]) && fine;
	sp_field_set_list(field, ports, value->count);
	return fine;
}

static void print_protocol_ports(
    struct sp_printer *printer, const struct sp_row *row, const void *field)
{
	const struct sp_protocol_port *ports;
	const void *items;
	size_t count;
	char text[16];

	(void)row;
	sp_field_get_list(field, &items, &count);
	ports = items;
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%u/%s", ports[i].port,
		    sp_protocol_name(ports[i].protocol));
		sp_print_word(printer, text);
	}
}

const struct sp_type sp_type_protocol_ports = { true, read_protocol_ports,
	print_protocol_ports };
