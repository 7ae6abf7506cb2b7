/* What a prober saw of one endpoint: facts, no judgement.
 *
 * Everything here comes from a process that met a hostile peer, and every text
 * from the peer itself: texts hold no NUL byte and are bounded, and are
 * otherwise whatever the peer sent. Nothing here links OpenSSL. */
#ifndef SALLYPORT_OBSERVATION_H
#define SALLYPORT_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/limits.h>
#include <sallyport/service.h>
#include <sallyport/tls.h>

/* One per connection, in the order in which they are asked: what a verdict needs
 * most comes first, for there is a limit on connections. */
enum sp_question {
	/* is this version spoken? */
	SP_ASK_TLS13,
	SP_ASK_TLS12,
	SP_ASK_TLS11,
	SP_ASK_TLS10,
	SP_ASK_SSL3,
	SP_ASK_SSL2,
	/* what certificate is there beside the one shown first? */
	SP_ASK_TLS13_OTHER,
	SP_ASK_TLS12_OTHER,
	/* proof by complement: what the profile forbids, and nothing else */
	SP_ASK_SUITES13,
	SP_ASK_SUITES12_A,
	SP_ASK_SUITES12_B,
	SP_ASK_SUITES11,
	/* the same hello with what the profile allows */
	SP_ASK_CONTROL13,
	SP_ASK_CONTROL12,
	SP_ASK_SCHEMES12,
	SP_ASK_GROUPS12,
	SP_ASK_GROUPS13,
	/* about the plain session before the upgrade */
	SP_ASK_STARTTLS_INJECTION, /* before the other, which it may answer as well */
	SP_ASK_PLAINTEXT_AUTH,
	SP_ASK_WARN12,
	SP_ASK_FALLBACK,
	/* what disturbs a server: `probe --intrusive` alone */
	SP_ASK_HEARTBLEED,
	SP_ASK_CCS_INJECTION,
	SP_ASK_ROBOT,
	/* of a port that the policy calls plain, and nothing else: one hello */
	SP_ASK_UNDECLARED,
};
#define SP_QUESTIONS (SP_ASK_UNDECLARED + 1)

enum sp_question_kind {
	SP_KIND_HANDSHAKE, /* a full handshake by OpenSSL, chain verified */
	SP_KIND_HELLO,	   /* a ClientHello in bytes; the answer is read, no more */
	/* About the plain session before the upgrade: under one name alone, and of
	 * no version. */
	SP_KIND_SESSION,
	/* Bytes that no client sends, over as many connections as it takes: beyond
	 * SP_MAX_QUESTIONS_PER_NAME, and under one name alone. */
	SP_KIND_INTRUSIVE,
};

/* What an answer is good for. */
enum sp_purpose {
	SP_PURPOSE_VERSION,	/* yes: the version is spoken */
	SP_PURPOSE_CERTIFICATE, /* yes: there is a certificate of that type too */
	SP_PURPOSE_COMPLEMENT,	/* yes: something is accepted that is forbidden */
	SP_PURPOSE_CONTROL,	/* yes: refusals of hellos like it mean their content */
	SP_PURPOSE_WARNING,	/* yes: something is accepted that is warned of */
	SP_PURPOSE_SESSION,	/* yes: the plain session is weak */
	SP_PURPOSE_FALLBACK,	/* no, by alert 86: a downgrade is noticed */
	SP_PURPOSE_INTRUSIVE,	/* yes: it is vulnerable */
	SP_PURPOSE_PLAIN,	/* yes: there is TLS where the policy says none */
};

struct sp_question_entry {
	const char *key;   /* in JSON */
	const char *title; /* for people */
	enum sp_question_kind kind;
	enum sp_purpose purpose;
	uint16_t version; /* what is offered, on the wire: 0x0304 is TLS 1.3 */
	/* Of SP_KIND_SESSION: where it can be asked, bit 1 << enum sp_dialect. */
	uint32_t dialects;
};

/* The one table of questions. */
const struct sp_question_entry *sp_question(enum sp_question question);

/* "TLS 1.3", "SSLv3"; "version 0x1234" for what is none of ours. */
const char *sp_version_name(uint16_t version, char text[16]);

/* How the peer answered one question, the last try counting. */
enum sp_reply {
	SP_REPLY_NOT_ASKED,
	SP_REPLY_HANDSHAKE,	/* Finished verified */
	SP_REPLY_SERVER_HELLO,	/* a whole ServerHello, and no whole handshake */
	SP_REPLY_ALERT,		/* a fatal alert and no ServerHello */
	SP_REPLY_CLOSED,	/* FIN after our hello, without a byte */
	SP_REPLY_RESET,		/* RST after our hello, without a byte */
	SP_REPLY_TIMEOUT,	/* the deadline passed */
	SP_REPLY_CLEAR_TEXT,	/* printable text where a record should be */
	SP_REPLY_MALFORMED,	/* anything else that is not TLS */
	SP_REPLY_NO_CONNECTION, /* `error` is connect's errno */
	SP_REPLY_FAILED,	/* the prober's own failure, `text` says which */
	SP_REPLY_NO_UPGRADE, /* STARTTLS failed, `upgrade` says how: TLS was not asked */
	/* of SP_KIND_SESSION and SP_KIND_INTRUSIVE: it is so, `text` shows it */
	SP_REPLY_YES,
	SP_REPLY_NO,
};
#define SP_REPLIES (SP_REPLY_NO + 1)

/* How a plain session was upgraded (tls.md, STARTTLS). */
enum sp_upgrade {
	SP_UPGRADE_NONE, /* there was nothing to upgrade */
	SP_UPGRADE_DONE,
	SP_UPGRADE_NOT_OFFERED, /* what the server lists is without it */
	SP_UPGRADE_REFUSED,	/* asked for, and refused for good */
	SP_UPGRADE_LATER,	/* refused for now: 454, "unavailable" */
	SP_UPGRADE_CLOSED,	/* FIN, and no whole answer */
	SP_UPGRADE_RESET,
	SP_UPGRADE_TIMEOUT,
	SP_UPGRADE_MALFORMED, /* it speaks something else */
	SP_UPGRADE_TOO_LONG,  /* a line, or all of it, beyond SP_MAX_STARTTLS_… */
};
#define SP_UPGRADES (SP_UPGRADE_TOO_LONG + 1)

/* An X509 verification error as OpenSSL gives it. */
struct sp_chain_error {
	uint32_t code;	/* X509_V_ERR_… */
	uint32_t depth; /* 0 is the leaf */
	char *text;	/* X509_verify_cert_error_string */
};

#define SP_NO_NAME UINT16_MAX

/* What a stapled response says of the leaf (RFC 6960 section 2.2). */
enum sp_revocation {
	SP_REVOCATION_NONE, /* there is no response */
	SP_REVOCATION_GOOD,
	SP_REVOCATION_REVOKED,
	SP_REVOCATION_UNKNOWN, /* the responder does not know, or it is another's */
	SP_REVOCATION_STALE,   /* too old, or not valid yet */
	SP_REVOCATION_BROKEN,  /* not a response, or signed by nobody who may */
};
#define SP_REVOCATIONS (SP_REVOCATION_BROKEN + 1)

struct sp_observation {
	enum sp_question question;
	uint16_t name; /* index into the request's names; SP_NO_NAME: no SNI */
	enum sp_reply reply;
	uint32_t tries;
	uint32_t error;
	uint16_t alert; /* of SP_REPLY_ALERT, or after a ServerHello; 256: none */
	uint16_t version, suite, group; /* as the ServerHello says; 0: none */
	uint16_t scheme;   /* of the ServerKeyExchange's signature; 0: none seen */
	uint32_t dh_bits;  /* of the ServerKeyExchange's prime; 0: none seen */
	bool sha1_offered; /* the hello carried SHA-1 signature schemes */
	bool extras;	   /* the hello offered what the next four tell of */
	bool compression, heartbeat, secure_renegotiation, extended_master_secret;
	bool downgrade_sentinel; /* RFC 8446 section 4.1.3, in the server's random */
	/* The chain belongs to whoever answers: a signature over this handshake
	 * was verified with the leaf's key. Not the same as a good chain. */
	bool proven;
	bool client_certificate;	/* the server asked for one */
	bool staple;			/* it stapled an OCSP response */
	enum sp_revocation staple_says; /* … which says this of the leaf */
	int64_t staple_until;		/* its nextUpdate; 0: none */
	bool crl_checked;		/* lists of revocations were at hand */
	/* Earliest nextUpdate, of those of the chain's issuers, that is to come; 0: none.
	 */
	int64_t crl_until;
	bool public_anchor;  /* the root is one of the distribution's */
	char *alpn;	     /* the protocol that was agreed on, or empty */
	uint16_t sent_total; /* certificates that the server sent */
	uint16_t sent[SP_MAX_CHAIN_CERTIFICATES]; /* indices of certificates */
	size_t sent_count;
	uint16_t chain[SP_MAX_CHAIN_CERTIFICATES]; /* as built, leaf first */
	size_t chain_count;
	bool chain_checked; /* verification ran; without errors the chain is good */
	struct sp_chain_error errors[SP_MAX_CHAIN_ERRORS];
	size_t error_count;
	uint32_t error_total; /* there may be more than are described */
	char *text;	      /* first line of clear text, or what failed */
	enum sp_upgrade upgrade;
	/* Plain text came behind the server's word that TLS begins (as with
	 * CVE-2011-0411, the other way round): a client that kept it would take it
	 * for protected. */
	bool injected;
	char *upgrade_text; /* the line that decided; what came behind it */
};

struct sp_certificate {
	char *subject, *issuer; /* RFC 2253, UTF-8 where the peer's was */
	char *serial;		/* hex */
	char **names;		/* "DNS:www.example.com", "IP:10.0.0.1", … */
	size_t name_count;
	uint32_t name_total; /* there may be more than are described */
	uint8_t sha256[32];  /* of the DER */
	enum sp_key_type key_type;
	uint32_t key_bits;
	char *key, *signature; /* "prime256v1", "ecdsa-with-SHA256" */
	enum sp_hash signature_hash;
	int64_t not_before, not_after; /* seconds since the epoch */
	bool purposes;		       /* has an extendedKeyUsage … */
	bool server_auth;	       /* … that names serverAuth or any */
	bool authority;		       /* basicConstraints CA */
	bool self_signed;	       /* issued to itself, signed by itself */
	bool must_staple;	       /* RFC 7633 */
	/* An extension cannot be read, or stands there twice (RFC 5280 section 4.2):
	 * what else is said of them may lack something. */
	bool malformed;
};

/* What a hello of one question carries; none of a kind: the usual ones. */
struct sp_offer {
	enum sp_question question;
	uint16_t suites[SP_MAX_OFFERED_SUITES];
	size_t suite_count;
	uint16_t groups[SP_MAX_OFFERED_GROUPS];
	size_t group_count;
	uint16_t schemes[SP_MAX_OFFERED_SCHEMES];
	size_t scheme_count;
};

/* What to ask one endpoint: the caller's words to the child. */
struct sp_request {
	char **names; /* none: one round without SNI and without a name check */
	size_t name_count;
	enum sp_dialect dialect;
	uint64_t questions;  /* bit 1 << enum sp_question */
	uint64_t handshakes; /* of SP_KIND_HELLO, and asked by full handshakes */
	struct sp_offer offers[SP_MAX_OFFERS];
	size_t offer_count;
	char **alpn; /* protocols to offer, RFC 7301 */
	size_t alpn_count;
	uint32_t store; /* the trust store sent before under this number */
	uint32_t connection_ms, port_ms;
	int64_t now; /* what chains are verified against; seconds since the epoch */
};

/* How a child came to its end. */
enum sp_ended {
	SP_ENDED_NOT_ASKED,
	SP_ENDED_DONE,	    /* said that it was done */
	SP_ENDED_SANDBOX,   /* could not seal itself; `failure` says why */
	SP_ENDED_EXIT,	    /* left without saying so; `code` is its exit status, or
			     * why there was none: ENOMEM means the same in both */
	SP_ENDED_SIGNAL,    /* crashed, or the kernel's filter ended it; `code` */
	SP_ENDED_DEADLINE,  /* out of time: killed */
	SP_ENDED_PROTOCOL,  /* said what it may not say; `failure` says what */
	SP_ENDED_NO_PROBER, /* the prober is gone, or does not start */
};
#define SP_ENDS (SP_ENDED_NO_PROBER + 1)

/* Everything one child said about its endpoint. Zero is "nothing yet". */
struct sp_testimony {
	enum sp_ended ended;
	uint32_t code;
	char *failure;
	struct sp_observation *observations;
	size_t observation_count, observation_capacity;
	struct sp_certificate *certificates;
	size_t certificate_count, certificate_capacity;
	uint32_t connections; /* that were opened for it */
	/* When its child was started and when it ended: milliseconds since the first
	 * endpoint of the run. */
	uint32_t began_ms, ended_ms;
	bool sandboxed; /* fully: seccomp and memory limit too */
};

/* Takes the frame's content over, which is left empty. False, and `failure`
 * set: it does not fit what was said or asked before. */
bool sp_testimony_add_certificate(
    struct sp_testimony *testimony, struct sp_certificate *certificate);
bool sp_testimony_add_observation(struct sp_testimony *testimony,
    const struct sp_request *request, struct sp_observation *observation);
/* The observation of one question under one name, or NULL. */
const struct sp_observation *sp_testimony_find(
    const struct sp_testimony *testimony, enum sp_question question, uint16_t name);

void sp_testimony_free(struct sp_testimony *testimony);
void sp_observation_free(struct sp_observation *observation);
void sp_certificate_free(struct sp_certificate *certificate);
/* The names are freed too. */
void sp_request_free(struct sp_request *request);

#endif
