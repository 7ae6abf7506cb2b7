#include <stdio.h>
#include <unistd.h>

#include <sallyport/floor.h>
#include <sallyport/standing.h>

#include "page.h"
#include "policy.h"

/* SP_EXIT_NO: nothing waits for it. */
static enum sp_exit confirm(const struct sp_options *options, struct sp_diag *diag)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_standing standing;
	struct sp_pending pending;
	bool kept;

	if (!sp_snapshot_pending(options->state_directory, &pending)) {
		sp_page_say(stderr,
		    "sallyport: nothing waits to be confirmed: it was confirmed, or "
		    "undone "
		    "in time; `sallyport status` says what is in force\n");
		return SP_EXIT_NO;
	}
	if (!sp_standing_load_snapshot(
		&directories, SP_SNAPSHOT_PENDING, &standing, diag))
		return SP_EXIT_SYSTEM;
	/* The lockdown that it was applied in ends last: in between it stands. */
	kept = sp_floor_save(options->state_directory, standing.policy, diag) &&
	       sp_snapshot_confirm(options->state_directory, diag) &&
	       (!pending.under.inode ||
		   sp_lockdown_end(options->state_directory, &pending.under, diag));
	sp_standing_clear(&standing);
	return kept ? SP_EXIT_DONE : SP_EXIT_SYSTEM;
}

enum sp_exit sp_command_confirm(const struct sp_options *options)
{
	struct sp_diag diag = { 0 };
	int lock =
	    sp_state_lock(options->run_directory, options->lock_wait_ms, NULL, &diag);
	enum sp_exit status = lock < 0 ? SP_EXIT_SYSTEM : confirm(options, &diag);

	if (lock >= 0)
		sp_state_unlock(lock);
	sp_show_diagnostics(options, &diag);
	if (status == SP_EXIT_DONE && !options->quiet)
		puts("Confirmed: this policy stays, and is the next boot's.");
	return status;
}
