#include "round.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/array.h>

struct sp_round {
	pthread_t thread;
	struct sp_snapshot *snapshot;
	struct sp_plan plan; /* until the thread takes it */
	const struct sp_enforcer_hooks *hooks;
	int notify;
	int64_t started;
	SP_ARRAY(uint16_t) ports;
	/* Written by the thread before `over`, read after it. */
	struct sp_verdicts verdicts;
	struct sp_diag diag;
	bool verified;
	atomic_bool over;
};

static void *run(void *context)
{
	struct sp_round *round = context;
	uint64_t one = 1;

	round->verified = round->hooks->verify(
	    &round->plan, &round->verdicts, &round->diag, round->hooks->context);
	atomic_store(&round->over, true);
	/* The main loop looks every quarter second anyway. */
	if (write(round->notify, &one, sizeof(one)) < 0)
		return NULL;
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

struct sp_round *sp_round_start(struct sp_snapshot *snapshot, struct sp_plan *plan,
    const struct sp_enforcer_hooks *hooks, int notify, struct sp_diag *diag)
{
	struct sp_round *round = calloc(1, sizeof(*round));
	bool ready = round != NULL;

	for (size_t i = 0; i < plan->target_count && ready; i++)
		ready = sp_array_push(&round->ports, plan->targets[i].port);
	if (ready) {
		round->snapshot = snapshot;
		round->plan = *plan;
		round->hooks = hooks;
		round->notify = notify;
		round->started = sp_boottime_ms();
		snapshot->holders++;
		if (start_thread(round)) {
			memset(plan, 0, sizeof(*plan));
			return round;
		}
		snapshot->holders--;
		sp_error(diag, NULL, "cannot start a thread to verify with");
	} else {
		sp_out_of_memory(diag);
	}
	if (round)
		sp_array_free(&round->ports);
	free(round);
	return NULL;
}

bool sp_round_over(struct sp_round *round)
{
	return atomic_load(&round->over);
}

int64_t sp_round_started(const struct sp_round *round)
{
	return round->started;
}

struct sp_snapshot *sp_round_snapshot(const struct sp_round *round)
{
	return round->snapshot;
}

const struct sp_verdicts *sp_round_verdicts(const struct sp_round *round)
{
	return round->verified ? &round->verdicts : NULL;
}

const struct sp_diag *sp_round_diag(const struct sp_round *round)
{
	return &round->diag;
}

size_t sp_round_port_count(const struct sp_round *round)
{
	return round->ports.length;
}

uint16_t sp_round_port(const struct sp_round *round, size_t index)
{
	return round->ports.items[index];
}

void sp_round_free(struct sp_round *round)
{
	if (!round)
		return;
	pthread_join(round->thread, NULL);
	if (round->verified)
		sp_verdicts_free(&round->verdicts);
	sp_diag_free(&round->diag);
	sp_snapshot_release(round->snapshot);
	sp_array_free(&round->ports);
	free(round);
}

void sp_snapshot_release(struct sp_snapshot *snapshot)
{
	if (!snapshot || --snapshot->holders)
		return;
	sp_standing_clear(&snapshot->standing);
	free(snapshot);
}
