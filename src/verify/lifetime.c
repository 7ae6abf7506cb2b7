/* How long a certificate lives, and how much of a chain a server sends. */
#include "findings.h"

#define DAY INT64_C(86400)

static int64_t days(int64_t seconds)
{
	return (seconds + DAY - 1) / DAY;
}

/* CA/Browser Forum Baseline Requirements section 6.3.2, ballot SC-081v3: by the day
 * of issue, the most days that a certificate of a public authority may live. */
static int64_t most_public_days(int64_t issued)
{
	static const struct {
		int64_t before; /* seconds since the epoch */
		int64_t days;
	} schedule[] = {
		{ 1773532800, 398 }, /* 2026-03-15 */
		{ 1805068800, 200 }, /* 2027-03-15 */
		{ 1868227200, 100 }, /* 2029-03-15 */
	};

	for (size_t i = 0; i < sizeof(schedule) / sizeof(schedule[0]); i++)
		if (issued < schedule[i].before)
			return schedule[i].days;
	return 47;
}

static void judge_end(struct judging *judging, const struct sp_observation *observation,
    const struct sp_certificate *leaf)
{
	struct sp_opinion opinion = { SP_STANCE_WARN, SP_DEMAND_EXPIRE_WARN };
	int64_t left = leaf->not_after - judging->now;
	char date[SP_DATE_TEXT];

	if (left > 0 && left < (int64_t)judging->target->profile->expire_warn)
		sp_finding_held(judging, SP_FINDING_EXPIRES_SOON, opinion,
		    observation->name, "certificate expires in %lld day%s, on %s",
		    (long long)(left / DAY), left / DAY == 1 ? "" : "s",
		    sp_date_print(leaf->not_after, date));
}

/* notAfter is the last second that counts (RFC 5280 section 4.1.2.5). */
void sp_lifetime_judge(struct judging *judging, const struct sp_observation *observation,
    const struct sp_certificate *leaf)
{
	const struct sp_profile *profile = judging->target->profile;
	int64_t lifetime = leaf->not_after - leaf->not_before + 1;
	int64_t most = most_public_days(leaf->not_before);

	judge_end(judging, observation, leaf);
	if (profile->max_lifetime && lifetime > (int64_t)profile->max_lifetime + 1)
		sp_finding_held(judging, SP_FINDING_LIFETIME,
		    (struct sp_opinion){
			profile->long_lifetime, SP_DEMAND_LONG_LIFETIME },
		    observation->name, "certificate is valid for %lld days, not %lld",
		    (long long)days(lifetime - 1),
		    (long long)profile->max_lifetime / DAY);
	if (observation->public_anchor && lifetime > most * DAY)
		sp_finding_held(judging, SP_FINDING_LIFETIME,
		    (struct sp_opinion){
			profile->public_lifetime, SP_DEMAND_PUBLIC_LIFETIME },
		    observation->name,
		    "certificate of a public authority is valid for %lld days, not %lld",
		    (long long)days(lifetime), (long long)most);
}

static bool was_sent(const struct sp_observation *observation, uint16_t certificate)
{
	for (size_t i = 0; i < observation->sent_count; i++)
		if (observation->sent[i] == certificate)
			return true;
	/* More were sent than are described. */
	return observation->sent_total > observation->sent_count;
}

static bool is_in_order(const struct sp_observation *observation)
{
	size_t last = 0;

	for (size_t i = 0; i < observation->sent_count; i++) {
		for (size_t place = 0; place < observation->chain_count; place++) {
			if (observation->chain[place] != observation->sent[i])
				continue;
			if (place < last)
				return false;
			last = place;
		}
	}
	return true;
}

/* Every issuer but the root has to come with the leaf: what one client has in its
 * store another one lacks. An intermediate may be the anchor, and comes too. */
void sp_chain_sent_judge(
    struct judging *judging, const struct sp_observation *observation)
{
	for (size_t i = 1; i < observation->chain_count; i++) {
		const struct sp_certificate *certificate =
		    &judging->testimony->certificates[observation->chain[i]];

		if (!certificate->self_signed &&
		    !was_sent(observation, observation->chain[i]))
			sp_finding_add(judging, SP_FINDING_CERTIFICATE_INCOMPLETE,
			    observation->name,
			    "intermediate certificate is not sent: %.200s",
			    certificate->subject);
	}
	if (!is_in_order(observation))
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_ORDER, observation->name,
		    "certificates are not sent in their order");
}
