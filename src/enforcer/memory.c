#include <sallyport/memory.h>

#include <string.h>

#include <sallyport/state.h>

static const struct sp_ruleset *recall(void *context)
{
	struct sp_recollection *recollection = context;
	struct sp_diag diag = { 0 };

	if (!recollection->loaded)
		sp_standing_load_in_force(
		    recollection->directories, &recollection->before, &diag);
	recollection->loaded = true;
	sp_diag_free(&diag);
	return recollection->before.ruleset;
}

void sp_recollection_open(struct sp_recollection *ret,
    const struct sp_directories *directories, const struct sp_nf_tables *socket)
{
	memset(ret, 0, sizeof(*ret));
	ret->directories = directories;
	ret->namespace_cookie = sp_nf_tables_namespace(socket);
	ret->memory.recall = recall;
	ret->memory.context = ret;
	sp_committed_load(
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
	sp_standing_clear(&recollection->before);
	recollection->loaded = false;
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
	sp_nf_tables_close(socket);
	return committed;
}

bool sp_read_kernel(struct sp_recollection *ret_recollection,
    const struct sp_directories *directories, const struct sp_ruleset *wanted,
    struct sp_kernel *ret, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	bool read;

	memset(ret_recollection, 0, sizeof(*ret_recollection));
	if (!socket)
		return false;
	sp_recollection_open(ret_recollection, directories, socket);
	read = sp_kernel_read(socket, &ret_recollection->memory, wanted, ret, diag);
	if (read && sp_kernel_assume(ret, wanted))
		sp_diag_add(diag, SP_WARNING, NULL,
		    "somebody changed the ruleset since it was applied; sets of %d "
		    "elements and more were not compared",
		    SP_BIG_SET);
	sp_nf_tables_close(socket);
	return read;
}
