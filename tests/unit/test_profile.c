/* Profiles: what they allow, where it is said, and that the tables of suites are
 * what OpenSSL says they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy_files.h"

#define HEAD "[policy]\nversion = 1\n\n"

static const struct sp_profile *profile_named(
    const struct sp_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profile_count; i++)
		if (!strcmp(policy->profiles[i].name, name))
			return &policy->profiles[i];
	fail_msg("no profile %s", name);
	return NULL;
}

static uint16_t suite(const char *name)
{
	const struct sp_suite *found = sp_suite_named(name, strlen(name));

	if (!found)
		fail_msg("no suite %s", name);
	return found->id;
}

static uint16_t group(const char *name)
{
	const struct sp_group *found = sp_group_named(name, strlen(name));

	if (!found)
		fail_msg("no group %s", name);
	return found->id;
}

/* --- the tables ---------------------------------------------------------- */

static void check_row(const struct sp_suite *row, const char *kx, const char *signer,
    const char *cipher, const char *mac)
{
	bool aead = !strcmp(mac, "Mac=AEAD");

	assert_int_equal((row->properties & SP_SUITE_AEAD) != 0, aead);
	assert_int_equal(
	    (row->properties & SP_SUITE_NULL) != 0, !strcmp(cipher, "Enc=None"));
	assert_int_equal((row->properties & SP_SUITE_CBC) != 0,
	    !aead && strcmp(cipher, "Enc=None") && strncmp(cipher, "Enc=RC4", 7));
	assert_int_equal(
	    (row->properties & SP_SUITE_3DES) != 0, strstr(cipher, "3DES") != NULL);
	assert_int_equal((row->properties & SP_SUITE_MD5) != 0, !strcmp(mac, "Mac=MD5"));
	assert_int_equal(
	    (row->properties & SP_SUITE_ANONYMOUS) != 0, !strcmp(signer, "Au=None"));
	assert_int_equal((row->properties & SP_SUITE_FORWARD_SECRECY) != 0,
	    strcmp(kx, "Kx=RSA") && strcmp(kx, "Kx=PSK") && strcmp(kx, "Kx=RSAPSK"));
}

/* Every suite that this machine's OpenSSL knows, by its own description. */
static void suites_are_what_openssl_says(void **state)
{
	FILE *openssl =
	    popen("openssl ciphers -V -stdname ALL:COMPLEMENTOFALL:@SECLEVEL=0", "r");
	char line[512], name[128], own[128], version[32], kx[32], signer[32], cipher[48],
	    mac[32];
	unsigned high, low, count = 0;

	(void)state;
	assert_non_null(openssl);
	while (fgets(line, sizeof(line), openssl)) {
		const struct sp_suite *row;

		assert_int_equal(
		    sscanf(line,
			" 0x%2x,0x%2x - %127s - %127s %31s %31s %31s %47s "
			"%31s",
			&high, &low, name, own, version, kx, signer, cipher, mac),
		    9);
		row = sp_suite_find((uint16_t)(high << 8 | low));
		assert_non_null(row);
		assert_string_equal(row->name, name);
		assert_string_equal(row->openssl, own);
		assert_ptr_equal(sp_suite_named(own, strlen(own)), row);
		assert_int_equal(
		    (row->properties & SP_SUITE_TLS13) != 0, !strcmp(version, "TLSv1.3"));
		assert_int_equal(
		    (row->properties & SP_SUITE_TLS12) != 0, !strcmp(version, "TLSv1.2"));
		check_row(row, kx, signer, cipher, mac);
		count++;
	}
	assert_int_equal(pclose(openssl), 0);
	assert_true(count > 100);
}

static void the_tables_are_sorted_and_without_twins(void **state)
{
	(void)state;
	for (size_t i = 1; i < sp_suite_count; i++)
		assert_true(sp_suites[i - 1].id < sp_suites[i].id);
	for (size_t i = 0; i < sp_suite_count; i++)
		assert_ptr_equal(
		    sp_suite_named(sp_suites[i].name, strlen(sp_suites[i].name)),
		    &sp_suites[i]);
	for (size_t i = 1; i < sp_group_count; i++)
		assert_true(sp_groups[i - 1].id < sp_groups[i].id);
	assert_int_equal(group("P-256"), 23);
	assert_int_equal(group("prime256v1"), 23);
	assert_int_equal(group("X25519MLKEM768"), 0x11ec);
	assert_null(sp_suite_find(0x0a0a)); /* GREASE, RFC 8701 */
	assert_null(sp_suite_find(0x00ff)); /* the SCSV is no suite */
}

/* --- the shipped profiles ------------------------------------------------ */

struct figure {
	const char *profile, *suite, *group;
	enum sp_stance suite_stance, group_stance;
	uint16_t version;
	enum sp_stance version_stance;
};

static void shipped_profiles_say_what_their_sources_say(void **state)
{
	static const struct figure figures[] = {
		{ "baseline", "AES128-SHA", "x448", SP_STANCE_WARN, SP_STANCE_IGNORE,
		    SP_TLS11, SP_STANCE_FAIL },
		{ "baseline", "ECDHE-RSA-CHACHA20-POLY1305", "ffdhe2048",
		    SP_STANCE_IGNORE, SP_STANCE_IGNORE, SP_TLS12, SP_STANCE_IGNORE },
		{ "baseline", "DES-CBC3-SHA", "secp192r1", SP_STANCE_FAIL, SP_STANCE_FAIL,
		    SP_SSL2, SP_STANCE_FAIL },
		{ "mozilla-modern", "ECDHE-RSA-AES128-GCM-SHA256", "X25519MLKEM768",
		    SP_STANCE_FAIL, SP_STANCE_IGNORE, SP_TLS12, SP_STANCE_FAIL },
		{ "mozilla-modern", "TLS_AES_128_CCM_SHA256", "P-521", SP_STANCE_FAIL,
		    SP_STANCE_WARN, SP_TLS13, SP_STANCE_IGNORE },
		{ "mozilla-intermediate", "DHE-RSA-AES128-GCM-SHA256", "ffdhe2048",
		    SP_STANCE_FAIL, SP_STANCE_WARN, SP_TLS11, SP_STANCE_FAIL },
		{ "mozilla-intermediate", "ECDHE-ECDSA-AES256-GCM-SHA384", "P-384",
		    SP_STANCE_IGNORE, SP_STANCE_IGNORE, SP_TLS12, SP_STANCE_IGNORE },
		{ "mozilla-old", "DES-CBC3-SHA", "x25519", SP_STANCE_IGNORE,
		    SP_STANCE_IGNORE, SP_TLS10, SP_STANCE_IGNORE },
		{ "mozilla-old", "ECDHE-RSA-DES-CBC3-SHA", "x448", SP_STANCE_FAIL,
		    SP_STANCE_WARN, SP_SSL3, SP_STANCE_FAIL },
		{ "mozilla-old", "DHE-RSA-AES128-GCM-SHA256", "X25519MLKEM768",
		    SP_STANCE_FAIL, SP_STANCE_IGNORE, SP_TLS13, SP_STANCE_IGNORE },
		{ "pci-dss-4", "RC4-SHA", "x25519", SP_STANCE_FAIL, SP_STANCE_IGNORE,
		    SP_TLS10, SP_STANCE_FAIL },
		{ "nist-800-52r2", "ECDHE-RSA-CHACHA20-POLY1305", "x25519",
		    SP_STANCE_FAIL, SP_STANCE_WARN, SP_TLS11, SP_STANCE_FAIL },
		{ "nist-800-52r2", "DHE-RSA-AES256-CCM8", "P-256", SP_STANCE_IGNORE,
		    SP_STANCE_IGNORE, SP_TLS12, SP_STANCE_IGNORE },
		{ "bsi-tr-02102-2", "ECDHE-RSA-AES128-SHA256", "x25519", SP_STANCE_WARN,
		    SP_STANCE_FAIL, SP_TLS12, SP_STANCE_IGNORE },
		{ "bsi-tr-02102-2", "ECDHE-RSA-AES128-SHA", "brainpoolP256r1",
		    SP_STANCE_FAIL, SP_STANCE_IGNORE, SP_TLS11, SP_STANCE_FAIL },
	};
	struct sp_policy *policy = read_text(HEAD "[service ssh]\n");

	(void)state;
	assert_int_equal(policy->profile_count, 7);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		const struct figure *figure = &figures[i];
		const struct sp_profile *profile = profile_named(policy, figure->profile);

		assert_int_equal(sp_profile_suite(profile, suite(figure->suite), NULL),
		    figure->suite_stance);
		assert_int_equal(sp_profile_group(profile, group(figure->group), NULL),
		    figure->group_stance);
		assert_int_equal(sp_profile_version(profile, figure->version, NULL),
		    figure->version_stance);
		assert_non_null(profile->source);
	}
	assert_int_equal(profile_named(policy, "mozilla-old")->suite_count, 24);
	assert_int_equal(profile_named(policy, "mozilla-old")->min_dh_bits, 2048);
	assert_int_equal(profile_named(policy, "mozilla-intermediate")->suite_count, 9);
	assert_int_equal(
	    profile_named(policy, "nist-800-52r2")->required_version, SP_TLS13);
	assert_int_equal(
	    profile_named(policy, "mozilla-modern")->max_lifetime, 90 * 86400);
	assert_int_equal(profile_named(policy, "bsi-tr-02102-2")->min_rsa_bits, 3000);
	sp_policy_free(policy);
}

/* What a profile can hold against a server, of those that it sets. */
static bool demands(const struct sp_profile *profile, enum sp_demand demand)
{
	switch (demand) {
	case SP_DEMAND_MIN_VERSION: return true;
	case SP_DEMAND_REQUIRED_VERSION: return profile->required_version != 0;
	case SP_DEMAND_CIPHERS: return profile->suite_count > 0;
	case SP_DEMAND_GROUPS: return profile->group_count > 0;
	case SP_DEMAND_UNLISTED_GROUPS: return false; /* told with the groups */
	case SP_DEMAND_KEY_TYPES: return profile->key_types != 0;
	case SP_DEMAND_KEY_CURVES: return profile->key_curve_count > 0;
	case SP_DEMAND_MIN_RSA_BITS:
	case SP_DEMAND_MIN_EC_BITS:
	case SP_DEMAND_MIN_DH_BITS:
	case SP_DEMAND_SIGNATURE:
	case SP_DEMAND_PUBLIC_LIFETIME:
	case SP_DEMAND_EXPIRE_WARN: return true;
	case SP_DEMAND_MAX_LIFETIME:
	case SP_DEMAND_LONG_LIFETIME: return profile->max_lifetime > 0;
	case SP_DEMAND_HANDSHAKE_SIGNATURE:
		return profile->handshake_signature != SP_STANCE_IGNORE;
	case SP_DEMAND_OCSP: return profile->ocsp != SP_STANCE_IGNORE;
	case SP_DEMAND_WEAKNESS: break;
	}
	return profile->weaknesses[demand - SP_DEMAND_WEAKNESS] != SP_STANCE_IGNORE;
}

static void every_shipped_demand_names_its_clause(void **state)
{
	struct sp_policy *policy = read_text(HEAD "[service ssh]\n");

	(void)state;
	for (size_t p = 0; p < policy->profile_count; p++) {
		const struct sp_profile *profile = &policy->profiles[p];

		for (unsigned demand = 0; demand < SP_DEMANDS; demand++)
			if (demands(profile, (enum sp_demand)demand) &&
			    !profile->clauses[demand])
				print_error("%s: no clause for %s\n", profile->name,
				    sp_demand_key((enum sp_demand)demand));
		for (unsigned demand = 0; demand < SP_DEMANDS; demand++)
			if (demands(profile, (enum sp_demand)demand))
				assert_non_null(profile->clauses[demand]);
		/* Publication, version and date. */
		assert_non_null(strstr(profile->source, ", 20"));
	}
	sp_policy_free(policy);
}

static void keys_and_signatures_are_judged(void **state)
{
	struct sp_policy *policy = read_text(HEAD "[service ssh]\n");
	const struct sp_profile *baseline = profile_named(policy, "baseline");
	const struct sp_profile *modern = profile_named(policy, "mozilla-modern");
	enum sp_demand demand;

	(void)state;
	assert_int_equal(sp_profile_key(baseline, SP_KEY_RSA, 1024, NULL, true, &demand),
	    SP_STANCE_FAIL);
	assert_string_equal(sp_demand_key(demand), "weak_key");
	assert_int_equal(sp_profile_key(baseline, SP_KEY_RSA, 2048, NULL, true, NULL),
	    SP_STANCE_IGNORE);
	assert_int_equal(sp_profile_key(baseline, SP_KEY_EDWARDS, 253, NULL, true, NULL),
	    SP_STANCE_IGNORE);
	assert_int_equal(sp_profile_key(baseline, SP_KEY_OTHER, 4096, NULL, true, NULL),
	    SP_STANCE_FAIL);
	assert_int_equal(sp_profile_key(modern, SP_KEY_RSA, 2048, NULL, true, &demand),
	    SP_STANCE_FAIL);
	assert_string_equal(sp_demand_key(demand), "key_types");
	assert_int_equal(sp_profile_key(modern, SP_KEY_RSA, 2048, NULL, false, NULL),
	    SP_STANCE_IGNORE);
	assert_int_equal(
	    sp_profile_key(modern, SP_KEY_EC, 521, "secp521r1", true, &demand),
	    SP_STANCE_FAIL);
	assert_string_equal(sp_demand_key(demand), "key_curves");
	assert_int_equal(sp_profile_key(modern, SP_KEY_EC, 256, "prime256v1", true, NULL),
	    SP_STANCE_IGNORE);
	assert_int_equal(
	    sp_profile_signature(baseline, SP_HASH_SHA1, NULL), SP_STANCE_FAIL);
	assert_int_equal(
	    sp_profile_signature(baseline, SP_HASH_OTHER, NULL), SP_STANCE_FAIL);
	assert_int_equal(
	    sp_profile_signature(baseline, SP_HASH_INTRINSIC, NULL), SP_STANCE_IGNORE);
	sp_policy_free(policy);
}

/* What is asked and what is not make up the whole, for every profile and version. */
static void the_complement_is_the_rest(void **state)
{
	static const enum sp_stance stances[] = { SP_STANCE_FAIL, SP_STANCE_WARN,
		SP_STANCE_IGNORE };
	struct sp_policy *policy = read_text(HEAD "[service ssh]\n");
	uint16_t *numbers = calloc(sp_suite_count + sp_group_count, sizeof(*numbers));

	(void)state;
	assert_non_null(numbers);
	for (size_t p = 0; p < policy->profile_count; p++)
		for (uint16_t version = SP_SSL3; version <= SP_TLS13; version++) {
			const struct sp_profile *profile = &policy->profiles[p];
			size_t sum = 0, fitting = 0;

			for (size_t i = 0; i < 3; i++)
				sum += sp_profile_suites(
				    profile, version, stances[i], numbers);
			for (size_t i = 1; i < sp_suite_count; i++)
				fitting += sp_suite_fits(&sp_suites[i], version);
			assert_int_equal(sum, fitting);
			/* A version that is allowed can be spoken. */
			if (sp_profile_version(profile, version, NULL) != SP_STANCE_FAIL)
				assert_true(sp_profile_suites(profile, version,
						SP_STANCE_FAIL, numbers) < sum);
		}
	free(numbers);
	sp_policy_free(policy);
}

/* --- own profiles -------------------------------------------------------- */

static void a_profile_takes_from_its_base(void **state)
{
	struct sp_policy *policy =
	    read_text("[policy]\nversion = 1\nprofile = hers\n"
		      "[profile mine]\nbase = pci-dss-4\nsweet32 = warn\n"
		      "expire_warn = 7d\nclauses = rc4 house rule 3\n"
		      "[profile hers]\nbase = mine\nciphers = TLS_AES_128_GCM_SHA256\n"
		      "[profile baseline]\noverride = yes\nlucky13 = fail\n"
		      "[profile new]\nmin_version = 1.3\n[service ssh]\n");
	const struct sp_profile *hers = profile_named(policy, "hers");
	const struct sp_profile *fresh = profile_named(policy, "new");
	enum sp_demand demand;

	(void)state;
	assert_string_equal(policy->profiles[policy->profile].name, "hers");
	assert_int_equal(hers->expire_warn, 7 * 86400);
	assert_int_equal(hers->weaknesses[SP_WEAK_SWEET32], SP_STANCE_WARN);
	/* What mine changed has no clause of the standard any more. */
	assert_string_equal(
	    sp_profile_clause(hers, SP_DEMAND_WEAKNESS + SP_WEAK_SWEET32), hers->source);
	assert_string_equal(hers->source, "profile hers made from mine");
	assert_int_equal(
	    sp_profile_suite(hers, suite("RC4-SHA"), &demand), SP_STANCE_FAIL);
	assert_string_equal(sp_profile_clause(hers, demand), "house rule 3");
	/* It was made before baseline was redefined, and the last one after. */
	assert_int_equal(hers->weaknesses[SP_WEAK_LUCKY13], SP_STANCE_WARN);
	assert_int_equal(fresh->weaknesses[SP_WEAK_LUCKY13], SP_STANCE_FAIL);
	assert_int_equal(
	    profile_named(policy, "mozilla-modern")->weaknesses[SP_WEAK_LUCKY13],
	    SP_STANCE_WARN);
	sp_policy_free(policy);
}

static void own_profiles_stand_in_the_canonical_form(void **state)
{
	char directory[64];
	char *file;
	char *path = write_text("own.ini", "[policy]\nversion = 1\nprofile = used\n"
					   "[profile mine]\n[service ssh]\n");
	struct sp_policy_source source = { .path = path, .config_directory = folder };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy, *again;
	char *text, *twice;

	(void)state;
	snprintf(directory, sizeof(directory), "%s/profiles.d", folder);
	assert_int_equal(mkdir(directory, 0700), 0);
	file = write_text("profiles.d/own.ini",
	    "[profile used]\nbase = mozilla-old\n[profile unused]\n");
	policy = sp_policy_read(&source, &diag);
	assert_non_null(policy);
	text = sp_policy_print(policy, true, NULL);
	assert_non_null(strstr(text, "[profile used]\nbase = none\noverride = yes\n"));
	assert_non_null(strstr(text, "[profile mine]\n"));
	assert_null(strstr(text, "[profile unused]\n"));
	/* Alone, and beside the files that it was made from. */
	again = read_text(text);
	assert_memory_equal(policy->digest, again->digest, sizeof(policy->digest));
	twice = sp_policy_print(again, true, NULL);
	assert_string_equal(text, twice);
	sp_policy_free(again);
	free(path);
	path = write_text("again.ini", text);
	source.path = path;
	again = sp_policy_read(&source, &diag);
	assert_non_null(again);
	assert_memory_equal(policy->digest, again->digest, sizeof(policy->digest));
	sp_policy_free(again);
	sp_policy_free(policy);
	sp_diag_free(&diag);
	free(text);
	free(twice);
	free(path);
	free(file);
}

static void every_demand_and_weakness_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < SP_DEMANDS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(sp_demand_key((enum sp_demand)i),
			    sp_demand_key((enum sp_demand)j));
	for (int i = 0; i < SP_WEAKNESSES; i++) {
		assert_true(strlen(sp_weakness((enum sp_weakness)i)->title) > 5);
		assert_true(strlen(sp_weakness((enum sp_weakness)i)->reference) > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suites_are_what_openssl_says),
		cmocka_unit_test(the_tables_are_sorted_and_without_twins),
		cmocka_unit_test(shipped_profiles_say_what_their_sources_say),
		cmocka_unit_test(every_shipped_demand_names_its_clause),
		cmocka_unit_test(keys_and_signatures_are_judged),
		cmocka_unit_test(the_complement_is_the_rest),
		cmocka_unit_test(a_profile_takes_from_its_base),
		cmocka_unit_test(own_profiles_stand_in_the_canonical_form),
		cmocka_unit_test(every_demand_and_weakness_has_a_name),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
