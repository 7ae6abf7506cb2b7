/* Which versions are spoken, which of them are proven, and what is left open. */
#include "findings.h"
#include "offers.h"

#include <string.h>

static struct sp_opinion opinion_of(const struct judging *judging, uint16_t version)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_MIN_VERSION };

	opinion.stance =
	    sp_profile_version(judging->target->profile, version, &opinion.demand);
	return opinion;
}

static bool allows(const struct judging *judging, uint16_t version)
{
	return opinion_of(judging, version).stance != SP_STANCE_FAIL;
}

/* Was a ServerHello of this version seen under this name, to whatever hello? */
static bool spoken(const struct judging *judging, uint16_t version, uint16_t name)
{
	for (size_t i = 0; i < judging->testimony->observation_count; i++) {
		const struct sp_observation *seen = &judging->testimony->observations[i];

		if (seen->name == name && seen->version == version)
			return true;
	}
	return false;
}

/* Nothing but this version was answered with a ServerHello. */
static bool only_spoken(const struct judging *judging, uint16_t version)
{
	for (size_t i = 0; i < judging->testimony->observation_count; i++) {
		uint16_t other = judging->testimony->observations[i].version;

		if (other && other != version)
			return false;
	}
	return true;
}

void sp_versions_list(const struct judging *judging, struct sp_text *list)
{
	for (unsigned i = SP_QUESTIONS; i-- > 0;) {
		const struct sp_question_entry *entry = sp_question((enum sp_question)i);
		uint16_t name = judging->target->name_count ? 0 : SP_NO_NAME;

		if (entry->purpose == SP_PURPOSE_VERSION &&
		    spoken(judging, entry->version, name))
			sp_text_add(list, "%s%s", list->length ? ", " : "", entry->title);
	}
}

static enum sp_finding_id finding_of_version(uint16_t version)
{
	switch (version) {
	case SP_SSL2: return SP_FINDING_SSLV2;
	case SP_SSL3: return SP_FINDING_SSLV3;
	case SP_TLS10: return SP_FINDING_TLS10;
	case SP_TLS11: return SP_FINDING_TLS11;
	default: return SP_FINDING_VERSION;
	}
}

/* Every version that a ServerHello named and the profile holds something against. */
static void judge_spoken(struct judging *judging, uint16_t name)
{
	for (size_t i = 0; i < judging->testimony->observation_count; i++) {
		const struct sp_observation *seen = &judging->testimony->observations[i];
		char text[16];

		if (seen->name != name || seen->version == 0)
			continue;
		sp_finding_held(judging, finding_of_version(seen->version),
		    opinion_of(judging, seen->version), name, "%s %s (ServerHello %04x)",
		    only_spoken(judging, seen->version) ? "speaks only" : "accepts",
		    sp_version_name(seen->version, text), seen->version);
	}
}

static void add_unanswered(struct judging *judging, enum sp_question question,
    const struct sp_observation *observation, uint16_t name)
{
	const char *title = sp_question(question)->title;
	char how[160];

	/* Why nothing more was asked is told already. */
	if (!observation && (sp_finding_has(judging->verdict, SP_FINDING_UNREACHABLE) ||
				sp_finding_has(judging->verdict, SP_FINDING_PROBER)))
		return;
	if (sp_finding_has(judging->verdict, SP_FINDING_STARTTLS) ||
	    sp_finding_has(judging->verdict, SP_FINDING_PLAIN_TEXT))
		return;
	if (!observation)
		sp_finding_add(
		    judging, SP_FINDING_UNANSWERED, name, "%s was not asked", title);
	else if (observation->reply == SP_REPLY_NO_CONNECTION)
		sp_finding_add(judging, SP_FINDING_UNREACHABLE, name, "no connection: %s",
		    strerror((int)observation->error));
	else
		sp_finding_add(judging, SP_FINDING_UNANSWERED, name, "%s: %s", title,
		    sp_answer_how(observation, how));
}

/* An allowed version that answers must be proven, and its chain be good. */
static bool judge_allowed(
    struct judging *judging, const struct sp_observation *observation, uint16_t name)
{
	const char *title = sp_question(observation->question)->title;
	char how[160];

	if (observation->client_certificate)
		sp_finding_add(judging, SP_FINDING_CLIENT_CERTIFICATE, name,
		    "the server asks for a client certificate");
	if (!observation->proven || (observation->reply != SP_REPLY_HANDSHAKE &&
					!observation->client_certificate)) {
		sp_finding_add(judging, SP_FINDING_INCOMPLETE, name,
		    "%s is offered and does not complete: %s", title,
		    sp_answer_how(observation, how));
		return false;
	}
	sp_chain_judge(judging, observation);
	return true;
}

/* The refusal of a version; what the profile requires may not be missing. */
static void judge_refused(
    struct judging *judging, enum sp_question question, uint16_t name)
{
	struct sp_opinion required = { SP_STANCE_FAIL, SP_DEMAND_REQUIRED_VERSION };

	if (sp_question(question)->purpose == SP_PURPOSE_VERSION &&
	    sp_question(question)->version == judging->target->profile->required_version)
		sp_finding_held(judging, SP_FINDING_REQUIRED_VERSION, required, name,
		    "refuses %s, which profile %s requires", sp_question(question)->title,
		    judging->target->profile->name);
}

/* The other certificate of a version: asked where the first was seen. */
static bool is_due(
    const struct judging *judging, enum sp_question question, uint16_t name)
{
	const struct sp_observation *first =
	    sp_first_certificate(judging, question, name);

	if (!(judging->questions >> question & 1) || !first)
		return false;
	return judging->testimony->certificates[first->sent[0]].key_type != SP_KEY_OTHER;
}

/* One question about one version under one name; true when it proves an allowed
 * version. */
static bool judge_version(
    struct judging *judging, enum sp_question question, uint16_t name)
{
	const struct sp_observation *observation =
	    sp_testimony_find(judging->testimony, question, name);

	if (!observation && sp_question(question)->purpose == SP_PURPOSE_CERTIFICATE &&
	    !is_due(judging, question, name))
		return false;
	switch (sp_answer_of(judging, question, name)) {
	case SP_ANSWER_YES:
		return allows(judging, sp_question(question)->version) &&
		       judge_allowed(judging, observation, name);
	case SP_ANSWER_NO: judge_refused(judging, question, name); return false;
	case SP_ANSWER_INCONCLUSIVE:
	case SP_ANSWER_NOT_ASKED:
		add_unanswered(judging, question, observation, name);
		return false;
	}
	return false;
}

/* Would a hello of what is forbidden have been answered? In a version that refuses
 * all, suites alone may tell. */
static bool is_open(
    const struct judging *judging, enum sp_question question, uint16_t name)
{
	enum sp_question version =
	    sp_question(question)->version == SP_TLS13 ? SP_ASK_TLS13 : SP_ASK_TLS12;

	return (judging->questions >> question & 1) &&
	       (question <= SP_ASK_SUITES11 ||
		   sp_answer_of(judging, version, name) == SP_ANSWER_YES);
}

/* Proof by complement: what was accepted is told by whoever looks at what the
 * server chose. Here only: is the question answered? */
static void judge_complement(
    struct judging *judging, enum sp_question question, uint16_t name)
{
	const struct sp_observation *observation =
	    sp_testimony_find(judging->testimony, question, name);

	switch (sp_answer_of(judging, question, name)) {
	case SP_ANSWER_YES:
	case SP_ANSWER_NO: return;
	case SP_ANSWER_NOT_ASKED:
		if (is_open(judging, question, name) &&
		    !sp_offers_warned(judging->target->profile, question))
			add_unanswered(judging, question, observation, name);
		return;
	case SP_ANSWER_INCONCLUSIVE:
		add_unanswered(judging, question, observation, name);
		return;
	}
}

/* A version that is asked by a hello is not proven by that: where the profile allows
 * it, it neither counts for the server nor against it. */
static bool judge_question(
    struct judging *judging, enum sp_question question, uint16_t name)
{
	const struct sp_question_entry *entry = sp_question(question);

	switch (entry->purpose) {
	case SP_PURPOSE_VERSION:
		if (entry->kind == SP_KIND_HELLO &&
		    !(judging->handshakes >> question & 1) &&
		    allows(judging, entry->version))
			return false;
		return judge_version(judging, question, name);
	case SP_PURPOSE_CERTIFICATE: return judge_version(judging, question, name);
	case SP_PURPOSE_COMPLEMENT:
		judge_complement(judging, question, name);
		return false;
	case SP_PURPOSE_CONTROL:
	case SP_PURPOSE_WARNING:
	case SP_PURPOSE_SESSION:
	case SP_PURPOSE_INTRUSIVE:
	case SP_PURPOSE_PLAIN:
	case SP_PURPOSE_FALLBACK: return false;
	}
	return false;
}

/* A name passes only by what was proven under it, whatever findings there are. */
void sp_name_judge(struct judging *judging, uint16_t name)
{
	bool proven = false;

	sp_answers_find(judging, name);
	judge_spoken(judging, name);
	for (unsigned i = 0; i < SP_QUESTIONS; i++)
		proven |= judge_question(judging, (enum sp_question)i, name);
	sp_weaknesses_judge(judging, name);
	if (!proven)
		sp_finding_add(judging, SP_FINDING_UNPROVEN, name,
		    "no version that profile %s allows was proven",
		    judging->target->profile->name);
}
