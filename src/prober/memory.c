#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

static void *or_end(void *memory)
{
	if (!memory)
		_exit(ENOMEM);
	return memory;
}

/* OpenSSL asks for nothing at times, and takes NULL for it. */
static void *get(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size ? or_end(malloc(size)) : NULL;
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size)
		return or_end(realloc(memory, size));
	free(memory);
	return NULL;
}

static void drop(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

bool memory_guard(void)
{
	return CRYPTO_set_mem_functions(get, resize, drop) == 1;
}
