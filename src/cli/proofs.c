#include "proofs.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/evidence.h>

bool sp_verdict_proofs_make(const struct sp_verdicts *verdicts,
    struct sp_verdict_proofs *ret, struct sp_diag *diag)
{
	size_t room = verdicts->count + 1;

	memset(ret, 0, sizeof(*ret));
	ret->leases = calloc(room, sizeof(struct sp_lease *));
	ret->inconclusive = calloc(room, sizeof(struct sp_gate));
	ret->refused = calloc(room, sizeof(struct sp_gate));
	if (!ret->leases || !ret->inconclusive || !ret->refused) {
		sp_verdict_proofs_clear(ret);
		return sp_out_of_memory(diag);
	}
	for (size_t i = 0; i < verdicts->count; i++) {
		const struct sp_verdict *verdict = &verdicts->items[i];
		struct sp_gate gate = { verdict->target->protocol, verdict->target->port,
			0 };

		if (verdict->lease)
			ret->leases[ret->lease_count++] = verdict->lease;
		else if (verdict->outcome == SP_INCONCLUSIVE)
			ret->inconclusive[ret->inconclusive_count++] = gate;
		else
			ret->refused[ret->refused_count++] = gate;
	}
	return true;
}

struct sp_proofs sp_verdict_proofs_for(
    const struct sp_verdict_proofs *proofs, bool keep_others)
{
	return (struct sp_proofs){ .keep_all = keep_others,
		.refused = proofs->refused,
		.refused_count = proofs->refused_count,
		.leases = proofs->leases,
		.lease_count = proofs->lease_count,
		.inconclusive = proofs->inconclusive,
		.inconclusive_count = proofs->inconclusive_count };
}

void sp_verdict_proofs_clear(struct sp_verdict_proofs *proofs)
{
	free(proofs->leases);
	free(proofs->inconclusive);
	free(proofs->refused);
	memset(proofs, 0, sizeof(*proofs));
}

bool sp_verdict_evidence_save(
    const char *state_directory, const struct sp_verdicts *verdicts, struct sp_diag *diag)
{
	bool saved = true;

	for (size_t i = 0; i < verdicts->count && saved; i++) {
		const struct sp_verdict *verdict = &verdicts->items[i];
		struct sp_evidence evidence = { .protocol = verdict->target->protocol,
			.port = verdict->target->port,
			.outcome = (char *)sp_outcome_name(verdict->outcome),
			.reason = verdict->reason,
			.checked = verdicts->now,
			.not_after =
			    verdict->lease ? sp_lease_not_after(verdict->lease) : 0,
			.certificate_ends = sp_verdict_certificate_ends(verdict) };

		saved = sp_evidence_save(state_directory, &evidence, diag);
	}
	return saved;
}
