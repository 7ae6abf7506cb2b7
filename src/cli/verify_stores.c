#include "verify_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

/* Debian's ca-certificates keeps the whole store in one file. */
#define SYSTEM_STORE "/etc/ssl/certs/ca-certificates.crt"
/* What update-ca-certificates(8) adds to it from this host alone. */
#define LOCAL_STORE "/usr/local/share/ca-certificates"

static const char *const contents[SP_STORE_PARTS] = { [SP_STORE_ANCHORS] =
							  "CA certificates",
	[SP_STORE_LOCAL] = "CA certificates",
	[SP_STORE_CRL] = "revocation lists",
	[SP_STORE_CLIENT] = "client certificate" };

static bool fail(
    char **ret_failure, enum sp_store_part part, const char *path, const char *why)
{
	if (asprintf(ret_failure, "cannot read the %s of %s: %s", contents[part], path,
		why) < 0)
		*ret_failure = NULL;
	return false;
}

/* Adds a file's bytes and a line break, so that two files never share a line.
 * 0, or errno. */
static int add_file(int directory, const char *name, struct sp_text *pem)
{
	char bytes[65536];
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = 0;
	struct stat status;
	ssize_t got;

	if (fd < 0)
		return errno;
	if (fstat(fd, &status) < 0)
		error = errno;
	else if (!S_ISREG(status.st_mode))
		error = EINVAL;
	while (!error && (got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error = errno;
		else if ((size_t)got > SP_MAX_STORE_BYTES - 1 - pem->length)
			error = EFBIG;
		else
			sp_text_add_bytes(pem, bytes, (size_t)got);
	}
	close(fd);
	sp_text_add_bytes(pem, "\n", 1);
	return error ? error : pem->failed ? ENOMEM : 0;
}

/* Every regular file, by name; what is in it and is no certificate is skipped by
 * whoever parses it. */
static int add_directory(int directory, struct sp_text *pem)
{
	struct dirent **entries = NULL;
	int count = scandirat(directory, ".", &entries, NULL, alphasort), error = 0;

	if (count < 0)
		return errno;
	for (int i = 0; i < count; i++) {
		struct stat status;

		if (!error && fstatat(directory, entries[i]->d_name, &status, 0) == 0 &&
		    S_ISREG(status.st_mode))
			error = add_file(directory, entries[i]->d_name, pem);
		free(entries[i]);
	}
	free(entries);
	return error;
}

bool sp_store_read(enum sp_store_part part, const char *path, uint8_t **ret_pem,
    size_t *ret_length, char **ret_failure)
{
	struct sp_text pem = { 0 };
	struct stat status;
	int error;

	if (!path)
		path = part == SP_STORE_LOCAL ? LOCAL_STORE : SYSTEM_STORE;
	*ret_pem = NULL;
	*ret_length = 0;
	if (stat(path, &status) < 0)
		return part == SP_STORE_LOCAL ||
		       fail(ret_failure, part, path, strerror(errno));
	if (S_ISDIR(status.st_mode)) {
		int directory = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

		error = directory < 0 ? errno : add_directory(directory, &pem);
		if (directory >= 0)
			close(directory);
	} else {
		error = add_file(AT_FDCWD, path, &pem);
	}
	if (error) {
		sp_text_free(&pem);
		return fail(ret_failure, part, path, strerror(error));
	}
	*ret_pem = (uint8_t *)pem.bytes;
	*ret_length = pem.length;
	return true;
}
