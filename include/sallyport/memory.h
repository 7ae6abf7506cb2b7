/* The memory of what was committed, from RUN/committed and back. */
#ifndef SALLYPORT_MEMORY_H
#define SALLYPORT_MEMORY_H

#include <sallyport/standing.h>
#include <sallyport/transaction.h>

struct sp_recollection {
	struct sp_memory memory; /* what sp_apply_ruleset takes */
	const struct sp_directories *directories;
	uint64_t namespace_cookie;
};

/* Fills `ret` in place; it must not move. False: what was committed could not be read,
 * and `ret` knows nothing; it is open all the same. */
bool sp_recollection_open(struct sp_recollection *ret,
    const struct sp_directories *directories, const struct sp_nf_tables *socket);
/* Writes it back; a failure costs the next apply time, nothing else. */
void sp_recollection_keep(struct sp_recollection *recollection);
void sp_recollection_close(struct sp_recollection *recollection);

/* Opens a socket, applies with the memory, writes the memory back. */
bool sp_commit_ruleset(const struct sp_directories *directories,
    const struct sp_ruleset *wanted, const struct sp_gates *gates,
    const struct sp_proofs *proofs, bool dry, struct sp_text *ret_text,
    size_t *ret_changes, struct sp_diag *diag);

/* Reads the kernel to compare it with `wanted`, which it borrows long sets from. With
 * `whole`, nothing is taken from memory. */
bool sp_read_kernel(const struct sp_directories *directories,
    const struct sp_ruleset *wanted, bool whole, struct sp_kernel *ret,
    struct sp_diag *diag);

#endif
