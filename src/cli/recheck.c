/* Proves the named services again, under the active snapshot, and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/escape.h>
#include <sallyport/sock_diag.h>
#include <sallyport/memory.h>
#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "policy.h"
#include "proofs.h"
#include "verify_run.h"

struct recheck {
	const struct sp_options *options;
	struct sp_directories directories;
	struct sp_standing standing;
	struct sp_verdicts verdicts;
	struct sp_verdict_proofs proofs;
};

static bool is_named(const struct sp_options *options, const char *service)
{
	for (size_t i = 0; i < options->operand_count; i++)
		if (!strcmp(options->operands[i], service))
			return true;
	return false;
}

static bool is_wanted(const struct sp_target *target, void *context)
{
	const struct recheck *recheck = context;

	for (size_t i = 0; i < target->service_count; i++)
		if (is_named(recheck->options,
			recheck->standing.policy->services[target->services[i]].name))
			return true;
	return false;
}

static bool names_exist(const struct recheck *recheck, struct sp_diag *diag)
{
	const struct sp_policy *policy = recheck->standing.policy;

	for (size_t i = 0; i < recheck->options->operand_count; i++) {
		const char *name = recheck->options->operands[i];
		bool found = false;

		for (size_t s = 0; s < policy->service_count; s++)
			found |= !strcmp(policy->services[s].name, name) &&
				 policy->services[s].tls != SP_TLS_NONE;
		if (!found)
			sp_no_such_service(policy, name, diag);
	}
	return !diag->errors;
}

static bool ask(struct recheck *recheck, struct sp_diag *diag)
{
	struct sp_verify_options how = { .connection_ms = recheck->options->timeout_ms,
		.port_ms = recheck->options->port_timeout_ms };
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };
	struct sp_plan plan = { 0 };
	bool asked, judged;

	asked = sp_sock_diag_listeners(&listeners, diag) &&
		sp_sock_diag_addresses(&listeners, &addresses, diag) &&
		sp_plan_make(
		    recheck->standing.policy, &listeners, &addresses, NULL, &plan, diag);

	sp_listeners_free(&listeners);
	sp_local_addresses_free(&addresses);
	if (!asked)
		return false;
	sp_plan_keep(&plan, is_wanted, recheck);
	judged = sp_verify_plan(&plan, &how, &recheck->verdicts, diag);
	sp_plan_free(&plan);
	return judged &&
	       sp_verdict_proofs_make(&recheck->verdicts, &recheck->proofs, diag);
}

/* Under the lock: what was asked for may not be what stands by now. */
static bool still_stands(const struct recheck *recheck, struct sp_diag *diag)
{
	uint8_t digest[SP_DIGEST_BYTES];

	if (sp_opened_is_set(recheck->directories.run))
		return sp_error(diag, NULL,
		    "`rollback --to-open` stands: nothing is enforced until `sallyport "
		    "apply`");
	if (sp_standing_digest_in_force(&recheck->directories, digest) &&
	    !memcmp(digest, recheck->standing.digest, sizeof(digest)))
		return true;
	return sp_error(diag, NULL,
	    "another policy was applied meanwhile: nothing was changed, and nothing "
	    "proven");
}

static bool commit(struct recheck *recheck, struct sp_diag *diag)
{
	int lock = sp_state_lock(
	    recheck->options->run_directory, recheck->options->lock_wait_ms, NULL, diag);
	struct sp_proofs proofs = sp_verdict_proofs_for(&recheck->proofs, true);
	size_t changes;
	bool done = lock >= 0 && still_stands(recheck, diag) &&
		    sp_commit_ruleset(&recheck->directories, recheck->standing.ruleset,
			&recheck->standing.gates, &proofs, false, NULL, &changes, diag) &&
		    sp_verdict_evidence_save(
			recheck->options->state_directory, &recheck->verdicts, diag);

	if (lock >= 0)
		sp_state_unlock(lock);
	return done;
}

static enum sp_exit report(const struct recheck *recheck)
{
	enum sp_exit status = SP_EXIT_DONE;

	for (size_t i = 0; i < recheck->verdicts.count; i++) {
		const struct sp_verdict *verdict = &recheck->verdicts.items[i];
		char *reason = sp_escape(verdict->reason);

		if (verdict->outcome != SP_PASS)
			status = SP_EXIT_NO;
		if (!recheck->options->quiet)
			printf("%5u/tcp %s: %s\n", verdict->target->port,
			    sp_outcome_name(verdict->outcome), reason ? reason : "");
		free(reason);
	}
	return status;
}

static bool is_enforced(const struct sp_options *options, struct sp_diag *diag)
{
	return !sp_lockdown_is_set(options->state_directory) ||
	       sp_error(
		   diag, NULL, "locked down: no gate opens; `sallyport apply` ends it");
}

enum sp_exit sp_command_recheck(const struct sp_options *options)
{
	struct recheck recheck = { .options = options,
		.directories = sp_directories_of(options) };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;
	bool done = is_enforced(options, &diag) &&
		    sp_load_in_force(&recheck.directories, &recheck.standing, &diag) &&
		    names_exist(&recheck, &diag) && ask(&recheck, &diag) &&
		    commit(&recheck, &diag);

	if (sp_show_diagnostics(options, &diag) && done)
		status = report(&recheck);
	sp_verdict_proofs_clear(&recheck.proofs);
	sp_verdicts_free(&recheck.verdicts);
	sp_standing_clear(&recheck.standing);
	return status;
}
