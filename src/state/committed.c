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
	sp_boot_id(boot_id);
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

static bool read_head(const char *line, uint64_t cookie, struct sp_committed *ret)
{
	char boot_id[40], here[40];
	uint64_t held;

	return sscanf(line, "committed 1 %39s %" SCNu64 " %u", boot_id, &held,
		   &ret->generation) == 3 &&
	       cookie && held == cookie && sp_boot_id(here) && !strcmp(here, boot_id);
}

static bool read_set(const char *line, struct sp_committed *ret)
{
	struct sp_committed_set set = { 0 };

	return sscanf(line, "set %255s %zu %" SCNx64 " %" SCNx64, set.name, &set.count,
		   &set.digest[0], &set.digest[1]) == 4 &&
	       sp_array_push(&ret->sets, set);
}

void sp_committed_load(
    const char *run_directory, uint64_t namespace_cookie, struct sp_committed *ret)
{
	int run = open(run_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text, *line, *rest;
	size_t length = 0;
	bool whole;

	memset(ret, 0, sizeof(*ret));
	text = run < 0
		   ? NULL
		   : sp_state_file_read(run, COMMITTED_FILE, COMMITTED_BYTES, &length);
	if (run >= 0)
		close(run);
	rest = text;
	line = strsep(&rest, "\n");
	whole = line && read_head(line, namespace_cookie, ret);
	while (whole && rest && (line = strsep(&rest, "\n")) && *line)
		whole = read_set(line, ret);
	free(text);
	if (!whole)
		sp_committed_free(ret);
}
