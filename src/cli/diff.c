/* diff OLD NEW: two policies, offline. diff POLICY: the kernel and a policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/difference.h>
#include <sallyport/difference_report.h>
#include <sallyport/standing.h>
#include <sallyport/memory.h>
#include <sallyport/transaction.h>

#include "policy.h"
#include "rules.h"

static bool print(
    const struct sp_options *options, const struct sp_difference *difference)
{
	switch (options->format) {
	case SP_FORMAT_JSON: return sp_report_difference_json(stdout, difference);
	case SP_FORMAT_MARKDOWN: return sp_report_difference_markdown(stdout, difference);
	case SP_FORMAT_SARIF:
		return sp_report_difference_sarif(
		    stdout, difference, sp_program_version());
	case SP_FORMAT_TEXT:
	case SP_FORMAT_NFT:
	case SP_FORMAT_PROMETHEUS:
	case SP_FORMAT_NETLINK: break;
	}
	return sp_report_difference_text(
	    stdout, difference, options->colour, options->quiet);
}

static enum sp_exit answer(
    const struct sp_options *options, const struct sp_difference *difference)
{
	if (options->fail_on == SP_FAIL_ON_OPENS)
		return difference->effects[SP_EFFECT_OPENS] ? SP_EXIT_NO : SP_EXIT_DONE;
	return sp_difference_is_empty(difference) ? SP_EXIT_DONE : SP_EXIT_NO;
}

static enum sp_exit compare(const struct sp_options *options,
    const struct sp_compared *old, const struct sp_compared *new)
{
	struct sp_difference difference = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;

	if (sp_difference_make(old, new, &difference, &diag))
		status = print(options, &difference) ? answer(options, &difference)
						     : SP_EXIT_SYSTEM;
	if (!sp_show_diagnostics(options, &diag))
		status = SP_EXIT_SYSTEM;
	sp_difference_free(&difference);
	return status;
}

static struct sp_compared side_of(const char *name, const struct sp_compiled *compiled)
{
	return (struct sp_compared){ name, compiled->policy, compiled->ruleset };
}

/* Both are read, so that the mistakes of both are reported. */
static enum sp_exit diff_policies(const struct sp_options *options)
{
	const char *names[] = { options->operands[0], options->operands[1] };
	struct sp_compiled old, new;
	enum sp_exit status = sp_compile_policy(options, names[0], &old);
	enum sp_exit second = sp_compile_policy(options, names[1], &new);

	if (status == SP_EXIT_DONE)
		status = second;
	if (status == SP_EXIT_DONE) {
		struct sp_compared before = side_of(names[0], &old);
		struct sp_compared after = side_of(names[1], &new);

		status = compare(options, &before, &after);
	}
	sp_compiled_free(&old);
	sp_compiled_free(&new);
	return status;
}

/* How far the kernel is from what the last apply left. The comparison of packets
 * knows the rules that sallyport writes: what somebody else wrote among them it
 * cannot weigh, and must not call alike. */
static size_t drift(const struct sp_standing *standing, const struct sp_kernel *kernel)
{
	struct sp_diag unread = { 0 };
	struct sp_delta *delta =
	    sp_delta_make(standing->ruleset, &standing->gates, kernel, NULL, &unread);
	size_t changes = delta ? delta->changes.length : 0;

	sp_delta_free(delta);
	sp_diag_free(&unread);
	return changes;
}

static void say_drift(size_t changes)
{
	fflush(stdout);
	fprintf(stderr,
	    "sallyport: the kernel's table is %zu change%s away from what the last apply "
	    "left:\nsomebody else's rules are not weighed above; `sallyport diff "
	    "--rules` "
	    "lists all\n",
	    changes, changes == 1 ? "" : "s");
}

/* The kernel knows nothing of what TLS has to be like; the snapshot does, where it
 * is what the kernel holds. */
static enum sp_exit diff_packets(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_kernel *kernel)
{
	struct sp_directories directories = sp_directories_of(options);
	bool stands = kernel->present && !kernel->dormant;
	struct sp_compared old = { "the kernel", NULL, stands ? kernel->held : NULL };
	struct sp_compared new = side_of(sp_policy_operand(options, 0), compiled);
	struct sp_standing standing = { 0 };
	struct sp_diag unread = { 0 };
	enum sp_exit status;
	size_t changes = 0;

	if (kernel->present &&
	    sp_standing_load_in_force(&directories, &standing, &unread)) {
		changes = drift(&standing, kernel);
		old.policy = changes ? NULL : standing.policy;
	}
	status = compare(options, &old, &new);
	if (changes)
		say_drift(changes);
	sp_standing_clear(&standing);
	sp_diag_free(&unread);
	return changes && status == SP_EXIT_DONE ? SP_EXIT_NO : status;
}

static enum sp_exit diff_kernel(const struct sp_options *options)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_recollection recollection = { 0 };
	struct sp_compiled compiled;
	struct sp_kernel kernel = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);

	if (status == SP_EXIT_DONE) {
		bool fine = sp_read_kernel(
		    &recollection, &directories, compiled.ruleset, &kernel, &diag);

		if (!sp_show_diagnostics(options, &diag) || !fine)
			status = SP_EXIT_SYSTEM;
	}
	if (status == SP_EXIT_DONE)
		status = options->rules ? sp_show_rules(options, &compiled, &kernel)
					: diff_packets(options, &compiled, &kernel);
	sp_kernel_free(&kernel);
	sp_recollection_close(&recollection);
	sp_compiled_free(&compiled);
	return status;
}

enum sp_exit sp_command_diff(const struct sp_options *options)
{
	if (options->rules &&
	    (options->operand_count > 1 || options->format > SP_FORMAT_JSON)) {
		fputs("sallyport: --rules lists what the kernel would be sent: diff "
		      "POLICY, as text or json\n",
		    stderr);
		return SP_EXIT_USAGE;
	}
	return options->operand_count == 2 ? diff_policies(options)
					   : diff_kernel(options);
}
