#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "page.h"
#include "rules.h"

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

/* Lines are for people; --format json has each change whole. */
static void print_coloured(const struct sp_options *options, const struct sp_text *text)
{
	const char *at = text->bytes;

	for (const char *end; at && (end = strchr(at, '\n')); at = end + 1) {
		fputs(!options->colour ? ""
		      : *at == '+'     ? "\033[32m"
				       : "\033[31m",
		    stdout);
		sp_page_line(stdout, at, (size_t)(end - at));
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

enum sp_exit sp_show_rules(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_kernel *kernel)
{
	struct sp_diag diag = { 0 };
	struct sp_text text = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;
	struct sp_delta *delta =
	    sp_delta_make(compiled->ruleset, &compiled->gates, kernel, NULL, &diag);

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
	return status;
}
