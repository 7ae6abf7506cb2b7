/* What check says beside mistakes: lints, and expectations that do not hold. */
#include "lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/space_report.h>

#include "unknown.h"

bool sp_lint_policy(const struct sp_compiled *compiled, struct sp_linted *ret)
{
	struct sp_diag diag = { 0 };
	bool done;

	*ret = (struct sp_linted){ 0 };
	done =
	    sp_shadows_lint(compiled->policy, compiled->ruleset, &ret->shadows, &diag) &&
	    sp_expectations_check(
		compiled->policy, compiled->ruleset, &ret->broken, &diag);
	if (!done)
		fputs("sallyport: error: out of memory\n", stderr);
	sp_diag_free(&diag);
	return done;
}

void sp_linted_free(struct sp_linted *linted)
{
	sp_lints_free(&linted->shadows);
	sp_broken_free(&linted->broken);
}

static void add_lints(struct sp_diag *diag, const struct sp_lints *lints)
{
	for (size_t i = 0; i < lints->length; i++)
		sp_diag_add(diag, SP_WARNING, &lints->items[i].at, "%s [%s]",
		    lints->items[i].message, sp_lint_entry(lints->items[i].id)->name);
}

static void add_broken(struct sp_diag *diag, const struct sp_broken *broken)
{
	const struct sp_location *at = &broken->decision.at;
	char *text = sp_broken_text(broken);

	if (!text) {
		sp_out_of_memory(diag);
		return;
	}
	sp_error(diag, &broken->expect->at, "%s", text);
	if (at->file && at->line && broken->decision.name)
		sp_diag_add(diag, SP_NOTE, at, "%s %s] decides that",
		    broken->decision.decider == SP_DECIDER_SET ? "[addresses"
							       : "[service",
		    broken->decision.name);
	free(text);
}

void sp_linted_show(const struct sp_options *options, const struct sp_compiled *compiled,
    const struct sp_linted *linted)
{
	struct sp_diag diag = { 0 };

	add_lints(&diag, &compiled->policy->lints);
	add_lints(&diag, &linted->shadows);
	sp_diag_sort(&diag);
	sp_show_diagnostics(options, &diag);
	diag = (struct sp_diag){ 0 };
	for (size_t i = 0; i < linted->broken.length; i++)
		add_broken(&diag, &linted->broken.items[i]);
	sp_show_diagnostics(options, &diag);
}

size_t sp_linted_count(const struct sp_compiled *compiled, const struct sp_linted *linted)
{
	return compiled->policy->lints.length + linted->shadows.length;
}

/* --- check --explain ----------------------------------------------------- */

static void explain(const struct sp_lint_entry *entry)
{
	printf("%s: %s\n\n%s\nTo allow it in one section: allow_lint = %s\n", entry->name,
	    entry->title, entry->paragraph, entry->name);
}

static enum sp_exit no_lint(const char *name)
{
	const char *names[SP_LINT_COUNT];

	for (int id = 0; id < SP_LINT_COUNT; id++)
		names[id] = sp_lint_entry((enum sp_lint_id)id)->name;
	sp_say_unknown("lint", name, names, SP_LINT_COUNT);
	return SP_EXIT_USAGE;
}

enum sp_exit sp_explain_lint(const char *name)
{
	for (int id = 0; id < SP_LINT_COUNT; id++) {
		const struct sp_lint_entry *entry = sp_lint_entry((enum sp_lint_id)id);

		if (!strcmp(name, "all"))
			printf("%-22s%s\n", entry->name, entry->title);
		else if (!strcmp(name, entry->name)) {
			explain(entry);
			return SP_EXIT_DONE;
		}
	}
	if (!strcmp(name, "all"))
		return SP_EXIT_DONE;
	return no_lint(name);
}
