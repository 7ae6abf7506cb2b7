/* Words about an audit that its reports share. */
#ifndef SALLYPORT_REPORT_AUDIT_WORDS_H
#define SALLYPORT_REPORT_AUDIT_WORDS_H

#include <sallyport/audit.h>

/* "443/tcp", "9000-9100/udp" */
void sp_audit_port(struct sp_text *text, const struct sp_audit_row *row);
const char *sp_audit_gate_name(enum sp_audit_gate gate); /* "open", … */
/* "dnat in ip nat DOCKER, rule 7: 8443/tcp to 172.17.0.2:443 (Docker)"; not escaped. */
void sp_audit_foreign(struct sp_text *text, const struct sp_foreign *item);
/* What holds for all of it, one sentence each; NULL after the last. Static texts or
 * made in `number`. */
#define SP_AUDIT_REMARKS 6
void sp_audit_remarks(const struct sp_audit *audit, char number[128],
    const char *ret[SP_AUDIT_REMARKS + 1]);

#endif
