/* Policies in a folder of the test's own. */
#ifndef SALLYPORT_TEST_POLICY_FILES_H
#define SALLYPORT_TEST_POLICY_FILES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/policy.h>

#ifndef FOLDER_IN
#define FOLDER_IN "/tmp"
#endif
static char folder[] = FOLDER_IN "/sallyport-policy-XXXXXX";

__attribute__((unused)) static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(
    const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

__attribute__((unused)) static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The new file's path, to be freed. */
static char *write_file(const char *name, const void *bytes, size_t length)
{
	char *path = NULL;
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return path;
}

__attribute__((unused)) static char *write_text(const char *name, const char *text)
{
	return write_file(name, text, strlen(text));
}

__attribute__((unused)) static char *load_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

/* What is read has to be without an error; warnings are allowed. */
__attribute__((unused)) static struct sp_policy *read_file(const char *path)
{
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);

	for (size_t i = 0; !policy && i < diag.length; i++)
		print_error("%s:%u:%u: %s\n", diag.items[i].file, diag.items[i].line,
		    diag.items[i].column, diag.items[i].message);
	assert_non_null(policy);
	assert_int_equal(diag.errors, 0);
	sp_diag_free(&diag);
	return policy;
}

__attribute__((unused)) static struct sp_policy *read_text(const char *text)
{
	char *path = write_text("policy.ini", text);
	struct sp_policy *policy = read_file(path);

	free(path);
	return policy;
}

__attribute__((unused)) static void refuse_text(const char *text)
{
	char *path = write_text("refused.ini", text);
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };

	assert_null(sp_policy_read(&source, &diag));
	assert_true(diag.errors > 0);
	sp_diag_free(&diag);
	free(path);
}

#endif
