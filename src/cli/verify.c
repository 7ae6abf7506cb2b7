/* policy → endpoints → observations → verdicts, told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/verify_report.h>

#include "page.h"
#include "policy.h"
#include "unknown.h"
#include "verify_run.h"

const struct sp_profile *sp_find_profile(const struct sp_policy *policy, const char *name)
{
	const char **names;

	for (size_t i = 0; i < policy->profile_count; i++)
		if (!strcmp(policy->profiles[i].name, name))
			return &policy->profiles[i];
	names = calloc(policy->profile_count + 1, sizeof(*names));
	for (size_t i = 0; names && i < policy->profile_count; i++)
		names[i] = policy->profiles[i].name;
	sp_say_unknown("TLS profile", name, names, names ? policy->profile_count : 0);
	free(names);
	return NULL;
}

void sp_verify_progress(size_t done, size_t count, void *context)
{
	const struct sp_options *options = context;

	if (options->progress && !options->quiet)
		fprintf(stderr, "\rverifying %zu/%zu%s", done, count,
		    done == count ? "\r\033[K" : "");
}

/* Did a child answer that could not seal itself fully (a sanitizer's build)? */
static bool any_unsealed(const struct sp_plan *plan)
{
	for (size_t i = 0; i < plan->target_count; i++) {
		const struct sp_target *target = &plan->targets[i];

		for (size_t e = 0; e < target->endpoint_count; e++)
			if (target->endpoints[e].testimony.ended == SP_ENDED_DONE &&
			    !target->endpoints[e].testimony.sandboxed)
				return true;
	}
	return false;
}

bool sp_verify_print(const struct sp_options *options, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts)
{
	switch (options->format) {
	case SP_FORMAT_JSON: return sp_report_verify_json(stdout, policy, verdicts);
	case SP_FORMAT_SARIF:
		return sp_report_verify_sarif(
		    stdout, policy, verdicts, sp_program_version());
	case SP_FORMAT_MARKDOWN:
		return sp_report_verify_markdown(stdout, policy, verdicts);
	case SP_FORMAT_TEXT:
	case SP_FORMAT_NFT:
	case SP_FORMAT_NETLINK:
	case SP_FORMAT_PROMETHEUS: break;
	}
	return policy ? sp_report_verify_text(stdout, policy, verdicts, options->colour)
		      : sp_report_probe_text(stdout, verdicts, options->colour);
}

enum sp_exit sp_verify_told(
    const struct sp_options *options, const struct sp_verdicts *verdicts, bool printed)
{
	if (!printed) {
		fprintf(stderr, "sallyport: the report cannot be written: %s\n",
		    strerror(errno));
		return SP_EXIT_SYSTEM;
	}
	if (any_unsealed(&verdicts->plan) && !options->quiet)
		sp_page_say(stderr,
		    "sallyport: note: this build's prober runs without its system call "
		    "filter and memory limit\n");
	return sp_verdicts_pass(verdicts) ? SP_EXIT_DONE : SP_EXIT_NO;
}

static enum sp_exit verify(
    const struct sp_options *options, const struct sp_policy *policy)
{
	struct sp_verify_options how = { .connection_ms = options->timeout_ms,
		.port_ms = options->port_timeout_ms,
		.state_directory = options->state_directory,
		.plain = true,
		.progress = sp_verify_progress,
		.context = (void *)options };
	struct sp_verdicts verdicts = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status;
	bool printed;

	if (options->profile &&
	    !(how.profile = sp_find_profile(policy, options->profile)))
		return SP_EXIT_USAGE;
	sp_verify(policy, &how, &verdicts, &diag);
	if (!sp_show_diagnostics(options, &diag))
		return SP_EXIT_SYSTEM;
	printed = sp_verify_print(options, policy, &verdicts);
	status = sp_verify_told(options, &verdicts, printed);
	sp_verdicts_free(&verdicts);
	return status;
}

enum sp_exit sp_command_verify(const struct sp_options *options)
{
	struct sp_policy *policy =
	    sp_read_policy(options, sp_policy_operand(options, 0), NULL);
	enum sp_exit status = policy ? verify(options, policy) : SP_EXIT_USAGE;

	sp_policy_free(policy);
	return status;
}
