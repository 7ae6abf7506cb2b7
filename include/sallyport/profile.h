/* What "modern TLS with a valid certificate" means for a service: policies/profiles,
 * tls.md. A profile stands alone: what it takes from its base is copied in. */
#ifndef SALLYPORT_PROFILE_H
#define SALLYPORT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/tls.h>

/* Zero is the strictest, so that what nobody set is never let through. */
enum sp_stance { SP_STANCE_FAIL, SP_STANCE_WARN, SP_STANCE_IGNORE };

const char *sp_stance_name(enum sp_stance stance); /* "fail", … */

/* The weaknesses of tls.md, in its order. */
enum sp_weakness {
	SP_WEAK_SSLV2,
	SP_WEAK_SSLV3,
	SP_WEAK_TLS10,
	SP_WEAK_TLS11,
	SP_WEAK_NULL,
	SP_WEAK_ANONYMOUS,
	SP_WEAK_EXPORT,
	SP_WEAK_LOGJAM,
	SP_WEAK_RC4,
	SP_WEAK_SWEET32,
	SP_WEAK_LUCKY13,
	SP_WEAK_NO_FORWARD_SECRECY,
	SP_WEAK_COMPRESSION,
	SP_WEAK_INSECURE_RENEGOTIATION,
	SP_WEAK_NO_EMS,
	SP_WEAK_HEARTBEAT,
	SP_WEAK_NO_FALLBACK_SCSV,
	SP_WEAK_KEY,
	SP_WEAK_SIGNATURE,
	SP_WEAK_STARTTLS_INJECTION,
	SP_WEAK_PLAINTEXT_AUTH,
	SP_WEAK_UNDECLARED_TLS,
	SP_WEAK_PLAIN_TEXT,
};
#define SP_WEAKNESSES (SP_WEAK_PLAIN_TEXT + 1)

struct sp_weakness_entry {
	const char *key;       /* in a profile and in JSON */
	const char *title;     /* "SSLv3 is accepted (POODLE)" */
	const char *reference; /* CVE, RFC section */
};

/* The one table of weaknesses. */
const struct sp_weakness_entry *sp_weakness(enum sp_weakness weakness);

/* Does choosing this suite show the weakness? */
bool sp_suite_shows(const struct sp_suite *suite, enum sp_weakness weakness);

/* What a profile says besides, each by a key of its own. A demand's number is that
 * of its clause; the weaknesses follow as SP_DEMAND_WEAKNESS + their own. */
enum sp_demand {
	SP_DEMAND_MIN_VERSION,
	SP_DEMAND_REQUIRED_VERSION,
	SP_DEMAND_CIPHERS,
	SP_DEMAND_GROUPS,
	SP_DEMAND_UNLISTED_GROUPS,
	SP_DEMAND_KEY_TYPES,
	SP_DEMAND_KEY_CURVES,
	SP_DEMAND_MIN_RSA_BITS,
	SP_DEMAND_MIN_EC_BITS,
	SP_DEMAND_MIN_DH_BITS,
	SP_DEMAND_SIGNATURE,
	SP_DEMAND_HANDSHAKE_SIGNATURE,
	SP_DEMAND_MAX_LIFETIME,
	SP_DEMAND_LONG_LIFETIME,
	SP_DEMAND_PUBLIC_LIFETIME,
	SP_DEMAND_EXPIRE_WARN,
	SP_DEMAND_OCSP,
	SP_DEMAND_WEAKNESS,
};
#define SP_DEMANDS (SP_DEMAND_WEAKNESS + SP_WEAKNESSES)

/* "min_version", "sslv3", … */
const char *sp_demand_key(enum sp_demand demand);

struct sp_profile {
	char *name;
	struct sp_location at; /* file NULL: shipped */
	bool of_policy;	       /* a section of the policy itself */
	bool override;	       /* redefines one of that name on purpose */
	char *source;	       /* publication, version and date */

	uint16_t min_version;	   /* allowed are this one to TLS 1.3 */
	uint16_t required_version; /* 0: none in particular */

	/* IANA numbers, sorted; none: whatever shows no weakness that fails. TLS
	 * 1.3's are among them. What is not among them fails. */
	uint16_t *suites;
	size_t suite_count;
	/* The same of groups, but what is not among them has a weight. */
	uint16_t *groups;
	size_t group_count;
	enum sp_stance unlisted_groups;
	unsigned min_dh_bits; /* of finite field groups; below: logjam */

	/* The certificate of the server. */
	unsigned key_types;   /* bits 1 << enum sp_key_type; 0: any */
	uint16_t *key_curves; /* groups that an EC key may be on; none: any */
	size_t key_curve_count;
	unsigned min_rsa_bits, min_ec_bits; /* below: weak_key; of CAs too */
	unsigned signature; /* bits 1 << enum sp_hash; others: weak_signature */
	/* For a handshake signed with another, where a client offers nothing else. */
	enum sp_stance handshake_signature;
	uint32_t max_lifetime; /* seconds from notBefore to notAfter; 0: no limit */
	enum sp_stance long_lifetime; /* for one above max_lifetime */
	/* For one above the CA/Browser Forum's schedule, of public CAs. */
	enum sp_stance public_lifetime;
	uint32_t expire_warn; /* seconds before the end from which it warns; 0: never */
	enum sp_stance ocsp;  /* no valid staple, and nothing else says unrevoked */

	enum sp_stance weaknesses[SP_WEAKNESSES];

	/* Where the source says so: by demand, NULL where it does not. */
	char *clauses[SP_DEMANDS];
};

/* "RFC 8996, NIST SP 800-52r2 3.1": the clause behind a demand, or "profile NAME". */
const char *sp_profile_clause(const struct sp_profile *profile, enum sp_demand demand);

/* What the profile says about what a server did. IGNORE is "allowed". When it is
 * not, `ret_demand` gets the demand that says so, the heaviest one, of equals the
 * most telling; it may be NULL. */
enum sp_stance sp_profile_version(
    const struct sp_profile *profile, uint16_t version, enum sp_demand *ret_demand);
/* A suite that was chosen, whatever the version it was chosen in. An unknown
 * number fails. */
enum sp_stance sp_profile_suite(
    const struct sp_profile *profile, uint16_t suite, enum sp_demand *ret_demand);
enum sp_stance sp_profile_group(
    const struct sp_profile *profile, uint16_t group, enum sp_demand *ret_demand);
/* The key and signature of a certificate; `curve` is OpenSSL's name or NULL, `leaf`
 * the server's own: types and curves are asked of it alone. */
enum sp_stance sp_profile_key(const struct sp_profile *profile, enum sp_key_type type,
    unsigned bits, const char *curve, bool leaf, enum sp_demand *ret_demand);
enum sp_stance sp_profile_signature(
    const struct sp_profile *profile, enum sp_hash hash, enum sp_demand *ret_demand);

/* Proof by complement: the suites of a version that the profile gives this
 * stance. Returns their number; `ret` has room for sp_suite_count. */
size_t sp_profile_suites(const struct sp_profile *profile, uint16_t version,
    enum sp_stance stance, uint16_t *ret);
/* The groups, likewise; `ret` has room for sp_group_count. */
size_t sp_profile_groups(const struct sp_profile *profile, uint16_t version,
    enum sp_stance stance, uint16_t *ret);

#endif
