#include "certificate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <sallyport/address.h>

/* A text of ours: bounded, and a NUL that the peer wrote shown as \0. */
static char *text_of(const char *prefix, const void *bytes, size_t length)
{
	char text[SP_MAX_PEER_TEXT + 1];
	size_t end = strlen(prefix);

	memcpy(text, prefix, end);
	for (size_t i = 0; i < length && end + 2 < sizeof(text); i++) {
		char byte = ((const char *)bytes)[i];

		if (byte) {
			text[end++] = byte;
		} else {
			text[end++] = '\\';
			text[end++] = '0';
		}
	}
	text[end] = '\0';
	return strdup(text);
}

static char *name_of(const X509_NAME *name)
{
	/* UTF-8 as it is; RFC 2253's escapes, control characters' too. */
	const unsigned long form = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *memory = BIO_new(BIO_s_mem());
	char *bytes = NULL, *text = NULL;
	long length;

	if (!memory)
		return NULL;
	X509_NAME_print_ex(memory, name, 0, form);
	length = BIO_get_mem_data(memory, &bytes);
	text = text_of("", bytes, length > 0 ? (size_t)length : 0);
	BIO_free(memory);
	return text;
}

static char *serial_of(const X509 *certificate)
{
	static const char digits[] = "0123456789abcdef";
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	char text[2 * 64 + 1];
	size_t end = 0;

	/* RFC 5280 section 4.1.2.2: at most 20 bytes; longer ones are cut. */
	for (int i = 0; i < ASN1_STRING_length(serial) && i < 64; i++) {
		text[end++] = digits[bytes[i] >> 4];
		text[end++] = digits[bytes[i] & 15];
	}
	text[end] = '\0';
	return strdup(text);
}

static char *address_name_of(const ASN1_OCTET_STRING *octets)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(octets);
	int length = ASN1_STRING_length(octets);
	char text[SP_ADDRESS_TEXT];
	struct sp_address address;

	if (length != 4 && length != 16)
		return text_of("IP:", "?", 1);
	address = sp_address_of(length == 4 ? SP_IPV4 : SP_IPV6, bytes);
	sp_address_print(&address, text);
	return text_of("IP:", text, strlen(text));
}

static char *alternative_of(const GENERAL_NAME *name)
{
	static const struct {
		int type;
		const char *prefix;
	} texts[] = { { GEN_DNS, "DNS:" }, { GEN_EMAIL, "email:" }, { GEN_URI, "URI:" } };
	int type;
	const void *value = GENERAL_NAME_get0_value(name, &type);

	if (type == GEN_IPADD)
		return address_name_of(value);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].type == type)
			return text_of(texts[i].prefix, ASN1_STRING_get0_data(value),
			    (size_t)ASN1_STRING_length(value));
	return text_of("other", "", 0);
}

static bool describe_names(const X509 *certificate, struct sp_certificate *ret)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int total = names ? sk_GENERAL_NAME_num(names) : 0;
	bool done = true;

	ret->name_total = (uint32_t)total;
	if (total > SP_MAX_CERTIFICATE_NAMES)
		total = SP_MAX_CERTIFICATE_NAMES;
	if (total > 0 && !(ret->names = calloc((size_t)total, sizeof(*ret->names))))
		done = false;
	for (int i = 0; i < total && done; i++) {
		ret->names[i] = alternative_of(sk_GENERAL_NAME_value(names, i));
		ret->name_count++;
		done = ret->names[i] != NULL;
	}
	GENERAL_NAMES_free(names);
	return done;
}

enum sp_key_type certificate_key_type(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS: return SP_KEY_RSA;
	case EVP_PKEY_EC: return SP_KEY_EC;
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448: return SP_KEY_EDWARDS;
	case EVP_PKEY_DSA: return SP_KEY_DSA;
	default: return SP_KEY_OTHER; /* of OpenSSL's, not ours: unknown stays unknown */
	}
}

static bool describe_key(X509 *certificate, struct sp_certificate *ret)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char group[80] = "";
	const char *name = NULL;

	if (key) {
		int bits = EVP_PKEY_get_bits(key);

		ret->key_type = certificate_key_type(key);
		ret->key_bits = bits > 0 ? (uint32_t)bits : 0;
		if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
			name = group;
		else
			name = EVP_PKEY_get0_type_name(key);
	}
	ret->key = text_of("", name ? name : "?", name ? strlen(name) : 1);
	return ret->key != NULL;
}

static enum sp_hash hash_of(const X509 *certificate)
{
	static const struct {
		int nid;
		enum sp_hash hash;
	} hashes[] = { { NID_md5, SP_HASH_MD5 }, { NID_sha1, SP_HASH_SHA1 },
		{ NID_sha224, SP_HASH_SHA224 }, { NID_sha256, SP_HASH_SHA256 },
		{ NID_sha384, SP_HASH_SHA384 }, { NID_sha512, SP_HASH_SHA512 } };
	int digest = NID_undef, key = NID_undef;

	X509_get_signature_info((X509 *)certificate, &digest, &key, NULL, NULL);
	if (digest == NID_undef && (key == NID_ED25519 || key == NID_ED448))
		return SP_HASH_INTRINSIC;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].nid == digest)
			return hashes[i].hash;
	return SP_HASH_OTHER;
}

/* A date that cannot be read is the epoch: long expired. */
static int64_t seconds_of(const ASN1_TIME *at)
{
	struct tm tm;

	return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* RFC 7633: status_request (5) among the features. */
static bool must_staple(const X509 *certificate)
{
	STACK_OF(ASN1_INTEGER) *features =
	    X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == 5)
			found = true;
	sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
	return found;
}

static void describe_extensions(X509 *certificate, struct sp_certificate *ret)
{
	uint32_t flags = X509_get_extension_flags(certificate);
	uint32_t usage = X509_get_extended_key_usage(certificate);

	ret->purposes = (flags & EXFLAG_XKUSAGE) != 0;
	ret->server_auth = ret->purposes && (usage & (XKU_SSL_SERVER | XKU_ANYEKU));
	ret->authority = (flags & EXFLAG_CA) != 0;
	ret->self_signed = X509_self_signed(certificate, 0) == 1;
	ret->must_staple = must_staple(certificate);
	ret->malformed = (flags & EXFLAG_INVALID) != 0;
}

bool certificate_describe(X509 *certificate, struct sp_certificate *ret)
{
	struct sp_certificate found = { 0 };
	int signature = X509_get_signature_nid(certificate);
	const char *name = OBJ_nid2ln(signature);
	unsigned length = 0;

	X509_digest(certificate, EVP_sha256(), found.sha256, &length);
	found.signature_hash = hash_of(certificate);
	found.not_before = seconds_of(X509_get0_notBefore(certificate));
	found.not_after = seconds_of(X509_get0_notAfter(certificate));
	describe_extensions(certificate, &found);
	found.subject = name_of(X509_get_subject_name(certificate));
	found.issuer = name_of(X509_get_issuer_name(certificate));
	found.serial = serial_of(certificate);
	found.signature = text_of("", name ? name : "?", name ? strlen(name) : 1);
	if (length == sizeof(found.sha256) && found.subject && found.issuer &&
	    found.serial && found.signature && describe_names(certificate, &found) &&
	    describe_key(certificate, &found)) {
		*ret = found;
		return true;
	}
	sp_certificate_free(&found);
	return false;
}
