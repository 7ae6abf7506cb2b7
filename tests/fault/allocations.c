/* Preloaded: counts what a process asks of malloc, calloc, realloc and strdup (and so
 * of asprintf, fopen and all that stand on them), and fails the one that SP_FAIL_AT
 * names: in the command itself, or in what it forked SP_FAIL_FORKS times over, which
 * counts from there. SP_FAIL_TOLD gets two numbers, how often it was failed and the
 * count, in memory that is shared: a sealed process opens no file. Programs that are
 * started get nothing of this: the prober has no environment. In front of
 * AddressSanitizer's allocator it is as good as of glibc's. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong asked;
static unsigned long at, forks_wanted, forks;
static struct {
	atomic_ulong failed, asked;
} * told;
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

static void share(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *shared = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*told)) == 0)
		shared =
		    mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared != MAP_FAILED)
		told = shared;
	if (fd >= 0)
		close(fd);
}

__attribute__((constructor)) static void begin(void)
{
	share(getenv("SP_FAIL_TOLD"));
	at = number("SP_FAIL_AT");
	forks_wanted = number("SP_FAIL_FORKS");
	pthread_atfork(NULL, NULL, forked);
	atomic_store(&counting, true);
}

__attribute__((destructor)) static void end(void)
{
	atomic_store(&counting, false);
}

static bool fails(void)
{
	unsigned long count;

	if (!atomic_load(&counting) || forks != forks_wanted)
		return false;
	count = atomic_fetch_add(&asked, 1) + 1;
	if (told && count > atomic_load(&told->asked))
		atomic_store(&told->asked, count);
	if (count != at)
		return false;
	if (told)
		atomic_fetch_add(&told->failed, 1);
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
