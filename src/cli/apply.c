/* compile → verify → delta → commit → snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <sallyport/escape.h>
#include <sallyport/evidence.h>
#include <sallyport/memory.h>
#include <sallyport/state.h>
#include <sallyport/transaction.h>
#include <sallyport/verdict.h>

#include "boot.h"
#include "cutoff.h"
#include "guardian.h"
#include "page.h"
#include "policy.h"
#include "proofs.h"
#include "verify_run.h"

struct apply {
	const struct sp_options *options;
	struct sp_directories directories;
	struct sp_compiled compiled;
	struct sp_verdicts verdicts;
	struct sp_verdict_proofs proofs;
	size_t changes;
	struct sp_text delta;
};

static void show_progress(size_t done, size_t count, void *context)
{
	const struct sp_options *options = context;

	if (options->progress && !options->quiet)
		fprintf(stderr, "\rverifying %zu/%zu%s", done, count,
		    done == count ? "\r\033[K" : "");
}

static bool verify(struct apply *apply, struct sp_diag *diag)
{
	struct sp_verify_options how = { .connection_ms = apply->options->timeout_ms,
		.port_ms = apply->options->port_timeout_ms,
		.state_directory = apply->options->state_directory,
		.progress = show_progress,
		.context = (void *)apply->options };

	if (apply->options->verify_none || !apply->compiled.gates.length)
		return true;
	if (!sp_verify(apply->compiled.policy, &how, &apply->verdicts, diag))
		return false;
	return sp_verdict_proofs_make(&apply->verdicts, &apply->proofs, diag);
}

static bool commit(struct apply *apply, struct sp_diag *diag)
{
	struct sp_proofs proofs =
	    sp_verdict_proofs_for(&apply->proofs, apply->options->verify_none);

	return sp_commit_ruleset(&apply->directories, apply->compiled.ruleset,
	    &apply->compiled.gates, &proofs, apply->options->dry_run,
	    apply->options->dry_run ? &apply->delta : NULL, &apply->changes, diag);
}

/* An apply ends the lockdown that it began in; one that was pressed since stays. */
static bool end_lockdown(const struct apply *apply, struct sp_diag *diag)
{
	return sp_lockdown_end(
		   apply->options->state_directory, &apply->directories.lockdown, diag) ||
	       sp_error(diag, NULL,
		   "the policy is the active snapshot, and `sallyport apply` puts it in "
		   "force");
}

/* The kernel side stands by now: what fails here is said, and what stands. */
static bool keep(struct apply *apply, struct sp_diag *diag)
{
	const char *state = apply->options->state_directory;
	bool confirmed = !apply->options->confirm_ms;

	if ((!confirmed || sp_snapshot_save(state, apply->compiled.policy, diag)) &&
	    sp_opened_set(apply->options->run_directory, false, diag))
		return (sp_verdict_evidence_save(state, &apply->verdicts, diag) ||
			   sp_error(diag, NULL,
			       "the policy stands, and is the next boot's; only why "
			       "ports are open or shut could not be kept")) &&
		       (!confirmed || end_lockdown(apply, diag));
	return sp_error(diag, NULL,
	    "the policy stands in the kernel, but %s does not hold it: the next boot "
	    "would load the one before",
	    state);
}

static size_t shut_gates(const struct apply *apply)
{
	size_t shut = 0;

	for (size_t i = 0; i < apply->verdicts.count; i++)
		if (!apply->verdicts.items[i].lease)
			shut++;
	return shut;
}

static void print_shut(const struct apply *apply)
{
	for (size_t i = 0; i < apply->verdicts.count; i++) {
		const struct sp_verdict *verdict = &apply->verdicts.items[i];
		char *reason;

		if (verdict->lease)
			continue;
		reason = sp_escape(verdict->reason);
		printf("%5u/%s stays shut: %s\n", verdict->target->port,
		    sp_protocol_name(verdict->target->protocol),
		    reason ? reason : sp_outcome_name(verdict->outcome));
		free(reason);
	}
}

static void print_delta(const char *at)
{
	for (const char *end; (end = strchr(at, '\n')); at = end + 1) {
		sp_page_line(stdout, at, (size_t)(end - at));
		putchar('\n');
	}
}

static void print_text(const struct apply *apply)
{
	size_t services = apply->compiled.policy->service_count;

	if (apply->options->quiet)
		return;
	if (apply->options->dry_run && apply->delta.bytes)
		print_delta(apply->delta.bytes);
	print_shut(apply);
	if (apply->options->dry_run)
		printf(
		    "Dry run: the kernel would take %zu change%s; nothing was changed.\n",
		    apply->changes, apply->changes == 1 ? "" : "s");
	else if (!apply->changes)
		printf("Nothing to do: the kernel holds this policy.\n");
	else
		printf("Applied: %zu change%s, %zu service%s.\n", apply->changes,
		    apply->changes == 1 ? "" : "s", services, services == 1 ? "" : "s");
	if (apply->compiled.policy->mode == SP_MODE_AUDIT)
		printf("mode = audit: nothing is blocked, what would be is counted and "
		       "logged.\n");
	if (!apply->options->dry_run && apply->proofs.lease_count)
		printf(
		    "%zu TLS port%s open while %s lease%s: `sallyport status` shows how "
		    "long;\n`sallyport apply` proves again.\n",
		    apply->proofs.lease_count,
		    apply->proofs.lease_count == 1 ? " is" : "s are",
		    apply->proofs.lease_count == 1 ? "its" : "their",
		    apply->proofs.lease_count == 1 ? " lasts" : "s last");
}

static json_t *gate_json(const struct sp_verdict *verdict)
{
	/* A peer's words need not be UTF-8. */
	char *reason = verdict->reason ? sp_escape(verdict->reason) : NULL;
	json_t *gate = json_pack("{s:s, s:i, s:s, s:s?, s:I}", "protocol",
	    sp_protocol_name(verdict->target->protocol), "port",
	    (int)verdict->target->port, "outcome", sp_outcome_name(verdict->outcome),
	    "reason", reason, "lease_ends",
	    (json_int_t)(verdict->lease ? sp_lease_not_after(verdict->lease) : 0));

	free(reason);
	return gate;
}

static void print_json(const struct apply *apply)
{
	json_t *gates = json_array(), *root;

	for (size_t i = 0; i < apply->verdicts.count; i++)
		json_array_append_new(gates, gate_json(&apply->verdicts.items[i]));
	root = json_pack("{s:i, s:b, s:I, s:o}", "version", 1, "dry_run",
	    (int)apply->options->dry_run, "changes", (json_int_t)apply->changes, "gates",
	    gates);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static void say_waiting(void)
{
	fputs("sallyport: another sallyport is applying; waiting for it\n", stderr);
}

/* What is not confirmed yet must be undone whatever happens to this process, so
 * the undoing is prepared before the commit. */
static bool commit_confirmed(struct apply *apply, struct sp_diag *diag)
{
	const struct sp_options *options = apply->options;
	int64_t deadline = sp_boottime_ms() + options->confirm_ms;

	if (!sp_snapshot_save_pending(options->state_directory, apply->compiled.policy,
		deadline, &apply->directories.lockdown, diag))
		return false;
	if (sp_guardian_start(options, diag) && commit(apply, diag))
		return keep(apply, diag);
	/* Nothing changed; but what stands may be waiting for its own end. */
	sp_snapshot_withdraw(options->state_directory, diag);
	return false;
}

/* Everything from here on happens under the lock, and nothing else does. */
static bool commit_and_keep(struct apply *apply, struct sp_diag *diag)
{
	int lock = sp_state_lock(apply->options->run_directory,
	    apply->options->lock_wait_ms, say_waiting, diag);
	bool done;

	if (lock < 0)
		return false;
	if (apply->options->dry_run)
		done = commit(apply, diag);
	else if (apply->options->confirm_ms)
		done = commit_confirmed(apply, diag);
	else
		done = commit(apply, diag) && keep(apply, diag);
	sp_state_unlock(lock);
	return done;
}

static void say_unconfirmed(const struct sp_options *options)
{
	if (options->confirm_ms && !options->dry_run && !options->quiet)
		sp_page_sayf(stderr,
		    "sallyport: undone in %u s, unless `sallyport confirm` is run: from "
		    "a new connection, to be sure\n",
		    options->confirm_ms / 1000);
}

static enum sp_exit apply_policy(struct apply *apply)
{
	struct sp_diag diag = { 0 };
	bool done = verify(apply, &diag) && commit_and_keep(apply, &diag);

	if (!sp_show_diagnostics(apply->options, &diag) || !done)
		return SP_EXIT_SYSTEM;
	if (apply->options->format == SP_FORMAT_JSON)
		print_json(apply);
	else
		print_text(apply);
	fflush(stdout);
	say_unconfirmed(apply->options);
	if (apply->options->confirm_ms && apply->options->wait &&
	    !apply->options->dry_run)
		return sp_guardian_wait(apply->options, apply->compiled.policy->digest);
	return apply->options->strict && shut_gates(apply) ? SP_EXIT_NO : SP_EXIT_DONE;
}

enum sp_exit sp_command_apply(const struct sp_options *options)
{
	struct apply apply = { .options = options,
		.directories = sp_directories_of(options) };
	enum sp_exit status;

	if (options->boot &&
	    (options->operand_count || options->dry_run || options->confirm_ms)) {
		sp_page_say(stderr,
		    "sallyport: --boot loads the active snapshot: no POLICY, --dry-run "
		    "or --confirm with it\n");
		return SP_EXIT_USAGE;
	}
	if (options->boot)
		return sp_apply_boot(options);
	/* Who waits for a word goes on for minutes, and would have a dead child. */
	apply.directories.passing = !options->wait;
	status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &apply.compiled);

	if (status == SP_EXIT_DONE)
		status = sp_check_cutoff(options, &apply.compiled);
	if (status == SP_EXIT_DONE)
		status = apply_policy(&apply);
	sp_text_free(&apply.delta);
	sp_verdict_proofs_clear(&apply.proofs);
	sp_verdicts_free(&apply.verdicts);
	sp_compiled_free(&apply.compiled);
	return status;
}
