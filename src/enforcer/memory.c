#include <sallyport/memory.h>

#include <string.h>

#include <sallyport/state.h>

/* Was the panic button pressed since it was decided what to commit? */
static bool is_overtaken(void *context)
{
	const struct sp_recollection *recollection = context;
	struct sp_lockdown now = sp_lockdown_mark(recollection->directories->state);

	return !sp_lockdown_same(&now, &recollection->directories->lockdown);
}

bool sp_recollection_open(struct sp_recollection *ret,
    const struct sp_directories *directories, const struct sp_nf_tables *socket)
{
	memset(ret, 0, sizeof(*ret));
	ret->directories = directories;
	ret->namespace_cookie = sp_nf_tables_namespace(socket);
	ret->memory.overtaken = is_overtaken;
	ret->memory.context = ret;
	return sp_committed_load(
	    directories->run, ret->namespace_cookie, &ret->memory.committed);
}

void sp_recollection_keep(struct sp_recollection *recollection)
{
	struct sp_diag diag = { 0 };

	sp_committed_save(recollection->directories->run, recollection->namespace_cookie,
	    &recollection->memory.committed, &diag);
	sp_diag_free(&diag);
}

void sp_recollection_close(struct sp_recollection *recollection)
{
	sp_committed_free(&recollection->memory.committed);
}

bool sp_commit_ruleset(const struct sp_directories *directories,
    const struct sp_ruleset *wanted, const struct sp_gates *gates,
    const struct sp_proofs *proofs, bool dry, struct sp_text *ret_text,
    size_t *ret_changes, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_recollection recollection;
	bool committed;

	if (!socket)
		return false;
	sp_recollection_open(&recollection, directories, socket);
	committed = sp_apply_ruleset(socket, wanted, gates, proofs, dry,
	    &recollection.memory, ret_text, ret_changes, diag);
	if (committed && !dry)
		sp_recollection_keep(&recollection);
	sp_recollection_close(&recollection);
	if (directories->passing)
		sp_nf_tables_leave(socket);
	else
		sp_nf_tables_close(socket);
	return committed;
}

bool sp_read_kernel(const struct sp_directories *directories,
    const struct sp_ruleset *wanted, bool whole, struct sp_kernel *ret,
    struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_recollection recollection;
	bool read;

	if (!socket)
		return false;
	sp_recollection_open(&recollection, directories, socket);
	read = sp_kernel_read(
	    socket, whole ? NULL : &recollection.memory.committed, wanted, ret, diag);
	sp_recollection_close(&recollection);
	sp_nf_tables_close(socket);
	return read;
}
