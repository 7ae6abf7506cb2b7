#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <sallyport/escape.h>
#include <sallyport/transaction.h>

#include <sallyport/space_report.h>

#include "lint.h"
#include "policy.h"

static enum sp_exit print_canonical(
    const struct sp_options *options, const struct sp_policy *policy)
{
	struct sp_diag diag = { 0 };
	size_t length;
	char *text = sp_policy_print(policy, false, &length);

	if (!text) {
		sp_out_of_memory(&diag);
		sp_show_diagnostics(options, &diag);
		return SP_EXIT_SYSTEM;
	}
	fwrite(text, 1, length, stdout);
	free(text);
	return SP_EXIT_DONE;
}

/* This process leaves the host's network namespace for one that ends with it;
 * whoever may not simply do so takes a user namespace of their own along. */
static bool leave_host(struct sp_diag *diag)
{
	if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		return true;
	return sp_error(diag, NULL,
	    "check --kernel needs a namespace of its own, and this host gives none to "
	    "ordinary users (%s); run it as root, or without --kernel",
	    strerror(errno));
}

static bool ask_kernel(const struct sp_compiled *compiled, struct sp_diag *diag)
{
	struct sp_memory memory = { 0 };
	struct sp_nf_tables *socket;
	struct sp_proofs nothing = { 0 };
	size_t changes;
	bool taken;

	if (!leave_host(diag))
		return false;
	socket = sp_nf_tables_open(diag);
	taken = socket && sp_apply_ruleset(socket, compiled->ruleset, &compiled->gates,
			      &nothing, false, &memory, NULL, &changes, diag);
	sp_committed_free(&memory.committed);
	sp_nf_tables_close(socket);
	return taken;
}

static void print_expectations(
    const struct sp_compiled *compiled, const struct sp_linted *linted)
{
	size_t count = compiled->policy->expect_count;

	if (count && !linted->broken.length)
		printf("%zu expectation%s hold%s.\n", count, count == 1 ? "" : "s",
		    count == 1 ? "s" : "");
	else if (count)
		printf("%zu of %zu expectation%s %s not hold.\n", linted->broken.length,
		    count, count == 1 ? "" : "s",
		    linted->broken.length == 1 ? "does" : "do");
}

static void print_text(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_linted *linted,
    const char *kernel)
{
	size_t warnings = compiled->warnings + sp_linted_count(compiled, linted);
	char *name;

	if (options->quiet)
		return;
	name = sp_escape(sp_policy_operand(options, 0));
	printf("%s: good: %zu service%s, %zu address set%s, %zu TLS gate%s",
	    name ? name : "policy", compiled->policy->service_count,
	    compiled->policy->service_count == 1 ? "" : "s", compiled->policy->set_count,
	    compiled->policy->set_count == 1 ? "" : "s", compiled->gates.length,
	    compiled->gates.length == 1 ? "" : "s");
	free(name);
	if (warnings)
		printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	printf("\n");
	print_expectations(compiled, linted);
	if (kernel)
		printf("The kernel (Linux %s) accepts it.\n", kernel);
}

/* True unless the kernel was asked and refused. */
static bool ask(const struct sp_options *options, const struct sp_compiled *compiled,
    struct utsname *host)
{
	struct sp_diag diag = { 0 };

	if (!options->kernel)
		return true;
	uname(host);
	ask_kernel(compiled, &diag);
	return sp_show_diagnostics(options, &diag);
}

static enum sp_exit judge(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_linted *linted)
{
	struct utsname host = { 0 };
	const char *kernel = options->kernel ? host.release : NULL;

	sp_linted_show(options, compiled, linted);
	if (!ask(options, compiled, &host))
		return SP_EXIT_SYSTEM;
	if (options->format == SP_FORMAT_JSON)
		sp_report_check_json(stdout,
		    &(struct sp_checked){ compiled->policy, compiled->gates.length,
			compiled->warnings, &linted->shadows, &linted->broken, kernel });
	else
		print_text(options, compiled, linted, kernel);
	if (linted->broken.length)
		return SP_EXIT_NO;
	return options->strict &&
		       (compiled->warnings || sp_linted_count(compiled, linted))
		   ? SP_EXIT_NO
		   : SP_EXIT_DONE;
}

static enum sp_exit check(
    const struct sp_options *options, const struct sp_compiled *compiled)
{
	struct sp_linted linted;
	enum sp_exit status = SP_EXIT_SYSTEM;

	if (sp_lint_policy(compiled, &linted))
		status = judge(options, compiled, &linted);
	sp_linted_free(&linted);
	return status;
}

enum sp_exit sp_command_check(const struct sp_options *options)
{
	struct sp_compiled compiled;
	enum sp_exit status;

	if (options->explain)
		return sp_explain_lint(options->explain);
	status = sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);
	if (status == SP_EXIT_DONE)
		status = options->print ? print_canonical(options, compiled.policy)
					: check(options, &compiled);
	sp_compiled_free(&compiled);
	return status;
}
