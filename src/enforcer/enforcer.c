/* One loop, a few times a second and whenever something happens:
 *
 *   what others committed → what a round proved → the snapshot in force →
 *   who listens now → what is due → a commit when there is something to say
 */
#include <sallyport/enforcer.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/array.h>
#include <sallyport/escape.h>
#include <sallyport/evidence.h>
#include <sallyport/nf_monitor.h>
#include <sallyport/sock_diag.h>
#include <sallyport/state.h>
#include <sallyport/transaction.h>

#include "gates.h"
#include "round.h"

/* How often listening sockets are looked at: a new one is asked within this and
 * a handshake. The dump of a host's listeners costs some 50 µs. */
#define TICK_MS 250
/* Rounds at once: one prober each. */
#define MOST_ROUNDS 4
/* A round that outlives every deadline of its own by this is a reason not to
 * feed the watchdog. */
#define ROUND_STUCK_MS 120000
#define ALIVE_MS 1000
/* The clock is taken to have jumped, and the machine to have slept, from here. */
#define JUMP_MS 2000

struct enforcer {
	const struct sp_enforcer_options *options;
	const struct sp_enforcer_hooks *hooks;
	struct sp_nf_tables *tables;
	struct sp_nf_monitor *monitor;
	struct sp_snapshot *snapshot;
	struct sp_watch watch;
	SP_ARRAY(struct sp_round *) rounds;
	int over; /* eventfd: a round is */
	/* What the next commit has to say. */
	SP_ARRAY(const struct sp_lease *) leases;
	SP_ARRAY(struct sp_gate) refused;
	bool commit_due;
	/* Drift: who was it? */
	bool drifted;
	struct sp_nf_commit writer;
	int64_t wall_offset, sleep_offset, alive;
	bool ready;
};

static void say(struct enforcer *enforcer, enum sp_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct enforcer *enforcer, enum sp_event event, const char *format, ...)
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

static void say_trouble(struct enforcer *enforcer, struct sp_diag *diag)
{
	for (size_t i = 0; i < diag->length; i++)
		if (diag->items[i].severity == SP_ERROR)
			say(enforcer, SP_EVENT_TROUBLE, "%s", diag->items[i].message);
	if (diag->out_of_memory)
		say(enforcer, SP_EVENT_TROUBLE, "out of memory");
	sp_diag_free(diag);
}

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the snapshot in force ---- */

static struct sp_snapshot *load_snapshot(
    const struct sp_enforcer_options *options, struct sp_diag *diag)
{
	struct sp_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot) {
		sp_out_of_memory(diag);
		return NULL;
	}
	snapshot->holders = 1;
	if (sp_standing_load_snapshot(&options->directories,
		sp_snapshot_in_force(options->directories.state), &snapshot->standing,
		diag))
		return snapshot;
	sp_snapshot_release(snapshot);
	return NULL;
}

/* Nothing that was proven for another policy is granted under this one. */
static void forget_proofs(struct enforcer *enforcer)
{
	enforcer->leases.length = 0;
	enforcer->refused.length = 0;
}

static void follow_snapshot(struct enforcer *enforcer)
{
	uint8_t digest[SP_DIGEST_BYTES];
	struct sp_snapshot *next;
	struct sp_diag diag = { 0 };

	if (!sp_standing_digest_in_force(&enforcer->options->directories, digest) ||
	    !memcmp(digest, enforcer->snapshot->standing.policy->digest, sizeof(digest)))
		return;
	next = load_snapshot(enforcer->options, &diag);
	if (next && !sp_watch_follow(&enforcer->watch, next->standing.policy,
			&next->standing.gates, sp_boottime_ms())) {
		sp_out_of_memory(&diag);
		sp_snapshot_release(next);
		next = NULL;
	}
	say_trouble(enforcer, &diag);
	if (!next)
		return;
	forget_proofs(enforcer);
	sp_snapshot_release(enforcer->snapshot);
	enforcer->snapshot = next;
	enforcer->commit_due = true;
	say(enforcer, SP_EVENT_POLICY, "follows a new policy: %zu services, %zu gates",
	    next->standing.policy->service_count, enforcer->watch.gates.length);
}

/* An apply that nobody confirmed; its own guardian may be dead. */
static void undo_unconfirmed(struct enforcer *enforcer)
{
	struct sp_diag diag = { 0 };
	struct sp_pending pending;

	if (!sp_snapshot_pending(enforcer->options->directories.state, &pending) ||
	    sp_boottime_ms() < pending.deadline_ms)
		return;
	if (sp_undo_pending(&enforcer->options->directories, true, &diag) == SP_UNDONE)
		say(enforcer, SP_EVENT_ROLLED_BACK, "nobody confirmed the last apply");
	say_trouble(enforcer, &diag);
}

/* ---- commits ---- */

static void count_drift(struct enforcer *enforcer)
{
	const char *run = enforcer->options->directories.run;
	struct sp_drift_note note = sp_drift_note_load(run);
	struct sp_diag diag = { 0 };
	char *safe = sp_escape(enforcer->writer.name);

	note.count++;
	note.pid = enforcer->writer.pid;
	note.at = time(NULL);
	snprintf(note.writer, sizeof(note.writer), "%s", safe ? safe : "");
	free(safe);
	sp_drift_note_save(run, &note, &diag);
	say_trouble(enforcer, &diag);
}

static void say_drift(struct enforcer *enforcer)
{
	const char *name = enforcer->writer.name;

	say(enforcer, SP_EVENT_DRIFT, "%s (pid %u) changed table inet " SP_TABLE "; %s",
	    *name ? name : "somebody", enforcer->writer.pid,
	    enforcer->snapshot->standing.policy->drift == SP_DRIFT_RESTORE
		? "putting it back"
		: "drift = report: left as it is");
}

/* Is the table what the snapshot says? Under the lock. -1: not known. */
static int differences(struct enforcer *enforcer, struct sp_diag *diag)
{
	struct sp_kernel kernel;
	struct sp_delta *delta;
	int count = -1;

	if (!sp_kernel_read(enforcer->tables, &kernel, diag))
		return -1;
	delta = sp_delta_make(enforcer->snapshot->standing.ruleset,
	    &enforcer->snapshot->standing.gates, &kernel, NULL, diag);
	if (delta)
		count = (int)delta->changes.length;
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	return count;
}

/* Everything that is known goes into one batch. */
static bool commit(struct enforcer *enforcer, struct sp_diag *diag)
{
	struct sp_proofs proofs = { .keep_all = true,
		.leases = enforcer->leases.items,
		.lease_count = enforcer->leases.length,
		.refused = enforcer->refused.items,
		.refused_count = enforcer->refused.length };
	size_t changes = 0;

	return sp_apply_ruleset(enforcer->tables, enforcer->snapshot->standing.ruleset,
	    &enforcer->snapshot->standing.gates, &proofs, false, NULL, &changes, diag);
}

static bool settle_locked(struct enforcer *enforcer, struct sp_diag *diag)
{
	int different = 0;

	/* An apply that was under way has written its snapshot by now. */
	follow_snapshot(enforcer);
	if (enforcer->drifted) {
		different = differences(enforcer, diag);
		if (different < 0)
			return false;
		if (different) {
			count_drift(enforcer);
			say_drift(enforcer);
			if (enforcer->snapshot->standing.policy->drift ==
			    SP_DRIFT_REPORT) {
				enforcer->drifted = false;
				return true;
			}
		}
	}
	if (!commit(enforcer, diag))
		return false;
	if (different)
		say(enforcer, SP_EVENT_RESTORED, "%d changes were put back", different);
	enforcer->drifted = false;
	return true;
}

static void settle(struct enforcer *enforcer)
{
	struct sp_diag diag = { 0 };
	int lock;

	if (!enforcer->commit_due && !enforcer->drifted)
		return;
	lock = sp_state_lock(enforcer->options->directories.run,
	    enforcer->options->directories.lock_wait_ms, NULL, &diag);
	if (lock >= 0) {
		if (settle_locked(enforcer, &diag)) {
			enforcer->commit_due = false;
			forget_proofs(enforcer);
		}
		close(lock);
	}
	say_trouble(enforcer, &diag);
}

/* ---- what others committed ---- */

static void all_due(struct enforcer *enforcer)
{
	int64_t now = sp_boottime_ms();

	for (size_t i = 0; i < enforcer->watch.gates.length; i++)
		enforcer->watch.gates.items[i].due = now;
}

static void take_commits(struct enforcer *enforcer)
{
	struct sp_nf_commit commit;

	while (sp_nf_monitor_next(enforcer->monitor, &commit)) {
		if (!commit.ours || (commit.pid == (uint32_t)getpid() && !commit.lost))
			continue;
		enforcer->drifted = true;
		enforcer->writer = commit;
		/* Leases may be gone, or stand that nobody proved. */
		all_due(enforcer);
	}
}

/* ---- what rounds proved ---- */

static void keep_evidence(
    struct enforcer *enforcer, const struct sp_verdict *verdict, int64_t now)
{
	struct sp_evidence evidence = { .protocol = verdict->target->protocol,
		.port = verdict->target->port,
		.outcome = (char *)sp_outcome_name(verdict->outcome),
		.reason = verdict->reason,
		.checked = now,
		.not_after = verdict->lease ? sp_lease_not_after(verdict->lease) : 0,
		.certificate_ends = sp_verdict_certificate_ends(verdict) };
	struct sp_diag diag = { 0 };

	/* Evidence explains: a full disk closes no port. */
	sp_evidence_save(enforcer->options->directories.state, &evidence, &diag);
	say_trouble(enforcer, &diag);
}

static void refuse(struct enforcer *enforcer, const struct sp_watched *gate)
{
	if (!sp_array_push(
		&enforcer->refused, (struct sp_gate){ gate->protocol, gate->port, 0 }))
		say(enforcer, SP_EVENT_TROUBLE, "out of memory");
	enforcer->commit_due = true;
}

static void take_pass(struct enforcer *enforcer, struct sp_watched *gate,
    const struct sp_verdict *verdict, int64_t now)
{
	int64_t left = sp_lease_not_after(verdict->lease) - time(NULL);

	if (!sp_array_push(&enforcer->leases, verdict->lease)) {
		say(enforcer, SP_EVENT_TROUBLE, "out of memory");
		return;
	}
	enforcer->commit_due = true;
	if (!gate->open)
		say(enforcer, SP_EVENT_OPENED, "%s %u/tcp: %s", gate->service, gate->port,
		    verdict->reason);
	else
		say(enforcer, SP_EVENT_RENEWED, "%s %u/tcp", gate->service, gate->port);
	gate->open = true;
	sp_watched_schedule(gate, SP_PASS, left * 1000, now);
}

static void take_failure(struct enforcer *enforcer, struct sp_watched *gate,
    const struct sp_verdict *verdict, int64_t now)
{
	bool news = !gate->judged || gate->outcome != verdict->outcome || gate->open;

	if (verdict->outcome != SP_INCONCLUSIVE)
		refuse(enforcer, gate);
	if (news)
		say(enforcer,
		    verdict->outcome == SP_INCONCLUSIVE ? SP_EVENT_UNPROVEN
		    : gate->open			? SP_EVENT_REVOKED
							: SP_EVENT_REFUSED,
		    "%s %u/tcp: %s", gate->service, gate->port, verdict->reason);
	if (verdict->outcome != SP_INCONCLUSIVE)
		gate->open = false;
	sp_watched_schedule(gate, verdict->outcome, 0, now);
}

/* Did the port change hands while it was asked? Then the answer is another's. */
static bool is_stale(const struct sp_watched *gate, const struct sp_verdict *verdict)
{
	return gate->known && gate->listeners != sp_target_listeners(verdict->target);
}

static void take_verdict(
    struct enforcer *enforcer, const struct sp_verdict *verdict, int64_t checked)
{
	struct sp_watched *gate = sp_watch_find(&enforcer->watch, verdict->target->port);
	int64_t now = sp_boottime_ms();

	if (!gate)
		return;
	if (is_stale(gate, verdict)) {
		gate->due = now;
		return;
	}
	keep_evidence(enforcer, verdict, checked);
	if (verdict->lease)
		take_pass(enforcer, gate, verdict, now);
	else
		take_failure(enforcer, gate, verdict, now);
}

static void take_round(struct enforcer *enforcer, struct sp_round *round)
{
	const struct sp_verdicts *verdicts = sp_round_verdicts(round);
	int64_t now = sp_boottime_ms();
	bool current = sp_round_snapshot(round) == enforcer->snapshot;

	for (size_t i = 0; i < sp_round_port_count(round); i++) {
		struct sp_watched *gate =
		    sp_watch_find(&enforcer->watch, sp_round_port(round, i));

		if (!gate)
			continue;
		gate->running = false;
		if (!verdicts)
			sp_watched_schedule(gate, SP_INCONCLUSIVE, 0, now);
	}
	for (size_t i = 0; verdicts && current && i < verdicts->count; i++)
		take_verdict(enforcer, &verdicts->items[i], verdicts->now);
	for (size_t i = 0; i < sp_round_diag(round)->length; i++)
		say(enforcer, SP_EVENT_TROUBLE, "%s",
		    sp_round_diag(round)->items[i].message);
}

/* A round's leases are its verdicts': it is freed after the commit. */
static void take_rounds(struct enforcer *enforcer)
{
	uint64_t ignored;
	size_t kept = 0, taken = 0;
	struct sp_round *finished[MOST_ROUNDS];

	if (read(enforcer->over, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		say(enforcer, SP_EVENT_TROUBLE, "eventfd: %s", strerror(errno));
	for (size_t i = 0; i < enforcer->rounds.length; i++) {
		struct sp_round *round = enforcer->rounds.items[i];

		if (sp_round_over(round))
			finished[taken++] = round;
		else
			enforcer->rounds.items[kept++] = round;
	}
	enforcer->rounds.length = kept;
	for (size_t i = 0; i < taken; i++)
		take_round(enforcer, finished[i]);
	settle(enforcer);
	/* Whatever could not be committed now is asked again, not remembered. */
	if (enforcer->commit_due && taken)
		all_due(enforcer);
	if (taken)
		forget_proofs(enforcer);
	for (size_t i = 0; i < taken; i++)
		sp_round_free(finished[i]);
}

/* ---- who listens, and what is due ---- */

static void compare_target(
    struct enforcer *enforcer, const struct sp_target *target, int64_t now)
{
	struct sp_watched *gate = sp_watch_find(&enforcer->watch, target->port);
	uint64_t listeners = sp_target_listeners(target);
	uint64_t endpoints = sp_target_endpoints(target);

	if (!gate)
		return;
	if (gate->known && gate->listeners != listeners) {
		sp_watched_reset(gate, now);
		if (gate->open) {
			say(enforcer, SP_EVENT_WITHDRAWN, "%s %u/tcp: %s", gate->service,
			    gate->port,
			    target->listeners.length
				? "another socket listens; shut until it is proven"
				: "nobody listens any more");
			refuse(enforcer, gate);
			gate->open = false;
		}
	}
	if (gate->known && gate->endpoints != endpoints)
		gate->due = now;
	gate->listeners = listeners;
	gate->endpoints = endpoints;
	gate->known = true;
}

struct choice {
	struct enforcer *enforcer;
	int64_t now;
};

static bool is_due(const struct sp_target *target, void *context)
{
	const struct choice *choice = context;
	const struct sp_watched *gate =
	    sp_watch_find(&choice->enforcer->watch, target->port);

	return gate && !gate->running && gate->due <= choice->now;
}

static bool make_plan(
    struct enforcer *enforcer, struct sp_plan *ret, struct sp_diag *diag)
{
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };
	bool made = sp_sock_diag_listeners(&listeners, diag) &&
		    sp_sock_diag_addresses(&addresses, diag) &&
		    sp_plan_make(enforcer->snapshot->standing.policy, &listeners,
			&addresses, NULL, ret, diag);

	sp_listeners_free(&listeners);
	sp_local_addresses_free(&addresses);
	return made;
}

static void start_round(
    struct enforcer *enforcer, struct sp_plan *plan, struct sp_diag *diag)
{
	struct choice choice = { enforcer, sp_boottime_ms() };
	struct sp_round *round;

	sp_plan_keep(plan, is_due, &choice);
	if (!plan->target_count || enforcer->rounds.length == MOST_ROUNDS ||
	    !sp_array_reserve(&enforcer->rounds, 1))
		return;
	round = sp_round_start(
	    enforcer->snapshot, plan, enforcer->hooks, enforcer->over, diag);
	if (!round)
		return;
	enforcer->rounds.items[enforcer->rounds.length++] = round;
	for (size_t i = 0; i < sp_round_port_count(round); i++)
		sp_watch_find(&enforcer->watch, sp_round_port(round, i))->running = true;
}

static void look_and_ask(struct enforcer *enforcer)
{
	struct sp_plan plan = { 0 };
	struct sp_diag diag = { 0 };
	int64_t now = sp_boottime_ms();

	if (!enforcer->watch.gates.length)
		return;
	if (make_plan(enforcer, &plan, &diag)) {
		for (size_t i = 0; i < plan.target_count; i++)
			compare_target(enforcer, &plan.targets[i], now);
		settle(enforcer);
		start_round(enforcer, &plan, &diag);
	}
	sp_plan_free(&plan);
	say_trouble(enforcer, &diag);
}

/* ---- clocks ---- */

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void look_at_clocks(struct enforcer *enforcer)
{
	int64_t boot = milliseconds(CLOCK_BOOTTIME);
	int64_t wall = milliseconds(CLOCK_REALTIME) - boot;
	int64_t sleep = boot - milliseconds(CLOCK_MONOTONIC);
	bool jumped = distance(wall, enforcer->wall_offset) > JUMP_MS;
	bool slept = distance(sleep, enforcer->sleep_offset) > JUMP_MS;

	if (jumped || slept) {
		say(enforcer, SP_EVENT_CLOCK, "%s; every proof is asked for again",
		    slept ? "this machine slept" : "the clock jumped");
		all_due(enforcer);
	}
	enforcer->wall_offset = wall;
	enforcer->sleep_offset = sleep;
}

static bool is_stuck(const struct enforcer *enforcer)
{
	for (size_t i = 0; i < enforcer->rounds.length; i++)
		if (sp_boottime_ms() - sp_round_started(enforcer->rounds.items[i]) >
		    ROUND_STUCK_MS)
			return true;
	return false;
}

static void show_life(struct enforcer *enforcer)
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

static bool wait_for_something(struct enforcer *enforcer)
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
		all_due(enforcer);
	}
	return !(polls[0].revents & (POLLIN | POLLHUP));
}

static void run(struct enforcer *enforcer)
{
	do {
		take_commits(enforcer);
		take_rounds(enforcer);
		undo_unconfirmed(enforcer);
		follow_snapshot(enforcer);
		look_at_clocks(enforcer);
		look_and_ask(enforcer);
		settle(enforcer);
		show_life(enforcer);
	} while (wait_for_something(enforcer));
}

static bool start(struct enforcer *enforcer, struct sp_diag *diag)
{
	enforcer->snapshot = load_snapshot(enforcer->options, diag);
	if (!enforcer->snapshot)
		return false;
	enforcer->over = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (enforcer->over < 0)
		return sp_error(diag, NULL, "eventfd: %s", strerror(errno));
	enforcer->tables = sp_nf_tables_open(diag);
	enforcer->monitor = enforcer->tables ? sp_nf_monitor_open(SP_TABLE, diag) : NULL;
	if (!enforcer->monitor)
		return false;
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
	struct enforcer enforcer = { .options = options, .hooks = hooks, .over = -1 };
	bool started = start(&enforcer, diag);

	if (started) {
		say(&enforcer, SP_EVENT_STARTED, "enforces %zu services, %zu gates",
		    enforcer.snapshot->standing.policy->service_count,
		    enforcer.watch.gates.length);
		run(&enforcer);
		say(&enforcer, SP_EVENT_STOPPED,
		    "the ruleset stays; gates shut when their leases end");
	}
	for (size_t i = 0; i < enforcer.rounds.length; i++)
		sp_round_free(enforcer.rounds.items[i]);
	sp_array_free(&enforcer.rounds);
	sp_array_free(&enforcer.leases);
	sp_array_free(&enforcer.refused);
	sp_watch_free(&enforcer.watch);
	sp_nf_monitor_close(enforcer.monitor);
	sp_nf_tables_close(enforcer.tables);
	sp_snapshot_release(enforcer.snapshot);
	if (enforcer.over >= 0)
		close(enforcer.over);
	return started;
}
