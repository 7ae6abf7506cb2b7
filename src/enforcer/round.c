#include "round.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct sp_round {
	pthread_t thread;
	struct sp_snapshot *snapshot;
	struct sp_plan plan; /* until the thread takes it */
	const struct sp_enforcer_hooks *hooks;
	int notify;
	bool renews;
	int64_t started, asked; /* ms of boot time; seconds since the epoch */
	/* The plan's, wherever the plan is by now; of the thread until ended. */
	const struct sp_target *targets;
	uint16_t *ports;
	size_t count;
	atomic_bool *ended;
	/* The main thread's. */
	struct sp_verdict *early;
	bool *taken;
	/* Written by the thread before `over`, read after it. */
	struct sp_verdicts verdicts;
	struct sp_diag diag;
	bool verified;
	atomic_bool over;
};

static bool has_ended(const struct sp_target *target)
{
	for (size_t i = 0; i < target->endpoint_count; i++)
		if (target->endpoints[i].testimony.ended == SP_ENDED_NOT_ASKED &&
		    !target->endpoints[i].testimony.failure)
			return false;
	return true;
}

static void wake(const struct sp_round *round)
{
	uint64_t one = 1;

	/* The main loop looks every quarter second anyway. */
	if (write(round->notify, &one, sizeof(one)) < 0)
		return;
}

/* On the round's thread, after an endpoint that ended. */
static void note_progress(size_t done, size_t count, void *context)
{
	struct sp_round *round = context;
	bool news = false;

	(void)done;
	(void)count;
	for (size_t i = 0; i < round->count; i++)
		if (!atomic_load(&round->ended[i]) && has_ended(&round->targets[i])) {
			atomic_store(&round->ended[i], true);
			news = true;
		}
	if (news)
		wake(round);
}

static void *run(void *context)
{
	struct sp_round *round = context;

	round->verified = round->hooks->verify(&round->plan, &round->verdicts,
	    note_progress, round, &round->diag, round->hooks->context);
	atomic_store(&round->over, true);
	wake(round);
	return NULL;
}

static bool start_thread(struct sp_round *round)
{
	sigset_t all, before;
	bool started;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	started = pthread_create(&round->thread, NULL, run, round) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void forget(struct sp_round *round)
{
	free(round->ports);
	free(round->ended);
	free(round->early);
	free(round->taken);
	free(round);
}

static struct sp_round *make_round(struct sp_snapshot *snapshot,
    const struct sp_plan *plan, const struct sp_enforcer_hooks *hooks, int notify)
{
	struct sp_round *round = calloc(1, sizeof(*round));
	size_t count = plan->target_count;

	if (!round)
		return NULL;
	round->ports = calloc(count + 1, sizeof(*round->ports));
	round->ended = calloc(count + 1, sizeof(*round->ended));
	round->early = calloc(count + 1, sizeof(*round->early));
	round->taken = calloc(count + 1, sizeof(*round->taken));
	if (!round->ports || !round->ended || !round->early || !round->taken) {
		forget(round);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		round->ports[i] = plan->targets[i].port;
		/* Where nobody listens there is nothing to wait for. */
		atomic_store(&round->ended[i], plan->targets[i].endpoint_count == 0);
	}
	round->snapshot = snapshot;
	round->plan = *plan;
	round->targets = plan->targets;
	round->count = count;
	round->hooks = hooks;
	round->notify = notify;
	round->started = sp_boottime_ms();
	round->asked = time(NULL);
	return round;
}

struct sp_round *sp_round_start(struct sp_snapshot *snapshot, struct sp_plan *plan,
    bool renews, const struct sp_enforcer_hooks *hooks, int notify, struct sp_diag *diag)
{
	struct sp_round *round = make_round(snapshot, plan, hooks, notify);

	if (!round) {
		sp_out_of_memory(diag);
		return NULL;
	}
	round->renews = renews;
	snapshot->holders++;
	if (start_thread(round)) {
		memset(plan, 0, sizeof(*plan));
		return round;
	}
	snapshot->holders--;
	forget(round);
	sp_error(diag, NULL, "cannot start a thread to verify with");
	return NULL;
}

bool sp_round_over(struct sp_round *round)
{
	return atomic_load(&round->over);
}

bool sp_round_renews(const struct sp_round *round)
{
	return round->renews;
}

int64_t sp_round_started(const struct sp_round *round)
{
	return round->started;
}

struct sp_snapshot *sp_round_snapshot(const struct sp_round *round)
{
	return round->snapshot;
}

struct sp_diag *sp_round_diag(struct sp_round *round)
{
	return &round->diag;
}

size_t sp_round_target_count(const struct sp_round *round)
{
	return round->count;
}

uint16_t sp_round_port(const struct sp_round *round, size_t index)
{
	return round->ports[index];
}

const struct sp_verdict *sp_round_take(
    struct sp_round *round, size_t index, bool *ret_lost, struct sp_diag *diag)
{
	bool over = sp_round_over(round), judged;

	*ret_lost = false;
	if (round->taken[index] || (!over && !atomic_load(&round->ended[index])))
		return NULL;
	round->taken[index] = true;
	judged = over ? round->verified
		      : sp_judge_target(&round->targets[index], round->asked,
			    &round->early[index], diag);
	*ret_lost = !judged;
	if (!judged)
		return NULL;
	return over ? &round->verdicts.items[index] : &round->early[index];
}

bool sp_round_is_taken(struct sp_round *round)
{
	if (!sp_round_over(round))
		return false;
	for (size_t i = 0; i < round->count; i++)
		if (!round->taken[i])
			return false;
	return true;
}

void sp_round_free(struct sp_round *round)
{
	if (!round)
		return;
	pthread_join(round->thread, NULL);
	/* Early verdicts point into the plan, which goes with the verdicts. */
	for (size_t i = 0; i < round->count; i++)
		sp_verdict_clear(&round->early[i]);
	if (round->verified)
		sp_verdicts_free(&round->verdicts);
	else
		sp_plan_free(&round->plan);
	sp_diag_free(&round->diag);
	sp_snapshot_release(round->snapshot);
	forget(round);
}

void sp_snapshot_release(struct sp_snapshot *snapshot)
{
	if (!snapshot || --snapshot->holders)
		return;
	sp_standing_clear(&snapshot->standing);
	free(snapshot);
}
