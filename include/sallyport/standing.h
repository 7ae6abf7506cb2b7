/* What stands in the kernel for a snapshot: putting one in force, and undoing an
 * unconfirmed one. The command line, its guardian and the enforcer share these;
 * each takes the lock itself, reads the kernel as it is then, and never adds a
 * lease. */
#ifndef SALLYPORT_STANDING_H
#define SALLYPORT_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/policy.h>
#include <sallyport/ruleset.h>
#include <sallyport/state.h>

struct sp_directories {
	const char *state, *run, *config;
	uint32_t lock_wait_ms;
	/* The lockdown, or none, under which it was decided what to commit. Nothing
	 * is committed once there is another: the panic button waits for no lock. */
	struct sp_lockdown lockdown;
	/* The process is about to end: it does not wait until the kernel has freed what a
	 * commit removed (sp_nf_tables_leave). */
	bool passing;
};

/* A policy with what is made of it. */
struct sp_standing {
	struct sp_policy *policy;
	struct sp_ruleset *ruleset;
	struct sp_gates gates;
	/* Of what was in force when it was loaded, as the snapshot has it: the version
	 * that wrote it may have counted otherwise than this one. */
	uint8_t digest[SP_DIGEST_BYTES];
};

/* Reads and compiles a snapshot, by its text alone. Cleared on failure. */
bool sp_standing_load_snapshot(const struct sp_directories *directories,
    enum sp_snapshot_kind kind, struct sp_standing *ret, struct sp_diag *diag);
/* STATE/floor as it was kept, in its mode, with nothing else read. */
bool sp_standing_load_kept_floor(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag);
/* The floor of a lockdown: only what `lockdown` names, no gates, enforced even when
 * the policy's mode is audit. Where STATE/floor is lost, CONFIG/policy.ini may still
 * say who stays in. */
bool sp_standing_load_floor(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag);
/* What shall stand now: the floor in a lockdown, else what is pending, else the
 * active snapshot. */
bool sp_standing_load_in_force(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag);
/* Its digest (zero in a lockdown), to see whether it is another one by now. */
bool sp_standing_digest_in_force(
    const struct sp_directories *directories, uint8_t ret[SP_DIGEST_BYTES]);
void sp_standing_clear(struct sp_standing *standing);

/* Commits it; leases that stand for its gates stay, others end. The caller holds
 * the lock. */
bool sp_standing_commit(const struct sp_directories *directories,
    const struct sp_standing *standing, size_t *ret_changes, struct sp_diag *diag);
/* The same, and nothing that stands open stays. */
bool sp_standing_commit_shut(const struct sp_directories *directories,
    const struct sp_standing *standing, struct sp_diag *diag);

enum sp_undone {
	SP_UNDONE_NOTHING, /* nothing was pending, or it is not due yet */
	SP_UNDONE,
	SP_UNDONE_FAILED, /* said in `diag`; it is still pending */
};

/* Undoes what is pending: the active snapshot is in force again; where there was
 * none, our table is removed. With `only_due`, only past its deadline. */
enum sp_undone sp_undo_pending(
    const struct sp_directories *directories, bool only_due, struct sp_diag *diag);

int64_t sp_boottime_ms(void);

#endif
