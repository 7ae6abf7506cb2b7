/* Evidence and break-glass notes: what a peer or an administrator said is kept,
 * whatever bytes it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <fcntl.h>

#include <cmocka.h>

#include <sallyport/evidence.h>

/* Latin-1, a terminal's words, UTF-8 cut in the middle, UTF-8. */
static const struct {
	const char *said, *kept;
} reasons[] = {
	{ "certificate is for caf\xe9", "certificate is for caf\\xe9" },
	{ "\xff\xfe\x1b[31m", "\\xff\\xfe\\x1b[31m" },
	{ "caf\xc3", "caf\\xc3" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
};

#define COUNT (sizeof(reasons) / sizeof(*reasons))

static char directory[] = "/tmp/sallyport-evidence-XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
	static const char *const names[] = { "evidence/tcp-443.json",
		"evidence/override-443.json" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/evidence", directory);
	rmdir(path);
	return rmdir(directory);
}

static void test_evidence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct sp_evidence said = { .protocol = SP_TCP,
			.port = 443,
			.outcome = (char *)"fail",
			.reason = (char *)reasons[i].said };
		struct sp_evidence kept;
		struct sp_diag diag = { 0 };

		assert_true(sp_evidence_save(directory, &said, &diag));
		assert_true(sp_evidence_load(directory, SP_TCP, 443, &kept));
		assert_string_equal(kept.reason, reasons[i].kept);
		sp_evidence_clear(&kept);
		sp_diag_free(&diag);
	}
}

static void test_override(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct sp_override_note said = { .port = 443,
			.reason = (char *)reasons[i].said };
		struct sp_override_note kept;
		struct sp_diag diag = { 0 };

		assert_true(sp_override_note_save(directory, &said, &diag));
		assert_true(sp_override_note_load(directory, 443, &kept));
		assert_string_equal(kept.reason, reasons[i].kept);
		free(kept.reason);
		sp_diag_free(&diag);
	}
}

/* The enforcer writes evidence while a command does: it is held here where it has
 * written half of it. */
static void test_two_writers(void **state)
{
	struct sp_evidence said = { .protocol = SP_TCP,
		.port = 443,
		.outcome = (char *)"pass",
		.reason = (char *)"a command's" };
	struct sp_evidence kept;
	struct sp_diag diag = { 0 };
	char path[128], held[8] = "";
	int other;

	(void)state;
	snprintf(path, sizeof(path), "%s/evidence/.tcp-443.json.new", directory);
	other = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_int_equal(write(other, "half", 4), 4);
	assert_true(sp_evidence_save(directory, &said, &diag));
	assert_true(sp_evidence_load(directory, SP_TCP, 443, &kept));
	assert_string_equal(kept.reason, "a command's");
	sp_evidence_clear(&kept);
	/* The other one's is as it was, and there to be renamed. */
	assert_int_equal(pread(other, held, sizeof(held), 0), 4);
	assert_int_equal(access(path, F_OK), 0);
	/* It is killed: what it left is in nobody's way, and none of its bytes stay. */
	assert_int_equal(write(other, path, sizeof(path)), (ssize_t)sizeof(path));
	close(other);
	assert_true(sp_evidence_save(directory, &said, &diag));
	assert_true(sp_evidence_load(directory, SP_TCP, 443, &kept));
	sp_evidence_clear(&kept);
	assert_int_not_equal(access(path, F_OK), 0);
	sp_diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_override), cmocka_unit_test(test_two_writers) };

	return cmocka_run_group_tests(tests, begin, end);
}
