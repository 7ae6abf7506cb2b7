/* Everything that writes state, with each of its calls failing in turn: it says so, what
 * is active is whole, and the same thing done again comes out right. What reads it says
 * that nothing is known, or the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sallyport/evidence.h>
#include <sallyport/floor.h>
#include <sallyport/state.h>

#include <sys/file.h>

#include "failing.h"
/* Thousands of writes that are waited for. */
#define FOLDER_IN "/dev/shm"
#include "policy_files.h"

FAILING(void *, malloc, NULL, ENOMEM, (size_t size), (size))
FAILING(void *, calloc, NULL, ENOMEM, (size_t count, size_t size), (count, size))
FAILING(void *, realloc, NULL, ENOMEM, (void *old, size_t size), (old, size))
FAILING(char *, strdup, NULL, ENOMEM, (const char *text), (text))
FAILING(int, mkdir, -1, failing_with, (const char *path, mode_t mode), (path, mode))
FAILING(int, mkdirat, -1, failing_with, (int at, const char *path, mode_t mode),
    (at, path, mode))
FAILING(ssize_t, read, -1, failing_with, (int fd, void *bytes, size_t size),
    (fd, bytes, size))
FAILING(ssize_t, write, -1, failing_with, (int fd, const void *bytes, size_t size),
    (fd, bytes, size))
FAILING(int, fsync, -1, failing_with, (int fd), (fd))
FAILING(int, ftruncate, -1, failing_with, (int fd, off_t length), (fd, length))
FAILING(int, fstat, -1, failing_with, (int fd, struct stat *status), (fd, status))
FAILING(int, fstatat, -1, failing_with,
    (int at, const char *path, struct stat *status, int flags), (at, path, status, flags))
FAILING(int, faccessat, -1, failing_with, (int at, const char *path, int mode, int flags),
    (at, path, mode, flags))
FAILING(int, renameat, -1, failing_with,
    (int from, const char *old, int to, const char *new), (from, old, to, new))
FAILING(int, renameat2, -1, failing_with,
    (int from, const char *old, int to, const char *new, unsigned flags),
    (from, old, to, new, flags))
FAILING(int, unlinkat, -1, failing_with, (int at, const char *path, int flags),
    (at, path, flags))
FAILING(int, flock, -1, failing_with, (int fd, int operation), (fd, operation))

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return fails_with(failing_with) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return fails_with(failing_with) ? -1 : __real_openat(at, path, flags, mode);
}

int __wrap_asprintf(char **ret, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list arguments;
	int length;

	if (fails_with(ENOMEM))
		return -1;
	va_start(arguments, format);
	length = vasprintf(ret, format, arguments);
	va_end(arguments);
	return length;
}

/* The same, as _FORTIFY_SOURCE has it. */
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list arguments;
	int length;

	(void)flag;
	if (fails_with(ENOMEM))
		return -1;
	va_start(arguments, format);
	length = vasprintf(ret, format, arguments);
	va_end(arguments);
	return length;
}

/* ---- a state with an active snapshot, and a previous one ---- */

enum { OLDER, OLD, NEW, NEWEST, POLICIES };

static struct sp_policy *policies[POLICIES];
static char *texts[POLICIES]; /* as they are kept */
static char state[96], run[96];
static const struct sp_lockdown no_lockdown;

static int make_policies(void **unused)
{
	char text[160];
	size_t length;

	if (make_folder(unused) < 0)
		return -1;
	for (int i = 0; i < POLICIES; i++) {
		snprintf(text, sizeof(text),
		    "[policy]\nversion = 1\nlockdown = ssh\n[service ssh]\n"
		    "from = 10.0.0.%d\n[addresses bad]\nelements = 10.9.0.0/16\n"
		    "action = block\n",
		    i + 1);
		policies[i] = read_text(text);
		texts[i] = sp_policy_print(policies[i], true, &length);
	}
	snprintf(state, sizeof(state), "%s/var/state", folder);
	snprintf(run, sizeof(run), "%s/run", folder);
	return 0;
}

static int forget_policies(void **unused)
{
	for (int i = 0; i < POLICIES; i++) {
		sp_policy_free(policies[i]);
		free(texts[i]);
	}
	return remove_folder(unused);
}

static void remove_tree(const char *path)
{
	if (access(path, F_OK) == 0)
		assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void must(bool done, struct sp_diag *diag)
{
	if (!done)
		fail_msg("%s", diag->length ? diag->items[0].message : "nothing said");
	sp_diag_free(diag);
}

static void nothing(void)
{
	char above[96];

	snprintf(above, sizeof(above), "%s/var", folder);
	remove_tree(above);
	remove_tree(run);
}

static void save(int which)
{
	struct sp_diag diag = { 0 };

	must(sp_snapshot_save(state, policies[which], &diag), &diag);
}

static void save_pending(int which)
{
	struct sp_diag diag = { 0 };

	must(sp_snapshot_save_pending(state, policies[which], 5000, &no_lockdown, &diag),
	    &diag);
}

static void old(void)
{
	nothing();
	save(OLDER);
	save(OLD);
}

static void new_pending(void)
{
	old();
	save_pending(NEW);
}

static void old_pending(void)
{
	old();
	save_pending(OLD);
}

static void newest_pending(void)
{
	new_pending();
	save_pending(NEWEST);
}

static void locked_down(void)
{
	struct sp_diag diag = { 0 };

	old();
	must(sp_lockdown_set(state, &diag), &diag);
}

static void opened(void)
{
	struct sp_diag diag = { 0 };

	nothing();
	must(sp_opened_set(run, true, &diag), &diag);
}

/* Are the snapshot's files those of this policy? */
static bool is_held(enum sp_snapshot_kind kind, int which)
{
	uint8_t digest[SP_DIGEST_BYTES];
	char *path = sp_snapshot_path(state, kind), text[4096];
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof(text), file) : 0;
	bool same = length == strlen(texts[which]) && !memcmp(text, texts[which], length);

	if (file)
		fclose(file);
	free(path);
	/* Half removed, it is none. */
	if (!same || !sp_snapshot_digest(state, kind, digest))
		return false;
	assert_memory_equal(digest, policies[which]->digest, sizeof(digest));
	return true;
}

/* The policy of a snapshot that is whole; -1: there is none. */
static int held(enum sp_snapshot_kind kind)
{
	for (int i = 0; i < POLICIES; i++)
		if (is_held(kind, i))
			return i;
	return -1;
}

/* ---- what is done to it ---- */

static bool saves(struct sp_diag *diag)
{
	return sp_snapshot_save(state, policies[NEW], diag);
}

static bool is_saved(void)
{
	struct sp_pending pending;

	return held(SP_SNAPSHOT_ACTIVE) == NEW && held(SP_SNAPSHOT_PREVIOUS) == OLD &&
	       !sp_snapshot_pending(state, &pending);
}

static bool is_saved_alone(void)
{
	return held(SP_SNAPSHOT_ACTIVE) == NEW;
}

static bool saves_again(struct sp_diag *diag)
{
	return sp_snapshot_save(state, policies[OLD], diag);
}

/* `previous` is what stood where that could not be read, and was written anew. */
static bool is_old(void)
{
	return held(SP_SNAPSHOT_ACTIVE) == OLD && held(SP_SNAPSHOT_PENDING) < 0;
}

static bool saves_pending(struct sp_diag *diag)
{
	return sp_snapshot_save_pending(state, policies[NEW], 5000, &no_lockdown, diag);
}

static bool is_pending(void)
{
	struct sp_pending pending;

	return sp_snapshot_pending(state, &pending) && !pending.first &&
	       pending.deadline_ms == 5000 && held(SP_SNAPSHOT_PENDING) == NEW &&
	       held(SP_SNAPSHOT_ACTIVE) == OLD;
}

static bool confirms(struct sp_diag *diag)
{
	return sp_snapshot_confirm(state, diag);
}

static bool is_still_old(void)
{
	return is_old() && held(SP_SNAPSHOT_PREVIOUS) == OLDER &&
	       held(SP_SNAPSHOT_PENDING) < 0;
}

static bool discards(struct sp_diag *diag)
{
	return sp_snapshot_discard(state, diag);
}

static bool withdraws(struct sp_diag *diag)
{
	return sp_snapshot_withdraw(state, diag);
}

static bool swaps(struct sp_diag *diag)
{
	return sp_snapshot_swap(state, diag);
}

static bool is_swapped(void)
{
	return held(SP_SNAPSHOT_ACTIVE) == OLDER && held(SP_SNAPSHOT_PREVIOUS) == OLD;
}

static bool locks_down(struct sp_diag *diag)
{
	return sp_lockdown_set(state, diag);
}

static bool is_locked_down(void)
{
	return sp_lockdown_is_set(state);
}

static bool ends_lockdown(struct sp_diag *diag)
{
	struct sp_lockdown mark = sp_lockdown_mark(state);

	return sp_lockdown_end(state, &mark, diag);
}

static bool is_not_locked_down(void)
{
	return !sp_lockdown_is_set(state);
}

static bool opens(struct sp_diag *diag)
{
	return sp_opened_set(run, true, diag);
}

static bool is_opened(void)
{
	return sp_opened_is_set(run);
}

static bool shuts(struct sp_diag *diag)
{
	return sp_opened_set(run, false, diag);
}

static bool is_shut(void)
{
	return !sp_opened_is_set(run);
}

static bool remembers(struct sp_diag *diag)
{
	static struct sp_committed_set sets[] = {
		{ .name = "office", .digest = { 7, 8 }, .count = 5000 },
		{ .name = "bad", .digest = { 9, 10 }, .count = 6000 }
	};
	struct sp_committed committed = { .generation = 42, .sets = { sets, 2, 2 } };

	return sp_committed_save(run, 99, &committed, diag);
}

static bool is_remembered(void)
{
	struct sp_committed committed;
	bool known = sp_committed_load(run, 99, &committed) &&
		     committed.generation == 42 && committed.sets.length == 2 &&
		     committed.sets.items[1].digest[1] == 10;

	sp_committed_free(&committed);
	return known;
}

static bool locks(struct sp_diag *diag)
{
	int lock = sp_state_lock(run, 0, NULL, diag);

	if (lock >= 0)
		close(lock);
	return lock >= 0;
}

static bool nothing_more(void)
{
	return true;
}

static bool keeps_evidence(struct sp_diag *diag)
{
	const struct sp_evidence evidence = { .protocol = SP_TCP,
		.port = 443,
		.outcome = (char *)"pass",
		.reason = (char *)"caf\xe9",
		.checked = 7 };

	return sp_evidence_save(state, &evidence, diag);
}

static bool is_evident(void)
{
	struct sp_evidence evidence;
	bool known = sp_evidence_load(state, SP_TCP, 443, &evidence) &&
		     evidence.checked == 7 && !strcmp(evidence.outcome, "pass");

	sp_evidence_clear(&evidence);
	return known;
}

static bool notes_override(struct sp_diag *diag)
{
	const struct sp_override_note note = {
		.port = 443, .reason = (char *)"a reason", .until = 9, .uid = 1000
	};

	return sp_override_note_save(state, &note, diag);
}

static bool is_noted(void)
{
	struct sp_override_note note;
	bool known = sp_override_note_load(state, 443, &note) && note.until == 9 &&
		     note.uid == 1000;

	free(note.reason);
	return known;
}

static bool notes_drift(struct sp_diag *diag)
{
	return sp_drift_note_save(
	    run, &(struct sp_drift_note){ .count = 3, .writer = "nft" }, diag);
}

static bool drift_is_noted(void)
{
	struct sp_drift_note note = sp_drift_note_load(run);

	return note.count == 3 && !strcmp(note.writer, "nft");
}

static const struct operation {
	const char *name;
	void (*before)(void);
	bool (*act)(struct sp_diag *diag);
	bool (*done)(void);
	bool (*done_after)(void); /* a failure; `previous` is not promised then */
	unsigned calls;		  /* at least */
} operations[] = {
	{ "save", old, saves, is_saved, is_saved_alone, 40 },
	{ "save over what is pending", newest_pending, saves, is_saved, is_saved_alone,
	    40 },
	{ "save the first one", nothing, saves, is_saved_alone, is_saved_alone, 30 },
	{ "save what stands", old, saves_again, is_old, is_old, 15 },
	{ "save pending", old, saves_pending, is_pending, is_pending, 30 },
	{ "save pending over another", newest_pending, saves_pending, is_pending,
	    is_pending, 30 },
	{ "confirm", new_pending, confirms, is_saved, is_saved_alone, 20 },
	{ "confirm what stands", old_pending, confirms, is_old, is_old, 15 },
	{ "discard", new_pending, discards, is_still_old, is_still_old, 5 },
	{ "withdraw", newest_pending, withdraws, is_pending, is_pending, 5 },
	{ "withdraw the only one", new_pending, withdraws, is_still_old, is_still_old,
	    5 },
	{ "swap", old, swaps, is_swapped, is_swapped, 3 },
	{ "lock down", old, locks_down, is_locked_down, is_locked_down, 6 },
	{ "lock down again", locked_down, locks_down, is_locked_down, is_locked_down, 6 },
	{ "end a lockdown", locked_down, ends_lockdown, is_not_locked_down,
	    is_not_locked_down, 5 },
	{ "open", nothing, opens, is_opened, is_opened, 6 },
	{ "shut", opened, shuts, is_shut, is_shut, 1 },
	{ "remember", nothing, remembers, is_remembered, is_remembered, 6 },
	{ "lock", nothing, locks, nothing_more, nothing_more, 3 },
	{ "keep evidence", nothing, keeps_evidence, is_evident, is_evident, 6 },
	{ "note an override", nothing, notes_override, is_noted, is_noted, 6 },
	{ "note drift", nothing, notes_drift, drift_is_noted, drift_is_noted, 6 },
};

/* Which snapshots may be active after the operation, done or not. */
static void check_active(const struct operation *operation, int before)
{
	int active = held(SP_SNAPSHOT_ACTIVE);

	if (active != before && active != NEW && active != OLDER)
		fail_msg("%s: active is %d, was %d", operation->name, active, before);
	if (active == OLDER)
		assert_int_equal(before, OLD); /* swapped */
}

static unsigned try_each(const struct operation *operation, int error)
{
	unsigned points = 0;

	FOR_EACH_FAILURE(error)
	{
		struct sp_diag diag = { 0 };
		bool done;
		int before;

		operation->before();
		before = held(SP_SNAPSHOT_ACTIVE);
		BEGIN_FAILING();
		done = operation->act(&diag);
		END_FAILING();
		points += failing_was_met;
		if (done != (diag.errors == 0) || (!failing_was_met && !done))
			fail_msg("%s, call %u, %s: %s, and %zu errors", operation->name,
			    failing_number, strerror(error), done ? "done" : "failed",
			    diag.errors);
		if (done && !operation->done())
			fail_msg("%s, call %u, %s: said to be done", operation->name,
			    failing_number, strerror(error));
		sp_diag_free(&diag);
		check_active(operation, before);
		if (!operation->done_after() &&
		    !(operation->act(&diag) && operation->done_after()))
			fail_msg("%s, call %u, %s: not done by the next one: %s",
			    operation->name, failing_number, strerror(error),
			    diag.length ? diag.items[0].message : "");
		sp_diag_free(&diag);
	}
	return points;
}

static void test_operations(void **unused)
{
	static const int errors[] = { EIO, EACCES, EINTR };

	(void)unused;
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		for (size_t e = 0; e < sizeof(errors) / sizeof(*errors); e++) {
			unsigned points = try_each(&operations[i], errors[e]);

			if (points < operations[i].calls)
				fail_msg("%s: only %u calls", operations[i].name, points);
		}
	nothing();
}

/* ---- what is read ---- */

/* True: what is known is right. */
static bool knows_digest(void)
{
	uint8_t digest[SP_DIGEST_BYTES];
	bool known = sp_snapshot_digest(state, SP_SNAPSHOT_ACTIVE, digest);

	if (known)
		assert_memory_equal(digest, policies[OLD]->digest, sizeof(digest));
	return known;
}

static bool knows_path(void)
{
	char *path = sp_snapshot_path(state, SP_SNAPSHOT_ACTIVE);
	bool known = path && strstr(path, "/active/policy.ini");

	free(path);
	return known;
}

static bool knows_time(void)
{
	return sp_snapshot_time(state) > 0;
}

static bool knows_pending(void)
{
	struct sp_pending pending;

	return sp_snapshot_pending(state, &pending) && pending.deadline_ms == 5000;
}

static const struct {
	const char *name;
	void (*before)(void);
	bool (*act)(struct sp_diag *diag); /* or NULL: what is read is there */
	bool (*known)(void);
} readers[] = {
	{ "digest", old, NULL, knows_digest },
	{ "path", old, NULL, knows_path },
	{ "time", old, NULL, knows_time },
	{ "pending", new_pending, NULL, knows_pending },
	{ "opened", opened, NULL, is_opened },
	{ "evidence", nothing, keeps_evidence, is_evident },
	{ "override", nothing, notes_override, is_noted },
	{ "drift", nothing, notes_drift, drift_is_noted },
	{ "committed", nothing, remembers, is_remembered },
};

/* Without a call that fails it is known; with one, it may be. */
static void test_readers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		struct sp_diag diag = { 0 };
		unsigned unknown = 0;

		readers[i].before();
		if (readers[i].act)
			must(readers[i].act(&diag), &diag);
		FOR_EACH_FAILURE(EIO)
		{
			bool known;

			BEGIN_FAILING();
			known = readers[i].known();
			END_FAILING();
			unknown += !known;
			if (!known && !failing_was_met)
				fail_msg("%s is not known", readers[i].name);
		}
		if (!unknown)
			fail_msg("%s: nothing failed", readers[i].name);
	}
	nothing();
}

/* Who cannot look is locked down, and with a mark that ends no other. */
static void test_lockdown_that_cannot_be_read(void **unused)
{
	struct sp_lockdown set, seen;
	unsigned points = 0;

	(void)unused;
	locked_down();
	set = sp_lockdown_mark(state);
	FOR_EACH_FAILURE(EIO)
	{
		bool locked;

		BEGIN_FAILING();
		locked = sp_lockdown_is_set(state);
		END_FAILING();
		assert_true(locked);
		points += failing_was_met;
		BEGIN_FAILING();
		seen = sp_lockdown_mark(state);
		END_FAILING();
		if (failing_was_met) {
			struct sp_diag diag = { 0 };

			assert_false(sp_lockdown_same(&seen, &set));
			assert_false(sp_lockdown_end(state, &seen, &diag));
			assert_string_equal(diag.items[0].message,
			    "locked down meanwhile: only the floor stands");
			sp_diag_free(&diag);
		} else {
			assert_true(sp_lockdown_same(&seen, &set));
		}
		assert_true(sp_lockdown_is_set(state));
		failing_was_met = failing_number < 4;
	}
	assert_true(points >= 2);
	nothing();
	assert_false(sp_lockdown_is_set(state));
}

/* ---- the floor ---- */

#define FLOOR                                                           \
	"mode audit\nicmp minimal\n"                                    \
	"allow tcp 22-22 from 10.0.0.0/8 to 192.0.2.1 interface eth0\n" \
	"allow tcp 22-22 from 10.0.0.0/8 to 192.0.2.1 interface eth1\n" \
	"allow udp 51820-51820 from any to 192.0.2.1 interface any\n"   \
	"allow udp 51820-51820 from any to 2001:db8::1 interface any\n" \
	"block tcp 22-22 from 10.9.0.0/16 to any interface any\n"       \
	"block udp 51820-51820 from 203.0.113.9 to any interface any\n" \
	"deny 198.51.100.0/24\n"

static void test_floor_is_what_was_said(void **unused)
{
	struct sp_policy *policy = read_text(
	    "[policy]\nversion = 1\nmode = audit\nicmp = minimal\n"
	    "lockdown = ssh, vpn\n"
	    "[addresses bad]\nelements = 198.51.100.0/24\naction = block\n"
	    "[service ssh]\nfrom = 10.0.0.0/8\nto = 192.0.2.1\ninterface = eth0, eth1\n"
	    "[service vpn]\nport = 51820\nprotocol = udp\ntls = none\nto = 192.0.2.1, "
	    "2001:db8::1\n"
	    "[service no-ssh]\nuse = ssh\nfrom = 10.9.0.0/16\naction = block\n"
	    "[service no-vpn]\nport = 51820\nprotocol = udp\ntls = none\nfrom = "
	    "203.0.113.9\n"
	    "action = block\n");
	struct sp_diag diag = { 0 };
	char path[128], *text;

	(void)unused;
	nothing();
	must(sp_floor_save(state, policy, &diag), &diag);
	snprintf(path, sizeof(path), "%s/floor", state);
	text = load_file(path);
	assert_string_equal(text, FLOOR);
	free(text);
	sp_policy_free(policy);
	nothing();
}

static void write_floor(const char *text)
{
	char path[128];

	nothing();
	snprintf(path, sizeof(path), "%s/var", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mkdir(state, 0700), 0);
	free(write_text("var/state/floor", text));
}

static void check_floor(const struct sp_policy *floor)
{
	struct sp_range denied;
	char shown[SP_RANGE_TEXT];

	assert_int_equal(floor->mode, SP_MODE_AUDIT);
	assert_int_equal(floor->icmp, SP_ICMP_MINIMAL);
	assert_int_equal(floor->service_count, 6);
	assert_string_equal(floor->services[0].interfaces[0], "eth0");
	assert_true(floor->services[2].udp && floor->services[2].from.any);
	assert_int_equal(floor->services[4].action, SP_BLOCK);
	assert_int_equal(floor->set_count, 1);
	assert_true(floor->sets[0].block);
	denied = sp_intervals_at(&floor->sets[0].elements, 0);
	assert_string_equal(sp_range_print(&denied, shown), "198.51.100.0/24");
}

/* A line that there is no memory for may be one that shuts out: then there is no floor.
 * One that cannot be read lets nobody in. */
static void test_floor_is_whole_or_none(void **unused)
{
	unsigned refused = 0, empty = 0;

	(void)unused;
	write_floor(FLOOR);
	FOR_EACH_FAILURE(EIO)
	{
		struct sp_diag diag = { 0 };
		struct sp_policy *floor;

		BEGIN_FAILING();
		floor = sp_floor_read(state, &diag);
		END_FAILING();
		assert_int_equal(floor == NULL, diag.errors > 0);
		assert_true(failing_was_met || floor);
		refused += !floor;
		if (floor && floor->service_count)
			check_floor(floor);
		else
			empty += floor != NULL;
		sp_policy_free(floor);
		sp_diag_free(&diag);
	}
	assert_true(refused >= 25);
	assert_true(empty >= 3); /* open, open, read */
	nothing();
}

static void test_broken_floors(void **unused)
{
	static const char *const lines[] = {
		"allow tcp 0-22 from any to any interface any",
		"allow tcp 22-21 from any to any interface any",
		"allow tcp 22-65536 from any to any interface any",
		"allow sct 22-22 from any to any interface any",
		"allow tcp 22-22 from 10.0.0.0/33 to any interface any",
		"allow tcp 22-22 from any to nowhere interface any",
		"allow tcp 22-22 from any to any",
		"deny everybody",
		"icmp most",
		"mode open",
		"dropped many",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct sp_diag diag = { 0 };
		struct sp_policy *floor;
		char text[256];

		snprintf(text, sizeof(text),
		    "allow tcp 22-22 from any to any interface any\n%s\n", lines[i]);
		write_floor(text);
		floor = sp_floor_read(state, &diag);
		assert_non_null(floor);
		if (floor->service_count != 1 || floor->set_count ||
		    floor->mode != SP_MODE_ENFORCE || floor->icmp != SP_ICMP_PING ||
		    sp_floor_dropped(state))
			fail_msg("%s: is something", lines[i]);
		assert_string_equal(floor->services[0].name, "floor-1");
		sp_policy_free(floor);
	}
	write_floor("mode enforce\ndropped 12\n");
	assert_int_equal(sp_floor_dropped(state), 12);
	nothing();
}

/* ---- others ---- */

static void check_said(bool done, struct sp_diag *diag, const char *what)
{
	assert_false(done);
	if (!strstr(diag->items[0].message, what))
		fail_msg("%s", diag->items[0].message);
	sp_diag_free(diag);
}

static unsigned waited;

static void waiting(void)
{
	waited++;
}

static void test_a_lock_that_is_held(void **unused)
{
	struct sp_diag diag = { 0 };
	int first;

	(void)unused;
	nothing();
	first = sp_state_lock(run, 0, NULL, &diag);
	assert_true(first >= 0);
	check_said(sp_state_lock(run, 0, waiting, &diag) >= 0, &diag,
	    "another sallyport is applying");
	assert_int_equal(waited, 0);
	check_said(sp_state_lock(run, 60, waiting, &diag) >= 0, &diag,
	    "another sallyport is applying");
	assert_int_equal(waited, 1);
	close(first);
	nothing();
}

/* Eight who write one file at once, and a ninth. */
static void test_many_writers(void **unused)
{
	struct sp_diag diag = { 0 };
	int writers[8];
	char path[128];

	(void)unused;
	opened();
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), i ? "%s/.opened.new.%d" : "%s/.opened.new",
		    run, i);
		writers[i] = open(path, O_RDWR | O_CREAT, 0600);
		assert_true(writers[i] >= 0);
		assert_int_equal(flock(writers[i], LOCK_EX), 0);
	}
	check_said(sp_opened_set(run, true, &diag), &diag, "busy");
	close(writers[5]);
	must(sp_opened_set(run, true, &diag), &diag);
	for (int i = 0; i < 8; i++)
		if (i != 5)
			close(writers[i]);
	nothing();
}

static void test_no_way_there(void **unused)
{
	struct sp_diag diag = { 0 };

	(void)unused;
	nothing();
	free(write_text("run", "no directory"));
	check_said(
	    sp_opened_set(run, true, &diag), &diag, "cannot open or make the directory");
	check_said(sp_state_lock(run, 0, NULL, &diag) >= 0, &diag, "cannot open or make");
	assert_int_equal(remove(run), 0);
	old();
	assert_int_equal(sp_snapshot_swap(state, &diag), true);
	nothing();
	save(OLD);
	check_said(
	    sp_snapshot_swap(state, &diag), &diag, "there is no previous snapshot");
	nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_lockdown_that_cannot_be_read),
		cmocka_unit_test(test_floor_is_what_was_said),
		cmocka_unit_test(test_floor_is_whole_or_none),
		cmocka_unit_test(test_broken_floors),
		cmocka_unit_test(test_a_lock_that_is_held),
		cmocka_unit_test(test_many_writers),
		cmocka_unit_test(test_no_way_there),
	};

	return cmocka_run_group_tests(tests, make_policies, forget_policies);
}
