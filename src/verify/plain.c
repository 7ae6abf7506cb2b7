/* Ports that the policy calls plain: is there TLS all the same?
 *
 * Such a port has no gate, and what is found there shuts nothing: it is open because
 * the policy says so. It is told, and counts in the exit status, for what the policy
 * says about the port is not what is there. Nothing has to be proven: whatever is no
 * TLS is what the policy says, silence too. */
#include "findings.h"

#include <stdio.h>

enum sp_answer sp_plain_answer(const struct sp_observation *observation)
{
	switch (observation->reply) {
	case SP_REPLY_HANDSHAKE:
	case SP_REPLY_SERVER_HELLO:
	/* An alert is TLS's own word, whatever it is that it refuses. */
	case SP_REPLY_ALERT: return SP_ANSWER_YES;
	case SP_REPLY_CLOSED:
	case SP_REPLY_RESET:
	case SP_REPLY_TIMEOUT:
	case SP_REPLY_CLEAR_TEXT:
	case SP_REPLY_MALFORMED:
	case SP_REPLY_NO_UPGRADE: return SP_ANSWER_NO;
	case SP_REPLY_NOT_ASKED:
	case SP_REPLY_NO_CONNECTION:
	case SP_REPLY_FAILED:
	case SP_REPLY_YES:
	case SP_REPLY_NO: break;
	}
	return SP_ANSWER_INCONCLUSIVE;
}

static void tell(struct judging *judging, const struct sp_observation *seen)
{
	const char *upgrade = judging->target->dialect
				  ? sp_dialect_upgrade(judging->target->dialect)
				  : NULL;
	char how[160];

	sp_finding_held(judging, SP_FINDING_UNDECLARED_TLS,
	    sp_opinion_of(judging, SP_WEAK_UNDECLARED_TLS), SP_NO_NAME,
	    "speaks TLS%s%s, and the policy says tls = none (%s)",
	    upgrade ? " after " : "", upgrade ? upgrade : "", sp_answer_how(seen, how));
}

void sp_plain_judge(struct judging *judging)
{
	const struct sp_observation *seen =
	    sp_testimony_find(judging->testimony, SP_ASK_UNDECLARED, SP_NO_NAME);
	char how[160];

	sp_answers_find(judging, SP_NO_NAME);
	switch (sp_answer_of(judging, SP_ASK_UNDECLARED, SP_NO_NAME)) {
	case SP_ANSWER_YES: tell(judging, seen); return;
	case SP_ANSWER_NO: return;
	case SP_ANSWER_INCONCLUSIVE:
		sp_finding_add(judging,
		    seen->reply == SP_REPLY_NO_CONNECTION ? SP_FINDING_UNREACHABLE
							  : SP_FINDING_UNANSWERED,
		    SP_NO_NAME, "%s", sp_answer_how(seen, how));
		return;
	case SP_ANSWER_NOT_ASKED:
		if (!sp_finding_has(judging->verdict, SP_FINDING_PROBER))
			sp_finding_add(judging, SP_FINDING_UNANSWERED, SP_NO_NAME,
			    "whether it speaks TLS was not asked");
		return;
	}
}
