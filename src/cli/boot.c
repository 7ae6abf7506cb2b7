/* apply --boot: the floor, then the active snapshot with its gates shut, else the
 * previous one, else the floor stays. Nothing is asked, nothing opens by proof. */
#include <stdio.h>
#include <unistd.h>

#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "boot.h"
#include "policy.h"

static bool table_stands(bool *ret, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_kernel kernel;
	bool known = socket && sp_kernel_read(
				   socket, &(struct sp_memory){ 0 }, NULL, &kernel, diag);

	if (known) {
		*ret = kernel.present && !kernel.dormant;
		sp_kernel_free(&kernel);
	}
	sp_nf_tables_close(socket);
	return known;
}

/* A table that stands already is a restart's: nothing closes. In audit mode
 * nothing is ever blocked. */
static bool lay_floor(const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_standing floor;
	bool stands = false, laid = true;
	size_t changes;

	/* When it cannot be known, the floor is laid all the same. */
	if (table_stands(&stands, diag) && stands)
		return true;
	if (!sp_standing_load_floor(directories, &floor, diag))
		return false;
	if (floor.policy->mode == SP_MODE_ENFORCE)
		laid = sp_standing_commit(directories, &floor, &changes, diag);
	sp_standing_clear(&floor);
	return laid;
}

static bool load(const struct sp_directories *directories, enum sp_snapshot_kind kind,
    struct sp_diag *diag)
{
	struct sp_standing standing;
	size_t changes;
	bool loaded = sp_standing_load_snapshot(directories, kind, &standing, diag) &&
		      sp_standing_commit(directories, &standing, &changes, diag);

	sp_standing_clear(&standing);
	return loaded;
}

static enum sp_exit boot_locked(const struct sp_options *options, struct sp_diag *diag)
{
	struct sp_directories directories = sp_directories_of(options);

	/* Whatever cannot be unmarked is enforced all the same. */
	sp_opened_set(options->run_directory, false, diag);
	if (!lay_floor(&directories, diag))
		return SP_EXIT_SYSTEM;
	if (sp_lockdown_is_set(options->state_directory)) {
		fputs("sallyport: locked down: only the floor is in force\n", stderr);
		return SP_EXIT_DONE;
	}
	if (load(&directories, SP_SNAPSHOT_ACTIVE, diag))
		return SP_EXIT_DONE;
	sp_error(
	    diag, NULL, "the active snapshot cannot be loaded; trying the previous one");
	if (load(&directories, SP_SNAPSHOT_PREVIOUS, diag))
		sp_error(diag, NULL, "the PREVIOUS policy is in force");
	else
		sp_error(diag, NULL, "only the floor is in force");
	return SP_EXIT_SYSTEM;
}

enum sp_exit sp_apply_boot(const struct sp_options *options)
{
	struct sp_diag diag = { 0 };
	int lock =
	    sp_state_lock(options->run_directory, options->lock_wait_ms, NULL, &diag);
	enum sp_exit status;

	/* A run directory that cannot be written must not leave the host open. */
	status = boot_locked(options, &diag);
	if (lock >= 0)
		close(lock);
	return sp_show_diagnostics(options, &diag) ? status : SP_EXIT_SYSTEM;
}
