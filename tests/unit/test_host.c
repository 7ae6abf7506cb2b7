/* Who is logged in, and whose sockets there are, out of a /proc of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utmpx.h>

#include <sallyport/login.h>
#include <sallyport/owner.h>

#include "failing.h"
#include "policy_files.h"

FAILING(void *, malloc, NULL, ENOMEM, (size_t size), (size))
FAILING(void *, calloc, NULL, ENOMEM, (size_t count, size_t size), (count, size))
FAILING(void *, realloc, NULL, ENOMEM, (void *old, size_t size), (old, size))
FAILING(char *, strdup, NULL, ENOMEM, (const char *text), (text))
FAILING(DIR *, fdopendir, NULL, ENOMEM, (int fd), (fd))

/* ---- /proc ---- */

static bool faked; /* between begin() and end() */

static const char *faked_path(const char *path, char moved[128])
{
	if (!faked || strncmp(path, "/proc", 5) != 0)
		return path;
	snprintf(moved, 128, "%s%s", folder, path);
	return moved;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	char moved[128];

	return fails_with(failing_with) ? -1
					: __real_open(faked_path(path, moved), flags);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
	return fails_with(failing_with) ? -1 : __real_openat(at, path, flags);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	char moved[128];

	return fails_with(ENOMEM) ? NULL : __real_opendir(faked_path(path, moved));
}

pid_t __real_getpid(void);
pid_t __wrap_getpid(void);
pid_t __wrap_getpid(void)
{
	return faked ? 300 : __real_getpid();
}

static long elsewhere; /* a process of another network namespace */

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status)
{
	long process = 0;

	if (!faked)
		return __real_stat(path, status);
	memset(status, 0, sizeof(*status));
	if (!strcmp(path, "/dev/pts/7")) {
		status->st_mode = S_IFCHR;
		status->st_rdev = makedev(136, 7);
		return 0;
	}
	if (sscanf(path, "/proc/%ld/ns/net", &process) == 1 ||
	    !strcmp(path, "/proc/self/ns/net")) {
		status->st_ino = process && process == elsewhere ? 2 : 1;
		return 0;
	}
	errno = ENOENT;
	return -1;
}

static struct utmpx entries[4];
static size_t entry_count, entry_next;

void __wrap_setutxent(void);
void __wrap_setutxent(void)
{
	entry_next = 0;
}

struct utmpx *__wrap_getutxent(void);
struct utmpx *__wrap_getutxent(void)
{
	return entry_next < entry_count ? &entries[entry_next++] : NULL;
}

void __wrap_endutxent(void);
void __wrap_endutxent(void)
{
}

static struct sockaddr_in held4 = { .sin_family = AF_INET };
static struct sockaddr_in6 held6 = { .sin6_family = AF_INET6 };
static struct sockaddr held_otherwise = { .sa_family = AF_PACKET };
static struct ifaddrs interfaces[] = {
	{ .ifa_next = &interfaces[1], .ifa_name = (char *)"tun0" },
	{ .ifa_next = &interfaces[2],
	    .ifa_name = (char *)"eth0",
	    .ifa_addr = &held_otherwise },
	{ .ifa_next = &interfaces[3],
	    .ifa_name = (char *)"eth1",
	    .ifa_addr = (struct sockaddr *)&held4 },
	{ .ifa_name = (char *)"eth2", .ifa_addr = (struct sockaddr *)&held6 },
};
static bool no_interfaces;

int __wrap_getifaddrs(struct ifaddrs **ret);
int __wrap_getifaddrs(struct ifaddrs **ret)
{
	*ret = interfaces;
	return no_interfaces ? -1 : 0;
}

void __wrap_freeifaddrs(struct ifaddrs *unused);
void __wrap_freeifaddrs(struct ifaddrs *unused)
{
	(void)unused;
}

static void directory(const char *path)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	assert_int_equal(mkdir(whole, 0700), 0);
}

static void process(long id, const char *stat, const char *environment, size_t length)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%ld", id);
	directory(path);
	snprintf(path, sizeof(path), "proc/%ld/stat", id);
	free(write_text(path, stat));
	snprintf(path, sizeof(path), "proc/%ld/environ", id);
	free(write_file(path, environment, length));
}

static int begin(void **state)
{
	uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

	(void)state;
	directory("proc");
	held4.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(&held6.sin6_addr, six, sizeof(six));
	faked = true;
	elsewhere = 0;
	no_interfaces = false;
	entry_count = 0;
	return 0;
}

static int end(void **state)
{
	char path[64];

	(void)state;
	faked = false;
	failing_at = 0;
	snprintf(path, sizeof(path), "%s/proc", folder);
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- who is logged in ---- */

#define SSH "PATH=/bin\0SSH_CONNECTION=198.51.100.7 50000 192.0.2.1 22\0X=y\0"

/* The shell of a login, a program under it, and this one. */
static void a_session(void)
{
	process(100, "100 (sshd) S 1 100 100 0 -1", "", 0);
	process(200, "200 (-bash) S 100 200 200 34823 -1", SSH, sizeof(SSH) - 1);
	process(300, "300 (a) b)) S 200 300 200 34823 -1", "A=b\0", 4);
}

static void check_login(const struct sp_login *login, const char *from,
    const char *interface, const char *source)
{
	char text[SP_ADDRESS_TEXT];

	sp_address_print(&login->from, text);
	assert_string_equal(text, from);
	assert_string_equal(login->interface, interface);
	assert_string_equal(login->source, source);
	assert_int_equal(login->port, 22);
}

static void test_connection(void **state)
{
	struct sp_login login = { .port = 0 };

	(void)state;
	a_session();
	assert_true(sp_login_find(&login));
	check_login(&login, "198.51.100.7", "eth1", "SSH_CONNECTION of process 200");
	no_interfaces = true;
	login = (struct sp_login){ .port = 0 };
	assert_true(sp_login_find(&login));
	check_login(&login, "198.51.100.7", "", "SSH_CONNECTION of process 200");
	/* Whoever logged in elsewhere is not cut off here. */
	elsewhere = 200;
	assert_false(sp_login_find(&login));
}

/* What was set by an outer one and handed on is that one's. */
static void test_handed_on(void **state)
{
	struct sp_login login = { .port = 0 };

	(void)state;
	process(200, "200 (bash) S 1 200 200 0 -1", SSH, sizeof(SSH) - 1);
	process(300, "300 (sudo) S 200 300 300 0 -1", SSH, sizeof(SSH) - 1);
	elsewhere = 300;
	assert_true(sp_login_find(&login));
	check_login(&login, "198.51.100.7", "eth1", "SSH_CONNECTION");
	elsewhere = 200;
	assert_false(sp_login_find(&login));
}

static void entry(short type, const char *line, const int32_t address[4])
{
	struct utmpx *made = &entries[entry_count++];

	memset(made, 0, sizeof(*made));
	made->ut_type = type;
	strncpy(made->ut_line, line, sizeof(made->ut_line) - 1);
	memcpy(made->ut_addr_v6, address, sizeof(made->ut_addr_v6));
}

static void test_terminals(void **state)
{
	const int32_t four[4] = { (int32_t)htonl(0xc6336407) };
	const int32_t six[4] = { (int32_t)htonl(0x20010db8), 0, 0, (int32_t)htonl(7) };
	const int32_t mapped[4] = { 0, 0, (int32_t)htonl(0xffff), four[0] };
	const int32_t none[4] = { 0 };
	static const char *const froms[] = { "198.51.100.7", "2001:db8::7",
		"198.51.100.7" };
	const int32_t *const addresses[] = { four, six, mapped };
	struct sp_login login = { .port = 0 };

	(void)state;
	process(200, "200 (bash) S 1 200 200 34823 -1", "", 0);
	process(300, "300 (sudo) S 200 300 200 0 -1", "", 0);
	for (size_t i = 0; i < 3; i++) {
		entry_count = 0;
		entry(DEAD_PROCESS, "pts/7", four);
		entry(USER_PROCESS, "pts/8", four);
		entry(USER_PROCESS, "pts/7", none);
		entry(USER_PROCESS, "pts/7", addresses[i]);
		login = (struct sp_login){ .port = 0 };
		assert_true(sp_login_find(&login));
		/* Where to is not known, so neither is the interface. */
		check_login(&login, froms[i], "", "utmp, pts/7");
		assert_false(login.has_to);
	}
	elsewhere = 200;
	assert_false(sp_login_find(&login));
	elsewhere = 0;
	entry_count = 3;
	assert_false(sp_login_find(&login));
}

static void test_odd_processes(void **state)
{
	struct sp_login login;

	(void)state;
	/* None at all; one that says nothing; one that is cut. */
	assert_false(sp_login_find(&login));
	process(300, "", SSH, sizeof(SSH) - 1);
	assert_false(sp_login_find(&login));
	free(write_text("proc/300/stat", "300 (cut) S"));
	assert_false(sp_login_find(&login));
	free(write_text("proc/300/stat", "300 S 1"));
	assert_false(sp_login_find(&login));
	free(write_text("proc/300/stat", "300 (its own parent) S 300 0 0 0 0"));
	assert_true(sp_login_find(&login));
}

/* Whatever cannot be read: the login, or none, and never another one. */
static void test_unreadable(void **state)
{
	unsigned unknown = 0;

	(void)state;
	a_session();
	FOR_EACH_FAILURE(EACCES)
	{
		struct sp_login login = { .port = 0 };
		bool found;

		BEGIN_FAILING();
		found = sp_login_find(&login);
		END_FAILING();
		if (found)
			check_login(&login, "198.51.100.7", "eth1",
			    "SSH_CONNECTION of process 200");
		unknown += !found;
		assert_true(found || failing_was_met);
	}
	assert_true(unknown >= 4);
}

static void test_connections(void **state)
{
	static const struct {
		const char *text, *interface; /* NULL: is none */
	} cases[] = {
		{ "198.51.100.7 50000 192.0.2.1 22", "" },
		{ "fe80::7%eth0 50000 fe80::1%eth0 22", "eth0" },
		{ "fe80::7% 50000 fe80::1%eth0 22", NULL },
		{ "fe80::7%a-name-too-long-by-far 50000 fe80::1 22", NULL },
		{ "fe80::7 50000 192.0.2.1 22", NULL },
		{ "198.51.100.7 50000 192.0.2.1 0", NULL },
		{ "198.51.100.7 50000 192.0.2.1 65536", NULL },
		{ "198.51.100.7 50000 192.0.2.1", NULL },
		{ "198.51.100.7 50000 192.0.2.1 22 more", NULL },
		{ "somewhere 50000 192.0.2.1 22", NULL },
		{ "198.51.100.7 50000 nowhere 22", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_login login = { .port = 0 };
		bool is_one = sp_login_parse(cases[i].text, &login);

		if (is_one != (cases[i].interface != NULL))
			fail_msg("%s", cases[i].text);
		if (is_one) {
			assert_string_equal(login.interface, cases[i].interface);
			assert_int_equal(login.port, 22);
		}
	}
}

/* ---- whose sockets there are ---- */

static void holds(long id, const char *name, const char *const links[], size_t count)
{
	char path[128];

	snprintf(path, sizeof(path), "proc/%ld", id);
	directory(path);
	snprintf(path, sizeof(path), "proc/%ld/fd", id);
	directory(path);
	snprintf(path, sizeof(path), "proc/%ld/comm", id);
	free(write_text(path, name));
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/proc/%ld/fd/%zu", folder, id, i);
		assert_int_equal(symlink(links[i], path), 0);
	}
}

static struct sp_listener listening[] = { { .inode = 42 }, { .inode = 0 },
	{ .inode = 7 } };
static const struct sp_listeners listeners = { listening, 3, 3 };

static void sockets(void)
{
	static const char *const first[] = { "/dev/null", "socket:[42]", "pipe:[42]",
		"socket:[0]" };
	static const char *const second[] = { "socket:[42]", "socket:[7]", "socket:[8]" };

	holds(20, "nginx\n", first, 4);
	holds(10, "nginx\n", second, 3);
	directory("proc/self");
	directory("proc/30"); /* gone meanwhile */
}

static void check_owners(const struct sp_owners *owners)
{
	assert_int_equal(owners->length, 2);
	assert_int_equal(sp_owners_find(owners, 42)->pid, 10);
	assert_int_equal(sp_owners_find(owners, 7)->pid, 10);
	assert_string_equal(sp_owners_find(owners, 7)->command, "nginx");
	assert_null(sp_owners_find(owners, 8));
	assert_null(sp_owners_find(owners, 0));
}

static void test_owners(void **state)
{
	struct sp_owners owners = { 0 };
	struct sp_diag diag = { 0 };

	(void)state;
	sockets();
	assert_true(sp_owners_read(&listeners, &owners, &diag));
	check_owners(&owners);
	assert_int_equal(owners.closed, 0);
	sp_owners_free(&owners);
}

/* Without memory there is no answer, rather than one without somebody. */
static void test_owners_memory(void **state)
{
	unsigned failures = 0;

	(void)state;
	sockets();
	FOR_EACH_FAILURE(0)
	{
		struct sp_owners owners = { 0 };
		struct sp_diag diag = { 0 };
		bool done;

		BEGIN_FAILING();
		done = sp_owners_read(&listeners, &owners, &diag);
		END_FAILING();
		failures += failing_was_met;
		assert_int_equal(done, !failing_was_met);
		assert_int_equal(diag.errors, failing_was_met);
		if (done)
			check_owners(&owners);
		sp_owners_free(&owners);
		sp_diag_free(&diag);
	}
	assert_true(failures >= 5);
}

/* Who may not look knows of how many. */
static void test_owners_closed(void **state)
{
	unsigned closed = 0;

	(void)state;
	sockets();
	FOR_EACH_FAILURE(EACCES)
	{
		struct sp_owners owners = { 0 };
		struct sp_diag diag = { 0 };

		BEGIN_FAILING();
		if (sp_owners_read(&listeners, &owners, &diag)) {
			closed += owners.closed == 1;
			assert_true(owners.closed <= 1);
		}
		END_FAILING();
		sp_owners_free(&owners);
		sp_diag_free(&diag);
	}
	/* Three processes, the one or the other of their directories. */
	assert_true(closed >= 5);
}

static void test_ephemeral_ports(void **state)
{
	static const struct {
		const char *text;
		unsigned first, last;
	} cases[] = { { "1024\t4999\n", 1024, 4999 }, { "5000 4999\n", 32768, 60999 },
		{ "1024 70000\n", 32768, 60999 }, { "", 32768, 60999 } };
	struct sp_ports ports = sp_ephemeral_ports();

	(void)state;
	assert_int_equal(ports.first, 32768);
	directory("proc/sys");
	directory("proc/sys/net");
	directory("proc/sys/net/ipv4");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		free(write_text("proc/sys/net/ipv4/ip_local_port_range", cases[i].text));
		ports = sp_ephemeral_ports();
		assert_int_equal(ports.first, cases[i].first);
		assert_int_equal(ports.last, cases[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connection, begin, end),
		cmocka_unit_test_setup_teardown(test_handed_on, begin, end),
		cmocka_unit_test_setup_teardown(test_terminals, begin, end),
		cmocka_unit_test_setup_teardown(test_odd_processes, begin, end),
		cmocka_unit_test_setup_teardown(test_unreadable, begin, end),
		cmocka_unit_test(test_connections),
		cmocka_unit_test_setup_teardown(test_owners, begin, end),
		cmocka_unit_test_setup_teardown(test_owners_memory, begin, end),
		cmocka_unit_test_setup_teardown(test_owners_closed, begin, end),
		cmocka_unit_test_setup_teardown(test_ephemeral_ports, begin, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
