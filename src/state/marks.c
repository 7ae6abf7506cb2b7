/* Somebody's word, as an empty file: locked down, opened. */
#include <sallyport/state.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"

#define LOCKDOWN_FILE "lockdown"
/* A lockdown on its way out. */
#define ENDED_FILE ".lockdown.ended"
#define OPENED_FILE "opened"

static bool has_mark(const char *path, const char *name)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool marked = directory >= 0 && faccessat(directory, name, F_OK, 0) == 0;

	if (directory >= 0)
		close(directory);
	return marked;
}

bool sp_opened_set(const char *run_directory, bool opened, struct sp_diag *diag)
{
	int directory = sp_state_directory_open(run_directory, diag);
	bool set;

	if (directory < 0)
		return false;
	if (opened)
		set = sp_state_file_replace(
		    directory, run_directory, OPENED_FILE, "", 0, diag);
	else
		set = unlinkat(directory, OPENED_FILE, 0) == 0 || errno == ENOENT ||
		      sp_error(diag, NULL, "cannot remove %s/" OPENED_FILE ": %s",
			  run_directory, strerror(errno));
	close(directory);
	return set;
}

bool sp_opened_is_set(const char *run_directory)
{
	return has_mark(run_directory, OPENED_FILE);
}

/* ---- lockdown ---- */

/* What cannot be looked at counts as there, and is none that was ever seen. */
static const struct sp_lockdown unknown = { .inode = UINT64_MAX };

static struct sp_lockdown mark_at(int state, const char *name)
{
	struct sp_lockdown mark = { 0 };
	struct stat status;

	if (fstatat(state, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		mark.inode = status.st_ino;
		/* Renaming leaves it alone. */
		mark.made =
		    (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	} else if (errno != ENOENT) {
		mark = unknown;
	}
	return mark;
}

struct sp_lockdown sp_lockdown_mark(const char *state_directory)
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sp_lockdown mark = { 0 };

	if (state < 0)
		return errno == ENOENT || errno == ENOTDIR ? mark : unknown;
	mark = mark_at(state, LOCKDOWN_FILE);
	close(state);
	return mark;
}

bool sp_lockdown_same(const struct sp_lockdown *a, const struct sp_lockdown *b)
{
	return a->inode == b->inode && a->made == b->made;
}

bool sp_lockdown_is_known(const struct sp_lockdown *lockdown)
{
	return !sp_lockdown_same(lockdown, &unknown);
}

bool sp_lockdown_is_set(const char *state_directory)
{
	struct sp_lockdown mark = sp_lockdown_mark(state_directory);
	struct sp_pending pending;

	return mark.inode && !(sp_snapshot_pending(state_directory, &pending) &&
				 sp_lockdown_same(&pending.under, &mark));
}

/* The new mark is made while the old one is still there: its inode is another. */
bool sp_lockdown_set(const char *state_directory, struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	bool set;

	if (state < 0)
		return false;
	set = sp_state_file_replace(state, state_directory, LOCKDOWN_FILE, "", 0, diag);
	close(state);
	return set;
}

static bool pressed_again(struct sp_diag *diag)
{
	return sp_error(diag, NULL, "locked down meanwhile: only the floor stands");
}

/* The file is looked at where nobody else sets one; what is not meant goes back. */
static bool end_mark(
    int state, const char *path, const struct sp_lockdown *which, struct sp_diag *diag)
{
	struct sp_lockdown found;

	if (renameat(state, LOCKDOWN_FILE, state, ENDED_FILE) < 0)
		return errno == ENOENT ||
		       sp_error(diag, NULL, "cannot remove %s/" LOCKDOWN_FILE ": %s",
			   path, strerror(errno));
	found = mark_at(state, ENDED_FILE);
	if (sp_lockdown_same(&found, which)) {
		unlinkat(state, ENDED_FILE, 0);
		return fsync(state) == 0 && mark_at(state, LOCKDOWN_FILE).inode == 0
			   ? true
			   : pressed_again(diag);
	}
	if (renameat2(state, ENDED_FILE, state, LOCKDOWN_FILE, RENAME_NOREPLACE) < 0 &&
	    errno != EEXIST)
		return sp_error(diag, NULL, "cannot put %s/" LOCKDOWN_FILE " back: %s",
		    path, strerror(errno));
	return pressed_again(diag);
}

bool sp_lockdown_end(
    const char *state_directory, const struct sp_lockdown *which, struct sp_diag *diag)
{
	int state;
	bool ended;

	if (!which->inode)
		return !sp_lockdown_mark(state_directory).inode || pressed_again(diag);
	state = sp_state_directory_open(state_directory, diag);
	if (state < 0)
		return false;
	ended = end_mark(state, state_directory, which, diag);
	close(state);
	return ended;
}
