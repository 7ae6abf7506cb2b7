/* Runs a target over files and folders of them, once each: what a compiler without
 * libFuzzer can do, and all that a test of known inputs needs. Options of libFuzzer
 * are passed over. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t replayed;

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	size_t length;
	long size;

	FUZZ_CHECK(file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0);
	rewind(file);
	/* Exactly as long as the input: reading past it is seen. */
	bytes = malloc((size_t)size ? (size_t)size : 1);
	FUZZ_CHECK(bytes);
	length = fread(bytes, 1, (size_t)size, file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, length);
	free(bytes);
	replayed++;
}

static void replay(const char *path)
{
	struct stat status;
	struct dirent **entries;
	int count;

	if (path[0] == '-' || stat(path, &status) < 0)
		return;
	if (S_ISREG(status.st_mode)) {
		replay_file(path);
		return;
	}
	count = S_ISDIR(status.st_mode) ? scandir(path, &entries, NULL, alphasort) : 0;
	for (int i = 0; i < count; i++) {
		char *inside;

		if (entries[i]->d_name[0] != '.' &&
		    asprintf(&inside, "%s/%s", path, entries[i]->d_name) >= 0) {
			replay(inside);
			free(inside);
		}
		free(entries[i]);
	}
	if (count > 0)
		free(entries);
}

int main(int count, char **arguments)
{
	for (int i = 1; i < count; i++)
		replay(arguments[i]);
	printf("%zu inputs\n", replayed);
	return replayed == 0;
}
