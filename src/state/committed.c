/* RUN/committed: a tmpfs forgets it at boot; the boot id and the namespace's
 * cookie say that it is about another kernel or namespace all the same. */
#include <sallyport/state.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"

#define COMMITTED_FILE "committed"
#define COMMITTED_BYTES (1024 * 1024)

bool sp_committed_save(const char *run_directory, uint64_t namespace_cookie,
    const struct sp_committed *committed, struct sp_diag *diag)
{
	int run = sp_state_directory_open(run_directory, diag);
	struct sp_text text = { 0 };
	char boot_id[40];
	bool saved;

	if (run < 0)
		return false;
	if (!sp_boot_id(boot_id)) {
		close(run);
		return sp_error(diag, NULL, "cannot read the boot id");
	}
	sp_text_add(&text, "committed 1 %s %" PRIu64 " %u\n", boot_id, namespace_cookie,
	    committed->generation);
	for (size_t i = 0; i < committed->sets.length; i++) {
		const struct sp_committed_set *set = &committed->sets.items[i];

		sp_text_add(&text, "set %s %zu %" PRIx64 " %" PRIx64 "\n", set->name,
		    set->count, set->digest[0], set->digest[1]);
	}
	saved = text.failed ? sp_out_of_memory(diag)
			    : sp_state_file_replace(run, run_directory, COMMITTED_FILE,
				  text.bytes, text.length, diag);
	sp_text_free(&text);
	close(run);
	return saved;
}

static bool read_head(
    const char *line, uint64_t cookie, const char *here, struct sp_committed *ret)
{
	char boot_id[40];
	uint64_t held;

	return sscanf(line, "committed 1 %39s %" SCNu64 " %u", boot_id, &held,
		   &ret->generation) == 3 &&
	       cookie && held == cookie && !strcmp(here, boot_id);
}

static bool read_set(const char *line, struct sp_committed_set *ret)
{
	*ret = (struct sp_committed_set){ 0 };
	return sscanf(line, "set %255s %zu %" SCNx64 " %" SCNx64, ret->name, &ret->count,
		   &ret->digest[0], &ret->digest[1]) == 4;
}

/* False: memory is out, or this boot has no name. What is not of this boot and
 * namespace, or not whole, leaves nothing known. */
static bool read_lines(char *text, uint64_t cookie, struct sp_committed *ret)
{
	char *rest = text, *line = strsep(&rest, "\n");
	struct sp_committed_set set;
	bool read, whole;
	char here[40];

	read = sp_boot_id(here);
	whole = read && read_head(line, cookie, here, ret);
	while (whole && rest && (line = strsep(&rest, "\n")) && *line) {
		whole = read_set(line, &set);
		read = !whole || sp_array_push(&ret->sets, set);
		whole = whole && read;
	}
	if (!whole)
		sp_committed_free(ret);
	return read;
}

bool sp_committed_load(
    const char *run_directory, uint64_t namespace_cookie, struct sp_committed *ret)
{
	int run = open(run_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t length = 0;
	char *text = NULL;
	bool read;

	memset(ret, 0, sizeof(*ret));
	if (run >= 0)
		text = sp_state_file_read(run, COMMITTED_FILE, COMMITTED_BYTES, &length);
	read = text ? read_lines(text, namespace_cookie, ret) : errno == ENOENT;
	if (run >= 0)
		close(run);
	free(text);
	return read;
}
