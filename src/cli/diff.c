/* diff OLD NEW: two policies, offline. diff POLICY: the kernel and a policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/difference.h>
#include <sallyport/difference_report.h>
#include <sallyport/standing.h>
#include <sallyport/memory.h>
#include <sallyport/transaction.h>

#include "page.h"
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
	/* What is not certain may open something. */
	if (options->fail_on == SP_FAIL_ON_OPENS)
		return difference->effects[SP_EFFECT_OPENS] ||
			       difference->old.trust != SP_TRUST_OURS
			   ? SP_EXIT_NO
			   : SP_EXIT_DONE;
	return sp_difference_is_empty(difference) ? SP_EXIT_DONE : SP_EXIT_NO;
}

static enum sp_exit compare(const struct sp_options *options,
    const struct sp_compared *old, const struct sp_compared *new)
{
	struct sp_difference difference = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;

	if (sp_difference_make(old, new, &difference, &diag))
		status = sp_printed(print(options, &difference))
			     ? answer(options, &difference)
			     : SP_EXIT_SYSTEM;
	if (!sp_show_diagnostics(options, &diag))
		status = SP_EXIT_SYSTEM;
	sp_difference_free(&difference);
	return status;
}

static struct sp_compared side_of(const char *name, const struct sp_compiled *compiled)
{
	return (struct sp_compared){
		.name = name, .policy = compiled->policy, .ruleset = compiled->ruleset
	};
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

/* What puts the kernel into the state of a ruleset; NULL: it is in it. */
static struct sp_delta *distance(const struct sp_ruleset *ruleset,
    const struct sp_gates *gates, const struct sp_kernel *kernel, struct sp_diag *diag)
{
	struct sp_delta *delta = sp_delta_make(ruleset, gates, kernel, NULL, diag);

	if (delta && !delta->changes.length) {
		sp_delta_free(delta);
		delta = NULL;
	}
	return delta;
}

/* The comparison of packets knows the rules that sallyport writes. The table is all
 * sallyport's where it is what the last apply left, or what this policy comes to. */
static struct sp_delta *weigh_trust(const struct sp_compiled *compiled,
    const struct sp_kernel *kernel, const struct sp_standing *standing,
    struct sp_compared *old, struct sp_diag *diag)
{
	struct sp_delta *other, *drift = NULL;

	if (standing)
		drift = distance(standing->ruleset, &standing->gates, kernel, diag);
	if (standing && !drift) {
		old->policy = standing->policy;
		return NULL;
	}
	other = distance(compiled->ruleset, &compiled->gates, kernel, diag);
	if (other)
		old->trust = standing ? SP_TRUST_DRIFTED : SP_TRUST_UNKNOWN;
	sp_delta_free(other);
	old->drift = old->trust == SP_TRUST_DRIFTED ? drift : NULL;
	return drift;
}

/* The kernel knows nothing of what TLS has to be like; the snapshot does, where it
 * is what the kernel holds. */
static enum sp_exit diff_packets(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_kernel *kernel)
{
	struct sp_directories directories = sp_directories_of(options);
	bool stands = kernel->present && !kernel->dormant;
	struct sp_compared old = { .name = "the kernel",
		.ruleset = stands ? kernel->held : NULL };
	struct sp_compared new = side_of(sp_policy_operand(options, 0), compiled);
	struct sp_standing standing = { 0 };
	struct sp_diag unread = { 0 }, diag = { 0 };
	struct sp_delta *drift = NULL;
	enum sp_exit status;
	bool known;

	known = kernel->present &&
		sp_standing_load_in_force(&directories, &standing, &unread);
	if (stands)
		drift =
		    weigh_trust(compiled, kernel, known ? &standing : NULL, &old, &diag);
	status = sp_show_diagnostics(options, &diag) ? compare(options, &old, &new)
						     : SP_EXIT_SYSTEM;
	sp_delta_free(drift);
	sp_standing_clear(&standing);
	sp_diag_free(&unread);
	return status;
}

static enum sp_exit diff_kernel(const struct sp_options *options)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_compiled compiled;
	struct sp_kernel kernel = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);

	if (status == SP_EXIT_DONE) {
		bool fine =
		    sp_read_kernel(&directories, compiled.ruleset, false, &kernel, &diag);

		if (!sp_show_diagnostics(options, &diag) || !fine)
			status = SP_EXIT_SYSTEM;
	}
	if (status == SP_EXIT_DONE)
		status = options->rules ? sp_show_rules(options, &compiled, &kernel)
					: diff_packets(options, &compiled, &kernel);
	sp_kernel_free(&kernel);
	sp_compiled_free(&compiled);
	return status;
}

enum sp_exit sp_command_diff(const struct sp_options *options)
{
	if (options->rules &&
	    (options->operand_count > 1 || options->format > SP_FORMAT_JSON)) {
		sp_page_say(stderr,
		    "sallyport: --rules lists what the kernel would be sent: diff "
		    "POLICY, as text or json\n");
		return SP_EXIT_USAGE;
	}
	return options->operand_count == 2 ? diff_policies(options)
					   : diff_kernel(options);
}
