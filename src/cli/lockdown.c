#include <stdio.h>
#include <unistd.h>

#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "policy.h"

/* Whoever holds the lock gets this long to finish. After that nobody is waited for:
 * the mark stands, and the holder's next commit finds it or is refused for its
 * generation, which is no longer the kernel's. */
#define LOCK_WAIT_MS 1000u

static void say_waiting(void)
{
	fputs("sallyport: another sallyport is applying; locking down all the same\n",
	    stderr);
}

static int try_lock(const struct sp_options *options)
{
	uint32_t wait =
	    options->lock_wait_ms < LOCK_WAIT_MS ? options->lock_wait_ms : LOCK_WAIT_MS;
	struct sp_diag ignored = { 0 };
	int lock = sp_state_lock(options->run_directory, wait, say_waiting, &ignored);

	sp_diag_free(&ignored);
	return lock;
}

/* A change that changes nothing, but the generation: the end of an override of port 0,
 * which nothing has. */
static bool void_commits_under_way(struct sp_diag *diag)
{
	struct sp_override nothing = { .protocol = SP_TCP };
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	bool voided = socket && sp_commit_overrides(socket, &nothing, 1, NULL, diag);

	sp_nf_tables_close(socket);
	return voided;
}

/* A floor that stands already is no commit. Whoever looked for the mark before it was
 * there, in an apply that ends a lockdown, has yet to be refused; what slipped in before
 * that is found by the second look. */
static bool commit_floor(const struct sp_directories *directories,
    const struct sp_standing *floor, struct sp_diag *diag)
{
	size_t changes;

	if (!sp_standing_commit(directories, floor, &changes, diag))
		return false;
	return changes || (void_commits_under_way(diag) &&
			      sp_standing_commit(directories, floor, &changes, diag));
}

/* The mark first: an enforcer that sees the floor must know it is meant. */
static bool lock_down(
    const struct sp_options *options, size_t *ret_services, struct sp_diag *diag)
{
	bool marked = sp_lockdown_set(options->state_directory, diag);
	/* From here on with this lockdown: an apply may end it. */
	struct sp_directories directories = sp_directories_of(options);
	struct sp_standing floor;
	bool locked;
	int lock;

	if (!sp_standing_load_floor(&directories, &floor, diag))
		return false;
	*ret_services = floor.policy->service_count;
	lock = try_lock(options);
	/* A state directory that cannot be written is no reason to stay open. */
	locked = commit_floor(&directories, &floor, diag);
	if (lock >= 0)
		sp_state_unlock(lock);
	sp_standing_clear(&floor);
	return sp_opened_set(options->run_directory, false, diag) && locked && marked;
}

enum sp_exit sp_command_lockdown(const struct sp_options *options)
{
	struct sp_diag diag = { 0 };
	size_t services = 0;
	bool locked = lock_down(options, &services, &diag);

	if (!sp_show_diagnostics(options, &diag) || !locked)
		return SP_EXIT_SYSTEM;
	if (!options->quiet)
		printf("Locked down: %s.\n"
		       "Connections that stand may go on; `sallyport apply` ends this.\n",
		    services ? "only the floor's services are reachable"
			     : "nothing is reachable (the policy names no `lockdown`)");
	return SP_EXIT_DONE;
}
