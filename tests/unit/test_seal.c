/* The enforcer's walls from inside: what is refused, what ends it, what goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sallyport/enforcer.h>

/* Stands for the prober: a program that ends well. */
#define PROBER "/bin/true"

/* Each gives the error number that the call failed with, or 0. */
static int failed(long result)
{
	return result < 0 ? errno : 0;
}
static int makes_a_raw_socket(void)
{
	return failed(socket(AF_PACKET, SOCK_RAW, 0));
}
static int listens(void)
{
	return failed(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}
static int sets_an_interface(void)
{
	return failed(
	    ioctl(socket(AF_INET, SOCK_DGRAM, 0), 0x8914 /* SIOCSIFFLAGS */, NULL));
}
static int gives_rights(void)
{
	return failed(chmod("/tmp", 01777));
}
static int links(void)
{
	return failed(symlink("/etc/passwd", "/tmp/sallyport-seal-link"));
}
static int becomes_another(void)
{
	return failed(setuid(65534));
}
static int reboots(void)
{
	return failed(syscall(SYS_reboot, 0, 0, 0, NULL));
}
static int executes(void)
{
	char *const none[] = { NULL };

	return failed(execve("/bin/sh", none, none));
}
static int traces(void)
{
	return failed(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int mounts(void)
{
	return failed(mount("none", "/mnt", "tmpfs", 0, NULL));
}
static int leaves(void)
{
	return failed(unshare(CLONE_NEWNET));
}
static int loads_a_program(void)
{
	return failed(syscall(SYS_bpf, 0, NULL, 0));
}
static int writes_another(void)
{
	return failed(syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0));
}

static const struct {
	const char *what;
	int (*act)(void);
	int error, signal;
} acts[] = {
	{ "makes a raw socket", makes_a_raw_socket, EPERM, 0 },
	{ "listens", listens, EPERM, 0 },
	{ "sets an interface's flags", sets_an_interface, EPERM, 0 },
	{ "gives rights to a file", gives_rights, EPERM, 0 },
	{ "links", links, EPERM, 0 },
	{ "becomes another user", becomes_another, EPERM, 0 },
	{ "reboots", reboots, EPERM, 0 },
	{ "traces", traces, 0, SIGSYS },
	{ "mounts", mounts, 0, SIGSYS },
	{ "leaves its namespace", leaves, 0, SIGSYS },
	{ "loads a program into the kernel", loads_a_program, 0, SIGSYS },
	{ "writes another process", writes_another, 0, SIGSYS },
};

/* A sealed process's whole life; its status as waitpid gives it. */
static int live(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sp_diag diag = { 0 };

		if (!sp_enforcer_seal(PROBER, "/", &diag))
			_exit(255);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void it_is_refused_or_ended(void **state)
{
	(void)state;
	if (!sp_enforcer_allowed_calls()) {
		print_message("SKIP: the sanitizer's build has no system call filter\n");
		skip();
	}
	print_message("%zu system calls are allowed\n", sp_enforcer_allowed_calls());
	assert_true(sp_enforcer_allowed_calls() < 130);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = live(acts[i].act);

		print_message("%s\n", acts[i].what);
		if (acts[i].signal) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), acts[i].signal);
		} else {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), acts[i].error);
		}
	}
}

static int starts_the_prober(void)
{
	char *const none[] = { NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execve(PROBER, none, none);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
								    : 2;
}

static void it_starts_the_prober_and_nothing_else(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION) < 1) {
		print_message("not run: no Landlock here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(live(executes)), EACCES);
	assert_int_equal(WEXITSTATUS(live(starts_the_prober)), 0);
}

static int has_too_much(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (sp_enforcer_allowed_calls() && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (capng_get_caps_process() < 0)
		return 3;
	for (unsigned one = 0; one <= (unsigned)CAP_LAST_CAP; one++) {
		if (one == CAP_NET_ADMIN)
			continue;
		if (capng_have_capability(CAPNG_EFFECTIVE, one) ||
		    capng_have_capability(CAPNG_PERMITTED, one) ||
		    capng_have_capability(CAPNG_INHERITABLE, one))
			return 4;
		/* Only root could lower it. */
		if (geteuid() == 0 && capng_have_capability(CAPNG_BOUNDING_SET, one))
			return 5;
	}
	return geteuid() == 0 && !capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN)
		   ? 6
		   : 0;
}

static void it_has_one_capability(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(live(has_too_much)), 0);
}

static void *nothing(void *context)
{
	return context;
}

static int does_its_work(void)
{
	pthread_t thread;
	int family[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	void *memory = malloc(1 << 20);

	if (!memory || pthread_create(&thread, NULL, nothing, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 1;
	free(memory);
	for (size_t i = 0; i < sizeof(family) / sizeof(*family); i++)
		if (socket(family[i], SOCK_DGRAM, 0) < 0)
			return 2;
	return open("/proc/self/stat", O_RDONLY) < 0 || isatty(0) < 0 ? 3 : 0;
}

static void it_can_do_its_work(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(live(does_its_work)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_refused_or_ended),
		cmocka_unit_test(it_starts_the_prober_and_nothing_else),
		cmocka_unit_test(it_has_one_capability),
		cmocka_unit_test(it_can_do_its_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
