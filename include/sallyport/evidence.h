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
	char *outcome;		  /* "pass", "fail", "inconclusive", "absent" */
	char *reason;		  /* one line */
	int64_t checked;	  /* seconds since the epoch, UTC */
	int64_t not_after;	  /* the lease's end; 0: none */
	int64_t certificate_ends; /* earliest notAfter of what was proven; 0: not known */
};

/* STATE/evidence/tcp-443.json. */
bool sp_evidence_save(const char *state_directory, const struct sp_evidence *evidence,
    struct sp_diag *diag);

/* Why a gate was overridden, by whom, until when: STATE/evidence/override-443.json.
 * Explains only; the kernel's element is what opens. */
struct sp_override_note {
	uint16_t port;
	char *reason;
	int64_t until; /* seconds since the epoch */
	uint32_t uid;
};

bool sp_override_note_save(const char *state_directory,
    const struct sp_override_note *note, struct sp_diag *diag);
bool sp_override_note_load(
    const char *state_directory, uint16_t port, struct sp_override_note *ret);

/* Changes of our table by others, RUN/drift.json: how many since boot, and whose
 * the last was. */
struct sp_drift_note {
	uint64_t count;
	char writer[64];
	uint32_t pid;
	int64_t at; /* seconds since the epoch */
};

bool sp_drift_note_save(
    const char *run_directory, const struct sp_drift_note *note, struct sp_diag *diag);
/* Zero when there is none. */
struct sp_drift_note sp_drift_note_load(const char *run_directory);

/* False when there is none, or none that can be read: nothing is known then.
 * The caller clears what it got. */
bool sp_evidence_load(const char *state_directory, enum sp_protocol protocol,
    uint16_t port, struct sp_evidence *ret);
void sp_evidence_clear(struct sp_evidence *evidence);

#endif
