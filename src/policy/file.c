#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

/* The path once: it may be the very file that the location names. */
static bool unreadable(const char *path, const char *what,
    const struct sp_location *blame, struct sp_diag *diag)
{
	bool named = blame && blame->file && !strcmp(blame->file, path);

	return sp_error(diag, blame, "cannot read the %s%s%s: %s", what, named ? "" : " ",
	    named ? "" : path, strerror(errno));
}

static int open_checked(const char *path, size_t limit, const char *what, bool directory,
    const struct sp_location *blame, struct stat *ret, struct sp_diag *diag)
{
	/* O_NONBLOCK: opening a FIFO returns at once, and fstat then tells. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (descriptor < 0) {
		unreadable(path, what, blame, diag);
		return -1;
	}
	if (fstat(descriptor, ret) < 0)
		unreadable(path, what, blame, diag);
	else if (!S_ISREG(ret->st_mode) && !(directory && S_ISDIR(ret->st_mode)))
		sp_error(diag, blame, "%s is %s: the %s has to be a regular file%s", path,
		    kind_of(ret->st_mode), what, directory ? " or a directory" : "");
	else if (S_ISREG(ret->st_mode) && (uintmax_t)ret->st_size > limit)
		sp_error(diag, blame, "%s is %ju bytes long: a %s has at most %zu", path,
		    (uintmax_t)ret->st_size, what, limit);
	else
		return descriptor;
	close(descriptor);
	return -1;
}

/* Reads to the end; one byte more than `limit` means that the file grew. The
 * size that fstat told is a hint only: /proc says 0. */
static bool read_all(int descriptor, size_t hint, size_t limit, struct sp_file *file)
{
	size_t capacity = hint + 1;

	file->bytes = malloc(capacity);
	while (file->bytes) {
		ssize_t got;

		if (file->length == capacity) {
			char *grown = realloc(file->bytes, capacity *= 2);

			if (!grown)
				break;
			file->bytes = grown;
		}
		got =
		    read(descriptor, file->bytes + file->length, capacity - file->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			return true;
		file->length += (size_t)got;
		if (file->length > limit) {
			errno = EFBIG;
			return false;
		}
	}
	errno = ENOMEM;
	return false;
}

bool sp_file_read(const char *path, size_t limit, const char *what,
    const struct sp_location *blame, struct sp_file *ret, struct sp_diag *diag)
{
	struct sp_file file = { 0 };
	struct stat status;
	int descriptor = open_checked(path, limit, what, false, blame, &status, diag);
	bool done;

	if (descriptor < 0)
		return false;
	done = read_all(descriptor, (size_t)status.st_size, limit, &file);
	if (!done) {
		unreadable(path, what, blame, diag);
		free(file.bytes);
	} else {
		file.device = status.st_dev;
		file.inode = status.st_ino;
		*ret = file;
	}
	close(descriptor);
	return done;
}

bool sp_file_usable(const char *path, size_t limit, bool directory, const char *what,
    const struct sp_location *blame, struct sp_diag *diag)
{
	struct stat status;
	int descriptor = open_checked(path, limit, what, directory, blame, &status, diag);

	if (descriptor < 0)
		return false;
	close(descriptor);
	return true;
}

char *sp_path_beside(const char *from, struct sp_slice path)
{
	const char *slash = strrchr(from, '/');
	char *joined = NULL;

	if ((path.length && path.text[0] == '/') || !slash)
		return strndup(path.text, path.length);
	if (asprintf(&joined, "%.*s%.*s", (int)(slash - from + 1), from, (int)path.length,
		path.text) < 0)
		return NULL;
	return joined;
}

char *sp_path_absolute(const char *from, struct sp_slice path)
{
	char *beside = sp_path_beside(from, path), *directory, *joined = NULL;

	if (!beside || beside[0] == '/')
		return beside;
	directory = getcwd(NULL, 0);
	if (!directory || asprintf(&joined, "%s/%s", directory, beside) < 0)
		joined = NULL;
	free(directory);
	free(beside);
	return joined;
}
