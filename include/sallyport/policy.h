/* What the administrator wants: every name resolved, every value validated.
 *
 * A policy exists only when its text had no error at all. It owns everything
 * it points to, is never changed after sp_policy_read, and may be shared by
 * readers. Indices refer to the arrays of the same policy. */
#ifndef SALLYPORT_POLICY_H
#define SALLYPORT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/diag.h>
#include <sallyport/lint.h>
#include <sallyport/profile.h>
#include <sallyport/service.h>

#define SP_DIGEST_BYTES 32 /* SHA-256, FIPS 180-4 */

enum sp_action { SP_ALLOW, SP_REJECT, SP_BLOCK }; /* the later beats the earlier */
enum sp_default { SP_DEFAULT_DROP, SP_DEFAULT_REJECT };
enum sp_mode { SP_MODE_ENFORCE, SP_MODE_AUDIT };
enum sp_icmp { SP_ICMP_MINIMAL, SP_ICMP_PING, SP_ICMP_ALL };
enum sp_on_fail { SP_ON_FAIL_BLOCK, SP_ON_FAIL_WARN };
enum sp_revoke { SP_REVOKE_DRAIN, SP_REVOKE_CUT };
enum sp_drift { SP_DRIFT_RESTORE, SP_DRIFT_REPORT };

/* `count` in `seconds`, e.g. 10/minute is { 10, 60, burst }. count 0: no limit. */
struct sp_rate {
	uint32_t count, seconds, burst;
};

/* A reference to an address set, and where it was written. */
struct sp_set_use {
	size_t set; /* index into sp_policy.sets */
	struct sp_location at;
};

/* A range as it was written, and a wider one of the same list. */
struct sp_subset {
	struct sp_range inner, outer;
	struct sp_location at;
};

/* Whom a key (`from`, `to`) names: everybody, or literals united with sets. */
struct sp_match {
	bool any;
	struct sp_intervals literals; /* normalized */
	struct sp_set_use *sets;
	size_t set_count;
	/* Literals that lie within another one of the list, for a lint. */
	struct sp_subset *subsets;
	size_t subset_count;
	struct sp_location at;
};

struct sp_service {
	char *name;
	char *use;		/* the catalogue entry, or NULL */
	struct sp_location at;	/* of the section's header */
	struct sp_ports *ports; /* sorted, disjoint, not touching */
	size_t port_count;
	struct sp_location ports_at; /* of `port`, or of the header */
	bool tcp, udp;
	enum sp_action action;
	struct sp_match from;
	struct sp_match to; /* no sets: local addresses only */
	char **interfaces;  /* none: any. At most one trailing '*' */
	size_t interface_count;
	enum sp_tls tls;
	struct sp_location tls_at;
	enum sp_dialect starttls;
	enum sp_dialect plain_dialect; /* tls = none: how the catalogue's would upgrade */
	char **names; /* A-labels, lower case; none with tls: `name = none` */
	size_t name_count;
	char **alpn;
	size_t alpn_count;
	char *client_certificate; /* absolute path, or NULL */
	struct sp_address *listen;
	size_t listen_count;
	size_t profile; /* index into sp_policy.profiles */
	char *ca;	/* absolute path of a file or directory; NULL: the system's */
	char *crl;	/* absolute path, or NULL */
	enum sp_on_fail on_fail;
	uint32_t lease, recheck; /* seconds */
	enum sp_revoke revoke;
	struct sp_rate rate;
	bool log;
	unsigned allow_lint; /* a mask of 1 << enum sp_lint_id */
};

struct sp_address_set {
	char *name;
	struct sp_location at;
	struct sp_intervals elements; /* all of them, normalized */
	bool block;		      /* action = block: ahead of every service */
	char **files;		      /* absolute paths of the lists it was read from */
	size_t file_count;
	/* What was written beside the files; empty when there are none. */
	struct sp_intervals literals;
	unsigned allow_lint; /* a mask of 1 << enum sp_lint_id */
};

enum sp_expected { SP_EXPECT_ALLOW, SP_EXPECT_BLOCK };
enum sp_expect_when { SP_EXPECT_BOTH, SP_EXPECT_VERIFIED, SP_EXPECT_UNVERIFIED };

struct sp_protocol_port {
	enum sp_protocol protocol;
	uint16_t port;
};

/* [expect NAME]: what is to become of every packet that it describes. */
struct sp_expect {
	char *name;
	struct sp_location at; /* of the section's header */
	struct sp_match from;
	struct sp_match to; /* no sets */
	char **interfaces;  /* none: any */
	size_t interface_count;
	struct sp_protocol_port *ports;
	size_t port_count;
	enum sp_expected decision;
	enum sp_expect_when when;
};

struct sp_policy {
	struct sp_location at; /* of [policy]; its file is the policy's own name */
	enum sp_default default_action;
	enum sp_mode mode;
	size_t profile;
	enum sp_icmp icmp;
	struct sp_rate log_blocked; /* count 0: `log = none` */
	enum sp_drift drift;
	/* Indices of services with tls = none that stay reachable in a lockdown. */
	size_t *lockdown;
	size_t lockdown_count;
	struct sp_service *services; /* in the order of the text, includes in place */
	size_t service_count;
	struct sp_address_set *sets;
	size_t set_count;
	struct sp_profile *profiles; /* shipped and own */
	size_t profile_count;
	struct sp_expect *expects;
	size_t expect_count;
	struct sp_lints lints; /* those that the text alone gives rise to */
	char **files; /* names that locations point to: the policy, includes, lists */
	size_t file_count;
	/* Of the canonical form: equal digests mean equal policies. */
	uint8_t digest[SP_DIGEST_BYTES];
};

/* Where a policy is read from. Zero is the default everywhere. */
struct sp_policy_source {
	const char *path;
	/* Directories with services.d and profiles.d; NULL: /etc/sallyport. */
	const char *config_directory;
	/* A snapshot's text: services.d and profiles.d are not read, and the files
	 * that it names (authorities, revocation lists) not looked at. Nothing that
	 * was changed or lost since can keep it from being loaded; what is missing
	 * is found when a server is asked, and keeps its gate shut. */
	bool stands_alone;
};

/* Reads, parses, resolves and checks one policy. NULL when there was any error,
 * every one of them in `diag`; warnings may be there with a policy too. Opens
 * the policy, its includes, and the files that it names; nothing else. */
struct sp_policy *sp_policy_read(
    const struct sp_policy_source *source, struct sp_diag *diag);

void sp_policy_free(struct sp_policy *policy);

/* The canonical form (policy.md, The printer): every default spelled out,
 * includes in place. With `inlined`, address files become elements, so that the
 * text stands alone (a snapshot). NULL when memory is out; free() it. */
char *sp_policy_print(const struct sp_policy *policy, bool inlined, size_t *ret_length);

/* One profile's section in the same form, "key = value" a line, so that two can be
 * compared. NULL when memory is out; free() it. */
char *sp_profile_print(const struct sp_policy *policy, size_t profile);

#endif
