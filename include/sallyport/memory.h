/* The memory of what was committed, from RUN/committed and back, with the snapshot
 * that it is about when it is needed. */
#ifndef SALLYPORT_MEMORY_H
#define SALLYPORT_MEMORY_H

#include <sallyport/standing.h>
#include <sallyport/transaction.h>

struct sp_recollection {
	struct sp_memory memory; /* what sp_apply_ruleset and sp_kernel_read take */
	const struct sp_directories *directories;
	struct sp_standing before;
	bool loaded;
	uint64_t namespace_cookie;
};

/* Fills `ret` in place; it must not move. Nothing known is no failure. */
void sp_recollection_open(struct sp_recollection *ret,
    const struct sp_directories *directories, const struct sp_nf_tables *socket);
/* Writes it back; a failure costs the next apply time, nothing else. */
void sp_recollection_keep(struct sp_recollection *recollection);
void sp_recollection_close(struct sp_recollection *recollection);

/* Opens a socket, applies with the memory, writes the memory back. */
bool sp_commit_ruleset(const struct sp_directories *directories,
    const struct sp_ruleset *wanted, const struct sp_gates *gates,
    const struct sp_proofs *proofs, bool dry, struct sp_text *ret_text,
    size_t *ret_changes, struct sp_diag *diag);

/* Reads the kernel to compare it with `wanted`. What is read borrows big sets from
 * `wanted` and from the recollection, which the caller closes afterwards in any case.
 * A set whose content nobody knows is taken for the wanted one, and a warning says
 * so. */
bool sp_read_kernel(struct sp_recollection *ret_recollection,
    const struct sp_directories *directories, const struct sp_ruleset *wanted,
    struct sp_kernel *ret, struct sp_diag *diag);

#endif
