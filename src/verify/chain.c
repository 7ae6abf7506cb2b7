#include "findings.h"

#include <stdio.h>
#include <string.h>

#include <sallyport/array.h>

/* OpenSSL's numbers (openssl/x509_vfy.h), which are part of its ABI: what judges
 * does not link it. Anything not here is SP_FINDING_CERTIFICATE_CHAIN. */
static const struct {
	uint32_t code;
	enum sp_finding_id id;
} meanings[] = {
	{ 2, SP_FINDING_CERTIFICATE_UNTRUSTED }, /* issuer not found */
	/* No list of revocations, or one that does not help. */
	{ 3, SP_FINDING_REVOCATION_UNKNOWN },
	{ 5, SP_FINDING_REVOCATION_UNKNOWN },  /* its signature cannot be read */
	{ 8, SP_FINDING_REVOCATION_UNKNOWN },  /* … or is wrong */
	{ 11, SP_FINDING_REVOCATION_UNKNOWN }, /* not valid yet */
	{ 12, SP_FINDING_REVOCATION_UNKNOWN }, /* too old */
	{ 15, SP_FINDING_REVOCATION_UNKNOWN }, /* no date in lastUpdate */
	{ 16, SP_FINDING_REVOCATION_UNKNOWN }, /* no date in nextUpdate */
	{ 33, SP_FINDING_REVOCATION_UNKNOWN }, /* its issuer is not found */
	{ 35, SP_FINDING_REVOCATION_UNKNOWN }, /* … or may not sign one */
	{ 36, SP_FINDING_REVOCATION_UNKNOWN }, /* unknown and critical in it */
	{ 44, SP_FINDING_REVOCATION_UNKNOWN }, /* of another scope */
	{ 54, SP_FINDING_REVOCATION_UNKNOWN }, /* its own chain does not verify */
	{ 9, SP_FINDING_CERTIFICATE_NOT_YET_VALID },
	{ 10, SP_FINDING_CERTIFICATE_EXPIRED },
	{ 18, SP_FINDING_CERTIFICATE_SELF_SIGNED },
	{ 19, SP_FINDING_CERTIFICATE_UNTRUSTED }, /* a root that is not trusted */
	{ 20, SP_FINDING_CERTIFICATE_UNTRUSTED }, /* issuer not found locally */
	{ 21, SP_FINDING_CERTIFICATE_UNTRUSTED }, /* follows 20 */
	{ 23, SP_FINDING_CERTIFICATE_REVOKED }, { 26, SP_FINDING_CERTIFICATE_PURPOSE },
	{ 27, SP_FINDING_CERTIFICATE_UNTRUSTED },
	{ 62, SP_FINDING_CERTIFICATE_NAME }, /* host name */
	{ 64, SP_FINDING_CERTIFICATE_NAME }, /* address */
};

/* What OpenSSL finds only when it is strict (X509_V_FLAG_X509_STRICT): a path length
 * or a keyCertSign without a CA, names that are empty, key identifiers that are
 * missing, extensions that should be critical or not. No browser refuses them. */
#define CODE_FORM_FIRST 80
#define CODE_FORM_LAST 93

#define CODE_PURPOSE 26
#define CODE_NOT_A_CA 79

static enum sp_finding_id meaning_of(uint32_t code)
{
	if (code >= CODE_FORM_FIRST && code <= CODE_FORM_LAST)
		return SP_FINDING_CERTIFICATE_FORM;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return meanings[i].id;
	return SP_FINDING_CERTIFICATE_CHAIN;
}

/* The chain's certificate at this depth; NULL past what was built. */
static const struct sp_certificate *at_depth(
    const struct judging *judging, const struct sp_observation *observation, size_t depth)
{
	if (depth >= observation->chain_count)
		return NULL;
	return &judging->testimony->certificates[observation->chain[depth]];
}

/* "certificate" for the leaf, "CA certificate CN=…" above it. */
static const char *call_it(
    const struct sp_certificate *certificate, size_t depth, char text[240])
{
	if (depth == 0)
		return "certificate";
	snprintf(text, 240, "CA certificate %.200s", certificate->subject);
	return text;
}

static void add_expired(struct judging *judging, uint16_t name,
    const struct sp_certificate *certificate, size_t depth)
{
	char date[SP_DATE_TEXT], called[240];

	sp_finding_add(judging, SP_FINDING_CERTIFICATE_EXPIRED, name, "%s expired on %s",
	    call_it(certificate, depth, called),
	    sp_date_print(certificate->not_after, date));
}

static void add_not_yet(struct judging *judging, uint16_t name,
    const struct sp_certificate *certificate, size_t depth)
{
	char date[SP_DATE_TEXT], called[240];

	sp_finding_add(judging, SP_FINDING_CERTIFICATE_NOT_YET_VALID, name,
	    "%s is valid only from %s", call_it(certificate, depth, called),
	    sp_date_print(certificate->not_before, date));
}

/* "www.example.com, *.example.com", or what there is instead of names. */
static void list_names(const struct sp_certificate *certificate, struct sp_text *list)
{
	for (size_t i = 0; i < certificate->name_count && i < 3; i++) {
		const char *text = certificate->names[i];
		const char *colon = strchr(text, ':');

		sp_text_add(list, "%s%.80s", i ? ", " : "", colon ? colon + 1 : text);
	}
	if (certificate->name_count > 3)
		sp_text_add(list, ", …");
	if (certificate->name_count == 0)
		sp_text_add(list, "no name");
}

static void add_name_mismatch(
    struct judging *judging, uint16_t name, const struct sp_certificate *leaf)
{
	struct sp_text list = { 0 };

	list_names(leaf, &list);
	if (list.failed)
		judging->out_of_memory = true;
	else
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_NAME, name,
		    "certificate is not valid for %s, but for %s",
		    name == SP_NO_NAME ? "the name" : judging->target->names[name],
		    list.bytes);
	sp_text_free(&list);
}

static bool has_error(
    const struct sp_observation *observation, uint32_t code, uint32_t depth)
{
	for (size_t i = 0; i < observation->error_count; i++)
		if (observation->errors[i].code == code &&
		    observation->errors[i].depth == depth)
			return true;
	return false;
}

/* An anchor that does not say that it is a CA: of version 1, or without
 * basicConstraints. It is trusted for its name and key alone (RFC 5280 section 6.1.1).
 * One that says that it is none is no anchor: OpenSSL finds its purpose wrong too. */
static bool is_plain_anchor(
    const struct sp_observation *observation, const struct sp_chain_error *error)
{
	return error->code == CODE_NOT_A_CA && error->depth > 0 &&
	       error->depth + 1 == observation->chain_count &&
	       !has_error(observation, CODE_PURPOSE, error->depth);
}

/* OpenSSL takes nobody for the issuer of a certificate, or by one, that it cannot
 * read; that is what is wrong then. */
static const struct sp_certificate *find_malformed(
    const struct judging *judging, const struct sp_observation *observation)
{
	const struct sp_certificate *last =
	    at_depth(judging, observation, observation->chain_count - 1);

	if (last->malformed)
		return last;
	for (size_t i = 0; i < observation->sent_count; i++) {
		const struct sp_certificate *sent =
		    &judging->testimony->certificates[observation->sent[i]];

		if (sent->malformed && !strcmp(sent->subject, last->issuer))
			return sent;
	}
	return NULL;
}

/* The chain ends in the air. Whoever sent the leaf alone may have forgotten what
 * stands between it and a root that is trusted. */
static void add_untrusted(
    struct judging *judging, const struct sp_observation *observation)
{
	const struct sp_certificate *last =
	    at_depth(judging, observation, observation->chain_count - 1);
	const struct sp_certificate *malformed = find_malformed(judging, observation);
	char called[240];

	if (malformed)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_CHAIN, observation->name,
		    "%s has an extension that cannot be read, or one twice",
		    call_it(malformed, malformed->authority, called));
	else if (last->self_signed)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_UNTRUSTED,
		    observation->name, "certificate's root is not trusted: %.200s",
		    last->subject);
	else if (observation->chain_count == 1)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_INCOMPLETE,
		    observation->name,
		    "certificate's issuer is unknown and its certificate not sent: "
		    "%.200s",
		    last->issuer);
	else
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_UNTRUSTED,
		    observation->name, "certificate's issuer is unknown: %.200s",
		    last->issuer);
}

/* Revocation that cannot be known is a warning unless the profile says fail. Lists
 * for the authorities above the leaf's own need not be there. */
static void add_revocation_unknown(struct judging *judging,
    const struct sp_observation *observation, const struct sp_chain_error *error)
{
	struct sp_opinion opinion = { judging->target->profile->ocsp, SP_DEMAND_OCSP };

	if (error->depth > 0 && error->code == 3)
		return;
	if (opinion.stance == SP_STANCE_IGNORE)
		opinion.stance = SP_STANCE_WARN;
	sp_finding_held(judging, SP_FINDING_REVOCATION_UNKNOWN, opinion,
	    observation->name,
	    "revocation is not known from the lists: %.200s (X509 error %u, depth %u)",
	    error->text, error->code, error->depth);
}

static void add_chain_error(struct judging *judging,
    const struct sp_observation *observation, const struct sp_chain_error *error)
{
	const struct sp_certificate *certificate =
	    at_depth(judging, observation, error->depth);
	enum sp_finding_id id = meaning_of(error->code);
	char called[240];

	/* An error without a certificate that we know is told as OpenSSL tells it. */
	if (!certificate)
		id = SP_FINDING_CERTIFICATE_CHAIN;
	if (id == SP_FINDING_CERTIFICATE_EXPIRED)
		add_expired(judging, observation->name, certificate, error->depth);
	else if (id == SP_FINDING_CERTIFICATE_NOT_YET_VALID)
		add_not_yet(judging, observation->name, certificate, error->depth);
	else if (id == SP_FINDING_CERTIFICATE_NAME)
		add_name_mismatch(judging, observation->name, certificate);
	else if (id == SP_FINDING_CERTIFICATE_UNTRUSTED)
		add_untrusted(judging, observation);
	else if (id == SP_FINDING_REVOCATION_UNKNOWN)
		add_revocation_unknown(judging, observation, error);
	else if (id == SP_FINDING_CERTIFICATE_REVOKED)
		sp_finding_add(judging, id, observation->name,
		    "%s was revoked, says a list of its issuer",
		    call_it(certificate, error->depth, called));
	else if (id == SP_FINDING_CERTIFICATE_SELF_SIGNED)
		sp_finding_add(judging, id, observation->name,
		    "certificate is self-signed and not trusted");
	else if (id == SP_FINDING_CERTIFICATE_PURPOSE && error->depth == 0)
		sp_finding_add(judging, id, observation->name,
		    "certificate is not for TLS servers (extendedKeyUsage)");
	else if (id == SP_FINDING_CERTIFICATE_FORM || is_plain_anchor(observation, error))
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_FORM, observation->name,
		    "%s is not made as it should be: %.200s (X509 error %u)",
		    call_it(certificate, error->depth, called), error->text, error->code);
	else if (id == SP_FINDING_CERTIFICATE_PURPOSE)
		sp_finding_add(judging, id, observation->name,
		    "%s may not issue certificates of TLS servers",
		    call_it(certificate, error->depth, called));
	else
		sp_finding_add(judging, id, observation->name,
		    "certificate chain: %.200s (X509 error %u, depth %u)", error->text,
		    error->code, error->depth);
}

/* The judge's own look at the dates, with its own clock. */
static void judge_dates(struct judging *judging, const struct sp_observation *observation)
{
	for (size_t i = 0; i < observation->chain_count; i++) {
		const struct sp_certificate *certificate =
		    at_depth(judging, observation, i);

		if (certificate->not_after <= judging->now)
			add_expired(judging, observation->name, certificate, i);
		else if (certificate->not_before > judging->now)
			add_not_yet(judging, observation->name, certificate, i);
	}
}

static const char *key_type_name(enum sp_key_type type)
{
	switch (type) {
	case SP_KEY_RSA: return "RSA";
	case SP_KEY_EC: return "EC";
	case SP_KEY_EDWARDS: return "Edwards";
	case SP_KEY_DSA: return "DSA";
	case SP_KEY_OTHER: return "unknown";
	}
	return "?";
}

static void judge_key(struct judging *judging, const struct sp_observation *observation,
    const struct sp_certificate *certificate, size_t depth)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_KEY_TYPES };
	char called[240];

	opinion.stance = sp_profile_key(judging->target->profile, certificate->key_type,
	    certificate->key_bits, certificate->key, depth == 0, &opinion.demand);
	if (opinion.demand == (enum sp_demand)(SP_DEMAND_WEAKNESS + SP_WEAK_KEY))
		sp_finding_held(judging, SP_FINDING_WEAK_KEY, opinion, observation->name,
		    "%s has a weak key: %s, %u bits", call_it(certificate, depth, called),
		    key_type_name(certificate->key_type), certificate->key_bits);
	else
		sp_finding_held(judging, SP_FINDING_KEY_KIND, opinion, observation->name,
		    "%s has a key that profile %s does not list: %.80s, %u bits",
		    call_it(certificate, depth, called), judging->target->profile->name,
		    certificate->key, certificate->key_bits);
}

static void judge_signature(struct judging *judging,
    const struct sp_observation *observation, const struct sp_certificate *certificate,
    size_t depth)
{
	struct sp_opinion opinion = { .demand = SP_DEMAND_SIGNATURE };
	char called[240];

	opinion.stance = sp_profile_signature(
	    judging->target->profile, certificate->signature_hash, &opinion.demand);
	sp_finding_held(judging, SP_FINDING_WEAK_SIGNATURE, opinion, observation->name,
	    "%s has a weak signature: %.80s", call_it(certificate, depth, called),
	    certificate->signature);
}

static void judge_strength(
    struct judging *judging, const struct sp_observation *observation)
{
	for (size_t i = 0; i < observation->chain_count; i++) {
		const struct sp_certificate *certificate =
		    at_depth(judging, observation, i);

		judge_key(judging, observation, certificate, i);
		/* A trust anchor is trusted for what it is, not for who signed it. */
		if (!certificate->self_signed || i + 1 != observation->chain_count)
			judge_signature(judging, observation, certificate, i);
	}
}

static void shorten(int64_t *end, int64_t until)
{
	if (*end == 0 || until < *end)
		*end = until;
}

/* The lease may not outlive what it stands on; the certificate may. */
static void limit_lease(struct judging *judging, const struct sp_observation *observation)
{
	struct sp_endpoint_verdict *verdict = judging->verdict;

	for (size_t i = 0; i < observation->chain_count; i++) {
		int64_t end = at_depth(judging, observation, i)->not_after;

		shorten(&verdict->not_after, end);
		shorten(&verdict->good_until, end);
	}
	if (observation->crl_until > judging->now)
		shorten(&verdict->good_until, observation->crl_until);
	if (observation->staple_says == SP_REVOCATION_GOOD && observation->staple_until)
		shorten(&verdict->good_until, observation->staple_until);
}

void sp_chain_judge(struct judging *judging, const struct sp_observation *observation)
{
	const struct sp_certificate *leaf = at_depth(judging, observation, 0);

	if (!leaf || !observation->chain_checked) {
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_MISSING, observation->name,
		    "%s showed no certificate that could be checked",
		    sp_question(observation->question)->title);
		return;
	}
	for (size_t i = 0; i < observation->error_count; i++)
		add_chain_error(judging, observation, &observation->errors[i]);
	/* What is not told may be that it is nobody's. */
	if (observation->error_total > observation->error_count)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_CHAIN, observation->name,
		    "certificate chain: more errors (%u) than are looked at",
		    observation->error_total);
	judge_dates(judging, observation);
	if (leaf->purposes && !leaf->server_auth)
		sp_finding_add(judging, SP_FINDING_CERTIFICATE_PURPOSE, observation->name,
		    "certificate is not for TLS servers (extendedKeyUsage)");
	judge_strength(judging, observation);
	sp_chain_sent_judge(judging, observation);
	sp_revocation_judge(judging, observation, leaf);
	sp_lifetime_judge(judging, observation, leaf);
	limit_lease(judging, observation);
}
