/* Verdicts for people and programs. Prints what was judged, computes nothing;
 * whatever a peer sent is escaped. */
#ifndef SALLYPORT_VERIFY_REPORT_H
#define SALLYPORT_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <sallyport/policy.h>
#include <sallyport/verdict.h>

/* One line per port, then what is wrong in detail. `policy` names the services.
 * False: memory is out, or writing failed. */
bool sp_report_verify_text(FILE *out, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts, bool colour);
/* One object with "version": 1. */
bool sp_report_verify_json(
    FILE *out, const struct sp_policy *policy, const struct sp_verdicts *verdicts);

/* One endpoint after the other, with protocols and certificates in full. */
bool sp_report_probe_text(FILE *out, const struct sp_verdicts *verdicts, bool colour);
/* As sp_report_verify_json, without services. */
bool sp_report_probe_json(FILE *out, const struct sp_verdicts *verdicts);

#endif
