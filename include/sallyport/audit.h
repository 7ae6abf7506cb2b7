/* What `audit` shows: one row per port, joined from listening sockets, the policy,
 * the kernel and the verdicts by whoever fills it in; and what is not covered. */
#ifndef SALLYPORT_AUDIT_H
#define SALLYPORT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/foreign.h>
#include <sallyport/service.h>

/* Why a row passes or fails: the first that holds, failures in their order. */
enum sp_audit_reason {
	SP_AUDIT_VERIFIED,     /* TLS as the policy asks for it */
	SP_AUDIT_PLAIN,	       /* open, and the policy asks for no TLS */
	SP_AUDIT_BLOCKED,      /* the policy blocks it by name */
	SP_AUDIT_LOCAL,	       /* bound to loopback */
	SP_AUDIT_CLIENT,       /* UDP, ephemeral port: takes answers, nothing else */
	SP_AUDIT_ESSENTIAL,    /* DHCP's client */
	SP_AUDIT_NO_RULE,      /* listens, and no service names it */
	SP_AUDIT_NO_LISTENER,  /* a service names it, and nobody listens */
	SP_AUDIT_TLS,	       /* its TLS fails */
	SP_AUDIT_UNDECLARED,   /* TLS where the policy says none */
	SP_AUDIT_INCONCLUSIVE, /* its TLS could not be judged */
	SP_AUDIT_UNVERIFIED,   /* on_fail = warn */
	SP_AUDIT_OVERRIDDEN,   /* a person opened it */
	SP_AUDIT_NOT_LOADED,   /* our table is not in the kernel */
	SP_AUDIT_SHUT,	       /* open in the policy, shut in the kernel */
	SP_AUDIT_DIFFERENT,    /* the kernel's rule for it is another one */
};
#define SP_AUDIT_REASONS (SP_AUDIT_DIFFERENT + 1)

struct sp_audit_entry {
	const char *key; /* in JSON, a rule's id in SARIF */
	bool pass;
	const char *title;
};

const struct sp_audit_entry *sp_audit_entry(enum sp_audit_reason reason);

/* The same for what is not covered. */
struct sp_foreign_entry {
	const char *key;
	bool pass; /* it cannot let in what we shut */
	const char *title;
	const char *meaning;
};

const struct sp_foreign_entry *sp_foreign_entry(enum sp_foreign_kind kind);

enum sp_audit_gate {
	SP_GATE_UNREAD, /* no privilege */
	SP_GATE_NONE,	/* our table is not there: nothing is shut */
	SP_GATE_OPEN,
	SP_GATE_SHUT,
};

/* Texts are the row's own; NULL: there is none, or it is not known. They may hold
 * what a peer or a process chose. */
struct sp_audit_row {
	enum sp_audit_reason reason;
	enum sp_protocol protocol;
	struct sp_ports ports;
	char *services;	       /* names, as the policy has them */
	struct sp_location at; /* the first one's; the policy's text */
	char *listeners;       /* addresses */
	bool has_uid;	       /* `uid` is known */
	uint32_t uid;
	char *owner; /* "nginx[12]" */
	enum sp_audit_gate gate;
	const char *tls;     /* the verdict's name; NULL: not asked */
	const char *finding; /* the heaviest one's key; NULL: none */
	char *text;	     /* one line */
};

struct sp_audit {
	const char *policy; /* its path */
	int64_t time;	    /* when the servers were asked, seconds since 1970 */
	bool kernel_read, loaded;
	bool legacy_unread;  /* iptables-legacy's tables were not: that takes root */
	bool blocks_nothing; /* mode = audit */
	size_t differences;  /* changes that would make the kernel the policy's */
	size_t closed;	     /* processes whose sockets may not be seen */
	SP_ARRAY(struct sp_audit_row) rows;
	struct sp_foreigns foreigns; /* read with the kernel, or empty */
};

/* Does every row pass, the kernel hold the policy, and nothing go around it? A
 * kernel that was not read is no failure here. */
bool sp_audit_passes(const struct sp_audit *audit);
void sp_audit_free(struct sp_audit *audit);

/* False: memory is out, or writing failed. `version` is the program's. */
bool sp_report_audit_text(FILE *out, const struct sp_audit *audit, bool colour);
bool sp_report_audit_json(FILE *out, const struct sp_audit *audit);
bool sp_report_audit_markdown(FILE *out, const struct sp_audit *audit);
bool sp_report_audit_sarif(FILE *out, const struct sp_audit *audit, const char *version);

#endif
