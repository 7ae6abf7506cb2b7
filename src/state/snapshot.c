#include <sallyport/state.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"

#define ACTIVE "active"
#define PREVIOUS "previous"
#define INCOMING "incoming"
#define POLICY_FILE "policy.ini"
#define DIGEST_FILE "digest"
#define HEX_BYTES (2 * SP_DIGEST_BYTES)

static void digest_hex(const uint8_t digest[SP_DIGEST_BYTES], char hex[HEX_BYTES + 2])
{
	for (size_t i = 0; i < SP_DIGEST_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	memcpy(hex + HEX_BYTES, "\n", 2);
}

static bool is_active(int state, const char *hex)
{
	size_t length = 0;
	char *held =
	    sp_state_file_read(state, ACTIVE "/" DIGEST_FILE, HEX_BYTES + 1, &length);
	bool same = held && !strcmp(held, hex);

	free(held);
	return same;
}

/* A snapshot's directory holds our two files and nothing else. */
static bool remove_snapshot(int state, const char *name)
{
	int directory =
	    openat(state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (directory < 0)
		return errno == ENOENT;
	unlinkat(directory, POLICY_FILE, 0);
	unlinkat(directory, DIGEST_FILE, 0);
	close(directory);
	return unlinkat(state, name, AT_REMOVEDIR) == 0;
}

static bool write_incoming(int state, const char *path, const char *text, size_t length,
    const char *hex, struct sp_diag *diag)
{
	bool written = false;
	int directory;

	if (!remove_snapshot(state, INCOMING) || mkdirat(state, INCOMING, 0750) < 0)
		return sp_error(
		    diag, NULL, "cannot make %s/" INCOMING ": %s", path, strerror(errno));
	directory = openat(state, INCOMING, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return sp_error(
		    diag, NULL, "cannot open %s/" INCOMING ": %s", path, strerror(errno));
	written =
	    sp_state_file_replace(directory, path, POLICY_FILE, text, length, diag) &&
	    sp_state_file_replace(directory, path, DIGEST_FILE, hex, strlen(hex), diag);
	close(directory);
	return written;
}

/* At every moment `active` is a whole snapshot: the old one or the new one. */
static bool promote(int state, const char *path, struct sp_diag *diag)
{
	bool promoted;

	if (renameat2(state, INCOMING, state, ACTIVE, RENAME_EXCHANGE) == 0)
		promoted = remove_snapshot(state, PREVIOUS) &&
			   renameat(state, INCOMING, state, PREVIOUS) == 0;
	else
		promoted =
		    errno == ENOENT && renameat(state, INCOMING, state, ACTIVE) == 0;
	if (!promoted || fsync(state) < 0)
		return sp_error(diag, NULL, "cannot put the snapshot into %s: %s", path,
		    strerror(errno));
	return true;
}

bool sp_snapshot_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	char hex[HEX_BYTES + 2];
	bool saved = true;
	size_t length;
	char *text;

	if (state < 0)
		return false;
	digest_hex(policy->digest, hex);
	if (!is_active(state, hex)) {
		text = sp_policy_print(policy, true, &length);
		saved = text ? write_incoming(
				   state, state_directory, text, length, hex, diag) &&
				   promote(state, state_directory, diag)
			     : sp_out_of_memory(diag);
		free(text);
	}
	close(state);
	return saved;
}

static int hex_value(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
					      : -1;
}

bool sp_snapshot_digest(const char *state_directory, uint8_t ret[SP_DIGEST_BYTES])
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *hex = NULL;
	size_t length = 0;
	bool whole;

	if (state < 0)
		return false;
	hex = sp_state_file_read(state, ACTIVE "/" DIGEST_FILE, HEX_BYTES + 1, &length);
	close(state);
	whole = hex && length == HEX_BYTES + 1;
	for (size_t i = 0; i < SP_DIGEST_BYTES && whole; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		whole = high >= 0 && low >= 0;
		ret[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
	}
	free(hex);
	return whole;
}

char *sp_snapshot_path(const char *state_directory)
{
	char *path;

	return asprintf(&path, "%s/" ACTIVE "/" POLICY_FILE, state_directory) < 0 ? NULL
										  : path;
}
