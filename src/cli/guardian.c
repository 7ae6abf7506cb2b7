#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/standing.h>

#include "policy.h"

/* How often it is looked whether somebody confirmed. */
#define LOOK_MS 200
/* A failed rollback is tried again this often: it is the way back in. */
#define AGAIN_MS 1000

static void sleep_ms(int64_t milliseconds)
{
	nanosleep(
	    &(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000 },
	    NULL);
}

/* The terminal by name: a descriptor of it would keep the session's end from us. */
static void tell(const char *terminal, const char *text)
{
	int fd =
	    terminal ? open(terminal, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;

	openlog("sallyport", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "%s", text);
	closelog();
	if (fd < 0)
		return;
	dprintf(fd, "\r\nsallyport: %s\r\n", text);
	close(fd);
}

/* Looked at twice: a file is read by its directory's name, and what waits may change
 * places with what waited before it in between. */
static bool is_waiting(const struct sp_options *options, struct sp_pending *ret)
{
	if (sp_snapshot_pending(options->state_directory, ret))
		return true;
	sleep_ms(LOOK_MS);
	return sp_snapshot_pending(options->state_directory, ret);
}

/* Whatever waits is undone at its end, not only the apply that this one was started
 * for: one on top of it that fails may have a guardian that lacks the right to. */
static void guard(const struct sp_options *options, const char *terminal)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_pending waiting;

	while (is_waiting(options, &waiting)) {
		int64_t left = waiting.deadline_ms - sp_boottime_ms();
		struct sp_diag diag = { 0 };

		if (left > 0) {
			sleep_ms(left < LOOK_MS ? left : LOOK_MS);
			continue;
		}
		switch (sp_undo_pending(&directories, true, &diag)) {
		case SP_UNDONE:
			tell(terminal, "nobody confirmed the apply; the policy before it "
				       "is in force again");
			break;
		case SP_UNDONE_FAILED:
			tell(terminal,
			    diag.length ? diag.items[0].message : "rollback failed");
			sleep_ms(AGAIN_MS);
			break;
		case SP_UNDONE_NOTHING: break;
		}
		sp_diag_free(&diag);
	}
}

/* Whatever ends a session or a terminal is none of its business. Done by its parent,
 * which the command waits for: a terminal may be gone before the guardian runs. */
static void leave_session(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP,
		SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	setsid();
}

static void detach(void)
{
	int null;

	if (chdir("/") < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	/* The lock among them: it is the command's, not ours. */
	close_range(3, ~0u, 0);
}

static char *absolute(const char *path)
{
	char *here, *ret;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&ret, "%s/%s", here, path) < 0)
		ret = NULL;
	free(here);
	return ret;
}

/* All that it needs of the memory and the directory that it leaves. Nobody hears a
 * guardian that cannot begin. */
struct guarding {
	char *state, *run, *config;
	char *terminal; /* NULL: none */
};

static void forget(struct guarding *guarding)
{
	free(guarding->state);
	free(guarding->run);
	free(guarding->config);
	free(guarding->terminal);
}

static bool prepare(
    const struct sp_options *options, struct guarding *ret, struct sp_diag *diag)
{
	const char *terminal = isatty(STDERR_FILENO) ? ttyname(STDERR_FILENO) : NULL;

	*ret = (struct guarding){ absolute(options->state_directory),
		absolute(options->run_directory), absolute(options->config_directory),
		terminal ? strdup(terminal) : NULL };
	if (ret->state && ret->run && ret->config)
		return true;
	sp_error(diag, NULL,
	    "cannot prepare the process that would undo an unconfirmed apply: %s",
	    strerror(errno));
	forget(ret);
	return false;
}

static void run_guardian(
    const struct sp_options *options, const struct guarding *guarding)
{
	struct sp_options own = *options;

	own.state_directory = guarding->state;
	own.run_directory = guarding->run;
	own.config_directory = guarding->config;
	detach();
	guard(&own, guarding->terminal);
}

bool sp_guardian_start(const struct sp_options *options, struct sp_diag *diag)
{
	struct guarding guarding;
	int status = 1;
	pid_t child;

	if (!prepare(options, &guarding, diag))
		return false;
	child = fork();
	if (child == 0) {
		pid_t grandchild;

		leave_session();
		grandchild = fork();
		if (grandchild == 0) {
			run_guardian(options, &guarding);
			_exit(0);
		}
		_exit(grandchild < 0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	forget(&guarding);
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return sp_error(diag, NULL,
	    "cannot start the process that would undo an unconfirmed apply: %s",
	    strerror(errno));
}

enum sp_exit sp_guardian_wait(const struct sp_options *options, const uint8_t digest[32])
{
	uint8_t active[SP_DIGEST_BYTES];
	struct sp_pending pending;

	while (is_waiting(options, &pending))
		sleep_ms(LOOK_MS);
	if (sp_snapshot_digest(options->state_directory, SP_SNAPSHOT_ACTIVE, active) &&
	    !memcmp(active, digest, sizeof(active)))
		return SP_EXIT_DONE;
	return SP_EXIT_ROLLED_BACK;
}
