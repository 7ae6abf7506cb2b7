/* One loop, a few times a second and whenever something happens:
 *
 *   what others committed → what rounds proved → the snapshot in force →
 *   who listens now → what is due → a commit when there is something to say
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "parts.h"

/* How often listening sockets are looked at: a new one is asked within this and
 * a handshake. The dump of a host's listeners costs some 50 µs. */
#define TICK_MS 250
/* A round that outlives every deadline of its own by this is a reason not to
 * feed the watchdog. */
#define ROUND_STUCK_MS 120000
#define ALIVE_MS 1000
/* The clock is taken to have jumped, and the machine to have slept, from here. */
#define JUMP_MS 2000
/* The same trouble is said once in this time. */
#define TROUBLE_MS 60000

void sp_say(struct sp_enforcing *enforcer, enum sp_event event, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	enforcer->hooks->log(event, text ? text : format, enforcer->hooks->context);
	free(text);
}

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* FNV-1a. */
static uint64_t digest_of(const char *text)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		digest = (digest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return digest;
}

/* Was it said within the last minute? Else it takes the oldest one's place. */
static bool is_stale_news(struct sp_enforcing *enforcer, const char *text)
{
	struct sp_trouble *oldest = &enforcer->troubles[0];
	uint64_t digest = digest_of(text);
	int64_t now = milliseconds(CLOCK_BOOTTIME);

	for (size_t i = 0; i < TROUBLES_KEPT; i++) {
		struct sp_trouble *trouble = &enforcer->troubles[i];

		if (trouble->digest == digest && now - trouble->said < TROUBLE_MS)
			return true;
		if (trouble->digest == digest || trouble->said < oldest->said)
			oldest = trouble;
	}
	*oldest = (struct sp_trouble){ digest, now };
	return false;
}

void sp_say_trouble(struct sp_enforcing *enforcer, struct sp_diag *diag)
{
	for (size_t i = 0; i < diag->length; i++)
		if (diag->items[i].severity == SP_ERROR &&
		    !is_stale_news(enforcer, diag->items[i].message))
			sp_say(enforcer, SP_EVENT_TROUBLE, "%s", diag->items[i].message);
	if (diag->out_of_memory)
		sp_say(enforcer, SP_EVENT_TROUBLE, "out of memory");
	sp_diag_free(diag);
}

/* ---- clocks ---- */

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void look_at_clocks(struct sp_enforcing *enforcer)
{
	int64_t boot = milliseconds(CLOCK_BOOTTIME);
	int64_t wall = milliseconds(CLOCK_REALTIME) - boot;
	int64_t sleep = boot - milliseconds(CLOCK_MONOTONIC);
	bool jumped = distance(wall, enforcer->wall_offset) > JUMP_MS;
	bool slept = distance(sleep, enforcer->sleep_offset) > JUMP_MS;

	if (jumped || slept) {
		sp_say(enforcer, SP_EVENT_CLOCK, "%s; every proof is asked for again",
		    slept ? "this machine slept" : "the clock jumped");
		sp_all_due(enforcer);
	}
	enforcer->wall_offset = wall;
	enforcer->sleep_offset = sleep;
}

static bool is_stuck(const struct sp_enforcing *enforcer)
{
	for (size_t i = 0; i < enforcer->rounds.length; i++)
		if (sp_boottime_ms() - sp_round_started(enforcer->rounds.items[i]) >
		    ROUND_STUCK_MS)
			return true;
	return false;
}

static void show_life(struct sp_enforcing *enforcer)
{
	int64_t now = sp_boottime_ms();

	if (!enforcer->ready && !enforcer->commit_due) {
		enforcer->ready = true;
		enforcer->hooks->ready(enforcer->hooks->context);
	}
	if (now - enforcer->alive < ALIVE_MS || is_stuck(enforcer) ||
	    enforcer->commit_due)
		return;
	enforcer->alive = now;
	enforcer->hooks->alive(enforcer->hooks->context);
}

/* ---- the loop ---- */

static bool wait_for_something(struct sp_enforcing *enforcer)
{
	struct pollfd polls[] = {
		{ .fd = enforcer->options->stop, .events = POLLIN },
		{ .fd = enforcer->options->again, .events = POLLIN },
		{ .fd = enforcer->over, .events = POLLIN },
		{ .fd = sp_nf_monitor_descriptor(enforcer->monitor), .events = POLLIN },
	};
	char ignored[512];

	if (poll(polls, sizeof(polls) / sizeof(*polls), TICK_MS) < 0 && errno != EINTR)
		return false;
	if (polls[1].revents & POLLIN) {
		if (read(enforcer->options->again, ignored, sizeof(ignored)) < 0)
			return false;
		sp_all_due(enforcer);
	}
	return !(polls[0].revents & (POLLIN | POLLHUP));
}

static void run(struct sp_enforcing *enforcer)
{
	do {
		sp_take_commits(enforcer);
		sp_take_rounds(enforcer);
		sp_undo_unconfirmed(enforcer);
		sp_look_for_protection(enforcer);
		sp_follow_snapshot(enforcer);
		look_at_clocks(enforcer);
		sp_look_and_ask(enforcer);
		sp_settle(enforcer);
		show_life(enforcer);
	} while (wait_for_something(enforcer));
}

static bool start(struct sp_enforcing *enforcer, struct sp_diag *diag)
{
	enforcer->snapshot = sp_snapshot_load(enforcer->options, diag);
	if (!enforcer->snapshot)
		return false;
	enforcer->over = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (enforcer->over < 0)
		return sp_error(diag, NULL, "eventfd: %s", strerror(errno));
	enforcer->tables = sp_nf_tables_open(diag);
	enforcer->monitor = enforcer->tables ? sp_nf_monitor_open(SP_TABLE, diag) : NULL;
	if (!enforcer->monitor)
		return false;
	enforcer->directories = enforcer->options->directories;
	sp_recollection_open(
	    &enforcer->recollection, &enforcer->directories, enforcer->tables);
	if (!sp_watch_follow(&enforcer->watch, enforcer->snapshot->standing.policy,
		&enforcer->snapshot->standing.gates, sp_boottime_ms()))
		return sp_out_of_memory(diag);
	enforcer->wall_offset =
	    milliseconds(CLOCK_REALTIME) - milliseconds(CLOCK_BOOTTIME);
	enforcer->sleep_offset =
	    milliseconds(CLOCK_BOOTTIME) - milliseconds(CLOCK_MONOTONIC);
	enforcer->commit_due = true;
	return true;
}

bool sp_enforce(const struct sp_enforcer_options *options,
    const struct sp_enforcer_hooks *hooks, struct sp_diag *diag)
{
	struct sp_enforcing enforcer = { .options = options, .hooks = hooks, .over = -1 };
	bool started = start(&enforcer, diag);

	if (started) {
		sp_say(&enforcer, SP_EVENT_STARTED, "enforces %zu services, %zu gates%s",
		    enforcer.snapshot->standing.policy->service_count,
		    enforcer.watch.gates.length,
		    sp_lockdown_is_set(enforcer.directories.state)
			? "; locked down: `sallyport apply` ends it"
			: "");
		run(&enforcer);
		sp_say(&enforcer, SP_EVENT_STOPPED,
		    "the ruleset stays; gates shut when their leases end");
	}
	for (size_t i = 0; i < enforcer.rounds.length; i++)
		sp_round_free(enforcer.rounds.items[i]);
	sp_array_free(&enforcer.rounds);
	sp_forget_leases(&enforcer);
	sp_array_free(&enforcer.leases);
	sp_array_free(&enforcer.news);
	sp_array_free(&enforcer.refused);
	sp_watch_free(&enforcer.watch);
	sp_recollection_close(&enforcer.recollection);
	sp_nf_monitor_close(enforcer.monitor);
	sp_nf_tables_close(enforcer.tables);
	sp_snapshot_release(enforcer.snapshot);
	if (enforcer.over >= 0)
		close(enforcer.over);
	return started;
}
