#include <stdio.h>
#include <unistd.h>

#include <sallyport/standing.h>

#include "policy.h"

/* The mark first: an enforcer that sees the floor must know it is meant. */
static bool lock_down(
    const struct sp_options *options, size_t *ret_services, struct sp_diag *diag)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_standing floor;
	size_t changes;
	bool locked;

	if (!sp_standing_load_floor(&directories, &floor, diag))
		return false;
	*ret_services = floor.policy->service_count;
	locked = sp_lockdown_set(options->state_directory, true, diag) &&
		 sp_opened_set(options->run_directory, false, diag);
	/* A state directory that cannot be written is no reason to stay open. */
	locked = sp_standing_commit(&directories, &floor, &changes, diag) && locked;
	sp_standing_clear(&floor);
	return locked;
}

enum sp_exit sp_command_lockdown(const struct sp_options *options)
{
	struct sp_diag diag = { 0 };
	size_t services = 0;
	int lock =
	    sp_state_lock(options->run_directory, options->lock_wait_ms, NULL, &diag);
	bool locked = lock >= 0 && lock_down(options, &services, &diag);

	if (lock >= 0)
		close(lock);
	if (!sp_show_diagnostics(options, &diag) || !locked)
		return SP_EXIT_SYSTEM;
	if (!options->quiet)
		printf("Locked down: %s. Connections that stand may go on; "
		       "`sallyport apply` ends this.\n",
		    services ? "only the floor's services are reachable"
			     : "nothing is reachable (the policy names no `lockdown`)");
	return SP_EXIT_DONE;
}
