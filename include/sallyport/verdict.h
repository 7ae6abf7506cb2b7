/* What was answered, judged: findings per endpoint, a verdict per port, and a
 * lease or the reason why there is none.
 *
 * Texts may hold what a peer sent (names out of certificates): whoever prints
 * them escapes them. */
#ifndef SALLYPORT_VERDICT_H
#define SALLYPORT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/lease.h>
#include <sallyport/plan.h>

enum sp_outcome {
	SP_PASS,	 /* every endpoint passes, for every name */
	SP_FAIL,	 /* something is definitely wrong */
	SP_INCONCLUSIVE, /* something was not answered: never a pass */
	SP_ABSENT,	 /* nobody reachable listens: never a pass */
};

const char *sp_outcome_name(enum sp_outcome outcome); /* "pass", … */

/* The four answers (tls.md, Verdicts). */
enum sp_answer {
	SP_ANSWER_YES,
	SP_ANSWER_NO,
	SP_ANSWER_INCONCLUSIVE,
	SP_ANSWER_NOT_ASKED
};

const char *sp_answer_name(enum sp_answer answer); /* "yes", "no", … */

enum sp_weight {
	SP_WEIGHT_NOTE,		/* shown */
	SP_WEIGHT_WARN,		/* shown as a warning */
	SP_WEIGHT_INCONCLUSIVE, /* no pass */
	SP_WEIGHT_FAIL,
};

const char *sp_weight_name(enum sp_weight weight); /* "note", … */

/* In the order in which they are told: the first of the heaviest is the reason. */
enum sp_finding_id {
	SP_FINDING_PLAIN_TEXT,
	SP_FINDING_SSLV2,
	SP_FINDING_SSLV3,
	SP_FINDING_TLS10,
	SP_FINDING_TLS11,
	SP_FINDING_VERSION, /* another version that the profile forbids */
	SP_FINDING_CERTIFICATE_EXPIRED,
	SP_FINDING_CERTIFICATE_NOT_YET_VALID,
	SP_FINDING_CERTIFICATE_NAME,
	SP_FINDING_CERTIFICATE_REVOKED,
	SP_FINDING_CERTIFICATE_SELF_SIGNED,
	SP_FINDING_CERTIFICATE_INCOMPLETE, /* an intermediate is not sent */
	SP_FINDING_CERTIFICATE_UNTRUSTED,
	SP_FINDING_CERTIFICATE_PURPOSE,
	SP_FINDING_CERTIFICATE_CHAIN,
	SP_FINDING_CERTIFICATE_MISSING,
	SP_FINDING_WEAK_KEY,
	SP_FINDING_WEAK_SIGNATURE,
	SP_FINDING_NULL,
	SP_FINDING_ANONYMOUS,
	SP_FINDING_EXPORT,
	SP_FINDING_LOGJAM,
	SP_FINDING_RC4,
	SP_FINDING_SWEET32,
	SP_FINDING_SUITE, /* another suite that the profile does not list */
	SP_FINDING_GROUP,
	SP_FINDING_COMPRESSION,
	SP_FINDING_INSECURE_RENEGOTIATION,
	SP_FINDING_HEARTBLEED,
	SP_FINDING_CCS_INJECTION,
	SP_FINDING_ROBOT,
	SP_FINDING_STARTTLS_INJECTION,
	SP_FINDING_PLAINTEXT_AUTH,
	SP_FINDING_UNDECLARED_TLS,
	SP_FINDING_REQUIRED_VERSION,
	SP_FINDING_INCOMPLETE,
	SP_FINDING_KEY_KIND, /* a key of a type or on a curve that is not listed */
	SP_FINDING_LIFETIME,
	SP_FINDING_MUST_STAPLE,
	SP_FINDING_REVOCATION_UNKNOWN,
	SP_FINDING_LUCKY13,
	SP_FINDING_NO_FORWARD_SECRECY,
	SP_FINDING_NO_EMS,
	SP_FINDING_HEARTBEAT,
	SP_FINDING_NO_FALLBACK_SCSV,
	SP_FINDING_EXPIRES_SOON,
	SP_FINDING_CERTIFICATE_FORM, /* against RFC 5280, and harmless by itself */
	SP_FINDING_CERTIFICATE_ORDER,
	SP_FINDING_PROBER,
	SP_FINDING_UNREACHABLE,
	SP_FINDING_STARTTLS,
	SP_FINDING_UNANSWERED,
	SP_FINDING_UNPROVEN,
	SP_FINDING_CLIENT_CERTIFICATE,
};
#define SP_FINDINGS (SP_FINDING_CLIENT_CERTIFICATE + 1)

struct sp_finding_entry {
	const char *key; /* in JSON, and in a profile where it can be set there */
	const char *title;
	const char *reference; /* CVE, RFC section */
	enum sp_weight weight; /* where no profile says otherwise */
	const char *remedy;    /* what to change at the server; NULL: it is plain */
};

/* The one table of findings. */
const struct sp_finding_entry *sp_finding_entry(enum sp_finding_id id);

/* The finding that tells of a weakness. */
enum sp_finding_id sp_finding_of_weakness(enum sp_weakness weakness);

struct sp_finding {
	enum sp_finding_id id;
	enum sp_weight weight;
	uint16_t name;	    /* index of the target's names, or SP_NO_NAME */
	const char *clause; /* of the profile that it breaks, the profile's; or NULL */
	char *text;	    /* one line */
};

struct sp_answered {
	enum sp_question question;
	uint16_t name;
	enum sp_answer answer;
	char *how; /* "alert 70 (protocol_version)" */
};

struct sp_endpoint_verdict {
	const struct sp_endpoint *endpoint;
	enum sp_outcome outcome;
	struct sp_finding *findings; /* heaviest first */
	size_t finding_count, finding_capacity;
	struct sp_answered *answers;
	size_t answer_count, answer_capacity;
	int64_t not_after; /* earliest of every chain that was proven; 0: none was */
	/* The same, or earlier: as long as what speaks of their revocation is in date. */
	int64_t good_until;
};

struct sp_verdict {
	const struct sp_target *target;
	enum sp_outcome outcome;
	char *reason; /* one line */
	struct sp_endpoint_verdict *endpoints;
	size_t endpoint_count;
	struct sp_lease *lease; /* NULL: refused, or `on_fail = warn` */
};

struct sp_verdicts {
	struct sp_plan plan;	  /* with every testimony */
	int64_t now;		  /* seconds since the epoch, when it was judged */
	struct sp_verdict *items; /* one per target, in the plan's order */
	size_t count;
};

/* Judges what is in the plan's testimonies. `verdicts` holds the plan and the
 * time, and gets the rest. False: memory is out; free it all the same. */
bool sp_judge(struct sp_verdicts *verdicts, struct sp_diag *diag);

/* Judges one target whose every endpoint has ended; the caller clears `ret`. */
bool sp_judge_target(const struct sp_target *target, int64_t now, struct sp_verdict *ret,
    struct sp_diag *diag);
void sp_verdict_clear(struct sp_verdict *verdict);

/* Did every port pass, on every question? An empty plan did. */
bool sp_verdicts_pass(const struct sp_verdicts *verdicts);

/* The earliest end of any certificate that was proven; 0: none was. */
int64_t sp_verdict_certificate_ends(const struct sp_verdict *verdict);

/* The plan and the leases too. */
void sp_verdicts_free(struct sp_verdicts *verdicts);

/* "10.0.0.1:443", "[fd00::1]:443" */
#define SP_ENDPOINT_TEXT (SP_ADDRESS_TEXT + 24)
const char *sp_endpoint_print(
    const struct sp_address *address, uint16_t port, char text[SP_ENDPOINT_TEXT]);

/* "2026-11-23", UTC. */
#define SP_DATE_TEXT 16
const char *sp_date_print(int64_t at, char text[SP_DATE_TEXT]);

#endif
