/* What the fuzz targets share: an oracle that stops the fuzzer, and inputs as the
 * files that readers want. */
#ifndef SALLYPORT_TESTS_FUZZ_H
#define SALLYPORT_TESTS_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libFuzzer's entry point; replay.c has it where there is no libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What has to hold for every input; never taken out by NDEBUG. */
#define FUZZ_CHECK(what)                                                               \
	do {                                                                           \
		if (!(what)) {                                                         \
			fprintf(                                                       \
			    stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                       \
		}                                                                      \
	} while (0)

/* A file in memory that holds the input, by its path; the same one each time. */
__attribute__((unused)) static const char *fuzz_file(
    int slot, const void *bytes, size_t length)
{
	static int descriptors[2] = { -1, -1 };
	static char paths[2][40];

	if (descriptors[slot] < 0) {
		descriptors[slot] = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(paths[slot], sizeof(paths[slot]), "/proc/self/fd/%d",
		    descriptors[slot]);
	}
	FUZZ_CHECK(descriptors[slot] >= 0);
	FUZZ_CHECK(ftruncate(descriptors[slot], 0) == 0);
	FUZZ_CHECK(pwrite(descriptors[slot], bytes, length, 0) == (ssize_t)length);
	return paths[slot];
}

#endif
