#include <sallyport/verdict.h>

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/frame.h>

#include "findings.h"

struct sp_lease {
	enum sp_protocol protocol;
	uint16_t port;
	int64_t not_after;
	uint8_t evidence[SP_DIGEST_BYTES];
};

enum sp_protocol sp_lease_protocol(const struct sp_lease *lease)
{
	return lease->protocol;
}

uint16_t sp_lease_port(const struct sp_lease *lease)
{
	return lease->port;
}

int64_t sp_lease_not_after(const struct sp_lease *lease)
{
	return lease->not_after;
}

const uint8_t *sp_lease_evidence(const struct sp_lease *lease)
{
	return lease->evidence;
}

/* Apache's plain port answers every hello in HTTP but SSLv2's: no line ends in it,
 * and it waits for one. */
static bool waits_for_a_line(const struct sp_observation *observation)
{
	return observation->question == SP_ASK_SSL2 &&
	       observation->reply == SP_REPLY_TIMEOUT;
}

static bool is_clear_text(const struct sp_testimony *testimony)
{
	size_t clear = 0;

	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *seen = &testimony->observations[i];

		if (seen->reply == SP_REPLY_CLEAR_TEXT)
			clear++;
		else if (!waits_for_a_line(seen))
			return false;
	}
	return clear > 0;
}

static void judge_end(struct judging *judging)
{
	const struct sp_testimony *testimony = judging->testimony;
	const char *failure = testimony->failure ? testimony->failure : "no reason known";

	switch (testimony->ended) {
	case SP_ENDED_DONE: return;
	case SP_ENDED_NOT_ASKED:
		sp_finding_add(
		    judging, SP_FINDING_PROBER, SP_NO_NAME, "was not asked: %s", failure);
		return;
	case SP_ENDED_SANDBOX:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME,
		    "the prober could not seal itself: %s", failure);
		return;
	case SP_ENDED_EXIT:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME,
		    "the prober's child ended early, with status %u%s", testimony->code,
		    testimony->code == ENOMEM ? ": out of memory" : "");
		return;
	case SP_ENDED_SIGNAL:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME,
		    "the prober's child was ended by signal %u (%s)", testimony->code,
		    strsignal((int)testimony->code));
		return;
	case SP_ENDED_DEADLINE:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME,
		    "the prober's child ran past the port's deadline and was killed");
		return;
	case SP_ENDED_PROTOCOL:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME,
		    "the prober's child broke the rules: %s", failure);
		return;
	case SP_ENDED_NO_PROBER:
		sp_finding_add(judging, SP_FINDING_PROBER, SP_NO_NAME, "%s", failure);
		return;
	}
}

static void judge_tls(struct judging *judging)
{
	const struct sp_target *target = judging->target;
	size_t rounds = target->name_count ? target->name_count : 1;
	bool nothing_said = judging->testimony->observation_count == 0;

	if (is_clear_text(judging->testimony))
		sp_finding_add(judging, SP_FINDING_PLAIN_TEXT, SP_NO_NAME,
		    "answers in plain text: %.100s",
		    judging->testimony->observations[0].text);
	sp_upgrade_judge(judging);
	judge_end(judging);
	/* Without a prober every question would be told as not asked once more. */
	if (nothing_said && sp_finding_has(judging->verdict, SP_FINDING_PROBER))
		return;
	for (size_t round = 0; round < rounds; round++)
		sp_name_judge(judging, target->name_count ? (uint16_t)round : SP_NO_NAME);
	sp_intrusions_judge(judging);
}

static void judge_endpoint(struct judging *judging)
{
	if (judging->target->tls == SP_TLS_NONE) {
		judge_end(judging);
		sp_plain_judge(judging);
	} else {
		judge_tls(judging);
	}
	sp_findings_sort(judging->verdict);
	judging->verdict->outcome = sp_findings_outcome(judging->verdict);
}

/* Whose word decides the port: a local endpoint's; heavier beats lighter. */
static const struct sp_endpoint_verdict *decisive(const struct sp_verdict *verdict)
{
	const struct sp_endpoint_verdict *found = NULL;

	for (size_t i = 0; i < verdict->endpoint_count; i++) {
		const struct sp_endpoint_verdict *each = &verdict->endpoints[i];

		if (!each->endpoint->local)
			continue;
		if (!found || (found->outcome == SP_PASS && each->outcome != SP_PASS) ||
		    (found->outcome == SP_INCONCLUSIVE && each->outcome == SP_FAIL))
			found = each;
	}
	return found;
}

static char *reason_to_pass(
    const struct sp_verdict *verdict, const struct sp_endpoint_verdict *endpoint)
{
	struct judging judging = { .target = verdict->target,
		.testimony = &endpoint->endpoint->testimony };
	struct sp_text reason = { 0 };
	int64_t not_after = endpoint->not_after;
	char date[SP_DATE_TEXT];

	for (size_t i = 0; i < verdict->endpoint_count; i++)
		if (verdict->endpoints[i].endpoint->local &&
		    verdict->endpoints[i].not_after < not_after)
			not_after = verdict->endpoints[i].not_after;
	if (verdict->target->tls == SP_TLS_NONE)
		return strdup(endpoint->finding_count ? endpoint->findings[0].text
						      : "no TLS, as the policy says");
	sp_versions_list(&judging, &reason);
	sp_text_add(
	    &reason, "; certificate valid until %s", sp_date_print(not_after, date));
	if (reason.failed)
		sp_text_free(&reason);
	return reason.bytes;
}

static bool listens_inside(const struct sp_target *target)
{
	for (size_t i = 0; i < target->listeners.length; i++)
		if (!sp_address_is_loopback(&target->listeners.items[i].address))
			return false;
	return true;
}

static char *reason_for_absence(const struct sp_target *target)
{
	char *reason = NULL;
	int length;

	if (target->endpoint_count || !listens_inside(target))
		length = asprintf(&reason, "listens on no address of this host");
	else if (target->listeners.length)
		length = asprintf(&reason, "listens on loopback alone, not reachable");
	else
		length = asprintf(&reason, "nobody listens");
	return length < 0 ? NULL : reason;
}

static char *reason_to_refuse(
    const struct sp_verdict *verdict, const struct sp_endpoint_verdict *endpoint)
{
	char text[SP_ENDPOINT_TEXT], *reason;

	sp_endpoint_print(&endpoint->endpoint->address, verdict->target->port, text);
	if (asprintf(&reason, "%s (%s)", endpoint->findings[0].text, text) < 0)
		return NULL;
	return reason;
}

/* SHA-256 over what was asked, what was answered and when: every fact as its
 * frame, so that the same evidence has the same digest. */
static void digest_evidence(
    const struct sp_verdict *verdict, int64_t now, uint8_t digest[SP_DIGEST_BYTES])
{
	SHA2_CTX context;
	struct sp_frame frame;
	uint8_t bytes[SP_MAX_FRAME_BYTES];
	struct sp_request request = sp_target_request(verdict->target, 0, 0, now);

	SHA256Init(&context);
	frame = (struct sp_frame){ .type = SP_FRAME_ENDPOINT,
		.endpoint = { .endpoint = verdict->target->port, .request = request } };
	SHA256Update(&context, bytes, sp_frame_encode(&frame, bytes));
	for (size_t e = 0; e < verdict->target->endpoint_count; e++) {
		const struct sp_endpoint *endpoint = &verdict->target->endpoints[e];
		const struct sp_testimony *testimony = &endpoint->testimony;

		SHA256Update(
		    &context, bytes, sp_address_bytes(&endpoint->address, bytes));
		for (size_t i = 0; i < testimony->certificate_count; i++) {
			frame = (struct sp_frame){ .type = SP_FRAME_CERTIFICATE,
				.certificate = testimony->certificates[i] };
			SHA256Update(&context, bytes, sp_frame_encode(&frame, bytes));
		}
		for (size_t i = 0; i < testimony->observation_count; i++) {
			frame = (struct sp_frame){ .type = SP_FRAME_OBSERVATION,
				.observation = testimony->observations[i] };
			SHA256Update(&context, bytes, sp_frame_encode(&frame, bytes));
		}
	}
	SHA256Final(digest, &context);
}

/* The only constructor of a lease. NULL: nothing to stand on, or no memory. */
static struct sp_lease *make_lease(const struct sp_verdict *verdict, int64_t now)
{
	struct sp_lease *lease;
	int64_t not_after = now + verdict->target->lease;

	for (size_t i = 0; i < verdict->endpoint_count; i++) {
		const struct sp_endpoint_verdict *each = &verdict->endpoints[i];

		if (!each->endpoint->local)
			continue;
		if (each->outcome != SP_PASS || each->good_until <= now)
			return NULL;
		if (each->good_until < not_after)
			not_after = each->good_until;
	}
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return NULL;
	lease->protocol = verdict->target->protocol;
	lease->port = verdict->target->port;
	lease->not_after = not_after;
	digest_evidence(verdict, now, lease->evidence);
	return lease;
}

static bool judge_port(struct sp_verdict *verdict, int64_t now)
{
	const struct sp_endpoint_verdict *endpoint = decisive(verdict);

	if (!endpoint) {
		verdict->outcome = SP_ABSENT;
		verdict->reason = reason_for_absence(verdict->target);
	} else if (endpoint->outcome == SP_PASS) {
		verdict->outcome = SP_PASS;
		verdict->reason = reason_to_pass(verdict, endpoint);
		if (verdict->target->on_fail == SP_ON_FAIL_BLOCK &&
		    verdict->target->tls != SP_TLS_NONE) {
			verdict->lease = make_lease(verdict, now);
			return verdict->reason && verdict->lease;
		}
	} else {
		verdict->outcome = endpoint->outcome;
		verdict->reason = reason_to_refuse(verdict, endpoint);
	}
	return verdict->reason != NULL;
}

static bool judge_target(
    struct sp_verdict *verdict, const struct sp_target *target, int64_t now)
{
	struct sp_request request = sp_target_request(target, 0, 0, now);

	verdict->target = target;
	verdict->outcome = SP_INCONCLUSIVE; /* until judged */
	verdict->endpoints =
	    calloc(target->endpoint_count + 1, sizeof(*verdict->endpoints));
	if (!verdict->endpoints)
		return false;
	verdict->endpoint_count = target->endpoint_count;
	for (size_t i = 0; i < target->endpoint_count; i++) {
		struct judging judging = { .target = target,
			.testimony = &target->endpoints[i].testimony,
			.questions = request.questions,
			.handshakes = request.handshakes,
			.now = now,
			.verdict = &verdict->endpoints[i] };

		verdict->endpoints[i].endpoint = &target->endpoints[i];
		judge_endpoint(&judging);
		if (judging.out_of_memory)
			return false;
	}
	return judge_port(verdict, now);
}

bool sp_judge_target(const struct sp_target *target, int64_t now, struct sp_verdict *ret,
    struct sp_diag *diag)
{
	memset(ret, 0, sizeof(*ret));
	if (judge_target(ret, target, now))
		return true;
	sp_verdict_clear(ret);
	return sp_out_of_memory(diag);
}

bool sp_judge(struct sp_verdicts *verdicts, struct sp_diag *diag)
{
	verdicts->items =
	    calloc(verdicts->plan.target_count + 1, sizeof(*verdicts->items));
	if (!verdicts->items)
		return sp_out_of_memory(diag);
	verdicts->count = verdicts->plan.target_count;
	for (size_t i = 0; i < verdicts->count; i++)
		if (!judge_target(
			&verdicts->items[i], &verdicts->plan.targets[i], verdicts->now))
			return sp_out_of_memory(diag);
	return true;
}

bool sp_verdicts_pass(const struct sp_verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->items[i].outcome != SP_PASS)
			return false;
	return true;
}

static void free_endpoint(struct sp_endpoint_verdict *verdict)
{
	for (size_t i = 0; i < verdict->finding_count; i++)
		free(verdict->findings[i].text);
	for (size_t i = 0; i < verdict->answer_count; i++)
		free(verdict->answers[i].how);
	free(verdict->findings);
	free(verdict->answers);
}

void sp_verdict_clear(struct sp_verdict *verdict)
{
	for (size_t e = 0; e < verdict->endpoint_count; e++)
		free_endpoint(&verdict->endpoints[e]);
	free(verdict->endpoints);
	free(verdict->reason);
	free(verdict->lease);
	memset(verdict, 0, sizeof(*verdict));
}

void sp_verdicts_free(struct sp_verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		sp_verdict_clear(&verdicts->items[i]);
	free(verdicts->items);
	sp_plan_free(&verdicts->plan);
	memset(verdicts, 0, sizeof(*verdicts));
}

int64_t sp_verdict_certificate_ends(const struct sp_verdict *verdict)
{
	int64_t earliest = 0;

	for (size_t i = 0; i < verdict->endpoint_count; i++) {
		int64_t end = verdict->endpoints[i].not_after;

		if (end && (!earliest || end < earliest))
			earliest = end;
	}
	return earliest;
}
