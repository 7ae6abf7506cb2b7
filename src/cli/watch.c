/* The enforcer's wiring: signals, the journal, the service manager. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <unistd.h>

#include <sallyport/enforcer.h>
#include <sallyport/escape.h>
#include <sallyport/prober_channel.h>

#include "command.h"
#include "notify.h"
#include "policy.h"
#include "verify_run.h"

/* Free memory that is not given back: some rounds' worth. */
#define KEPT_BYTES (512 * 1024)

/* journald takes the priority from "<N>" at the line's start. */
static void log_line(enum sp_event event, const char *text, void *context)
{
	const struct sp_options *options = context;
	char *safe;

	if (options->quiet && sp_event_priority(event) > LOG_WARNING)
		return;
	safe = sp_escape(text);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s: %s\n", sp_event_priority(event),
		    sp_event_name(event), safe ? safe : "");
	else
		fprintf(stderr, "%s: %s\n", sp_event_name(event), safe ? safe : "");
	free(safe);
}

static bool verify(struct sp_plan *plan, struct sp_verdicts *ret,
    void (*progress)(size_t done, size_t count, void *round), void *round,
    struct sp_diag *diag, void *context)
{
	const struct sp_options *options = context;
	struct sp_verify_options how = { .connection_ms = options->timeout_ms,
		.port_ms = options->port_timeout_ms,
		.state_directory = options->state_directory,
		.progress = progress,
		.context = round };

	return sp_verify_plan(plan, &how, ret, diag);
}

static void ready(void *context)
{
	(void)context;
	sp_notify("READY=1\nSTATUS=enforcing");
}

static void alive(void *context)
{
	(void)context;
	sp_notify("WATCHDOG=1");
}

static int signals(int first, int second, struct sp_diag *diag)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) {
		sp_error(diag, NULL, "signalfd: %s", strerror(errno));
		return -1;
	}
	return fd;
}

static bool seal(const struct sp_options *options, struct sp_diag *diag)
{
	char *prober = sp_prober_path();
	bool sealed = prober ? sp_enforcer_seal(prober, options->state_directory, diag)
			     : sp_out_of_memory(diag);

	free(prober);
	return sealed || sp_error(diag, NULL, "the enforcer cannot be sealed");
}

static enum sp_exit watch(const struct sp_options *options)
{
	struct sp_diag diag = { 0 };
	struct sp_enforcer_hooks hooks = { log_line, verify, ready, alive,
		(void *)options };
	struct sp_enforcer_options how = { .directories = sp_directories_of(options),
		.stop = signals(SIGTERM, SIGINT, &diag),
		.again = signals(SIGHUP, 0, &diag) };
	bool enforced;

	/* Each round is a thread, and glibc gives threads heaps of their own, up to
	 * eight for each processor, which keep what they once held. And of one, what
	 * the busiest second needed would be kept for ever: left alone, the threshold
	 * for giving back follows the largest block ever freed. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	enforced = how.stop >= 0 && how.again >= 0 && seal(options, &diag) &&
		   sp_enforce(&how, &hooks, &diag);

	sp_notify("STOPPING=1");
	if (!enforced)
		sp_error(&diag, NULL,
		    "nothing is enforced; `sallyport apply` makes the "
		    "snapshot that watch follows");
	sp_show_diagnostics(options, &diag);
	if (how.stop >= 0)
		close(how.stop);
	if (how.again >= 0)
		close(how.again);
	return enforced ? SP_EXIT_DONE : SP_EXIT_SYSTEM;
}

enum sp_exit sp_command_watch(const struct sp_options *options)
{
	enum sp_exit applied = SP_EXIT_DONE;

	if (options->operand_count)
		applied = sp_command_apply(options);
	return applied == SP_EXIT_DONE ? watch(options) : applied;
}
