/* The sandbox from inside: what a sealed child may do, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"

static int pair[2];

static void opens_a_file(void)
{
	open("/etc/passwd", O_RDONLY);
}
static void makes_a_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}
static void connects(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	connect(pair[0], (struct sockaddr *)&to, sizeof(to));
}
static void forks(void)
{
	syscall(SYS_fork);
}
static void clones(void)
{
	syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
static void executes(void)
{
	char *const none[] = { NULL };

	execve("/bin/true", none, none);
}
static void kills(void)
{
	kill(getppid(), SIGTERM);
}
static void traces(void)
{
	ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static void maps_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void makes_code_of_memory(void)
{
	void *page =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static void raises_its_limits(void)
{
	syscall(SYS_prlimit64, 0, 7, NULL, NULL);
}
static void writes_another_process(void)
{
	syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}
static void calls_unknown(void)
{
	syscall(SYS_io_uring_setup, 1, NULL);
}

static void does_its_work(void)
{
	struct timespec now;
	char byte = 1, random[16];
	void *memory = malloc(1 << 20);

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!memory || getrandom(random, sizeof(random), 0) != sizeof(random) ||
	    write(pair[0], &byte, 1) != 1 || read(pair[0], &byte, 1) != 1)
		_exit(2);
	free(memory);
	close(pair[0]);
}

static const struct {
	const char *what;
	void (*act)(void);
	bool dies;
} acts[] = {
	{ "opens a file", opens_a_file, true },
	{ "makes a socket", makes_a_socket, true },
	{ "connects", connects, true },
	{ "forks", forks, true },
	{ "clones", clones, true },
	{ "executes", executes, true },
	{ "kills", kills, true },
	{ "traces", traces, true },
	{ "maps code", maps_code, true },
	{ "makes code of memory", makes_code_of_memory, true },
	{ "raises its limits", raises_its_limits, true },
	{ "writes another process", writes_another_process, true },
	{ "calls what nobody thought of", calls_unknown, true },
	{ "does its work", does_its_work, false },
};

/* The whole of a child's life; its status as waitpid gives it. */
static int live(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const char *step;

		if (!sandbox_prepare(&step) || !sandbox_enter(&step))
			_exit(3);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Landlock alone, as the sanitizers' build has it: no filter, and still no file. */
static void landlock_stands_behind_the_filter(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION) < 1 ||
	    sandbox_is_whole()) {
		print_message("not run: no Landlock here, or the filter is before it\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *step;

		if (!sandbox_prepare(&step) || !sandbox_enter(&step))
			_exit(3);
		_exit(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_sealed_child_can_do_its_work_and_no_more(void **state)
{
	(void)state;
	if (!sandbox_is_whole()) {
		print_message("SKIP: the sanitizer's build has no system call filter\n");
		skip();
	}
	print_message("%zu system calls are allowed\n", sandbox_allowed_calls());
	assert_true(sandbox_allowed_calls() < 32);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status;

		print_message("%s\n", acts[i].what);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		assert_int_equal(write(pair[1], "x", 1), 1);
		status = live(acts[i].act);
		close(pair[0]);
		close(pair[1]);
		if (acts[i].dies) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGSYS);
		} else {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
		}
	}
}

static void eats_memory(void)
{
	for (size_t total = 0; total < 4096; total++)
		if (!malloc(1 << 20))
			_exit(7);
}

static void memory_ends(void **state)
{
	(void)state;
	if (!sandbox_is_whole())
		skip();
	assert_int_equal(WEXITSTATUS(live(eats_memory)), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(landlock_stands_behind_the_filter),
		cmocka_unit_test(a_sealed_child_can_do_its_work_and_no_more),
		cmocka_unit_test(memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
