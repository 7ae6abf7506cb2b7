/* Evidence on disk: what the last verification of a port found. It explains,
 * it never opens. */
#ifndef SALLYPORT_EVIDENCE_H
#define SALLYPORT_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/service.h>

struct sp_evidence {
	enum sp_protocol protocol;
	uint16_t port;
	char *outcome;	   /* "pass", "fail", "inconclusive", "absent" */
	char *reason;	   /* one line */
	int64_t checked;   /* seconds since the epoch, UTC */
	int64_t not_after; /* the lease's end; 0: none */
};

/* STATE/evidence/tcp-443.json. */
bool sp_evidence_save(const char *state_directory, const struct sp_evidence *evidence,
    struct sp_diag *diag);

/* False when there is none, or none that can be read: nothing is known then.
 * The caller clears what it got. */
bool sp_evidence_load(const char *state_directory, enum sp_protocol protocol,
    uint16_t port, struct sp_evidence *ret);
void sp_evidence_clear(struct sp_evidence *evidence);

#endif
