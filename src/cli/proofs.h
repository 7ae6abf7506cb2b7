/* Verdicts as what a commit takes, and as evidence. */
#ifndef SALLYPORT_CLI_PROOFS_H
#define SALLYPORT_CLI_PROOFS_H

#include <sallyport/delta.h>
#include <sallyport/verdict.h>

/* Points into the verdicts. Zero is "nothing was asked". */
struct sp_verdict_proofs {
	const struct sp_lease **leases;
	struct sp_gate *inconclusive, *refused;
	size_t lease_count, inconclusive_count, refused_count;
};

bool sp_verdict_proofs_make(const struct sp_verdicts *verdicts,
    struct sp_verdict_proofs *ret, struct sp_diag *diag);
/* `keep_others`: leases of gates that were not asked stand. */
struct sp_proofs sp_verdict_proofs_for(
    const struct sp_verdict_proofs *proofs, bool keep_others);
void sp_verdict_proofs_clear(struct sp_verdict_proofs *proofs);

bool sp_verdict_evidence_save(const char *state_directory,
    const struct sp_verdicts *verdicts, struct sp_diag *diag);

#endif
