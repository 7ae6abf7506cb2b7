#include <sallyport/tls.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EC SP_GROUP_EC
#define FF SP_GROUP_FINITE_FIELD
#define PQ SP_GROUP_HYBRID

/* RFC 8422, RFC 7919, RFC 7027, RFC 8734, and IANA's registry. A hybrid is as
 * wide as its classical half. */
// clang-format off
const struct sp_group sp_groups[] = {
	{ 1, EC, 163, "sect163k1", "K-163", "sect163k1", false },
	{ 2, EC, 163, "sect163r1", NULL, "sect163r1", false },
	{ 3, EC, 163, "sect163r2", "B-163", "sect163r2", false },
	{ 4, EC, 193, "sect193r1", NULL, "sect193r1", false },
	{ 5, EC, 193, "sect193r2", NULL, "sect193r2", false },
	{ 6, EC, 233, "sect233k1", "K-233", "sect233k1", false },
	{ 7, EC, 233, "sect233r1", "B-233", "sect233r1", false },
	{ 8, EC, 239, "sect239k1", NULL, "sect239k1", false },
	{ 9, EC, 283, "sect283k1", "K-283", "sect283k1", false },
	{ 10, EC, 283, "sect283r1", "B-283", "sect283r1", false },
	{ 11, EC, 409, "sect409k1", "K-409", "sect409k1", false },
	{ 12, EC, 409, "sect409r1", "B-409", "sect409r1", false },
	{ 13, EC, 571, "sect571k1", "K-571", "sect571k1", false },
	{ 14, EC, 571, "sect571r1", "B-571", "sect571r1", false },
	{ 15, EC, 160, "secp160k1", NULL, "secp160k1", false },
	{ 16, EC, 160, "secp160r1", NULL, "secp160r1", false },
	{ 17, EC, 160, "secp160r2", NULL, "secp160r2", false },
	{ 18, EC, 192, "secp192k1", NULL, "secp192k1", false },
	{ 19, EC, 192, "secp192r1", "P-192", "prime192v1", false },
	{ 20, EC, 224, "secp224k1", NULL, "secp224k1", false },
	{ 21, EC, 224, "secp224r1", "P-224", "secp224r1", false },
	{ 22, EC, 256, "secp256k1", NULL, "secp256k1", false },
	{ 23, EC, 256, "secp256r1", "P-256", "prime256v1", false },
	{ 24, EC, 384, "secp384r1", "P-384", "secp384r1", false },
	{ 25, EC, 521, "secp521r1", "P-521", "secp521r1", false },
	{ 26, EC, 256, "brainpoolP256r1", NULL, "brainpoolP256r1", false },
	{ 27, EC, 384, "brainpoolP384r1", NULL, "brainpoolP384r1", false },
	{ 28, EC, 512, "brainpoolP512r1", NULL, "brainpoolP512r1", false },
	{ 29, EC, 256, "x25519", NULL, NULL, false },
	{ 30, EC, 448, "x448", NULL, NULL, false },
	{ 31, EC, 256, "brainpoolP256r1tls13", NULL, NULL, true },
	{ 32, EC, 384, "brainpoolP384r1tls13", NULL, NULL, true },
	{ 33, EC, 512, "brainpoolP512r1tls13", NULL, NULL, true },
	{ 34, EC, 256, "GC256A", NULL, NULL, false },
	{ 35, EC, 256, "GC256B", NULL, NULL, false },
	{ 36, EC, 256, "GC256C", NULL, NULL, false },
	{ 37, EC, 256, "GC256D", NULL, NULL, false },
	{ 38, EC, 512, "GC512A", NULL, NULL, false },
	{ 39, EC, 512, "GC512B", NULL, NULL, false },
	{ 40, EC, 512, "GC512C", NULL, NULL, false },
	{ 41, EC, 256, "curveSM2", NULL, "SM2", true },
	{ 0x0100, FF, 2048, "ffdhe2048", NULL, NULL, false },
	{ 0x0101, FF, 3072, "ffdhe3072", NULL, NULL, false },
	{ 0x0102, FF, 4096, "ffdhe4096", NULL, NULL, false },
	{ 0x0103, FF, 6144, "ffdhe6144", NULL, NULL, false },
	{ 0x0104, FF, 8192, "ffdhe8192", NULL, NULL, false },
	{ 0x0200, PQ, 0, "MLKEM512", NULL, NULL, true },
	{ 0x0201, PQ, 0, "MLKEM768", NULL, NULL, true },
	{ 0x0202, PQ, 0, "MLKEM1024", NULL, NULL, true },
	{ 0x11eb, PQ, 256, "SecP256r1MLKEM768", NULL, NULL, true },
	{ 0x11ec, PQ, 256, "X25519MLKEM768", NULL, NULL, true },
	{ 0x11ed, PQ, 384, "SecP384r1MLKEM1024", NULL, NULL, true },
	{ 0x6399, PQ, 256, "X25519Kyber768Draft00", NULL, NULL, true },
};
// clang-format on
const size_t sp_group_count = sizeof(sp_groups) / sizeof(*sp_groups);

const struct sp_group *sp_group_find(uint16_t id)
{
	for (size_t i = 0; i < sp_group_count; i++)
		if (sp_groups[i].id == id)
			return &sp_groups[i];
	return NULL;
}

static bool is_name(const char *known, const char *name, size_t length)
{
	return known && strlen(known) == length && !strncasecmp(known, name, length);
}

const struct sp_group *sp_group_named(const char *name, size_t length)
{
	for (size_t i = 0; i < sp_group_count; i++)
		if (is_name(sp_groups[i].name, name, length) ||
		    is_name(sp_groups[i].nist, name, length) ||
		    is_name(sp_groups[i].curve, name, length))
			return &sp_groups[i];
	return NULL;
}

const struct sp_group *sp_group_of_curve(const char *curve)
{
	for (size_t i = 0; i < sp_group_count; i++)
		if (is_name(sp_groups[i].curve, curve, strlen(curve)))
			return &sp_groups[i];
	return NULL;
}

const char *sp_group_name(uint16_t id, char text[16])
{
	const struct sp_group *group = sp_group_find(id);

	if (group)
		return group->name;
	snprintf(text, 16, "group 0x%04x", id);
	return text;
}
