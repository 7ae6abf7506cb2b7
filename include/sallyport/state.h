/* What outlives a command (kernel.md, State): the snapshot in force, the one
 * before it, and the lock. Every write is whole or not at all. */
#ifndef SALLYPORT_STATE_H
#define SALLYPORT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/committed.h>
#include <sallyport/policy.h>

/* Snapshots: each a directory of STATE with a policy that stands alone (its
 * canonical text, includes and address files inlined) and its digest. */
enum sp_snapshot_kind {
	SP_SNAPSHOT_ACTIVE,   /* in force, and for the next boot */
	SP_SNAPSHOT_PREVIOUS, /* the one before */
	SP_SNAPSHOT_PENDING,  /* in force until its deadline, unless confirmed */
};

/* Makes the snapshot of `policy` the active one; the active one becomes the
 * previous, the floor is written, what was pending is gone. A snapshot with the
 * same digest is left as it is. After false, the active one is whole: old or new. */
bool sp_snapshot_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag);

/* `rollback --to-open` was said: nothing is enforced until something is applied, or
 * the machine boots. In the run directory. */
bool sp_opened_set(const char *run_directory, bool opened, struct sp_diag *diag);
bool sp_opened_is_set(const char *run_directory);

/* Which lockdown: the mark's own identity, so that one that was pressed again is
 * another one. All zero: none. One that cannot be looked at is like no other. */
struct sp_lockdown {
	uint64_t inode;
	int64_t made; /* nanoseconds since the epoch */
};

/* When an unconfirmed snapshot is undone: milliseconds of CLOCK_BOOTTIME, which
 * mean nothing after a reboot; the boot id says which boot is meant. */
struct sp_pending {
	int64_t deadline_ms;
	char boot_id[40];
	bool first; /* nothing was active before: undoing it removes the table */
	/* Applied in this lockdown, which ends only when it is confirmed: until then
	 * the mark stays, and undoing it, or a reboot, is locked down again. */
	struct sp_lockdown under;
};

bool sp_snapshot_save_pending(const char *state_directory, const struct sp_policy *policy,
    int64_t deadline_ms, const struct sp_lockdown *under, struct sp_diag *diag);
/* False: nothing is pending, or only from before a reboot. */
bool sp_snapshot_pending(const char *state_directory, struct sp_pending *ret);
/* What is pending becomes active, the active one previous. */
bool sp_snapshot_confirm(const char *state_directory, struct sp_diag *diag);
/* Takes the last sp_snapshot_save_pending back: what was pending before is again. */
bool sp_snapshot_withdraw(const char *state_directory, struct sp_diag *diag);
/* Forgets what is pending. */
bool sp_snapshot_discard(const char *state_directory, struct sp_diag *diag);
/* The active and the previous one change places. */
bool sp_snapshot_swap(const char *state_directory, struct sp_diag *diag);

/* Was a policy ever put in force from here to stay? Only a directory that is not
 * there, or holds neither a snapshot nor a floor nor a lockdown, is a no; what cannot
 * be looked at, or lies on a file system of fstab(5) that is not mounted, is a yes. */
bool sp_state_was_asked(const char *state_directory);

/* Which snapshot is in force: what is pending, else the active one. */
enum sp_snapshot_kind sp_snapshot_in_force(const char *state_directory);

/* The digest of a snapshot. False: there is none that can be read. */
bool sp_snapshot_digest(const char *state_directory, enum sp_snapshot_kind kind,
    uint8_t ret[SP_DIGEST_BYTES]);

/* When the active snapshot was written, seconds since the epoch; 0: not known. */
int64_t sp_snapshot_time(const char *state_directory);

/* The path of its policy.ini; the caller frees. NULL: memory is out. */
char *sp_snapshot_path(const char *state_directory, enum sp_snapshot_kind kind);

/* STATE/lockdown: while it is there only the floor is in force, unless what is
 * pending was applied under just this lockdown. Setting it needs no lock: whoever
 * holds that finds out before the next commit (sp_directories.lockdown). */
bool sp_lockdown_set(const char *state_directory, struct sp_diag *diag);
bool sp_lockdown_is_set(const char *state_directory);
/* False: whether there is one could not be looked at, and it counts as set. */
bool sp_lockdown_is_known(const struct sp_lockdown *lockdown);
struct sp_lockdown sp_lockdown_mark(const char *state_directory);
bool sp_lockdown_same(const struct sp_lockdown *a, const struct sp_lockdown *b);
/* Ends this one, if it is the one that stands. False: another stands, or it cannot
 * be removed; said. */
bool sp_lockdown_end(
    const char *state_directory, const struct sp_lockdown *which, struct sp_diag *diag);

/* This boot's id, /proc/sys/kernel/random/boot_id. */
bool sp_boot_id(char ret[40]);

/* What was committed to this network namespace (SO_NETNS_COOKIE; 0: not known) since
 * this boot, RUN/committed. Nothing is known when it cannot be read, which `load` says
 * by false: what is not there was read. */
bool sp_committed_save(const char *run_directory, uint64_t namespace_cookie,
    const struct sp_committed *committed, struct sp_diag *diag);
bool sp_committed_load(
    const char *run_directory, uint64_t namespace_cookie, struct sp_committed *ret);

/* Takes RUN/lock, exclusively. `waiting` is called once when somebody else holds
 * it. 0 ms refuses at once. Returns what sp_state_unlock takes, or -1. */
int sp_state_lock(const char *run_directory, uint32_t wait_ms, void (*waiting)(void),
    struct sp_diag *diag);
/* A child that was made meanwhile does not hold it either, from here on. */
void sp_state_unlock(int lock);

#endif
