#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <sallyport/transaction.h>

#include "policy.h"

/* Lines are for people; --format json has each change whole. */
#define PAGE_WIDTH 79

static void print_json(const struct sp_delta *delta, const struct sp_text *text)
{
	json_t *root = json_pack("{s:i, s:I, s:[]}", "version", 1, "changes",
	    (json_int_t)delta->changes.length, "lines");
	json_t *lines = json_object_get(root, "lines");
	const char *at = text->bytes;

	for (const char *end; at && (end = strchr(at, '\n')); at = end + 1)
		json_array_append_new(lines, json_stringn(at, (size_t)(end - at)));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

/* One change, broken at blanks so that it fits the page. */
static void print_line(const char *line, size_t length, size_t width)
{
	size_t room = width;

	while (length > room) {
		size_t cut = room;

		while (cut > 0 && line[cut] != ' ')
			cut--;
		if (!cut) {
			const char *blank = memchr(line + room, ' ', length - room);

			if (!blank)
				break;
			cut = (size_t)(blank - line);
		}
		printf("%.*s\n      ", (int)cut, line);
		line += cut + 1;
		length -= cut + 1;
		room = width - 6;
	}
	printf("%.*s", (int)length, line);
}

static void print_coloured(const struct sp_options *options, const struct sp_text *text)
{
	const char *at = text->bytes;

	for (const char *end; at && (end = strchr(at, '\n')); at = end + 1) {
		fputs(!options->colour ? ""
		      : *at == '+'     ? "\033[32m"
				       : "\033[31m",
		    stdout);
		print_line(at, (size_t)(end - at), PAGE_WIDTH);
		fputs(options->colour ? "\033[0m\n" : "\n", stdout);
	}
}

static void print_text(const struct sp_options *options, const struct sp_delta *delta,
    const struct sp_text *text)
{
	size_t count = delta->changes.length;

	print_coloured(options, text);
	if (!options->quiet && count)
		printf("%zu change%s to table inet " SP_TABLE "; gates are shown shut, "
		       "leases untouched.\n",
		    count, count == 1 ? "" : "s");
	else if (!options->quiet)
		puts("No difference: the kernel holds this policy.");
}

static struct sp_delta *compare(
    const struct sp_compiled *compiled, struct sp_kernel *kernel, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_delta *delta = NULL;

	if (socket && sp_kernel_read(socket, kernel, diag))
		delta = sp_delta_make(
		    compiled->ruleset, &compiled->gates, kernel, NULL, diag);
	sp_nf_tables_close(socket);
	return delta;
}

static enum sp_exit diff(
    const struct sp_options *options, const struct sp_compiled *compiled)
{
	struct sp_kernel kernel = { 0 };
	struct sp_diag diag = { 0 };
	struct sp_text text = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;
	struct sp_delta *delta = compare(compiled, &kernel, &diag);

	if (delta)
		sp_delta_print(delta, &text);
	if (text.failed)
		sp_out_of_memory(&diag);
	if (sp_show_diagnostics(options, &diag) && delta) {
		if (options->format == SP_FORMAT_JSON)
			print_json(delta, &text);
		else
			print_text(options, delta, &text);
		status = delta->changes.length ? SP_EXIT_NO : SP_EXIT_DONE;
	}
	sp_text_free(&text);
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	return status;
}

enum sp_exit sp_command_diff(const struct sp_options *options)
{
	struct sp_compiled compiled;
	enum sp_exit status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);

	if (status == SP_EXIT_DONE)
		status = diff(options, &compiled);
	sp_compiled_free(&compiled);
	return status;
}
