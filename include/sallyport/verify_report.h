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
/* One object with "version": 1; `policy` may be NULL, as for `probe`. As
 * src/report/verify.schema.json has it. */
bool sp_report_verify_json(
    FILE *out, const struct sp_policy *policy, const struct sp_verdicts *verdicts);

/* SARIF 2.1.0 (OASIS Standard, 27 March 2020), findings on the policy's lines, and a
 * page of GitHub's Markdown. `policy` may be NULL, as for `probe`; `version` is the
 * program's. */
bool sp_report_verify_sarif(FILE *out, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts, const char *version);
bool sp_report_verify_markdown(
    FILE *out, const struct sp_policy *policy, const struct sp_verdicts *verdicts);

/* One endpoint after the other, with protocols and certificates in full. */
bool sp_report_probe_text(FILE *out, const struct sp_verdicts *verdicts, bool colour);

#endif
