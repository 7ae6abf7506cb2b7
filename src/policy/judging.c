/* What a profile says about what a server did. */
#include <sallyport/profile.h>

#include <stdlib.h>
#include <string.h>

const char *sp_stance_name(enum sp_stance stance)
{
	switch (stance) {
	case SP_STANCE_FAIL: return "fail";
	case SP_STANCE_WARN: return "warn";
	case SP_STANCE_IGNORE: return "ignore";
	}
	return "?";
}

static const char *const demand_keys[SP_DEMAND_WEAKNESS] = {
	[SP_DEMAND_MIN_VERSION] = "min_version",
	[SP_DEMAND_REQUIRED_VERSION] = "required_version",
	[SP_DEMAND_CIPHERS] = "ciphers",
	[SP_DEMAND_GROUPS] = "groups",
	[SP_DEMAND_UNLISTED_GROUPS] = "unlisted_groups",
	[SP_DEMAND_KEY_TYPES] = "key_types",
	[SP_DEMAND_KEY_CURVES] = "key_curves",
	[SP_DEMAND_MIN_RSA_BITS] = "min_rsa_bits",
	[SP_DEMAND_MIN_EC_BITS] = "min_ec_bits",
	[SP_DEMAND_MIN_DH_BITS] = "min_dh_bits",
	[SP_DEMAND_SIGNATURE] = "signature",
	[SP_DEMAND_HANDSHAKE_SIGNATURE] = "handshake_signature",
	[SP_DEMAND_MAX_LIFETIME] = "max_lifetime",
	[SP_DEMAND_LONG_LIFETIME] = "long_lifetime",
	[SP_DEMAND_PUBLIC_LIFETIME] = "public_lifetime",
	[SP_DEMAND_EXPIRE_WARN] = "expire_warn",
	[SP_DEMAND_OCSP] = "ocsp",
};

const char *sp_demand_key(enum sp_demand demand)
{
	return demand < SP_DEMAND_WEAKNESS
		   ? demand_keys[demand]
		   : sp_weakness((enum sp_weakness)(demand - SP_DEMAND_WEAKNESS))->key;
}

const char *sp_profile_clause(const struct sp_profile *profile, enum sp_demand demand)
{
	return profile->clauses[demand] ? profile->clauses[demand] : profile->source;
}

/* What was found out so far; the earlier of equals stays. */
struct opinion {
	enum sp_stance stance;
	enum sp_demand demand;
};

static void hold_against(
    struct opinion *opinion, enum sp_stance stance, enum sp_demand demand)
{
	if (stance < opinion->stance)
		*opinion = (struct opinion){ stance, demand };
}

static void hold_weakness(
    struct opinion *opinion, const struct sp_profile *profile, enum sp_weakness weakness)
{
	hold_against(opinion, profile->weaknesses[weakness],
	    (enum sp_demand)(SP_DEMAND_WEAKNESS + weakness));
}

static enum sp_stance speak(const struct opinion *opinion, enum sp_demand *ret_demand)
{
	if (ret_demand && opinion->stance != SP_STANCE_IGNORE)
		*ret_demand = opinion->demand;
	return opinion->stance;
}

static bool is_among(const uint16_t *numbers, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

enum sp_stance sp_profile_version(
    const struct sp_profile *profile, uint16_t version, enum sp_demand *ret_demand)
{
	struct opinion opinion = { SP_STANCE_IGNORE, SP_DEMAND_MIN_VERSION };

	switch (version) {
	case SP_SSL2: hold_weakness(&opinion, profile, SP_WEAK_SSLV2); break;
	case SP_SSL3: hold_weakness(&opinion, profile, SP_WEAK_SSLV3); break;
	case SP_TLS10: hold_weakness(&opinion, profile, SP_WEAK_TLS10); break;
	case SP_TLS11: hold_weakness(&opinion, profile, SP_WEAK_TLS11); break;
	default: break;
	}
	if (version < profile->min_version || version > SP_TLS13)
		hold_against(&opinion, SP_STANCE_FAIL, SP_DEMAND_MIN_VERSION);
	return speak(&opinion, ret_demand);
}

/* Heaviest first: an EXPORT suite is told as that, not as one of 64-bit blocks. */
static const enum sp_weakness of_suites[] = { SP_WEAK_NULL, SP_WEAK_ANONYMOUS,
	SP_WEAK_EXPORT, SP_WEAK_RC4, SP_WEAK_SWEET32, SP_WEAK_NO_FORWARD_SECRECY,
	SP_WEAK_LUCKY13 };

enum sp_stance sp_profile_suite(
    const struct sp_profile *profile, uint16_t number, enum sp_demand *ret_demand)
{
	struct opinion opinion = { SP_STANCE_IGNORE, SP_DEMAND_CIPHERS };
	const struct sp_suite *suite = sp_suite_find(number);

	for (size_t i = 0; suite && i < sizeof(of_suites) / sizeof(*of_suites); i++)
		if (sp_suite_shows(suite, of_suites[i]))
			hold_weakness(&opinion, profile, of_suites[i]);
	if (!suite || (profile->suite_count &&
			  !is_among(profile->suites, profile->suite_count, number)))
		hold_against(&opinion, SP_STANCE_FAIL, SP_DEMAND_CIPHERS);
	return speak(&opinion, ret_demand);
}

enum sp_stance sp_profile_group(
    const struct sp_profile *profile, uint16_t number, enum sp_demand *ret_demand)
{
	struct opinion opinion = { SP_STANCE_IGNORE, SP_DEMAND_GROUPS };
	const struct sp_group *group = sp_group_find(number);

	if (group && group->kind == SP_GROUP_FINITE_FIELD &&
	    group->bits < profile->min_dh_bits)
		hold_weakness(&opinion, profile, SP_WEAK_LOGJAM);
	if (group && group->kind == SP_GROUP_EC && group->bits < profile->min_ec_bits)
		hold_weakness(&opinion, profile, SP_WEAK_KEY);
	if (profile->group_count &&
	    !is_among(profile->groups, profile->group_count, number))
		hold_against(&opinion, profile->unlisted_groups, SP_DEMAND_GROUPS);
	return speak(&opinion, ret_demand);
}

/* Of Edwards curves there are two, both strong. A DSA key is as strong as an RSA
 * key of its size. */
static unsigned least_bits(const struct sp_profile *profile, enum sp_key_type type)
{
	switch (type) {
	case SP_KEY_RSA:
	case SP_KEY_DSA: return profile->min_rsa_bits;
	case SP_KEY_EC: return profile->min_ec_bits;
	case SP_KEY_EDWARDS: return 0;
	case SP_KEY_OTHER: break;
	}
	return UINT16_MAX; /* nobody knows how strong it is */
}

enum sp_stance sp_profile_key(const struct sp_profile *profile, enum sp_key_type type,
    unsigned bits, const char *curve, bool leaf, enum sp_demand *ret_demand)
{
	struct opinion opinion = { SP_STANCE_IGNORE, SP_DEMAND_KEY_TYPES };
	const struct sp_group *group = curve ? sp_group_of_curve(curve) : NULL;

	if (bits < least_bits(profile, type))
		hold_weakness(&opinion, profile, SP_WEAK_KEY);
	if (leaf && profile->key_types && !(profile->key_types & 1u << type))
		hold_against(&opinion, SP_STANCE_FAIL, SP_DEMAND_KEY_TYPES);
	if (leaf && type == SP_KEY_EC && profile->key_curve_count &&
	    (!group ||
		!is_among(profile->key_curves, profile->key_curve_count, group->id)))
		hold_against(&opinion, SP_STANCE_FAIL, SP_DEMAND_KEY_CURVES);
	return speak(&opinion, ret_demand);
}

enum sp_stance sp_profile_signature(
    const struct sp_profile *profile, enum sp_hash hash, enum sp_demand *ret_demand)
{
	struct opinion opinion = { SP_STANCE_IGNORE, SP_DEMAND_SIGNATURE };

	if (!(profile->signature & 1u << hash))
		hold_weakness(&opinion, profile, SP_WEAK_SIGNATURE);
	return speak(&opinion, ret_demand);
}

size_t sp_profile_suites(const struct sp_profile *profile, uint16_t version,
    enum sp_stance stance, uint16_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < sp_suite_count; i++)
		if (sp_suites[i].exchange != SP_EXCHANGE_NONE &&
		    sp_suite_fits(&sp_suites[i], version) &&
		    sp_profile_suite(profile, sp_suites[i].id, NULL) == stance)
			ret[count++] = sp_suites[i].id;
	return count;
}

size_t sp_profile_groups(const struct sp_profile *profile, uint16_t version,
    enum sp_stance stance, uint16_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < sp_group_count; i++)
		if ((!sp_groups[i].tls13 || version == SP_TLS13) &&
		    sp_profile_group(profile, sp_groups[i].id, NULL) == stance)
			ret[count++] = sp_groups[i].id;
	return count;
}
