/* What `probe --intrusive` asked for. */
#include "findings.h"

static void judge_intrusion(
    struct judging *judging, enum sp_question question, enum sp_finding_id finding)
{
	uint16_t name = judging->target->name_count ? 0 : SP_NO_NAME;
	const struct sp_observation *seen =
	    sp_testimony_find(judging->testimony, question, name);
	const char *title = sp_question(question)->title;
	char how[160];

	switch (sp_answer_of(judging, question, name)) {
	case SP_ANSWER_YES:
		sp_finding_add(judging, finding, SP_NO_NAME, "%s: %s", title,
		    sp_answer_how(seen, how));
		return;
	case SP_ANSWER_NO: return;
	case SP_ANSWER_INCONCLUSIVE:
		sp_finding_add(judging, SP_FINDING_UNANSWERED, SP_NO_NAME, "%s: %s",
		    title, sp_answer_how(seen, how));
		return;
	case SP_ANSWER_NOT_ASKED:
		sp_finding_add(judging, SP_FINDING_UNANSWERED, SP_NO_NAME,
		    "%s was not asked", title);
		return;
	}
}

void sp_intrusions_judge(struct judging *judging)
{
	if (!judging->target->intrusive)
		return;
	judge_intrusion(judging, SP_ASK_HEARTBLEED, SP_FINDING_HEARTBLEED);
	judge_intrusion(judging, SP_ASK_CCS_INJECTION, SP_FINDING_CCS_INJECTION);
	judge_intrusion(judging, SP_ASK_ROBOT, SP_FINDING_ROBOT);
}
