/* Reads a policy as every command does and prints what is wrong with it, in
 * the form of the command line: file:line:column: error: message.
 *
 * policy-check [--print | --inlined | --digest | --each] [--config DIR] POLICY...
 * Exit 0: the last one is a policy; 2: none. --each: "== 0 POLICY" or "== 2 POLICY"
 * behind what is said of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/policy.h>

static const char *severity(const struct sp_diagnostic *item)
{
	switch (item->severity) {
	case SP_ERROR: return "error";
	case SP_WARNING: return "warning";
	case SP_NOTE: return "note";
	}
	return "?";
}

static void show(const struct sp_diag *diag)
{
	for (size_t i = 0; i < diag->length; i++) {
		const struct sp_diagnostic *item = &diag->items[i];

		if (item->file)
			printf("%s:", item->file);
		if (item->line)
			printf("%u:", item->line);
		if (item->column)
			printf("%u:", item->column);
		printf(
		    "%s%s: %s\n", item->file ? " " : "", severity(item), item->message);
	}
	if (diag->errors + diag->warnings > diag->length)
		printf("%zu errors, %zu warnings\n", diag->errors, diag->warnings);
}

static void print(const struct sp_policy *policy, const char *form)
{
	size_t length;
	char *text;

	if (!strcmp(form, "--digest")) {
		for (size_t i = 0; i < SP_DIGEST_BYTES; i++)
			printf("%02x", policy->digest[i]);
		printf("\n");
		return;
	}
	if (!strcmp(form, "--each"))
		return;
	text = sp_policy_print(policy, !strcmp(form, "--inlined"), &length);
	if (text)
		fwrite(text, 1, length, stdout);
	free(text);
}

/* As check says them. */
static void add_lints(const struct sp_policy *policy, struct sp_diag *diag)
{
	for (size_t i = 0; i < policy->lints.length; i++)
		sp_diag_add(diag, SP_WARNING, &policy->lints.items[i].at, "%s [%s]",
		    policy->lints.items[i].message,
		    sp_lint_entry(policy->lints.items[i].id)->name);
	sp_diag_sort(diag);
}

static int check(const struct sp_policy_source *source, const char *form)
{
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(source, &diag);
	int result = policy ? 0 : 2;

	if (policy)
		add_lints(policy, &diag);
	show(&diag);
	if (policy && form)
		print(policy, form);
	sp_policy_free(policy);
	sp_diag_free(&diag);
	return result;
}

int main(int count, char **arguments)
{
	struct sp_policy_source source = { 0 };
	const char *form = NULL;
	int result = 64;

	for (int i = 1; i < count; i++) {
		if (!strcmp(arguments[i], "--config") && i + 1 < count) {
			source.config_directory = arguments[++i];
		} else if (!strncmp(arguments[i], "--", 2)) {
			form = arguments[i];
		} else {
			source.path = arguments[i];
			result = check(&source, form);
			if (form && !strcmp(form, "--each"))
				printf("== %d %s\n", result, source.path);
		}
	}
	return result;
}
