/* TLS's own vocabulary: versions, cipher suites, groups, hashes, keys. Shared by
 * whoever asks, judges and prints; data alone, without OpenSSL. */
#ifndef SALLYPORT_TLS_H
#define SALLYPORT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Versions as they are on the wire, RFC 8446 section 4.2.1; SSLv2 by its own
 * hello. Ordered. */
#define SP_SSL2 0x0002
#define SP_SSL3 0x0300
#define SP_TLS10 0x0301
#define SP_TLS11 0x0302
#define SP_TLS12 0x0303
#define SP_TLS13 0x0304

/* --- cipher suites ------------------------------------------------------- */

enum sp_exchange {
	SP_EXCHANGE_NONE, /* TLS_NULL_WITH_NULL_NULL: the state before any suite */
	SP_EXCHANGE_RSA,  /* key transport: whoever gets the key reads it all */
	SP_EXCHANGE_DH,	  /* fixed, by the certificate */
	SP_EXCHANGE_DHE,
	SP_EXCHANGE_ECDH, /* fixed, by the certificate */
	SP_EXCHANGE_ECDHE,
	SP_EXCHANGE_PSK,
	SP_EXCHANGE_KRB5,
	SP_EXCHANGE_SRP,
	SP_EXCHANGE_ECCPWD,
	SP_EXCHANGE_GOST,
	SP_EXCHANGE_TLS13, /* said by an extension, always ephemeral but for PSK */
};

enum sp_signer {
	SP_SIGNER_NONE, /* anonymous */
	SP_SIGNER_RSA,
	SP_SIGNER_DSS,
	SP_SIGNER_ECDSA,
	SP_SIGNER_PSK,
	SP_SIGNER_KRB5,
	SP_SIGNER_SRP,
	SP_SIGNER_PASSWORD,
	SP_SIGNER_GOST,
	SP_SIGNER_ANY, /* TLS 1.3: by signature_algorithms */
};

enum sp_suite_property {
	SP_SUITE_NULL = 1 << 0, /* nothing is encrypted */
	SP_SUITE_ANONYMOUS = 1 << 1,
	SP_SUITE_EXPORT = 1 << 2, /* 40 or 56 bits on purpose */
	SP_SUITE_RC4 = 1 << 3,
	SP_SUITE_RC2 = 1 << 4,
	SP_SUITE_DES = 1 << 5, /* single DES */
	SP_SUITE_3DES = 1 << 6,
	SP_SUITE_64_BIT = 1 << 7, /* IDEA, GOST 28147, Magma: as small as 3DES's */
	SP_SUITE_MD5 = 1 << 8,
	SP_SUITE_CBC = 1 << 9,
	SP_SUITE_AEAD = 1 << 10,
	SP_SUITE_FORWARD_SECRECY = 1 << 11,
	SP_SUITE_TLS12 = 1 << 12, /* not before TLS 1.2 */
	SP_SUITE_TLS13 = 1 << 13, /* TLS 1.3 alone */
};

struct sp_suite {
	uint16_t id; /* IANA, TLS Cipher Suites */
	uint8_t exchange, signer;
	uint16_t properties;
	const char *name;    /* IANA's */
	const char *openssl; /* OpenSSL's, NULL when it never had it */
};

extern const struct sp_suite sp_suites[]; /* by id */
extern const size_t sp_suite_count;

/* NULL when the number is not known. */
const struct sp_suite *sp_suite_find(uint16_t id);
/* By IANA's or OpenSSL's name; NULL when there is none. */
const struct sp_suite *sp_suite_named(const char *name, size_t length);
/* Its IANA name, or "suite 0x1234" into `text`. */
const char *sp_suite_name(uint16_t id, char text[16]);
/* Can it be negotiated in this version? */
bool sp_suite_fits(const struct sp_suite *suite, uint16_t version);

/* --- groups -------------------------------------------------------------- */

enum sp_group_kind { SP_GROUP_EC, SP_GROUP_FINITE_FIELD, SP_GROUP_HYBRID };

struct sp_group {
	uint16_t id; /* IANA, TLS Supported Groups */
	uint8_t kind;
	uint16_t bits;	   /* of the prime; X25519 counts as 256, being as strong */
	const char *name;  /* IANA's */
	const char *nist;  /* "P-256", as people say it, or NULL */
	const char *curve; /* OpenSSL's name of it as a certificate's curve, or NULL */
	bool tls13;	   /* TLS 1.3 alone */
};

extern const struct sp_group sp_groups[]; /* by id */
extern const size_t sp_group_count;

const struct sp_group *sp_group_find(uint16_t id);
/* By any of its names, upper or lower case. */
const struct sp_group *sp_group_named(const char *name, size_t length);
/* The one whose curve a certificate's key is on, by OpenSSL's name. */
const struct sp_group *sp_group_of_curve(const char *curve);
/* Its IANA name, or "group 0x1234" into `text`. */
const char *sp_group_name(uint16_t id, char text[16]);

/* --- keys and signatures of certificates --------------------------------- */

enum sp_key_type { SP_KEY_OTHER, SP_KEY_RSA, SP_KEY_EC, SP_KEY_EDWARDS, SP_KEY_DSA };
#define SP_KEY_TYPES (SP_KEY_DSA + 1)

enum sp_hash {
	SP_HASH_OTHER,
	SP_HASH_MD5,
	SP_HASH_SHA1,
	SP_HASH_SHA224,
	SP_HASH_SHA256,
	SP_HASH_SHA384,
	SP_HASH_SHA512,
	SP_HASH_INTRINSIC, /* Ed25519, Ed448: part of the scheme */
};
#define SP_HASHES (SP_HASH_INTRINSIC + 1)

#endif
