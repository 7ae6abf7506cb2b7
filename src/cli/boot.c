/* apply --boot: the floor, then the active snapshot with its gates shut, else the
 * previous one, else the floor stays. Nothing is asked, nothing opens by proof. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/floor.h>
#include <sallyport/memory.h>
#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "boot.h"
#include "page.h"
#include "policy.h"

/* How often the kernel is asked what stands. */
#define READ_TRIES 3

/* A table without a hook sees no packet. */
static bool is_hooked(const struct sp_kernel *kernel)
{
	for (size_t i = 0; kernel->present && i < kernel->held->chains.length; i++) {
		const struct sp_chain *chain = &kernel->held->chains.items[i];

		if (chain->base && !chain->foreign && chain->rules.length)
			return !kernel->dormant;
	}
	return false;
}

/* One that was saved with `nft list ruleset` comes back at boot before we do, its
 * leases and overrides with the time that they had left: nobody proved them. What
 * this boot committed is remembered. */
static bool know_whether_of_this_boot(const struct sp_directories *directories,
    const struct sp_nf_tables *socket, bool *ret, struct sp_diag *diag)
{
	struct sp_recollection recollection;
	bool known = sp_recollection_open(&recollection, directories, socket);

	*ret = recollection.memory.committed.generation != 0;
	sp_recollection_close(&recollection);
	return known || sp_error(diag, NULL, "cannot read what was committed, in %s: %s",
			    directories->run, strerror(errno));
}

static bool table_stands(
    const struct sp_directories *directories, bool *ret, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_kernel kernel;
	bool known = socket && sp_kernel_read(socket, NULL, NULL, &kernel, diag);

	if (known) {
		*ret = is_hooked(&kernel);
		sp_kernel_free(&kernel);
		if (*ret)
			known = know_whether_of_this_boot(directories, socket, ret, diag);
	}
	sp_nf_tables_close(socket);
	return known;
}

/* A passing failure must not be taken for an empty kernel: laying the floor over a
 * table that stands ends its leases. The last one is said. */
static bool know_whether_table_stands(
    const struct sp_directories *directories, bool *ret, struct sp_diag *diag)
{
	for (int i = 1; i < READ_TRIES; i++) {
		struct sp_diag passing = { 0 };
		bool known = table_stands(directories, ret, &passing);

		sp_diag_free(&passing);
		if (known)
			return true;
	}
	return table_stands(directories, ret, diag);
}

/* A policy that is there, or may be, was meant to be applied. */
static bool has_policy(const struct sp_directories *directories)
{
	char *path;
	bool has;

	if (asprintf(&path, "%s/policy.ini", directories->config) < 0)
		return true;
	has = access(path, F_OK) == 0 || errno != ENOENT;
	free(path);
	return has;
}

/* The unit comes enabled with the package. Whoever has not applied anything yet
 * has no policy, and a floor would shut them out of their own host; a snapshot
 * that is lost is another matter. */
static bool nothing_was_asked(const struct sp_directories *directories)
{
	return !sp_state_was_asked(directories->state) && !has_policy(directories);
}

/* Before a byte of policy is parsed. In audit mode nothing is ever blocked. */
static bool lay_floor(const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_standing floor;
	bool laid = true;

	if (!sp_standing_load_kept_floor(directories, &floor, diag))
		return false;
	if (floor.policy->mode == SP_MODE_ENFORCE)
		laid = sp_standing_commit_shut(directories, &floor, diag);
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

/* With the state lost, and which services stay reachable with it, policy.ini may
 * still say that. */
static bool load_floor(
    const struct sp_directories *directories, size_t *ret_services, struct sp_diag *diag)
{
	struct sp_standing floor;
	size_t changes;
	bool loaded;

	if (!sp_standing_load_floor(directories, &floor, diag))
		return false;
	*ret_services = floor.policy->service_count;
	loaded = sp_standing_commit(directories, &floor, &changes, diag);
	sp_standing_clear(&floor);
	return loaded;
}

static enum sp_exit lock_down(
    const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_lockdown mark = sp_lockdown_mark(directories->state);
	size_t services;

	if (sp_lockdown_is_known(&mark))
		fputs("sallyport: locked down: only the floor is in force\n", stderr);
	else
		sp_error(diag, NULL,
		    "cannot look into %s, whether a lockdown is on: only the floor is in "
		    "force",
		    directories->state);
	return load_floor(directories, &services, diag) && !diag->errors ? SP_EXIT_DONE
									 : SP_EXIT_SYSTEM;
}

/* Is it the floor that stands, and nothing more? */
static bool floor_stands(const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_delta *delta = NULL;
	struct sp_standing floor = { 0 };
	struct sp_kernel kernel = { 0 };
	bool stands;

	if (socket && sp_standing_load_kept_floor(directories, &floor, diag) &&
	    sp_kernel_read(socket, NULL, floor.ruleset, &kernel, diag))
		delta = sp_delta_make(floor.ruleset, &floor.gates, &kernel, NULL, diag);
	stands = delta && !delta->changes.length;
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	sp_standing_clear(&floor);
	sp_nf_tables_close(socket);
	return stands;
}

/* A restart keeps what stands rather than going back a policy: only a floor, of a
 * boot that found nothing, is better than that. */
static enum sp_exit fall_back(
    const struct sp_directories *directories, bool stood, struct sp_diag *diag)
{
	bool lost = !sp_floor_is_kept(directories->state);
	size_t services = 0;

	sp_error(diag, NULL, "the active snapshot cannot be loaded");
	if (stood && !floor_stands(directories, diag))
		sp_error(diag, NULL, "the ruleset that stood before is still in force");
	else if (load(directories, SP_SNAPSHOT_PREVIOUS, diag))
		sp_error(diag, NULL, "the PREVIOUS policy is in force");
	else if (lost && load_floor(directories, &services, diag) && services)
		sp_error(diag, NULL,
		    "only the floor is in force, made of what %s/policy.ini says of "
		    "`lockdown`",
		    directories->config);
	else
		sp_error(diag, NULL, "only the floor is in force");
	return SP_EXIT_SYSTEM;
}

static enum sp_exit boot_locked(const struct sp_options *options, struct sp_diag *diag)
{
	struct sp_directories directories = sp_directories_of(options);
	bool stands = false;

	/* Whatever cannot be unmarked is enforced all the same. */
	sp_opened_set(options->run_directory, false, diag);
	/* A table that stands already is a restart's: nothing closes. When that
	 * cannot be known, the floor is laid all the same. */
	if (!know_whether_table_stands(&directories, &stands, diag) || !stands) {
		if (nothing_was_asked(&directories)) {
			sp_page_say(stderr,
			    "sallyport: nothing was ever applied on this host, and it "
			    "has no policy: left as it is; `sallyport apply POLICY` "
			    "protects it\n");
			return SP_EXIT_DONE;
		}
		if (!lay_floor(&directories, diag))
			return SP_EXIT_SYSTEM;
	}
	/* The floor's rules are removed; boot does not wait until they are freed. */
	directories.passing = true;
	if (sp_lockdown_is_set(directories.state))
		return lock_down(&directories, diag);
	/* What waits to be confirmed is in force, on this boot alone. */
	if (load(&directories, sp_snapshot_in_force(directories.state), diag))
		return SP_EXIT_DONE;
	return fall_back(&directories, stands, diag);
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
		sp_state_unlock(lock);
	return sp_show_diagnostics(options, &diag) ? status : SP_EXIT_SYSTEM;
}
