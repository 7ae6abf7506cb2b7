#include <sallyport/state.h>

#include <sallyport/floor.h>
#include <sallyport/limits.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"

#define INCOMING "incoming"
#define DEADLINE_FILE "deadline"
#define PENDING_DEADLINE "pending/" DEADLINE_FILE
#define POLICY_FILE "policy.ini"
#define DIGEST_FILE "digest"
#define DEADLINE_BYTES 159 /* five numbers and a boot id */
#define BOOT_ID_LENGTH 36
#define HEX_BYTES (2 * SP_DIGEST_BYTES)

static const char *const names[] = {
	[SP_SNAPSHOT_ACTIVE] = "active",
	[SP_SNAPSHOT_PREVIOUS] = "previous",
	[SP_SNAPSHOT_PENDING] = "pending",
};

#define ACTIVE names[SP_SNAPSHOT_ACTIVE]
#define PREVIOUS names[SP_SNAPSHOT_PREVIOUS]
#define PENDING names[SP_SNAPSHOT_PENDING]

static void digest_hex(const uint8_t digest[SP_DIGEST_BYTES], char hex[HEX_BYTES + 2])
{
	for (size_t i = 0; i < SP_DIGEST_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	memcpy(hex + HEX_BYTES, "\n", 2);
}

/* A file of a snapshot; NULL: none that can be read. */
static char *read_file(int state, enum sp_snapshot_kind kind, const char *name,
    size_t limit, size_t *ret_length)
{
	int directory =
	    openat(state, names[kind], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *bytes;

	if (directory < 0)
		return NULL;
	bytes = sp_state_file_read(directory, name, limit, ret_length);
	close(directory);
	return bytes;
}

/* Its digest alone could be right while a bad disk or a bad hand has the text:
 * the next boot would find out. */
static bool is_active(int state, const char *hex, const struct sp_policy *policy)
{
	size_t length = 0, held_length = 0, text_length = 0;
	char *digest =
	    read_file(state, SP_SNAPSHOT_ACTIVE, DIGEST_FILE, HEX_BYTES + 1, &length);
	bool same = digest && !strcmp(digest, hex);
	char *text = same ? sp_policy_print(policy, true, &text_length) : NULL;
	char *held = text ? read_file(state, SP_SNAPSHOT_ACTIVE, POLICY_FILE,
				text_length + 1, &held_length)
			  : NULL;

	same = held && held_length == text_length && !memcmp(held, text, text_length);
	free(digest);
	free(text);
	free(held);
	return same;
}

/* In the order of their removal: without its deadline nothing is pending. */
static const char *const files[] = { DEADLINE_FILE, POLICY_FILE, DIGEST_FILE };

/* A snapshot's directory holds our files and nothing else. */
static bool remove_snapshot(int state, const char *name)
{
	int directory =
	    openat(state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (directory < 0)
		return errno == ENOENT;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		unlinkat(directory, files[i], 0);
		/* And what a writer that was killed left of it. */
		sp_state_file_forget(directory, files[i]);
	}
	close(directory);
	return unlinkat(state, name, AT_REMOVEDIR) == 0;
}

static bool write_incoming(int state, const char *path, const struct sp_policy *policy,
    const char *deadline, struct sp_diag *diag)
{
	char hex[HEX_BYTES + 2];
	bool written = false;
	size_t length;
	char *text;
	int directory;

	if (!remove_snapshot(state, INCOMING) || mkdirat(state, INCOMING, 0750) < 0)
		return sp_error(
		    diag, NULL, "cannot make %s/" INCOMING ": %s", path, strerror(errno));
	directory = openat(state, INCOMING, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0 && !sp_state_give(state, directory)) {
		close(directory);
		directory = -1;
	}
	if (directory < 0)
		return sp_error(
		    diag, NULL, "cannot open %s/" INCOMING ": %s", path, strerror(errno));
	digest_hex(policy->digest, hex);
	text = sp_policy_print(policy, true, &length);
	written =
	    text ? sp_state_file_replace(
		       directory, path, POLICY_FILE, text, length, diag) &&
		       sp_state_file_replace(
			   directory, path, DIGEST_FILE, hex, strlen(hex), diag) &&
		       (!deadline || sp_state_file_replace(directory, path, DEADLINE_FILE,
					 deadline, strlen(deadline), diag))
		 : sp_out_of_memory(diag);
	free(text);
	close(directory);
	return written;
}

static bool cannot(const char *path, struct sp_diag *diag)
{
	return sp_error(
	    diag, NULL, "cannot put the snapshot into %s: %s", path, strerror(errno));
}

/* At every moment `active` is a whole snapshot: the old one or the new one. */
static bool promote(int state, const char *path, const char *from, struct sp_diag *diag)
{
	bool promoted;

	if (renameat2(state, from, state, ACTIVE, RENAME_EXCHANGE) == 0)
		promoted = remove_snapshot(state, PREVIOUS) &&
			   renameat(state, from, state, PREVIOUS) == 0;
	else
		promoted = errno == ENOENT && renameat(state, from, state, ACTIVE) == 0;
	return (promoted && fsync(state) == 0) || cannot(path, diag);
}

bool sp_snapshot_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	char hex[HEX_BYTES + 2];
	bool saved;

	if (state < 0)
		return false;
	digest_hex(policy->digest, hex);
	/* The floor first: a lockdown has to find the way in that this policy names. */
	saved = sp_floor_save(state_directory, policy, diag) &&
		(is_active(state, hex, policy) ||
		    (write_incoming(state, state_directory, policy, NULL, diag) &&
			promote(state, state_directory, INCOMING, diag)));
	if (saved && !remove_snapshot(state, PENDING))
		saved = cannot(state_directory, diag);
	close(state);
	return saved;
}

/* ---- confirmed apply ---- */

bool sp_boot_id(char ret[40])
{
	int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = -1;

	/* In no memory but the caller's: without it, a restart looks like a boot. */
	while (
	    file >= 0 && (length = read(file, ret, BOOT_ID_LENGTH)) < 0 && errno == EINTR)
		;
	if (file >= 0)
		close(file);
	ret[length == BOOT_ID_LENGTH ? BOOT_ID_LENGTH : 0] = '\0';
	return length == BOOT_ID_LENGTH;
}

/* What was pending before stays beside it, as `incoming`, until the next write. */
static bool put_pending(int state)
{
	return renameat2(state, INCOMING, state, PENDING, RENAME_EXCHANGE) == 0 ||
	       (errno == ENOENT && renameat(state, INCOMING, state, PENDING) == 0);
}

bool sp_snapshot_save_pending(const char *state_directory, const struct sp_policy *policy,
    int64_t deadline_ms, const struct sp_lockdown *under, struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	char deadline[DEADLINE_BYTES + 1], boot_id[40];
	bool first, saved;

	if (state < 0)
		return false;
	/* What cannot be looked at is taken to be there: undoing the first one takes the
	 * table away. */
	first = faccessat(state, ACTIVE, F_OK, 0) != 0 && errno == ENOENT;
	if (!sp_boot_id(boot_id)) {
		close(state);
		return sp_error(diag, NULL, "cannot read the boot id");
	}
	snprintf(deadline, sizeof(deadline), "%lld %s %d %" PRIu64 " %" PRId64 "\n",
	    (long long)deadline_ms, boot_id, first, under->inode, under->made);
	saved = write_incoming(state, state_directory, policy, deadline, diag);
	if (saved && (!put_pending(state) || fsync(state) < 0))
		saved = cannot(state_directory, diag);
	close(state);
	return saved;
}

/* In no memory but the caller's: without it, what waits would look confirmed, and its
 * guardian would go home. */
static bool read_deadline(const char *state_directory, char text[DEADLINE_BYTES + 1])
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = state < 0 ? -1
			     : openat(state, PENDING_DEADLINE,
				   O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = -1;

	while (file >= 0 && (length = read(file, text, DEADLINE_BYTES)) < 0 &&
	       errno == EINTR)
		;
	if (file >= 0)
		close(file);
	if (state >= 0)
		close(state);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

bool sp_snapshot_pending(const char *state_directory, struct sp_pending *ret)
{
	char text[DEADLINE_BYTES + 1], boot_id[40];
	long long deadline;
	int first;
	bool pending = false;

	ret->under = (struct sp_lockdown){ 0 };
	if (read_deadline(state_directory, text) &&
	    sscanf(text, "%lld %39s %d %" SCNu64 " %" SCNd64, &deadline, ret->boot_id,
		&first, &ret->under.inode, &ret->under.made) >= 3) {
		ret->deadline_ms = deadline;
		ret->first = first;
		pending = sp_boot_id(boot_id) && !strcmp(boot_id, ret->boot_id);
	}
	return pending;
}

/* Opens the state directory, does one thing to it, closes it. */
static bool with_state(const char *state_directory,
    bool (*act)(int state, const char *path, struct sp_diag *diag), struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	bool done = state >= 0 && act(state, state_directory, diag);

	if (state >= 0)
		close(state);
	return done;
}

static void forget_deadline(int state, const char *name)
{
	int directory = openat(state, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory >= 0) {
		unlinkat(directory, DEADLINE_FILE, 0);
		close(directory);
	}
}

static bool same_file(int state, const char *name)
{
	size_t length = 0, held_length = 0;
	char *text =
	    read_file(state, SP_SNAPSHOT_PENDING, name, SP_MAX_POLICY_BYTES, &length);
	char *held =
	    text ? read_file(state, SP_SNAPSHOT_ACTIVE, name, length + 1, &held_length)
		 : NULL;
	bool same = held && length == held_length && !memcmp(text, held, length);

	free(text);
	free(held);
	return same;
}

/* As when a policy is applied twice: `previous` stays the one before, or `rollback`
 * would go back to what stands. */
static bool is_active_already(int state)
{
	return same_file(state, POLICY_FILE) && same_file(state, DIGEST_FILE);
}

/* The exchange itself confirms: until then it is pending and will be undone. The
 * deadline changes places with it, so `active` must not hold one before. */
static bool confirm(int state, const char *path, struct sp_diag *diag)
{
	bool promoted;

	if (is_active_already(state))
		return remove_snapshot(state, PENDING) || cannot(path, diag);
	forget_deadline(state, ACTIVE);
	promoted = promote(state, path, PENDING, diag);
	if (promoted)
		forget_deadline(state, ACTIVE);
	return promoted;
}

static bool discard(int state, const char *path, struct sp_diag *diag)
{
	return remove_snapshot(state, PENDING) || cannot(path, diag);
}

static bool withdraw(int state, const char *path, struct sp_diag *diag)
{
	if (faccessat(state, INCOMING "/" DEADLINE_FILE, F_OK, 0) < 0)
		return errno == ENOENT ? discard(state, path, diag) : cannot(path, diag);
	return (renameat2(state, INCOMING, state, PENDING, RENAME_EXCHANGE) == 0 &&
		   remove_snapshot(state, INCOMING)) ||
	       cannot(path, diag);
}

static bool swap(int state, const char *path, struct sp_diag *diag)
{
	if (renameat2(state, ACTIVE, state, PREVIOUS, RENAME_EXCHANGE) == 0)
		return fsync(state) == 0 || cannot(path, diag);
	return errno == ENOENT
		   ? sp_error(diag, NULL, "there is no previous snapshot in %s", path)
		   : cannot(path, diag);
}

bool sp_snapshot_confirm(const char *state_directory, struct sp_diag *diag)
{
	return with_state(state_directory, confirm, diag);
}

bool sp_snapshot_discard(const char *state_directory, struct sp_diag *diag)
{
	return with_state(state_directory, discard, diag);
}

bool sp_snapshot_withdraw(const char *state_directory, struct sp_diag *diag)
{
	return with_state(state_directory, withdraw, diag);
}

bool sp_snapshot_swap(const char *state_directory, struct sp_diag *diag)
{
	return with_state(state_directory, swap, diag);
}

enum sp_snapshot_kind sp_snapshot_in_force(const char *state_directory)
{
	struct sp_pending pending;

	return sp_snapshot_pending(state_directory, &pending) ? SP_SNAPSHOT_PENDING
							      : SP_SNAPSHOT_ACTIVE;
}

/* ---- reading ---- */

static int hex_value(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
					      : -1;
}

bool sp_snapshot_digest(
    const char *state_directory, enum sp_snapshot_kind kind, uint8_t ret[SP_DIGEST_BYTES])
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t length = 0;
	char *hex;
	bool whole;

	if (state < 0)
		return false;
	hex = read_file(state, kind, DIGEST_FILE, HEX_BYTES + 1, &length);
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

int64_t sp_snapshot_time(const char *state_directory)
{
	char *path = sp_snapshot_path(state_directory, SP_SNAPSHOT_ACTIVE);
	struct stat status;
	int64_t written = path && stat(path, &status) == 0 ? status.st_mtime : 0;

	free(path);
	return written;
}

char *sp_snapshot_path(const char *state_directory, enum sp_snapshot_kind kind)
{
	char *path;

	return asprintf(&path, "%s/%s/" POLICY_FILE, state_directory, names[kind]) < 0
		   ? NULL
		   : path;
}
