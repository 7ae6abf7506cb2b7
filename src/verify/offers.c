#include "offers.h"

#include <string.h>

/* Groups of a TLS 1.2 hello that is about suites. No finite field group: a server
 * that is offered one may choose no other (RFC 7919 section 4), and small ones are
 * what is looked for. */
static const uint16_t curves[] = { 29, 23, 24, 25, 30, 22, 21, 19, 26, 27, 28 };

/* Does it take a secret that client and server share already? No server that was
 * not given one has it, and without it nobody completes such a handshake: those
 * are never asked for. */
static bool wants_shared_secret(const struct sp_suite *suite)
{
	switch ((enum sp_exchange)suite->exchange) {
	case SP_EXCHANGE_PSK:
	case SP_EXCHANGE_KRB5:
	case SP_EXCHANGE_SRP:
	case SP_EXCHANGE_ECCPWD: return true;
	case SP_EXCHANGE_NONE:
	case SP_EXCHANGE_RSA:
	case SP_EXCHANGE_DH:
	case SP_EXCHANGE_DHE:
	case SP_EXCHANGE_ECDH:
	case SP_EXCHANGE_ECDHE:
	case SP_EXCHANGE_GOST:
	case SP_EXCHANGE_TLS13: break;
	}
	return suite->signer == SP_SIGNER_PSK;
}

struct numbers {
	uint16_t values[2 * SP_MAX_COMPLEMENT_SUITES];
	size_t count;
};

#define STANCE(stance) (1u << SP_STANCE_##stance)

/* The suites of a version that the profile gives one of these stances. */
static struct numbers suites_of(const struct sp_profile *profile, uint16_t version,
    unsigned stances, bool (*wanted)(const struct sp_suite *suite))
{
	struct numbers found = { .count = 0 };

	for (size_t i = 0; i < sp_suite_count; i++) {
		const struct sp_suite *suite = &sp_suites[i];

		if (suite->exchange == SP_EXCHANGE_NONE || wants_shared_secret(suite) ||
		    !sp_suite_fits(suite, version) || (wanted && !wanted(suite)) ||
		    !(stances & 1u << sp_profile_suite(profile, suite->id, NULL)))
			continue;
		if (found.count < sizeof(found.values) / sizeof(found.values[0]))
			found.values[found.count++] = suite->id;
	}
	return found;
}

static bool is_ecdhe(const struct sp_suite *suite)
{
	return suite->exchange == SP_EXCHANGE_ECDHE;
}

static bool is_dhe(const struct sp_suite *suite)
{
	return suite->exchange == SP_EXCHANGE_DHE;
}

static bool is_signed(const struct sp_suite *suite)
{
	return (is_ecdhe(suite) || is_dhe(suite)) && suite->signer != SP_SIGNER_NONE;
}

/* The groups of these stances: of EC before TLS 1.3, in TLS 1.3 those that it knows
 * (RFC 8446 section 4.2.7 forbids the older ones). */
static struct numbers groups_of(
    const struct sp_profile *profile, uint16_t version, enum sp_stance stance)
{
	struct numbers found = { .count = 0 };

	for (size_t i = 0; i < sp_group_count; i++) {
		const struct sp_group *group = &sp_groups[i];
		bool fits = version == SP_TLS13
				? group->id >= 23 && (group->id < 26 || group->id > 28)
				: group->kind == SP_GROUP_EC && !group->tls13;

		if (fits && found.count < SP_MAX_OFFERED_GROUPS &&
		    sp_profile_group(profile, group->id, NULL) == stance)
			found.values[found.count++] = group->id;
	}
	return found;
}

static struct sp_offer *add(struct sp_request *request, enum sp_question question)
{
	struct sp_offer *offer = &request->offers[request->offer_count++];

	memset(offer, 0, sizeof(*offer));
	offer->question = question;
	request->questions |= UINT64_C(1) << question;
	return offer;
}

static void offer_suites(struct sp_offer *offer, const uint16_t *suites, size_t count)
{
	offer->suite_count =
	    count > SP_MAX_COMPLEMENT_SUITES ? SP_MAX_COMPLEMENT_SUITES : count;
	memcpy(offer->suites, suites, offer->suite_count * sizeof(*suites));
}

static void offer_groups(struct sp_offer *offer, const struct numbers *groups)
{
	offer->group_count = groups->count;
	memcpy(offer->groups, groups->values, groups->count * sizeof(groups->values[0]));
}

static void offer_curves(struct sp_offer *offer)
{
	offer->group_count = sizeof(curves) / sizeof(curves[0]);
	memcpy(offer->groups, curves, sizeof(curves));
}

static bool allows(const struct sp_profile *profile, uint16_t version)
{
	return sp_profile_version(profile, version, NULL) != SP_STANCE_FAIL;
}

/* Every suite of a version that is forbidden as a whole. */
static unsigned forbidden_stances(const struct sp_profile *profile, uint16_t version)
{
	return allows(profile, version) ? STANCE(FAIL)
					: STANCE(FAIL) | STANCE(WARN) | STANCE(IGNORE);
}

static void add_suites12(const struct sp_profile *profile, struct sp_request *request)
{
	static const enum sp_question questions[] = { SP_ASK_SUITES12_A,
		SP_ASK_SUITES12_B };
	struct numbers suites =
	    suites_of(profile, SP_TLS12, forbidden_stances(profile, SP_TLS12), NULL);
	size_t from = 0;

	for (size_t i = 0; i < 2 && from < suites.count; i++) {
		struct sp_offer *offer = add(request, questions[i]);

		offer_suites(offer, suites.values + from, suites.count - from);
		offer_curves(offer);
		from += offer->suite_count;
	}
}

/* Before TLS 1.2, where the profile allows such a version; else any suite of it is
 * an answer to the question about the version. Servers have one list for TLS 1.0
 * and 1.1, and answer a hello of 1.1 with the best of both. */
static void add_suites11(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers suites = suites_of(profile, SP_TLS11, STANCE(FAIL), NULL);
	struct sp_offer *offer;

	if ((!allows(profile, SP_TLS11) && !allows(profile, SP_TLS10)) ||
	    suites.count == 0)
		return;
	offer = add(request, SP_ASK_SUITES11);
	offer_suites(offer, suites.values, suites.count);
	offer_curves(offer);
}

static void add_suites13(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers suites =
	    suites_of(profile, SP_TLS13, forbidden_stances(profile, SP_TLS13), NULL);

	if (suites.count)
		offer_suites(add(request, SP_ASK_SUITES13), suites.values, suites.count);
}

/* Forbidden ones; where there are none, those that are warned of. */
static struct numbers bad_groups(const struct sp_profile *profile, uint16_t version)
{
	struct numbers groups = groups_of(profile, version, SP_STANCE_FAIL);

	return groups.count ? groups : groups_of(profile, version, SP_STANCE_WARN);
}

bool sp_offers_warned(const struct sp_profile *profile, enum sp_question question)
{
	return question == SP_ASK_GROUPS13 &&
	       groups_of(profile, SP_TLS13, SP_STANCE_FAIL).count == 0;
}

static void add_groups13(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers groups = bad_groups(profile, SP_TLS13);
	struct numbers suites =
	    suites_of(profile, SP_TLS13, STANCE(WARN) | STANCE(IGNORE), NULL);
	struct sp_offer *offer;

	if (groups.count == 0 || suites.count == 0 || !allows(profile, SP_TLS13))
		return;
	offer = add(request, SP_ASK_GROUPS13);
	offer_suites(offer, suites.values, suites.count);
	offer_groups(offer, &groups);
}

/* The curves, and the finite field that a server has of its own, in one hello: with
 * ECDHE first, a server that chooses DHE has none of the curves, or prefers DHE to
 * them, which none is known to do. */
static void add_groups12(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers groups = bad_groups(profile, SP_TLS12);
	struct numbers ecdhe =
	    suites_of(profile, SP_TLS12, STANCE(WARN) | STANCE(IGNORE), is_ecdhe);
	struct numbers dhe =
	    suites_of(profile, SP_TLS12, STANCE(WARN) | STANCE(IGNORE), is_dhe);
	struct sp_offer *offer;

	if (groups.count == 0)
		ecdhe.count = 0;
	if (!allows(profile, SP_TLS12) || ecdhe.count + dhe.count == 0)
		return;
	offer = add(request, SP_ASK_GROUPS12);
	offer_suites(offer, ecdhe.values, ecdhe.count);
	for (size_t i = 0; i < dhe.count && offer->suite_count < SP_MAX_COMPLEMENT_SUITES;
	     i++)
		offer->suites[offer->suite_count++] = dhe.values[i];
	if (groups.count)
		offer_groups(offer, &groups);
	else
		offer_curves(offer);
}

/* RFC 5246 section 7.4.1.4.1: the numbers of hashes and of signatures. */
static const enum sp_hash hashes[] = { SP_HASH_OTHER, SP_HASH_MD5, SP_HASH_SHA1,
	SP_HASH_SHA224, SP_HASH_SHA256, SP_HASH_SHA384, SP_HASH_SHA512 };

/* Of the hashes those that nobody may sign a handshake with (RFC 9155): MD5, SHA-1.
 * SHA-224 has its 112 bits, and OpenSSL takes it to this day. */
#define WEAKEST_HASHES 2

enum sp_hash sp_scheme_hash(uint16_t scheme)
{
	switch (scheme) {
	case 0x0804:
	case 0x0809:
	case 0x081a: return SP_HASH_SHA256; /* RSA-PSS, brainpool */
	case 0x0805:
	case 0x080a:
	case 0x081b: return SP_HASH_SHA384;
	case 0x0806:
	case 0x080b:
	case 0x081c: return SP_HASH_SHA512;
	case 0x0807:
	case 0x0808: return SP_HASH_INTRINSIC;
	default: break;
	}
	return scheme >> 8 < sizeof(hashes) / sizeof(hashes[0]) ? hashes[scheme >> 8]
								: SP_HASH_OTHER;
}

static void add_schemes12(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers suites =
	    suites_of(profile, SP_TLS12, STANCE(WARN) | STANCE(IGNORE), is_signed);
	struct sp_offer *offer;
	size_t count = 0;
	uint16_t schemes[SP_MAX_OFFERED_SCHEMES];

	for (unsigned hash = 1; hash <= WEAKEST_HASHES; hash++)
		for (unsigned signature = 1; signature <= 3; signature++)
			if (sp_profile_signature(profile, hashes[hash], NULL) ==
			    SP_STANCE_FAIL)
				schemes[count++] = (uint16_t)(hash << 8 | signature);
	if (count == 0 || suites.count == 0 || !allows(profile, SP_TLS12))
		return;
	offer = add(request, SP_ASK_SCHEMES12);
	offer_suites(offer, suites.values, suites.count);
	offer_curves(offer);
	memcpy(offer->schemes, schemes, count * sizeof(schemes[0]));
	offer->scheme_count = count;
}

static void add_warn12(const struct sp_profile *profile, struct sp_request *request)
{
	struct numbers suites = suites_of(profile, SP_TLS12, STANCE(WARN), NULL);
	struct sp_offer *offer;

	if (suites.count == 0 || !allows(profile, SP_TLS12))
		return;
	offer = add(request, SP_ASK_WARN12);
	offer_suites(offer, suites.values, suites.count);
	offer_curves(offer);
}

/* What may be all that a server has must be proven: TLS 1.0 and 1.1, where they are
 * allowed. (SSLv3, if anybody allows it, cannot be: the prober's OpenSSL has none.) */
static uint64_t proven_by_handshake(const struct sp_profile *profile)
{
	static const enum sp_question questions[] = { SP_ASK_TLS11, SP_ASK_TLS10 };
	uint64_t found = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (allows(profile, sp_question(questions[i])->version))
			found |= UINT64_C(1) << questions[i];
	return found;
}

void sp_offers_make(const struct sp_profile *profile, struct sp_request *request)
{
	request->handshakes = proven_by_handshake(profile);
	add_suites13(profile, request);
	add_suites12(profile, request);
	add_suites11(profile, request);
	add_schemes12(profile, request);
	add_groups12(profile, request);
	add_groups13(profile, request);
	add_warn12(profile, request);
	request->questions |= UINT64_C(1) << SP_ASK_FALLBACK;
	/* Their content is that of the forbidden suites and what was chosen before. */
	if (allows(profile, SP_TLS13))
		request->questions |=
		    UINT64_C(1) << SP_ASK_CONTROL13 | UINT64_C(1) << SP_ASK_TLS13_OTHER;
	if (allows(profile, SP_TLS12))
		request->questions |=
		    UINT64_C(1) << SP_ASK_CONTROL12 | UINT64_C(1) << SP_ASK_TLS12_OTHER;
}
