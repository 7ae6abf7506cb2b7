/* Memory that runs out at every single allocation in turn: an error, never a
 * crash, a leak, or a policy with something missing. The linker's --wrap puts
 * these functions between the library and the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy_files.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static size_t until; /* the allocation that fails, counted down; 0: none */

static bool fails(void)
{
	return until && --until == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return fails() ? NULL : __real_strndup(text, length);
}

/* Reads it once for every allocation that reading makes. */
static void starve(const char *text, bool good)
{
	char *path = write_text("starved.ini", text);
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	uint8_t digest[SP_DIGEST_BYTES] = { 0 };
	size_t rounds = 0;
	bool starved = true;

	if (good) {
		struct sp_policy *policy = read_file(path);

		memcpy(digest, policy->digest, sizeof(digest));
		sp_policy_free(policy);
	}
	for (size_t at = 1; starved; at++, rounds++) {
		struct sp_diag diag = { 0 };
		struct sp_policy *policy;

		until = at;
		policy = sp_policy_read(&source, &diag);
		starved = until == 0;
		until = 0;
		/* Sorting the diagnostics is a courtesy that may be left out. */
		assert_int_equal(policy == NULL, diag.errors > 0);
		assert_true(good || !policy);
		assert_true(!good || starved || policy);
		if (policy)
			assert_memory_equal(policy->digest, digest, sizeof(digest));
		sp_policy_free(policy);
		sp_diag_free(&diag);
	}
	assert_true(rounds > 500);
	free(path);
}

static void a_policy_is_whole_or_none(void **state)
{
	char *list = write_text("list.txt", "10.0.0.0/8\nfd00::/8\n");

	(void)state;
	starve("[policy]\nversion = 1\n"
	       "[addresses a]\nfile = list.txt\nelements = 192.0.2.1\n"
	       "[addresses b]\nelements = 198.51.100.0/24\naction = block\n"
	       "[service smtp]\nname = a.example, b.example\nfrom = @a, 192.0.2.9\n"
	       "[service x]\nport = 1-9\ntls = none\ninterface = eth0\nto = 192.0.2.1\n"
	       "[service y]\nuse = smtp\naction = block\nfrom = @a\n"
	       "[service z]\nuse = https\nname = none\nlisten = 192.0.2.1\n",
	    true);
	free(list);
}

static void mistakes_are_mistakes_without_memory(void **state)
{
	char *list = write_text("list.txt", "10.0.0.0/8\nnothing\n");

	(void)state;
	starve("[policy]\nversion = 1\nlgo = no\n"
	       "[addresses a]\nfile = list.txt\n[addresses b]\nelements = 10.0.0.0/8\n"
	       "[service ssh]\nfrom = @c\n[service ssh]\n[service https]\n"
	       "[service web]\nport = 443\ntls = none\n"
	       "[service w2]\nport = 443\ntls = required\nname = none\nfrom = @b\n",
	    false);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_whole_or_none),
		cmocka_unit_test(mistakes_are_mistakes_without_memory),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
