/* Reading our table, and committing a delta: all of it or nothing. */
#ifndef SALLYPORT_TRANSACTION_H
#define SALLYPORT_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/committed.h>
#include <sallyport/delta.h>
#include <sallyport/diag.h>
#include <sallyport/nf_tables.h>
#include <sallyport/nft.h>

/* What a commit goes by beside the kernel. */
struct sp_memory {
	struct sp_committed committed;
	/* Asked between every read and its commit: true when somebody's word has made
	 * it void. Whoever says that word commits after saying it, so that either
	 * this sees it or the kernel's generation does. NULL: nobody's. */
	bool (*overtaken)(void *context);
	void *context;
};

/* Reads `inet sallyport`, true at one generation. Long sets that `committed` (may be
 * NULL) knows to be as in `wanted` are not read but borrow from `wanted`; with
 * `wanted` NULL, addresses are not read at all. The caller frees with
 * sp_kernel_free. False: said in `diag` (no privilege among it). */
bool sp_kernel_read(struct sp_nf_tables *socket, const struct sp_committed *committed,
    const struct sp_ruleset *wanted, struct sp_kernel *ret, struct sp_diag *diag);
void sp_kernel_free(struct sp_kernel *kernel);

enum sp_commit {
	SP_COMMITTED,
	SP_COMMIT_STALE,   /* somebody else committed since the read: read again */
	SP_COMMIT_REFUSED, /* said in `diag`; nothing was changed */
};

/* Sends the batch made of `delta` for `kernel`'s generation. An empty delta is
 * committed without sending anything. `dry` checks and applies nothing. */
enum sp_commit sp_delta_commit(struct sp_nf_tables *socket, const struct sp_delta *delta,
    const struct sp_kernel *kernel, bool dry, struct sp_diag *diag);

/* Read, delta, commit, read back, until it stands or 30 s are over. With `dry`,
 * the kernel checks and nothing is changed. `ret_text`, when not NULL, gets the
 * delta's lines. `ret_changes` counts what was sent. `memory` may be NULL; it is
 * brought up to date. */
bool sp_apply_ruleset(struct sp_nf_tables *socket, const struct sp_ruleset *wanted,
    const struct sp_gates *gates, const struct sp_proofs *proofs, bool dry,
    struct sp_memory *memory, struct sp_text *ret_text, size_t *ret_changes,
    struct sp_diag *diag);

/* Opens gates without proof, or ends that. Our table has to stand. */
bool sp_commit_overrides(struct sp_nf_tables *socket, const struct sp_override *overrides,
    size_t count, struct sp_memory *memory, struct sp_diag *diag);

/* Removes our table, leases and counters with it: the host is open. */
bool sp_remove_ruleset(
    struct sp_nf_tables *socket, struct sp_memory *memory, struct sp_diag *diag);

#endif
