#include <sallyport/status.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "verify_style.h"

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* Columns of the table, for 80 of them in all; after what is longer the row goes on
 * in the next line. */
#define SERVICE_WIDTH 14
#define PORT_WIDTH 15
#define FROM_WIDTH 18
#define COUNT_WIDTH 5

const char *sp_port_state_name(enum sp_port_state state)
{
	switch (state) {
	case SP_PORT_OPEN: return "open";
	case SP_PORT_OPEN_VERIFIED: return "open, verified";
	case SP_PORT_OPEN_UNVERIFIED: return "open, unverified";
	case SP_PORT_OVERRIDDEN: return "open, OVERRIDDEN";
	case SP_PORT_SHUT: return "shut";
	case SP_PORT_BLOCKED: return "blocked";
	}
	return "?";
}

static const char *state_colour(enum sp_port_state state)
{
	switch (state) {
	case SP_PORT_OPEN:
	case SP_PORT_OPEN_VERIFIED: return GREEN;
	case SP_PORT_OPEN_UNVERIFIED:
	case SP_PORT_OVERRIDDEN: return YELLOW;
	case SP_PORT_SHUT:
	case SP_PORT_BLOCKED: break;
	}
	return RED;
}

static void format_port(const struct sp_status_row *row, char text[32])
{
	if (row->ports.first == row->ports.last)
		snprintf(
		    text, 32, "%u/%s", row->ports.first, sp_protocol_name(row->protocol));
	else
		snprintf(text, 32, "%u-%u/%s", row->ports.first, row->ports.last,
		    sp_protocol_name(row->protocol));
}

static void print_reason(const char *reason, FILE *stream)
{
	struct sp_text text = { 0 };

	sp_text_add(&text, "\n    ");
	sp_style_wrapped_as_is(&text, 4, reason);
	if (!sp_style_flush(stream, &text))
		fprintf(stream, "\n    %s\n", reason);
}

/* Returns the column after it. */
static int print_cell(FILE *stream, int column, int width, const char *words)
{
	column += width + 1;
	if (strlen(words) > (size_t)width)
		fprintf(stream, "%s\n%*s", words, column, "");
	else
		fprintf(stream, "%-*s ", width, words);
	return column;
}

static void print_row(const struct sp_status_row *row, bool colour, FILE *stream)
{
	char port[32], left[STYLE_LEFT_TEXT];
	int column;

	format_port(row, port);
	column = print_cell(stream, 0, SERVICE_WIDTH, row->service);
	column = print_cell(stream, column, PORT_WIDTH, port);
	print_cell(stream, column, FROM_WIDTH, row->from);
	fprintf(stream, "%*llu  %s", COUNT_WIDTH, (unsigned long long)row->connections,
	    colour ? state_colour(row->state) : "");
	if (row->lease_ms) {
		fprintf(stream,
		    row->state == SP_PORT_OVERRIDDEN ? "OVERRIDDEN, %s" : "open, %s left",
		    sp_style_left(row->lease_ms, left));
	} else {
		fputs(sp_port_state_name(row->state), stream);
	}
	fputs(colour ? PLAIN : "", stream);
	/* A reason of its own line: the table stays within 80 columns. */
	if (row->state == SP_PORT_SHUT || row->state == SP_PORT_OPEN_UNVERIFIED ||
	    row->state == SP_PORT_OVERRIDDEN)
		print_reason(row->reason ? row->reason
					 : "not verified yet: sallyport apply, or verify",
		    stream);
	else
		fputc('\n', stream);
}

static void print_head(const struct sp_status *status, FILE *stream)
{
	if (status->locked_down)
		fputs("LOCKED DOWN: only the floor is in force; `sallyport apply` ends "
		      "it.\n",
		    stream);
	if (status->undone_in_ms)
		fprintf(stream,
		    "NOT CONFIRMED: undone in %lld s unless `sallyport confirm` is "
		    "run.\n",
		    (long long)(status->undone_in_ms / 1000));
	if (status->floor_dropped)
		fprintf(stream,
		    "WARNING: `lockdown` names too many sources: %zu of them do not "
		    "stay reachable.\n",
		    status->floor_dropped);
	if (!status->loaded)
		fputs(
		    "No sallyport ruleset is loaded: this host is not protected by it.\n"
		    "`sallyport discover` writes a first policy, `sallyport apply` loads "
		    "one.\n",
		    stream);
	else if (!status->snapshot)
		fputs("A ruleset is loaded, and there is no snapshot of its policy.\n",
		    stream);
	else if (status->in_force)
		fprintf(stream, "In force: %s\n", status->snapshot);
	else
		fprintf(stream,
		    "The kernel differs from %s in %zu change%s;\n"
		    "`sallyport diff` shows them, `sallyport apply` puts them right.\n",
		    status->snapshot, status->differences,
		    status->differences == 1 ? "" : "s");
}

void sp_status_print(const struct sp_status *status, bool colour, FILE *stream)
{
	print_head(status, stream);
	if (status->audit)
		fputs("mode = audit: nothing is blocked, what would be is counted.\n",
		    stream);
	/* Without a ruleset no port is shut, whatever its proof is. */
	if (!status->rows.length || !status->loaded)
		return;
	fprintf(stream, "\n%-*s %-*s %-*s %*s  %s\n", SERVICE_WIDTH, "SERVICE",
	    PORT_WIDTH, "PORT", FROM_WIDTH, "FROM", COUNT_WIDTH, "NEW", "STATE");
	for (size_t i = 0; i < status->rows.length; i++)
		print_row(&status->rows.items[i], colour, stream);
	fprintf(stream,
	    "\nNEW counts connections let in. Everything else %s: %llu packet%s.\n",
	    status->audit ? "would be shut" : "is shut",
	    (unsigned long long)status->blocked, status->blocked == 1 ? "" : "s");
	if (status->drift_count)
		fprintf(stream,
		    "Changed by others since boot: %llu time%s, last by %s.\n",
		    (unsigned long long)status->drift_count,
		    status->drift_count == 1 ? "" : "s",
		    status->drift_writer ? status->drift_writer : "?");
	fputs("Not covered: published container ports (DNAT and forward, not input).\n",
	    stream);
}

static json_t *row_json(const struct sp_status_row *row)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s?, s:I, s:I, s:I, s:I}",
	    "service", row->service, "protocol", sp_protocol_name(row->protocol),
	    "first_port", (int)row->ports.first, "last_port", (int)row->ports.last,
	    "state", sp_port_state_name(row->state), "from", row->from, "reason",
	    row->reason, "lease_seconds", (json_int_t)(row->lease_ms / 1000),
	    "connections", (json_int_t)row->connections, "certificate_ends",
	    (json_int_t)row->certificate_ends, "checked", (json_int_t)row->checked);
}

bool sp_status_print_json(const struct sp_status *status, FILE *stream)
{
	json_t *rows = json_array(), *root;
	bool printed;

	for (size_t i = 0; i < status->rows.length; i++)
		json_array_append_new(rows, row_json(&status->rows.items[i]));
	root = json_pack(
	    "{s:i, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:s?, s:I, s:I, s:I, s:s?, s:o}",
	    "version", 1, "mode", status->audit ? "audit" : "enforce", "loaded",
	    status->loaded, "in_force", status->in_force, "locked_down",
	    status->locked_down, "floor_dropped", (json_int_t)status->floor_dropped,
	    "undone_in_ms", (json_int_t)status->undone_in_ms, "differences",
	    (json_int_t)status->differences, "snapshot", status->snapshot, "blocked",
	    (json_int_t)status->blocked, "applied", (json_int_t)status->applied, "drift",
	    (json_int_t)status->drift_count, "drift_writer", status->drift_writer,
	    "services", rows);
	printed = root && json_dumpf(root, stream, JSON_INDENT(2)) == 0;
	fputc('\n', stream);
	json_decref(root);
	return printed;
}

void sp_status_free(struct sp_status *status)
{
	for (size_t i = 0; i < status->rows.length; i++) {
		free(status->rows.items[i].service);
		free(status->rows.items[i].reason);
		free(status->rows.items[i].from);
	}
	sp_array_free(&status->rows);
	free(status->snapshot);
	free(status->drift_writer);
}
