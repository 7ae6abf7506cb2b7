/* What `explain` found, for people and programs. */
#ifndef SALLYPORT_EXPLANATION_REPORT_H
#define SALLYPORT_EXPLANATION_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <sallyport/explanation.h>

/* What is known of the port's proof, from the kernel and from the evidence. */
struct sp_proof_shown {
	bool kernel_read;	      /* the kernel was asked: */
	bool stands;		      /* a lease stands, */
	uint64_t left_ms;	      /* for so long; 0: without an end */
	const char *outcome, *reason; /* of the last verification; NULL: none known */
	int64_t checked;	      /* when; seconds since the epoch */
};

bool sp_report_explanation_text(FILE *out, const struct sp_policy *policy,
    const struct sp_explanation *explanation, const struct sp_proof_shown *proof);
/* One object with "version": 1. */
bool sp_report_explanation_json(FILE *out, const struct sp_policy *policy,
    const struct sp_explanation *explanation, const struct sp_proof_shown *proof);

#endif
