/* The keys of each section. */
#include "language.h"

#include <sallyport/limits.h>

#include "catalogue.h"

static const struct sp_word defaults[] = { { "drop", SP_DEFAULT_DROP },
	{ "reject", SP_DEFAULT_REJECT }, { NULL, 0 } };
static const struct sp_word modes[] = { { "enforce", SP_MODE_ENFORCE },
	{ "audit", SP_MODE_AUDIT }, { NULL, 0 } };
static const struct sp_word icmps[] = { { "minimal", SP_ICMP_MINIMAL },
	{ "ping", SP_ICMP_PING }, { "all", SP_ICMP_ALL }, { NULL, 0 } };
static const struct sp_word drifts[] = { { "restore", SP_DRIFT_RESTORE },
	{ "report", SP_DRIFT_REPORT }, { NULL, 0 } };
static const struct sp_word actions[] = { { "allow", SP_ALLOW }, { "block", SP_BLOCK },
	{ "reject", SP_REJECT }, { NULL, 0 } };
static const struct sp_word tls_modes[] = { { "none", SP_TLS_NONE },
	{ "required", SP_TLS_REQUIRED }, { "starttls", SP_TLS_STARTTLS }, { NULL, 0 } };
static const struct sp_word dialects[] = { { "none", SP_DIALECT_NONE },
	{ "smtp", SP_DIALECT_SMTP }, { "lmtp", SP_DIALECT_LMTP },
	{ "imap", SP_DIALECT_IMAP }, { "pop3", SP_DIALECT_POP3 },
	{ "ftp", SP_DIALECT_FTP }, { "ldap", SP_DIALECT_LDAP }, { "rdp", SP_DIALECT_RDP },
	{ "postgresql", SP_DIALECT_POSTGRESQL }, { "mysql", SP_DIALECT_MYSQL },
	{ "xmpp-client", SP_DIALECT_XMPP_CLIENT },
	{ "xmpp-server", SP_DIALECT_XMPP_SERVER }, { "sieve", SP_DIALECT_SIEVE },
	{ "nntp", SP_DIALECT_NNTP }, { NULL, 0 } };
static const struct sp_word on_fails[] = { { "block", SP_ON_FAIL_BLOCK },
	{ "warn", SP_ON_FAIL_WARN }, { NULL, 0 } };
static const struct sp_word revokes[] = { { "drain", SP_REVOKE_DRAIN },
	{ "cut", SP_REVOKE_CUT }, { NULL, 0 } };
static const struct sp_word yes_no[] = { { "no", false }, { "yes", true }, { NULL, 0 } };
/* Indices of the neighbouring flags tcp and udp. */
static const struct sp_word protocols[] = { { "tcp", 0 }, { "udp", 1 }, { NULL, 0 } };
/* A flag and its words: an action other than block leaves the set to services. */
static const struct sp_word set_actions[] = { { "none", false }, { "block", true },
	{ NULL, 0 } };

#define ROWS(rows) (rows), sizeof(rows) / sizeof(*(rows))
#define FITS(rows) _Static_assert(sizeof(rows) / sizeof(*(rows)) <= SP_MAX_ROWS, #rows)

#define FIELD(field) offsetof(struct sp_policy, field)
static const struct sp_row policy_rows[] = {
	{ "version", &sp_type_version, 0, NULL, SP_ROW_REQUIRED | SP_ROW_INCLUDED, NULL },
	{ "default", &sp_type_word, FIELD(default_action), "drop", 0, defaults },
	{ "mode", &sp_type_word, FIELD(mode), "enforce", 0, modes },
	{ "profile", &sp_type_profile, FIELD(profile), "baseline", 0, NULL },
	{ "icmp", &sp_type_word, FIELD(icmp), "ping", 0, icmps },
	{ "log", &sp_type_log_rate, FIELD(log_blocked), "none", 0, NULL },
	{ "lockdown", &sp_type_lockdown, FIELD(lockdown), NULL, SP_ROW_DERIVED, NULL },
	{ "drift", &sp_type_word, FIELD(drift), "restore", 0, drifts },
	{ "include", &sp_type_include, 0, "none", SP_ROW_INCLUDED, NULL },
};
#undef FIELD
const struct sp_table sp_policy_table = { "policy", false, ROWS(policy_rows) };
FITS(policy_rows);
FITS(policy_rows);

static const struct sp_path_kind ca_path = { "system", "CA file", SP_MAX_CA_BYTES, true };
static const struct sp_path_kind crl_path = { "none", "CRL file", SP_MAX_CRL_BYTES,
	false };
static const struct sp_path_kind client_certificate_path = { "none", "client certificate",
	SP_MAX_CLIENT_CERTIFICATE_BYTES, false };

#define FIELD(field) offsetof(struct sp_service, field)
static const struct sp_row service_rows[] = {
	{ "use", &sp_type_name, FIELD(use), NULL, SP_ROW_DERIVED | SP_ROW_OUTSIDE, NULL },
	{ "port", &sp_type_ports, FIELD(ports), NULL, SP_ROW_DERIVED, NULL },
	{ "protocol", &sp_type_protocols, FIELD(tcp), NULL, SP_ROW_DERIVED, protocols },
	{ "action", &sp_type_word, FIELD(action), "allow", 0, actions },
	{ "from", &sp_type_sources, FIELD(from), "any", 0, NULL },
	{ "to", &sp_type_destinations, FIELD(to), "any", 0, NULL },
	{ "interface", &sp_type_interfaces, FIELD(interfaces), "any", 0, NULL },
	{ "tls", &sp_type_word, FIELD(tls), NULL, SP_ROW_DERIVED, tls_modes },
	{ "starttls", &sp_type_word, FIELD(starttls), NULL, SP_ROW_DERIVED, dialects },
	{ "name", &sp_type_host_names, FIELD(names), "none", SP_ROW_TLS, NULL },
	{ "alpn", &sp_type_alpn, FIELD(alpn), "none", SP_ROW_TLS, NULL },
	{ "client_certificate", &sp_type_path, FIELD(client_certificate), "none",
	    SP_ROW_TLS, &client_certificate_path },
	{ "listen", &sp_type_addresses, FIELD(listen), "none", SP_ROW_TLS, NULL },
	{ "profile", &sp_type_profile, FIELD(profile), NULL, SP_ROW_DERIVED | SP_ROW_TLS,
	    NULL },
	{ "ca", &sp_type_path, FIELD(ca), "system", SP_ROW_TLS, &ca_path },
	{ "crl", &sp_type_path, FIELD(crl), "none", SP_ROW_TLS, &crl_path },
	{ "on_fail", &sp_type_word, FIELD(on_fail), "block", SP_ROW_TLS, on_fails },
	{ "lease", &sp_type_duration, FIELD(lease), "24h", SP_ROW_TLS, NULL },
	{ "recheck", &sp_type_duration, FIELD(recheck), NULL, SP_ROW_DERIVED | SP_ROW_TLS,
	    NULL },
	{ "revoke", &sp_type_word, FIELD(revoke), "drain", SP_ROW_TLS, revokes },
	{ "rate", &sp_type_rate, FIELD(rate), "none", 0, NULL },
	{ "log", &sp_type_flag, FIELD(log), "no", 0, yes_no },
	{ "allow_lint", &sp_type_lints, FIELD(allow_lint), "none", SP_ROW_OUTSIDE, NULL },
};
#undef FIELD
const struct sp_table sp_service_table = { "service", true, ROWS(service_rows) };
FITS(service_rows);
FITS(service_rows);

#define FIELD(field) offsetof(struct sp_address_set, field)
static const struct sp_row addresses_rows[] = {
	{ "elements", &sp_type_elements, FIELD(literals), "none", 0, NULL },
	{ "file", &sp_type_files, FIELD(files), "none", SP_ROW_OUTSIDE, NULL },
	{ "action", &sp_type_flag, FIELD(block), "none", 0, set_actions },
	{ "allow_lint", &sp_type_lints, FIELD(allow_lint), "none", SP_ROW_OUTSIDE, NULL },
};
#undef FIELD
const struct sp_table sp_addresses_table = { "addresses", true, ROWS(addresses_rows) };
FITS(addresses_rows);
FITS(addresses_rows);

static const struct sp_word stances[] = { { "fail", SP_STANCE_FAIL },
	{ "warn", SP_STANCE_WARN }, { "ignore", SP_STANCE_IGNORE }, { NULL, 0 } };
/* Bits of a mask. */
static const struct sp_word key_types[] = { { "rsa", SP_KEY_RSA }, { "ecdsa", SP_KEY_EC },
	{ "eddsa", SP_KEY_EDWARDS }, { "dsa", SP_KEY_DSA }, { NULL, 0 } };
static const struct sp_word hashes[] = { { "sha256", SP_HASH_SHA256 },
	{ "sha384", SP_HASH_SHA384 }, { "sha512", SP_HASH_SHA512 },
	{ "eddsa", SP_HASH_INTRINSIC }, { "sha224", SP_HASH_SHA224 },
	{ "sha1", SP_HASH_SHA1 }, { "md5", SP_HASH_MD5 }, { NULL, 0 } };

#define FIELD(field) offsetof(struct sp_profile, field)
#define ROW(key, type, field, standard, detail)                                        \
	{                                                                              \
		key, &sp_type_##type, FIELD(field), standard, SP_ROW_INHERITED, detail \
	}
#define WEAK(key, weakness, standard) \
	ROW(key, word, weaknesses[SP_WEAK_##weakness], standard, stances)
/* The defaults are those of a profile without a base: what a snapshot that was
 * written before a key existed gets. policies/profiles/baseline.ini says every
 * one itself. */
static const struct sp_row profile_rows[] = {
	{ "base", &sp_type_include, 0, NULL, SP_ROW_DERIVED, NULL },
	{ "override", &sp_type_flag, FIELD(override), "no", 0, yes_no },
	{ "source", &sp_type_text, FIELD(source), NULL, SP_ROW_DERIVED, NULL },
	ROW("min_version", tls_version, min_version, "1.2", NULL),
	ROW("required_version", tls_version, required_version, "none", NULL),
	ROW("ciphers", numbers, suites, "any", &sp_suite_numbering),
	ROW("groups", numbers, groups, "any", &sp_group_numbering),
	ROW("unlisted_groups", word, unlisted_groups, "fail", stances),
	ROW("key_types", flags, key_types, "any", key_types),
	ROW("key_curves", numbers, key_curves, "any", &sp_group_numbering),
	ROW("min_rsa_bits", number, min_rsa_bits, "2048", NULL),
	ROW("min_ec_bits", number, min_ec_bits, "256", NULL),
	ROW("min_dh_bits", number, min_dh_bits, "2048", NULL),
	ROW("signature", flags, signature, "sha256, sha384, sha512, eddsa", hashes),
	ROW("handshake_signature", word, handshake_signature, "warn", stances),
	ROW("max_lifetime", limit, max_lifetime, "none", NULL),
	ROW("long_lifetime", word, long_lifetime, "fail", stances),
	ROW("public_lifetime", word, public_lifetime, "fail", stances),
	ROW("expire_warn", limit, expire_warn, "none", NULL),
	ROW("ocsp", word, ocsp, "fail", stances),
	WEAK("sslv2", SSLV2, "fail"),
	WEAK("sslv3", SSLV3, "fail"),
	WEAK("tls10", TLS10, "fail"),
	WEAK("tls11", TLS11, "fail"),
	WEAK("null", NULL, "fail"),
	WEAK("anonymous", ANONYMOUS, "fail"),
	WEAK("export", EXPORT, "fail"),
	WEAK("logjam", LOGJAM, "fail"),
	WEAK("rc4", RC4, "fail"),
	WEAK("sweet32", SWEET32, "fail"),
	WEAK("lucky13", LUCKY13, "fail"),
	WEAK("no_forward_secrecy", NO_FORWARD_SECRECY, "fail"),
	WEAK("compression", COMPRESSION, "fail"),
	WEAK("insecure_renegotiation", INSECURE_RENEGOTIATION, "fail"),
	WEAK("no_ems", NO_EMS, "fail"),
	WEAK("heartbeat", HEARTBEAT, "fail"),
	WEAK("no_fallback_scsv", NO_FALLBACK_SCSV, "warn"),
	WEAK("weak_key", KEY, "fail"),
	WEAK("weak_signature", SIGNATURE, "fail"),
	WEAK("starttls_injection", STARTTLS_INJECTION, "fail"),
	WEAK("plaintext_auth", PLAINTEXT_AUTH, "fail"),
	WEAK("undeclared_tls", UNDECLARED_TLS, "fail"),
	WEAK("plain_text", PLAIN_TEXT, "fail"),
	ROW("clauses", clauses, clauses, "none", NULL),
};
#undef WEAK
#undef ROW
#undef FIELD
const struct sp_table sp_profile_table = { "profile", true, ROWS(profile_rows) };
FITS(profile_rows);
FITS(profile_rows);

#define FIELD(field) offsetof(struct sp_entry, field)
static const struct sp_row entry_rows[] = {
	{ "description", &sp_type_text, FIELD(description), NULL, 0, NULL },
	{ "port", &sp_type_ports, FIELD(ports), NULL, SP_ROW_REQUIRED, NULL },
	{ "protocol", &sp_type_protocols, FIELD(tcp), "tcp", 0, protocols },
	{ "tls", &sp_type_word, FIELD(tls), NULL, SP_ROW_REQUIRED, tls_modes },
	{ "starttls", &sp_type_word, FIELD(starttls), "none", 0, dialects },
	{ "override", &sp_type_flag, FIELD(override), "no", 0, yes_no },
};
#undef FIELD
const struct sp_table sp_entry_table = { "service", true, ROWS(entry_rows) };
FITS(entry_rows);

static const struct sp_word decisions[] = { { "allow", SP_EXPECT_ALLOW },
	{ "block", SP_EXPECT_BLOCK }, { NULL, 0 } };
static const struct sp_word whens[] = { { "both", SP_EXPECT_BOTH },
	{ "verified", SP_EXPECT_VERIFIED }, { "unverified", SP_EXPECT_UNVERIFIED },
	{ NULL, 0 } };

#define FIELD(field) offsetof(struct sp_expect, field)
static const struct sp_row expect_rows[] = {
	{ "from", &sp_type_sources, FIELD(from), "any", 0, NULL },
	{ "to", &sp_type_destinations, FIELD(to), "any", 0, NULL },
	{ "interface", &sp_type_interfaces, FIELD(interfaces), "any", 0, NULL },
	{ "port", &sp_type_protocol_ports, FIELD(ports), NULL, SP_ROW_REQUIRED, NULL },
	{ "decision", &sp_type_word, FIELD(decision), NULL, SP_ROW_REQUIRED, decisions },
	{ "when", &sp_type_word, FIELD(when), "both", 0, whens },
};
#undef FIELD
const struct sp_table sp_expect_table = { "expect", true, ROWS(expect_rows) };
FITS(expect_rows);

const struct sp_row *sp_table_row(const struct sp_table *table, const char *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->rows[i].key, key))
			return &table->rows[i];
	return NULL;
}
