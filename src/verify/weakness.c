/* What each answer shows beside its version: suites, groups, signatures, and what
 * the ServerHello took up. */
#include "findings.h"

#include "offers.h"

static bool took_hello(const struct sp_observation *seen)
{
	return (seen->reply == SP_REPLY_SERVER_HELLO ||
		   seen->reply == SP_REPLY_HANDSHAKE) &&
	       seen->version >= SP_SSL3;
}

/* The finding for a demand of the profile. */
static enum sp_finding_id finding_of(enum sp_demand demand)
{
	switch (demand) {
	case SP_DEMAND_CIPHERS: return SP_FINDING_SUITE;
	case SP_DEMAND_GROUPS: return SP_FINDING_GROUP;
	default: break;
	}
	return demand >= SP_DEMAND_WEAKNESS ? sp_finding_of_weakness((enum sp_weakness)(
						  demand - SP_DEMAND_WEAKNESS))
					    : SP_FINDING_SUITE;
}

static void judge_suite(struct judging *judging, const struct sp_observation *seen)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_CIPHERS };
	char suite[16], version[16];

	opinion.stance =
	    sp_profile_suite(judging->target->profile, seen->suite, &opinion.demand);
	sp_finding_held(judging, finding_of(opinion.demand), opinion, seen->name,
	    "accepts %s in %s", sp_suite_name(seen->suite, suite),
	    sp_version_name(seen->version, version));
}

static void judge_group(struct judging *judging, const struct sp_observation *seen)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_GROUPS };
	char group[16], version[16];

	if (seen->group == 0)
		return;
	opinion.stance =
	    sp_profile_group(judging->target->profile, seen->group, &opinion.demand);
	sp_finding_held(judging, finding_of(opinion.demand), opinion, seen->name,
	    "accepts the group %s in %s", sp_group_name(seen->group, group),
	    sp_version_name(seen->version, version));
}

static void judge_field(struct judging *judging, const struct sp_observation *seen)
{
	char version[16];

	if (seen->dh_bits && seen->dh_bits < judging->target->profile->min_dh_bits)
		sp_finding_held(judging, SP_FINDING_LOGJAM,
		    sp_opinion_of(judging, SP_WEAK_LOGJAM), seen->name,
		    "Diffie-Hellman group of %u bits in %s", seen->dh_bits,
		    sp_version_name(seen->version, version));
}

static void judge_scheme(struct judging *judging, const struct sp_observation *seen)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_SIGNATURE };
	char version[16];

	if (seen->scheme == 0)
		return;
	opinion.stance = sp_profile_signature(
	    judging->target->profile, sp_scheme_hash(seen->scheme), &opinion.demand);
	/* Chosen because there was nothing else: no client of today offers that.
	 * GnuTLS and NSS as Debian builds them take it (RFC 9155 says they must
	 * not). */
	if (seen->question == SP_ASK_SCHEMES12 && opinion.stance == SP_STANCE_FAIL)
		opinion =
		    (struct sp_opinion){ judging->target->profile->handshake_signature,
			    SP_DEMAND_HANDSHAKE_SIGNATURE };
	sp_finding_held(judging, SP_FINDING_WEAK_SIGNATURE, opinion, seen->name,
	    "signs key exchanges with signature scheme 0x%04x in %s", seen->scheme,
	    sp_version_name(seen->version, version));
}

/* The extensions that a server takes up when they are offered. */
static void judge_extras(struct judging *judging, const struct sp_observation *seen)
{
	char version[16];

	sp_version_name(seen->version, version);
	if (seen->compression)
		sp_finding_held(judging, SP_FINDING_COMPRESSION,
		    sp_opinion_of(judging, SP_WEAK_COMPRESSION), seen->name,
		    "compresses in %s", sp_version_name(seen->version, version));
	if (seen->heartbeat)
		sp_finding_held(judging, SP_FINDING_HEARTBEAT,
		    sp_opinion_of(judging, SP_WEAK_HEARTBEAT), seen->name,
		    "negotiates heartbeats in %s",
		    sp_version_name(seen->version, version));
	if (seen->extras && !seen->extended_master_secret)
		sp_finding_held(judging, SP_FINDING_NO_EMS,
		    sp_opinion_of(judging, SP_WEAK_NO_EMS), seen->name,
		    "no extended master secret in %s",
		    sp_version_name(seen->version, version));
}

/* Every hello of ours below TLS 1.3 carries the SCSV of RFC 5746; SSLv3 has no
 * extensions to answer it with, whatever section 3.6 says. */
static void judge_renegotiation(
    struct judging *judging, const struct sp_observation *seen)
{
	char version[16];

	if (seen->version >= SP_TLS10 && seen->version <= SP_TLS12 &&
	    !seen->secure_renegotiation)
		sp_finding_held(judging, SP_FINDING_INSECURE_RENEGOTIATION,
		    sp_opinion_of(judging, SP_WEAK_INSECURE_RENEGOTIATION), seen->name,
		    "no secure renegotiation in %s",
		    sp_version_name(seen->version, version));
}

/* RFC 8446 section 4.1.3: a server that has TLS 1.3 marks what is less. */
static void judge_downgrade(struct judging *judging, const struct sp_observation *seen)
{
	if (seen->extras && seen->version <= SP_TLS12 && !seen->downgrade_sentinel &&
	    sp_answer_of(judging, SP_ASK_TLS13, seen->name) == SP_ANSWER_YES)
		sp_finding_held(judging, SP_FINDING_NO_FALLBACK_SCSV,
		    sp_opinion_of(judging, SP_WEAK_NO_FALLBACK_SCSV), seen->name,
		    "no mark against a downgrade from TLS 1.3");
}

static void judge_fallback(struct judging *judging, uint16_t name)
{
	const struct sp_observation *seen =
	    sp_testimony_find(judging->testimony, SP_ASK_FALLBACK, name);
	char version[16];

	if (sp_answer_of(judging, SP_ASK_FALLBACK, name) == SP_ANSWER_YES)
		sp_finding_held(judging, SP_FINDING_NO_FALLBACK_SCSV,
		    sp_opinion_of(judging, SP_WEAK_NO_FALLBACK_SCSV), name,
		    "falls back to %s without a word (TLS_FALLBACK_SCSV)",
		    sp_version_name(seen->version, version));
}

void sp_weaknesses_judge(struct judging *judging, uint16_t name)
{
	for (size_t i = 0; i < judging->testimony->observation_count; i++) {
		const struct sp_observation *seen = &judging->testimony->observations[i];

		if (seen->name != name || !took_hello(seen))
			continue;
		judge_suite(judging, seen);
		judge_group(judging, seen);
		judge_field(judging, seen);
		judge_scheme(judging, seen);
		judge_extras(judging, seen);
		judge_renegotiation(judging, seen);
		judge_downgrade(judging, seen);
	}
	judge_fallback(judging, name);
}
