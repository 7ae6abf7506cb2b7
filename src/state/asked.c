/* Was anything ever asked for here? A host on which nobody has applied a policy is
 * left as it is; one whose snapshot is lost is shut. So what cannot be looked at
 * counts as there. */
#include <sallyport/state.h>

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whatever stands for a policy that was put in force to stay. A first apply that
 * nobody confirmed leaves `pending` alone, and evidence. */
static const char *const traces[] = { "active", "previous", "floor", "lockdown" };

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return length > 1 && !strncmp(path, directory, length) &&
	       (path[length] == '/' || path[length] == '\0');
}

static bool is_mounted(const char *directory)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[4096];
	bool found = false;

	while (mounts && !found && getmntent_r(mounts, &entry, line, sizeof(line)))
		found = !strcmp(entry.mnt_dir, directory);
	if (mounts)
		endmntent(mounts);
	return found;
}

/* An empty directory where fstab(5) has a file system that is not there is no
 * empty state. (Mount units of their own are not looked at.) */
static bool lacks_mount(const char *path)
{
	FILE *fstab = setmntent("/etc/fstab", "re");
	struct mntent entry;
	char line[4096];
	bool lacks = false;

	while (fstab && !lacks && getmntent_r(fstab, &entry, line, sizeof(line)))
		lacks = is_below(path, entry.mnt_dir) && !is_mounted(entry.mnt_dir);
	if (fstab)
		endmntent(fstab);
	return lacks;
}

static bool may_exist(int directory, const char *name)
{
	return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

bool sp_state_was_asked(const char *state_directory)
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool absent = state < 0 && errno == ENOENT;
	bool asked = lacks_mount(state_directory);

	if (state < 0)
		return asked || !absent;
	for (size_t i = 0; i < sizeof(traces) / sizeof(*traces) && !asked; i++)
		asked = may_exist(state, traces[i]);
	close(state);
	return asked;
}
