/* Was the certificate revoked, and who says so. */
#include "findings.h"

static const char *staple_name(enum sp_revocation says)
{
	switch (says) {
	case SP_REVOCATION_NONE: return "there is none";
	case SP_REVOCATION_GOOD: return "it is good";
	case SP_REVOCATION_REVOKED: return "it says revoked";
	case SP_REVOCATION_UNKNOWN: return "it does not speak of this certificate";
	case SP_REVOCATION_STALE: return "it is out of date";
	case SP_REVOCATION_BROKEN: return "it does not verify";
	}
	return "?";
}

/* A list of the leaf's own issuer that is in force; what is wrong with one is told
 * with the chain's errors. */
static bool list_says_good(const struct sp_observation *observation)
{
	if (!observation->crl_checked || observation->crl_until == 0 ||
	    observation->error_total > observation->error_count)
		return false;
	for (size_t i = 0; i < observation->error_count; i++)
		if (observation->errors[i].depth == 0)
			return false;
	return true;
}

/* RFC 7633: a certificate that wants an answer with it is not good without one. */
static void judge_must_staple(struct judging *judging,
    const struct sp_observation *observation, const struct sp_certificate *leaf)
{
	struct sp_opinion opinion = { judging->target->profile->ocsp, SP_DEMAND_OCSP };

	if (!leaf->must_staple || observation->staple_says == SP_REVOCATION_GOOD)
		return;
	if (opinion.stance == SP_STANCE_IGNORE)
		opinion.stance = SP_STANCE_WARN;
	sp_finding_held(judging, SP_FINDING_MUST_STAPLE, opinion, observation->name,
	    "certificate wants a stapled OCSP response: %s",
	    staple_name(observation->staple_says));
}

void sp_revocation_judge(struct judging *judging,
    const struct sp_observation *observation, const struct sp_certificate *leaf)
{
	struct sp_opinion opinion = { judging->target->profile->ocsp, SP_DEMAND_OCSP };

	if (observation->staple_says == SP_REVOCATION_REVOKED)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_REVOKED, observation->name,
		    "certificate was revoked, says the OCSP response that it comes with");
	judge_must_staple(judging, observation, leaf);
	if (observation->staple_says != SP_REVOCATION_GOOD &&
	    observation->staple_says != SP_REVOCATION_REVOKED && !leaf->must_staple &&
	    !list_says_good(observation))
		sp_finding_held(judging, SP_FINDING_REVOCATION_UNKNOWN, opinion,
		    observation->name, "no stapled OCSP response that helps: %s",
		    staple_name(observation->staple_says));
}
