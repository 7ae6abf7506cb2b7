/* What rounds proved, gate by gate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/evidence.h>

#include "parts.h"

static void keep_evidence(
    struct sp_enforcing *enforcer, const struct sp_verdict *verdict, int64_t now)
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
	sp_say_trouble(enforcer, &diag);
}

void sp_refuse(struct sp_enforcing *enforcer, const struct sp_watched *gate)
{
	enforcer->commit_due = true;
	for (size_t i = 0; i < enforcer->refused.length; i++)
		if (enforcer->refused.items[i].port == gate->port)
			return;
	if (!sp_array_push(
		&enforcer->refused, (struct sp_gate){ gate->protocol, gate->port, 0 }))
		sp_say(enforcer, SP_EVENT_TROUBLE, "out of memory");
}

static bool prepare_news(struct sp_enforcing *enforcer, const struct sp_watched *gate,
    const struct sp_verdict *verdict)
{
	struct sp_news news = { gate->open ? SP_EVENT_RENEWED : SP_EVENT_OPENED,
		gate->port, NULL };
	int printed = gate->open
			  ? asprintf(&news.text, "%s %u/tcp", gate->service, gate->port)
			  : asprintf(&news.text, "%s %u/tcp: %s", gate->service,
				gate->port, verdict->reason);

	if (printed < 0)
		return false;
	if (sp_array_push(&enforcer->news, news))
		return true;
	free(news.text);
	return false;
}

void sp_tell_news(struct sp_enforcing *enforcer)
{
	for (size_t i = 0; i < enforcer->news.length; i++) {
		const struct sp_news *news = &enforcer->news.items[i];
		struct sp_watched *gate = sp_watch_find(&enforcer->watch, news->port);

		if (gate)
			gate->open = true;
		sp_say(enforcer, news->event, "%s", news->text);
	}
}

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_pass(struct sp_enforcing *enforcer, struct sp_watched *gate,
    const struct sp_verdict *verdict, int64_t now)
{
	int64_t left = sp_lease_not_after(verdict->lease) * 1000 - wall_ms();

	if (!prepare_news(enforcer, gate, verdict) ||
	    !sp_array_push(&enforcer->leases, verdict->lease)) {
		sp_say(enforcer, SP_EVENT_TROUBLE, "out of memory");
		return;
	}
	enforcer->commit_due = true;
	sp_watched_schedule(gate, SP_PASS, left, now);
}

static void take_failure(struct sp_enforcing *enforcer, struct sp_watched *gate,
    const struct sp_verdict *verdict, int64_t now)
{
	bool news = !gate->judged || gate->outcome != verdict->outcome || gate->open;

	if (verdict->outcome != SP_INCONCLUSIVE)
		sp_refuse(enforcer, gate);
	if (news)
		sp_say(enforcer,
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

struct sp_kept_proof sp_kept_proof_of(
    const struct sp_enforcing *enforcer, const struct sp_watched *gate)
{
	struct sp_kept_proof kept = { 0 };
	struct sp_evidence evidence;

	if (!sp_evidence_load(enforcer->options->directories.state, gate->protocol,
		gate->port, &evidence))
		return kept;
	if (!strcmp(evidence.outcome, sp_outcome_name(SP_PASS)))
		kept = (struct sp_kept_proof){ evidence.checked, evidence.not_after };
	sp_evidence_clear(&evidence);
	return kept;
}

/* Did a command prove the port while it was asked? A renewal's hook does, and what was
 * wrong before the renewal is no reason to shut it: it is asked again, at once. */
static bool is_outdated(const struct sp_enforcing *enforcer,
    const struct sp_watched *gate, const struct sp_verdict *verdict)
{
	struct sp_kept_proof kept;

	if (verdict->outcome != SP_FAIL)
		return false;
	kept = sp_kept_proof_of(enforcer, gate);
	return kept.checked && (kept.checked != gate->kept.checked ||
				   kept.not_after != gate->kept.not_after);
}

static void take_verdict(struct sp_enforcing *enforcer, const struct sp_verdict *verdict)
{
	struct sp_watched *gate = sp_watch_find(&enforcer->watch, verdict->target->port);
	int64_t now = sp_boottime_ms();

	if (!gate)
		return;
	if (is_stale(gate, verdict)) {
		gate->due = now;
		return;
	}
	if (is_outdated(enforcer, gate, verdict)) {
		sp_watched_reset(gate, now);
		return;
	}
	gate->took_ms = now - gate->asked;
	keep_evidence(enforcer, verdict, time(NULL));
	if (verdict->lease)
		take_pass(enforcer, gate, verdict, now);
	else
		take_failure(enforcer, gate, verdict, now);
}

static void take_target(
    struct sp_enforcing *enforcer, struct sp_round *round, size_t index)
{
	struct sp_watched *gate =
	    sp_watch_find(&enforcer->watch, sp_round_port(round, index));
	struct sp_diag diag = { 0 };
	bool lost;
	const struct sp_verdict *verdict = sp_round_take(round, index, &lost, &diag);

	if (gate && (verdict || lost))
		gate->running = false;
	/* A round for another policy than the one in force proves nothing. */
	if (verdict && sp_round_snapshot(round) == enforcer->snapshot)
		take_verdict(enforcer, verdict);
	else if (gate && lost)
		sp_watched_schedule(gate, SP_INCONCLUSIVE, 0, sp_boottime_ms());
	sp_say_trouble(enforcer, &diag);
}

/* Whatever ended is taken, whoever else of its round still waits for an answer.
 * A lease is its round's, which is freed only after the commit. */
void sp_take_rounds(struct sp_enforcing *enforcer)
{
	bool proven;
	uint64_t ignored;
	size_t kept = 0;

	if (read(enforcer->over, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		sp_say(enforcer, SP_EVENT_TROUBLE, "eventfd: %s", strerror(errno));
	for (size_t i = 0; i < enforcer->rounds.length; i++)
		for (size_t t = 0; t < sp_round_target_count(enforcer->rounds.items[i]);
		     t++)
			take_target(enforcer, enforcer->rounds.items[i], t);
	proven = enforcer->leases.length != 0;
	sp_settle(enforcer);
	/* What could not be committed now is asked again, not remembered. */
	if (enforcer->commit_due && proven)
		sp_all_due(enforcer);
	sp_forget_leases(enforcer);
	for (size_t i = 0; i < enforcer->rounds.length; i++) {
		struct sp_round *round = enforcer->rounds.items[i];

		if (!sp_round_over(round)) {
			enforcer->rounds.items[kept++] = round;
			continue;
		}
		/* It may have ended since it was looked at. */
		if (sp_round_is_taken(round)) {
			sp_say_trouble(enforcer, sp_round_diag(round));
			sp_round_free(round);
		} else {
			enforcer->rounds.items[kept++] = round;
		}
	}
	enforcer->rounds.length = kept;
}
