#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_MODE 0750
#define FILE_MODE 0640
#define NAME_BYTES 256
/* How many may be writing one file at once: the enforcer and some commands. */
#define WRITERS 8

bool sp_state_give(int directory, int made)
{
	struct stat status;

	if (geteuid() != 0)
		return true;
	return fstat(directory, &status) == 0 &&
	       (status.st_uid == 0 || fchown(made, status.st_uid, status.st_gid) == 0);
}

static bool make_one(const char *path)
{
	int made, parent;
	bool given;

	if (mkdir(path, DIRECTORY_MODE) < 0)
		return errno == EEXIST;
	made = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0)
		return false;
	parent = openat(made, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	given = parent >= 0 && sp_state_give(parent, made);
	if (parent >= 0)
		close(parent);
	close(made);
	return given;
}

static bool make_parents(const char *path)
{
	char *copy = strdup(path);
	bool made = copy != NULL;

	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash && made;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		made = make_one(copy);
		*slash = '/';
	}
	free(copy);
	return made && make_one(path);
}

int sp_state_directory_open(const char *path, struct sp_diag *diag)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0 && errno == ENOENT && make_parents(path))
		directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		sp_error(diag, NULL, "cannot open or make the directory %s: %s%s", path,
		    strerror(errno), errno == EACCES ? " (run as root)" : "");
	return directory;
}

static bool write_all(int file, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(file, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static void temporary_name(char ret[NAME_BYTES], const char *name, unsigned number)
{
	if (number)
		snprintf(ret, NAME_BYTES, ".%s.new.%u", name, number);
	else
		snprintf(ret, NAME_BYTES, ".%s.new", name);
}

/* Locked, and still what the name stands for: another writer may have given it its
 * real name since. */
static bool is_taken(int directory, const char *name, int file)
{
	struct stat opened, named;

	return (flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	       fstat(file, &opened) == 0 &&
	       fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Evidence and the mark of a lockdown are written without the lock. Two who shared a
 * temporary would have the bytes of both in it, and one of them no file to rename. Who
 * was killed leaves one that the next one takes, unless it was root's, before it was
 * given away; for nobody is waited. */
static int take_temporary(int directory, const char *name, char ret_name[NAME_BYTES])
{
	int reason = EBUSY;

	for (unsigned i = 0; i < WRITERS; i++) {
		int file;

		temporary_name(ret_name, name, i);
		file = openat(directory, ret_name,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
		if (file < 0 && errno != EACCES)
			return -1;
		if (file < 0) {
			reason = EACCES;
			continue;
		}
		if (is_taken(directory, ret_name, file))
			return file;
		close(file);
	}
	errno = reason;
	return -1;
}

void sp_state_file_forget(int directory, const char *name)
{
	char temporary[NAME_BYTES];

	temporary_name(temporary, name, 0);
	unlinkat(directory, temporary, 0);
}

/* It is held until it has its name. */
static bool write_and_name(int directory, int file, const char *temporary,
    const char *name, const void *bytes, size_t length)
{
	return ftruncate(file, 0) == 0 && sp_state_give(directory, file) &&
	       write_all(file, bytes, length) && fsync(file) == 0 &&
	       renameat(directory, temporary, directory, name) == 0;
}

bool sp_state_file_replace(int directory, const char *path, const char *name,
    const void *bytes, size_t length, struct sp_diag *diag)
{
	char temporary[NAME_BYTES];
	int file = take_temporary(directory, name, temporary);
	bool replaced =
	    file >= 0 && write_and_name(directory, file, temporary, name, bytes, length);

	if (!replaced)
		sp_error(
		    diag, NULL, "cannot write %s/%s: %s", path, name, strerror(errno));
	if (!replaced && file >= 0)
		unlinkat(directory, temporary, 0);
	if (file >= 0)
		close(file);
	if (replaced && fsync(directory) < 0)
		return sp_error(
		    diag, NULL, "cannot write %s/%s: %s", path, name, strerror(errno));
	return replaced;
}

static char *read_all(int file, size_t limit, size_t *ret_length)
{
	char *bytes = malloc(limit + 1);
	size_t length = 0;

	while (bytes && length < limit) {
		ssize_t got = read(file, bytes + length, limit - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(bytes);
			return NULL;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (bytes)
		bytes[length] = '\0';
	*ret_length = length;
	return bytes;
}

char *sp_state_file_read(
    int directory, const char *name, size_t limit, size_t *ret_length)
{
	int file =
	    openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *bytes = NULL;
	struct stat status;

	if (file < 0)
		return NULL;
	if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
		bytes = read_all(file, limit, ret_length);
	close(file);
	return bytes;
}
