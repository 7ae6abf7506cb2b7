/* What stands: the snapshot in force, and its commits. */
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>

#include <sallyport/escape.h>
#include <sallyport/evidence.h>
#include <sallyport/state.h>

#include "parts.h"

/* How long a snapshot that could not be loaded is left alone. */
#define UNLOADABLE_MS 10000

struct sp_snapshot *sp_snapshot_load(
    const struct sp_enforcer_options *options, struct sp_diag *diag)
{
	struct sp_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot) {
		sp_out_of_memory(diag);
		return NULL;
	}
	snapshot->holders = 1;
	if (sp_standing_load_in_force(&options->directories, &snapshot->standing, diag))
		return snapshot;
	sp_snapshot_release(snapshot);
	return NULL;
}

void sp_forget_leases(struct sp_enforcing *enforcer)
{
	enforcer->leases.length = 0;
	for (size_t i = 0; i < enforcer->news.length; i++)
		free(enforcer->news.items[i].text);
	enforcer->news.length = 0;
}

/* A snapshot in force that cannot be loaded is said once; the one before goes on. */
static void cannot_follow(struct sp_enforcing *enforcer,
    const uint8_t digest[SP_DIGEST_BYTES], struct sp_diag *diag)
{
	if (memcmp(digest, enforcer->unloadable, SP_DIGEST_BYTES) != 0) {
		memcpy(enforcer->unloadable, digest, SP_DIGEST_BYTES);
		sp_say_trouble(enforcer, diag);
		sp_say(enforcer, SP_EVENT_TROUBLE,
		    "the new snapshot cannot be loaded: the policy before it is "
		    "enforced, until `sallyport apply`");
	}
	sp_diag_free(diag);
	enforcer->unloadable_until = sp_boottime_ms() + UNLOADABLE_MS;
}

static bool is_unloadable(
    const struct sp_enforcing *enforcer, const uint8_t digest[SP_DIGEST_BYTES])
{
	return !memcmp(digest, enforcer->unloadable, SP_DIGEST_BYTES) &&
	       sp_boottime_ms() < enforcer->unloadable_until;
}

void sp_follow_snapshot(struct sp_enforcing *enforcer)
{
	uint8_t digest[SP_DIGEST_BYTES];
	struct sp_snapshot *next;
	struct sp_diag diag = { 0 };

	if (!sp_standing_digest_in_force(&enforcer->options->directories, digest) ||
	    !memcmp(digest, enforcer->snapshot->standing.digest, sizeof(digest)) ||
	    is_unloadable(enforcer, digest))
		return;
	next = sp_snapshot_load(enforcer->options, &diag);
	if (next && !sp_watch_follow(&enforcer->watch, next->standing.policy,
			&next->standing.gates, sp_boottime_ms())) {
		sp_out_of_memory(&diag);
		sp_snapshot_release(next);
		next = NULL;
	}
	if (!next) {
		cannot_follow(enforcer, digest, &diag);
		return;
	}
	sp_say_trouble(enforcer, &diag);
	memset(enforcer->unloadable, 0, sizeof(enforcer->unloadable));
	sp_forget_leases(enforcer);
	sp_snapshot_release(enforcer->snapshot);
	enforcer->snapshot = next;
	enforcer->commit_due = true;
	sp_say(enforcer, SP_EVENT_POLICY, "follows a new policy: %zu services, %zu gates",
	    next->standing.policy->service_count, enforcer->watch.gates.length);
}

void sp_undo_unconfirmed(struct sp_enforcing *enforcer)
{
	struct sp_diag diag = { 0 };
	struct sp_pending pending;

	if (!sp_snapshot_pending(enforcer->options->directories.state, &pending) ||
	    sp_boottime_ms() < pending.deadline_ms)
		return;
	if (sp_undo_pending(&enforcer->options->directories, true, &diag) == SP_UNDONE)
		sp_say(enforcer, SP_EVENT_ROLLED_BACK, "nobody confirmed the last apply");
	sp_say_trouble(enforcer, &diag);
}

/* ---- commits ---- */

static void count_drift(struct sp_enforcing *enforcer)
{
	const char *run = enforcer->options->directories.run;
	struct sp_drift_note note = sp_drift_note_load(run);
	struct sp_diag diag = { 0 };
	char *safe = sp_escape(enforcer->writer.name);

	note.count++;
	note.pid = enforcer->writer.pid;
	note.at = time(NULL);
	snprintf(note.writer, sizeof(note.writer), "%s", safe ? safe : "");
	free(safe);
	sp_drift_note_save(run, &note, &diag);
	sp_say_trouble(enforcer, &diag);
}

static void say_drift(struct sp_enforcing *enforcer)
{
	const char *name = enforcer->writer.name;

	sp_say(enforcer, SP_EVENT_DRIFT,
	    "%s (pid %u) changed table inet " SP_TABLE "; %s", *name ? name : "somebody",
	    enforcer->writer.pid,
	    enforcer->snapshot->standing.policy->drift == SP_DRIFT_RESTORE
		? "putting it back"
		: "drift = report: left as it is");
}

/* Is the table what the snapshot says? Under the lock. -1: not known. */
static int differences(struct sp_enforcing *enforcer, struct sp_diag *diag)
{
	struct sp_kernel kernel;
	struct sp_delta *delta;
	int count = -1;

	if (!sp_kernel_read(enforcer->tables, &enforcer->recollection.memory.committed,
		enforcer->snapshot->standing.ruleset, &kernel, diag))
		return -1;
	delta = sp_delta_make(enforcer->snapshot->standing.ruleset,
	    &enforcer->snapshot->standing.gates, &kernel, NULL, diag);
	if (delta)
		count = (int)(delta->changes.length + sp_count_strays(enforcer, &kernel));
	enforcer->laid |= kernel.present;
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	return count;
}

static bool only_reports(const struct sp_enforcing *enforcer)
{
	return enforcer->snapshot->standing.policy->drift == SP_DRIFT_REPORT;
}

/* Everything that is known goes into one batch. With drift = report the rules are
 * others' to change, once they stood; gates open and shut all the same. */
static bool commit(struct sp_enforcing *enforcer, struct sp_diag *diag)
{
	struct sp_proofs proofs = { .keep_all = true,
		.leases_only = only_reports(enforcer) && enforcer->laid,
		.leases = enforcer->leases.items,
		.lease_count = enforcer->leases.length,
		.refused = enforcer->refused.items,
		.refused_count = enforcer->refused.length };
	size_t changes = 0;

	bool committed;

	committed = sp_apply_ruleset(enforcer->tables,
	    enforcer->snapshot->standing.ruleset, &enforcer->snapshot->standing.gates,
	    &proofs, false, &enforcer->recollection.memory, NULL, &changes, diag);
	/* Commands know then what stands. */
	if (committed && changes)
		sp_recollection_keep(&enforcer->recollection);
	return committed;
}

/* Somebody took the table away and said so: that is no drift. */
static bool is_opened(struct sp_enforcing *enforcer)
{
	if (!sp_opened_is_set(enforcer->options->directories.run))
		return false;
	if (!enforcer->opened)
		sp_say(enforcer, SP_EVENT_POLICY,
		    "`rollback --to-open` stands: nothing is enforced until `sallyport "
		    "apply`");
	enforcer->opened = true;
	enforcer->drifted = false;
	return true;
}

static bool settle_locked(struct sp_enforcing *enforcer, struct sp_diag *diag)
{
	int different = 0;

	if (is_opened(enforcer)) {
		sp_forget_leases(enforcer);
		return true;
	}
	/* An apply that was under way has written its snapshot by now, and what it
	 * committed. */
	sp_recollection_close(&enforcer->recollection);
	/* Before it is read what shall stand: a lockdown that is pressed from here on
	 * makes the commit void, and the next look follows it. */
	enforcer->directories.lockdown = sp_lockdown_mark(enforcer->directories.state);
	sp_recollection_open(
	    &enforcer->recollection, &enforcer->directories, enforcer->tables);
	sp_follow_snapshot(enforcer);
	if (enforcer->drifted || !enforcer->laid) {
		different = differences(enforcer, diag);
		if (different < 0)
			return false;
	}
	if (enforcer->drifted && different) {
		count_drift(enforcer);
		say_drift(enforcer);
	}
	if (!commit(enforcer, diag))
		return false;
	enforcer->laid = true;
	if (enforcer->drifted && different && !only_reports(enforcer))
		sp_say(
		    enforcer, SP_EVENT_RESTORED, "%d changes were put back", different);
	enforcer->drifted = false;
	return true;
}

void sp_settle(struct sp_enforcing *enforcer)
{
	struct sp_diag diag = { 0 };
	int lock;

	if (!enforcer->commit_due && !enforcer->drifted)
		return;
	lock = sp_state_lock(enforcer->options->directories.run,
	    enforcer->options->directories.lock_wait_ms, NULL, &diag);
	if (lock >= 0) {
		if (settle_locked(enforcer, &diag)) {
			enforcer->commit_due = false;
			sp_tell_news(enforcer);
			sp_forget_leases(enforcer);
			enforcer->refused.length = 0;
		}
		sp_state_unlock(lock);
	}
	sp_say_trouble(enforcer, &diag);
}

void sp_look_for_protection(struct sp_enforcing *enforcer)
{
	if (!enforcer->opened || sp_opened_is_set(enforcer->options->directories.run))
		return;
	enforcer->opened = false;
	enforcer->commit_due = true;
	sp_all_due(enforcer);
}

/* ---- what others committed ---- */

void sp_take_commits(struct sp_enforcing *enforcer)
{
	struct sp_nf_commit commit;

	while (sp_nf_monitor_next(enforcer->monitor, &commit)) {
		if (!commit.ours || (commit.pid == (uint32_t)getpid() && !commit.lost))
			continue;
		enforcer->drifted = true;
		enforcer->writer = commit;
		/* Leases may be gone, or stand that nobody proved. */
		sp_all_due(enforcer);
	}
}
