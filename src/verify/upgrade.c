/* What came before TLS: the upgrade, and the plain session. */
#include "findings.h"

#include <stdio.h>

static const char *text_of(const struct sp_observation *observation)
{
	return observation->upgrade_text ? observation->upgrade_text : "";
}

const char *sp_upgrade_how(const struct sp_observation *observation, char text[160])
{
	const char *more = text_of(observation);

	switch (observation->upgrade) {
	case SP_UPGRADE_NONE:
	case SP_UPGRADE_DONE: return "upgraded";
	case SP_UPGRADE_NOT_OFFERED: return "the upgrade is not offered";
	case SP_UPGRADE_REFUSED:
		snprintf(text, 160, "the upgrade is refused: %.100s", more);
		break;
	case SP_UPGRADE_LATER:
		snprintf(text, 160, "the upgrade is refused for now: %.100s", more);
		break;
	case SP_UPGRADE_CLOSED: return "closed the connection before the upgrade";
	case SP_UPGRADE_RESET: return "reset the connection before the upgrade";
	case SP_UPGRADE_TIMEOUT: return "no whole answer before the upgrade";
	case SP_UPGRADE_MALFORMED:
		snprintf(text, 160, "speaks something else: %.100s", more);
		break;
	case SP_UPGRADE_TOO_LONG:
		snprintf(text, 160, "before the upgrade: %.100s", more);
		break;
	}
	return text;
}

/* A refusal of what stands behind the upgrade says something where the upgrade
 * alone works. */
static bool ever_upgraded(const struct sp_testimony *testimony)
{
	for (size_t i = 0; i < testimony->observation_count; i++)
		if (testimony->observations[i].upgrade == SP_UPGRADE_DONE)
			return true;
	return false;
}

enum sp_answer sp_upgrade_answer(
    const struct judging *judging, const struct sp_observation *observation)
{
	if (observation->reply == SP_REPLY_YES)
		return SP_ANSWER_YES;
	if (observation->reply == SP_REPLY_NO && ever_upgraded(judging->testimony))
		return SP_ANSWER_NO;
	return SP_ANSWER_INCONCLUSIVE;
}

static bool is_definite(enum sp_upgrade how)
{
	return how == SP_UPGRADE_NOT_OFFERED || how == SP_UPGRADE_REFUSED;
}

/* The first attempt that failed; with `indefinite` one that may go otherwise. */
static const struct sp_observation *find_failure(
    const struct sp_testimony *testimony, bool indefinite)
{
	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *seen = &testimony->observations[i];

		if (seen->reply == SP_REPLY_NO_UPGRADE &&
		    sp_question(seen->question)->kind != SP_KIND_SESSION &&
		    !(indefinite && is_definite(seen->upgrade)))
			return seen;
	}
	return NULL;
}

/* No session was upgraded: for good, or nobody knows. */
static void judge_failure(struct judging *judging)
{
	const struct sp_observation *open = find_failure(judging->testimony, true);
	const struct sp_observation *any = find_failure(judging->testimony, false);
	const char *words = sp_dialect_upgrade(judging->target->dialect);
	char how[160];

	if (open)
		sp_finding_add(judging, SP_FINDING_STARTTLS, SP_NO_NAME, "no TLS: %s",
		    sp_upgrade_how(open, how));
	else if (any && any->upgrade == SP_UPGRADE_NOT_OFFERED)
		sp_finding_add(judging, SP_FINDING_PLAIN_TEXT, SP_NO_NAME,
		    "does not offer %s", words);
	else if (any)
		sp_finding_add(judging, SP_FINDING_PLAIN_TEXT, SP_NO_NAME,
		    "refuses %s: %.100s", words, text_of(any));
}

static void judge_injected(struct judging *judging)
{
	const struct sp_testimony *testimony = judging->testimony;

	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *seen = &testimony->observations[i];

		if (!seen->injected)
			continue;
		sp_finding_held(judging, SP_FINDING_STARTTLS_INJECTION,
		    sp_opinion_of(judging, SP_WEAK_STARTTLS_INJECTION), SP_NO_NAME,
		    "says more before TLS begins: %.100s", text_of(seen));
		return;
	}
}

static void judge_session(
    struct judging *judging, enum sp_question question, enum sp_weakness weakness)
{
	uint16_t name = judging->target->name_count ? 0 : SP_NO_NAME;
	const struct sp_observation *seen =
	    sp_testimony_find(judging->testimony, question, name);
	const char *title = sp_question(question)->title;
	char how[160];

	if (!sp_target_asks(judging->target, question))
		return;
	switch (sp_answer_of(judging, question, name)) {
	case SP_ANSWER_YES:
		sp_finding_held(judging, sp_finding_of_weakness(weakness),
		    sp_opinion_of(judging, weakness), SP_NO_NAME,
		    weakness == SP_WEAK_PLAINTEXT_AUTH ? "takes passwords before TLS: %s"
						       : "%s",
		    sp_answer_how(seen, how));
		return;
	case SP_ANSWER_NO: return;
	case SP_ANSWER_INCONCLUSIVE:
		sp_finding_add(judging, SP_FINDING_UNANSWERED, SP_NO_NAME, "%s: %s",
		    title, sp_answer_how(seen, how));
		return;
	case SP_ANSWER_NOT_ASKED:
		sp_finding_add(judging, SP_FINDING_UNANSWERED, SP_NO_NAME,
		    "%s: was not asked", title);
		return;
	}
}

void sp_upgrade_judge(struct judging *judging)
{
	if (judging->target->tls != SP_TLS_STARTTLS)
		return;
	judge_injected(judging);
	if (!ever_upgraded(judging->testimony)) {
		judge_failure(judging);
		return;
	}
	judge_session(judging, SP_ASK_PLAINTEXT_AUTH, SP_WEAK_PLAINTEXT_AUTH);
	judge_session(judging, SP_ASK_STARTTLS_INJECTION, SP_WEAK_STARTTLS_INJECTION);
}
