/* Preloaded: counts what a process asks of malloc, calloc and realloc (and so of
 * strdup, asprintf, fopen and all that stand on them), and fails the one that
 * SP_FAIL_AT names. SP_FAIL_TOLD gets "failed" at that moment, and the count at the
 * end. Programs that are started get neither: the prober has no environment. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, behind the names that are replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_ulong asked;
static unsigned long at;
static const char *told;
/* The loader's allocations come before the constructor, and are not the program's. */
static atomic_bool counting;

__attribute__((constructor)) static void begin(void)
{
	const char *number = getenv("SP_FAIL_AT");

	told = getenv("SP_FAIL_TOLD");
	at = number ? strtoul(number, NULL, 10) : 0;
	atomic_store(&counting, true);
}

static void tell(const char *text, size_t length)
{
	int fd = told ? open(told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	(void)!write(fd, text, length);
	close(fd);
}

__attribute__((destructor)) static void end(void)
{
	char text[32];
	int length;

	atomic_store(&counting, false);
	length = snprintf(text, sizeof(text), "asked %lu\n", atomic_load(&asked));
	tell(text, (size_t)length);
}

static bool fails(void)
{
	if (!atomic_load(&counting) || atomic_fetch_add(&asked, 1) + 1 != at)
		return false;
	tell("failed\n", strlen("failed\n"));
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
