/* A round: some gates asked together, on a thread of its own, so that a server
 * that takes its time holds up nobody else's renewal. */
#ifndef SALLYPORT_ENFORCER_ROUND_H
#define SALLYPORT_ENFORCER_ROUND_H

#include <sallyport/enforcer.h>
#include <sallyport/standing.h>

/* A policy in force and what is made of it; rounds hold on to it, because their
 * plans point into it. */
struct sp_snapshot {
	struct sp_standing standing;
	unsigned holders; /* of the main thread only */
};

struct sp_round;

/* Takes the plan over. `notify` is an eventfd that is written to when it is
 * over. NULL: no thread or no memory; said in `diag`. */
struct sp_round *sp_round_start(struct sp_snapshot *snapshot, struct sp_plan *plan,
    bool renews, const struct sp_enforcer_hooks *hooks, int notify, struct sp_diag *diag);

bool sp_round_renews(const struct sp_round *round); /* as it was started */

bool sp_round_over(struct sp_round *round);
int64_t sp_round_started(const struct sp_round *round); /* ms, CLOCK_BOOTTIME */
struct sp_snapshot *sp_round_snapshot(const struct sp_round *round);
struct sp_diag *sp_round_diag(struct sp_round *round); /* after it is over */

/* Targets are taken one by one, each as soon as its every endpoint has ended;
 * when the round is over, all that are left. */
size_t sp_round_target_count(const struct sp_round *round);
uint16_t sp_round_port(const struct sp_round *round, size_t index);
/* NULL: it is not ended, was taken before, or (once) it is lost: it ended, and could
 * not be judged. The verdict is the round's. On the main thread only. */
const struct sp_verdict *sp_round_take(
    struct sp_round *round, size_t index, bool *ret_lost, struct sp_diag *diag);
/* Over, and every target was taken. */
bool sp_round_is_taken(struct sp_round *round);

/* Joins the thread: waits for it when it is not over. */
void sp_round_free(struct sp_round *round);

void sp_snapshot_release(struct sp_snapshot *snapshot);

#endif
