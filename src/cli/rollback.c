#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/floor.h>
#include <sallyport/memory.h>
#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "policy.h"

/* Asked on the terminal; without one the answer is no. */
static bool is_sure(const struct sp_options *options)
{
	char answer[16] = "";

	if (options->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		fputs(
		    "sallyport: rollback --to-open removes every rule of ours; say --yes "
		    "when there is no terminal to ask on\n",
		    stderr);
		return false;
	}
	fputs("Remove every rule of sallyport's, so that nothing is blocked? [y/N] ",
	    stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	fputs("sallyport: nothing was changed\n", stderr);
	return false;
}

/* The mark first: an enforcer that sees the table go must know that it is meant.
 * What waits to be confirmed, and a lockdown, end with it. */
static bool open_host(const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_recollection recollection;
	bool removed;

	if (!socket)
		return false;
	sp_recollection_open(&recollection, directories, socket);
	removed = sp_opened_set(directories->run, true, diag) &&
		  sp_remove_ruleset(socket, &recollection.memory, diag) &&
		  sp_snapshot_discard(directories->state, diag) &&
		  sp_lockdown_end(directories->state, &directories->lockdown, diag);
	/* The panic button came later. */
	if (!removed && sp_lockdown_is_set(directories->state))
		sp_opened_set(directories->run, false, diag);
	sp_recollection_close(&recollection);
	sp_nf_tables_close(socket);
	return removed;
}

/* The previous snapshot's ruleset first, its name second: a crash between the two
 * leaves a difference that the next apply or the enforcer puts right. */
static bool back_to_previous(
    const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_standing standing;
	size_t changes;
	bool back;

	if (sp_state_lacks(directories->state, "previous"))
		return sp_error(diag, NULL,
		    "there was no policy before this one; `sallyport rollback --to-open` "
		    "removes every rule");
	if (!sp_standing_load_snapshot(
		directories, SP_SNAPSHOT_PREVIOUS, &standing, diag))
		return false;
	back = sp_standing_commit(directories, &standing, &changes, diag) &&
	       sp_floor_save(directories->state, standing.policy, diag) &&
	       sp_snapshot_swap(directories->state, diag) &&
	       sp_opened_set(directories->run, false, diag);
	sp_standing_clear(&standing);
	return back;
}

static bool roll_back(
    const struct sp_directories *directories, bool to_open, struct sp_diag *diag)
{
	int lock = sp_state_lock(directories->run, directories->lock_wait_ms, NULL, diag);
	bool done = lock >= 0 && (to_open ? open_host(directories, diag)
					  : back_to_previous(directories, diag));

	if (lock >= 0)
		sp_state_unlock(lock);
	return done;
}

static enum sp_exit finish(
    const struct sp_options *options, struct sp_diag *diag, bool done, const char *what)
{
	if (!sp_show_diagnostics(options, diag) || !done)
		return SP_EXIT_SYSTEM;
	if (!options->quiet)
		puts(what);
	return SP_EXIT_DONE;
}

enum sp_exit sp_command_rollback(const struct sp_options *options)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_diag diag = { 0 };

	if (options->to_open) {
		if (!is_sure(options))
			return SP_EXIT_USAGE;
		return finish(options, &diag, roll_back(&directories, true, &diag),
		    "Removed: sallyport blocks nothing now. `sallyport apply` protects "
		    "again.");
	}
	if (sp_lockdown_is_set(options->state_directory)) {
		sp_error(&diag, NULL,
		    "locked down: only the floor is in force; `sallyport apply` ends it");
		return finish(options, &diag, false, "");
	}
	switch (sp_undo_pending(&directories, false, &diag)) {
	case SP_UNDONE:
		return finish(options, &diag, true,
		    "Undone: what was in force before the unconfirmed policy is again.");
	case SP_UNDONE_FAILED: return finish(options, &diag, false, "");
	case SP_UNDONE_NOTHING: break;
	}
	return finish(options, &diag, roll_back(&directories, false, &diag),
	    "Rolled back: the previous policy is in force again; once more returns.");
}
