/* Preloaded: counts what a process asks of malloc, calloc, realloc and strdup (and so
 * of asprintf, fopen and all that stand on them), and fails the one that SP_FAIL_AT
 * names: in the command itself, or in what it forked SP_FAIL_FORKS times over, which
 * counts from there. SP_FAIL_TOLD gets "failed" at that moment, and the command's
 * count at the end. Programs that are started get nothing of this: the prober has no
 * environment. In front of AddressSanitizer's allocator it is as good as of glibc's. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_ulong asked;
static unsigned long at, forks_wanted, forks;
static const char *told;
/* The loader's allocations come before the constructor, and are not the program's. */
static atomic_bool counting;

static unsigned long number(const char *name)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : 0;
}

static void forked(void)
{
	forks++;
	atomic_store(&asked, 0);
}

__attribute__((constructor)) static void begin(void)
{
	told = getenv("SP_FAIL_TOLD");
	at = number("SP_FAIL_AT");
	forks_wanted = number("SP_FAIL_FORKS");
	pthread_atfork(NULL, NULL, forked);
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
	if (!atomic_load(&counting) || forks != forks_wanted ||
	    atomic_fetch_add(&asked, 1) + 1 != at)
		return false;
	tell("failed\n", strlen("failed\n"));
	errno = ENOMEM;
	return true;
}

/* The allocator behind this one. dlsym asks for no memory when it finds the name. */
#define NEXT(name)                                                 \
	__extension__({                                            \
		static __typeof__(&(name)) next;                   \
		if (!next)                                         \
			*(void **)&next = dlsym(RTLD_NEXT, #name); \
		next;                                              \
	})

void *malloc(size_t size)
{
	return fails() ? NULL : NEXT(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : NEXT(calloc)(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : NEXT(realloc)(old, size);
}

/* AddressSanitizer's does not come by malloc. */
char *strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = malloc(bytes);

	return copy ? memcpy(copy, text, bytes) : NULL;
}
