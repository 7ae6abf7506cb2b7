#include <sallyport/standing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/floor.h>
#include <sallyport/memory.h>
#include <sallyport/transaction.h>

/* How often what is in force is read when it is not whole; an apply changes it at most
 * twice. */
#define LOAD_TRIES 4

int64_t sp_boottime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes the policy over. */
static bool compile(
    struct sp_policy *policy, struct sp_standing *ret, struct sp_diag *diag)
{
	memset(ret, 0, sizeof(*ret));
	ret->policy = policy;
	if (ret->policy)
		ret->ruleset = sp_ruleset_compile(ret->policy, diag);
	if (ret->ruleset && sp_policy_gates(ret->policy, &ret->gates))
		return true;
	if (ret->ruleset)
		sp_out_of_memory(diag);
	sp_standing_clear(ret);
	return false;
}

bool sp_standing_load_kept_floor(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag)
{
	return compile(sp_floor_read(directories->state, diag), ret, diag);
}

/* Of the administrator's own policy, which nobody need have applied, only what it
 * says of `lockdown` is taken. NULL: there is none that can be read. */
static struct sp_policy *floor_of_config(const struct sp_directories *directories)
{
	struct sp_policy_source source = { .config_directory = directories->config };
	struct sp_policy *policy, *floor = NULL;
	struct sp_diag diag = { 0 };
	char *path;

	if (asprintf(&path, "%s/policy.ini", directories->config) < 0)
		return NULL;
	source.path = path;
	policy = sp_policy_read(&source, &diag);
	if (policy)
		floor = sp_floor_of(policy, &diag);
	sp_policy_free(policy);
	sp_diag_free(&diag);
	free(path);
	return floor;
}

bool sp_standing_load_floor(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag)
{
	struct sp_policy *floor =
	    sp_floor_is_kept(directories->state) ? NULL : floor_of_config(directories);

	if (!floor)
		floor = sp_floor_read(directories->state, diag);
	if (floor)
		floor->mode = SP_MODE_ENFORCE;
	return compile(floor, ret, diag);
}

static bool load_once(const struct sp_directories *directories, struct sp_standing *ret,
    struct sp_diag *diag)
{
	uint8_t digest[SP_DIGEST_BYTES];
	/* First: what takes its place meanwhile is seen to be another one. */
	bool known = sp_standing_digest_in_force(directories, digest), loaded;

	loaded = sp_lockdown_is_set(directories->state)
		     ? sp_standing_load_floor(directories, ret, diag)
		     : sp_standing_load_snapshot(directories,
			   sp_snapshot_in_force(directories->state), ret, diag);
	if (loaded && known)
		memcpy(ret->digest, digest, sizeof(digest));
	return loaded;
}

static void hand_over(struct sp_diag *from, struct sp_diag *to)
{
	for (size_t i = 0; i < from->length; i++) {
		const struct sp_diagnostic *item = &from->items[i];
		struct sp_location at = { item->file, item->line, item->column };

		sp_diag_add(
		    to, item->severity, item->file ? &at : NULL, "%s", item->message);
	}
	if (from->out_of_memory)
		sp_out_of_memory(to);
	sp_diag_free(from);
}

/* Without the lock, by names that change places: a digest may be of one and the text
 * of another, or a name gone. The text's own digest tells, unless another version
 * counted the one that was kept: then it stays another. (A floor's are zero.) */
bool sp_standing_load_in_force(const struct sp_directories *directories,
    struct sp_standing *ret, struct sp_diag *diag)
{
	uint8_t before[SP_DIGEST_BYTES] = { 0 };

	for (int i = 1;; i++) {
		struct sp_diag found = { 0 };
		bool loaded = load_once(directories, ret, &found), settled = false;

		if (loaded)
			settled =
			    !memcmp(ret->digest, ret->policy->digest, sizeof(before)) ||
			    (i > 1 &&
				!memcmp(before, ret->policy->digest, sizeof(before)));
		if (settled || i == LOAD_TRIES) {
			hand_over(&found, diag);
			return loaded;
		}
		if (loaded)
			memcpy(before, ret->policy->digest, sizeof(before));
		sp_standing_clear(ret);
		sp_diag_free(&found);
	}
}

bool sp_standing_digest_in_force(
    const struct sp_directories *directories, uint8_t ret[SP_DIGEST_BYTES])
{
	if (sp_lockdown_is_set(directories->state)) {
		memset(ret, 0, SP_DIGEST_BYTES);
		return true;
	}
	return sp_snapshot_digest(
	    directories->state, sp_snapshot_in_force(directories->state), ret);
}

bool sp_standing_load_snapshot(const struct sp_directories *directories,
    enum sp_snapshot_kind kind, struct sp_standing *ret, struct sp_diag *diag)
{
	char *path = sp_snapshot_path(directories->state, kind);
	struct sp_policy_source source = { .path = path, .stands_alone = true };
	bool loaded;

	memset(ret, 0, sizeof(*ret));
	loaded = path ? compile(sp_policy_read(&source, diag), ret, diag)
		      : sp_out_of_memory(diag);
	free(path);
	return loaded;
}

void sp_standing_clear(struct sp_standing *standing)
{
	sp_array_free(&standing->gates);
	sp_ruleset_free(standing->ruleset);
	sp_policy_free(standing->policy);
	memset(standing, 0, sizeof(*standing));
}

bool sp_standing_commit(const struct sp_directories *directories,
    const struct sp_standing *standing, size_t *ret_changes, struct sp_diag *diag)
{
	struct sp_proofs proofs = { .keep_all = true };

	return sp_commit_ruleset(directories, standing->ruleset, &standing->gates,
	    &proofs, false, NULL, ret_changes, diag);
}

bool sp_standing_commit_shut(const struct sp_directories *directories,
    const struct sp_standing *standing, struct sp_diag *diag)
{
	struct sp_proofs proofs = { .shut_all = true };
	size_t changes;

	return sp_commit_ruleset(directories, standing->ruleset, &standing->gates,
	    &proofs, false, NULL, &changes, diag);
}

static bool remove_table(const struct sp_directories *directories, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_recollection recollection;
	bool removed;

	if (!socket)
		return false;
	sp_recollection_open(&recollection, directories, socket);
	removed = sp_remove_ruleset(socket, &recollection.memory, diag);
	sp_recollection_close(&recollection);
	sp_nf_tables_close(socket);
	return removed;
}

static bool restore(
    const struct sp_directories *directories, bool floor, struct sp_diag *diag)
{
	struct sp_standing standing;
	size_t changes;
	bool restored = floor ? sp_standing_load_floor(directories, &standing, diag)
			      : sp_standing_load_snapshot(
				    directories, SP_SNAPSHOT_ACTIVE, &standing, diag);

	if (!restored)
		return false;
	restored = sp_standing_commit(directories, &standing, &changes, diag);
	sp_standing_clear(&standing);
	return restored;
}

static enum sp_undone undo_locked(
    const struct sp_directories *before, bool only_due, struct sp_diag *diag)
{
	struct sp_directories directories = *before;
	struct sp_pending pending;
	bool restored;

	if (!sp_snapshot_pending(directories.state, &pending) ||
	    (only_due && sp_boottime_ms() < pending.deadline_ms))
		return SP_UNDONE_NOTHING;
	directories.lockdown = sp_lockdown_mark(directories.state);
	if (pending.under.inode &&
	    sp_lockdown_same(&pending.under, &directories.lockdown))
		restored = restore(&directories, true, diag);
	/* The floor, or an open host, was asked for since, and stays. */
	else if (directories.lockdown.inode || sp_opened_is_set(directories.run))
		restored = true;
	else
		restored = pending.first ? remove_table(&directories, diag)
					 : restore(&directories, false, diag);
	return restored && sp_snapshot_discard(directories.state, diag)
		   ? SP_UNDONE
		   : SP_UNDONE_FAILED;
}

enum sp_undone sp_undo_pending(
    const struct sp_directories *directories, bool only_due, struct sp_diag *diag)
{
	int lock = sp_state_lock(directories->run, directories->lock_wait_ms, NULL, diag);
	enum sp_undone undone;

	if (lock < 0)
		return SP_UNDONE_FAILED;
	undone = undo_locked(directories, only_due, diag);
	sp_state_unlock(lock);
	return undone;
}
