/* The reader: what a document holds, where, and what inih never sees; the files
 * that are no policies; address lists by the million. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sallyport/limits.h>

#include "document.h"
#include "hostname.h"
#include "policy_files.h"
#include "printer.h"
#include "reading.h"

static struct sp_document document_of(const char *text, struct sp_diag *diag)
{
	struct sp_document document = {
		.file = "text", .bytes = text, .length = strlen(text)
	};

	sp_document_read(&document, diag);
	return document;
}

static void assert_slice(struct sp_slice slice, const char *text)
{
	assert_int_equal(slice.length, strlen(text));
	assert_memory_equal(slice.text, text, slice.length);
}

static void a_document_knows_every_place(void **state)
{
	struct sp_diag diag = { 0 };
	struct sp_document document = document_of("\xef\xbb\xbf; comment\r\n"
						  "[kind  name]\r\n"
						  "key =  one,  two ; three\r\n"
						  "\r\n"
						  "# not a key = 1\r\n"
						  "\tthree four\r\n"
						  "other=x=y;z\r\n"
						  "[empty]\r\n"
						  "[last]",
	    &diag);

	(void)state;
	assert_int_equal(diag.errors, 0);
	assert_int_equal(document.sections.length, 3);
	assert_slice(document.sections.items[0].kind, "kind");
	assert_slice(document.sections.items[0].name, "name");
	assert_int_equal(document.sections.items[0].line, 2);
	assert_int_equal(document.sections.items[0].count, 2);
	assert_slice(document.keys.items[0].name, "key");
	assert_int_equal(document.keys.items[0].line, 3);
	assert_int_equal(document.keys.items[0].count, 3);
	assert_slice(document.items.items[0].text, "one");
	assert_int_equal(document.items.items[0].column, 8);
	assert_slice(document.items.items[1].text, "two");
	assert_int_equal(document.items.items[1].column, 14);
	assert_slice(document.items.items[2].text, "three four");
	assert_int_equal(document.items.items[2].line, 6);
	assert_int_equal(document.items.items[2].column, 2);
	assert_slice(document.items.items[3].text, "x=y;z");
	assert_slice(document.sections.items[1].kind, "empty");
	assert_int_equal(document.sections.items[1].name.length, 0);
	assert_int_equal(document.sections.items[2].line, 9);
	sp_document_free(&document);
	sp_diag_free(&diag);
}

/* Lists of random elements on lines of random lengths, most of them longer
 * than inih's: every element comes out, in order and where it was written. */
static void long_lists_lose_nothing(void **state)
{
	static char text[200000];
	static unsigned lengths[4000], lines[4000], columns[4000];

	(void)state;
	srand(7);
	for (int round = 0; round < 60; round++) {
		struct sp_diag diag = { 0 };
		struct sp_document document;
		size_t at = (size_t)sprintf(text, "[s]\nkey = "), count = 0;
		size_t line_start = 4;
		unsigned line = 2;

		for (; count < 400; count++) {
			unsigned length = 1 + (unsigned)rand() % (rand() % 20 ? 20 : 190);

			lengths[count] = length;
			lines[count] = line;
			columns[count] = (unsigned)(at - line_start) + 1;
			memset(text + at, 'a' + (int)(count % 26), length);
			at += length;
			if (count == 399)
				break;
			for (int blanks = rand() % 3; blanks > 0; blanks--)
				text[at++] = ' ';
			text[at++] = ',';
			if (rand() % 40 == 0) {
				text[at++] = '\n';
				line_start = at;
				line++;
				text[at++] = '\t';
			}
			for (int blanks = rand() % 3; blanks > 0; blanks--)
				text[at++] = ' ';
		}
		text[at] = '\0';
		document = document_of(text, &diag);
		assert_int_equal(diag.errors, 0);
		assert_int_equal(document.items.length, 400);
		for (size_t i = 0; i < 400; i++) {
			const struct sp_item *item = &document.items.items[i];

			assert_int_equal(item->text.length, lengths[i]);
			assert_int_equal(item->text.text[0], 'a' + (int)(i % 26));
			assert_int_equal(item->line, lines[i]);
			assert_int_equal(item->column, columns[i]);
		}
		sp_document_free(&document);
		sp_diag_free(&diag);
	}
}

/* Noise made of the characters that mean something: nothing crashes, whatever
 * is delivered lies inside the text, and inih never disagrees. */
static void noise_is_read_or_refused(void **state)
{
	static const char alphabet[] = "\n\n\n\n  \t[]=:;#,,ab-1\"'\\@/.*\r\xc3\xa9\x01";
	char text[2000];

	(void)state;
	srand(11);
	for (int round = 0; round < 20000; round++) {
		struct sp_diag diag = { 0 };
		struct sp_document document;
		size_t length = (size_t)rand() % 400;

		memcpy(text, "[s]\n", 4);
		for (size_t i = rand() % 4 ? 4 : 0; i < length; i++)
			text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		if (rand() % 8 == 0 && length > 10)
			memset(text + 5 + rand() % 3, 'a', length - 9);
		text[length] = '\0';
		document = document_of(text, &diag);
		for (size_t i = 0; i < document.items.length; i++) {
			struct sp_slice item = document.items.items[i].text;

			assert_true(item.text >= text &&
				    item.text + item.length <= text + length);
			assert_true(item.length > 0);
		}
		for (size_t i = 0; i < diag.length; i++)
			assert_null(strstr(diag.items[i].message, "otherwise"));
		sp_document_free(&document);
		sp_diag_free(&diag);
	}
}

/* inih with other options, which a library update or another user of it in the
 * process could bring, reads the same lines otherwise: that is noticed. */
static void another_inih_is_noticed(void **state)
{
	static const char text[] =
	    "[s]\nkey = one east, two\n\tthree\nother = 1\nlast = 1\n";
	char *comments = ini_inline_comment_prefixes,
	     *starts = ini_start_comment_prefixes;

	(void)state;
	for (int change = 0; change < 5; change++) {
		struct sp_diag diag = { 0 };
		struct sp_document document;

		ini_inline_comment_prefixes = change == 1 ? "e" : comments;
		ini_start_comment_prefixes = change == 2 ? "o" : starts;
		ini_allow_multiline = change != 3;
		ini_initial_alloc = change == 4 ? 12 : 200;
		ini_use_stack = change != 4;
		document = document_of(text, &diag);
		assert_int_equal(diag.errors, change != 0);
		if (change)
			assert_non_null(strstr(diag.items[0].message, "otherwise"));
		sp_document_free(&document);
		sp_diag_free(&diag);
	}
	ini_inline_comment_prefixes = comments;
	ini_start_comment_prefixes = starts;
	ini_allow_multiline = true;
	ini_initial_alloc = 200;
	ini_use_stack = true;
}

static void assert_refused(const char *path, const char *why)
{
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };

	assert_null(sp_policy_read(&source, &diag));
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.items[0].message, why));
	assert_string_equal(diag.items[0].file, path);
	sp_diag_free(&diag);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[300];
	int descriptor;

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, "is a FIFO"); /* and does not wait for a writer */
	assert_refused(folder, "is a directory");
	assert_refused("/dev/zero", "is a device");
	assert_refused("/nonexistent/policy.ini", "No such file or directory");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(descriptor, (void *)&address, sizeof(address)), 0);
	assert_refused(address.sun_path, "No such device or address");
	close(descriptor);
}

static void what_is_too_large_is_refused_unread(void **state)
{
	char *path = write_text("large.ini", "[policy]\nversion = 1\n");

	(void)state;
	assert_int_equal(truncate(path, (off_t)SP_MAX_POLICY_BYTES + 1), 0);
	assert_refused(path, "has at most");
	free(path);
}

static struct sp_intervals list_of(const char *text, size_t length, size_t errors)
{
	char *path = write_file("list", text, length);
	struct sp_intervals set = { 0 };
	struct sp_diag diag = { 0 };
	struct sp_location at = { "policy", 1, 1 };

	assert_int_equal(sp_list_read(path, &at, &set, &diag), errors == 0);
	assert_int_equal(diag.errors, errors);
	for (size_t i = 0; i < diag.length; i++)
		assert_null(strstr(diag.items[i].message, "secret"));
	assert_true(sp_intervals_sort(&set));
	sp_diag_free(&diag);
	free(path);
	return set;
}

static void lists_take_every_form(void **state)
{
	static const char text[] = "10.0.0.0/8\n192.0.2.1 # one\n\n# all\n; all\n"
				   "  198.51.100.0/24 ; drop list\r\n"
				   "192.0.2.5-192.0.2.9\n192.0.2.10 - 192.0.2.11\n"
				   "fd00::/8\n2001:db8::1\n2001:db8::5-2001:db8::6";
	struct sp_intervals set = list_of(text, sizeof(text) - 1, 0);

	(void)state;
	assert_int_equal(set.v4.length, 4);
	assert_int_equal(set.v6.length, 3);
	assert_int_equal(set.v4.items[2].last, 0xc000020b);
	sp_intervals_free(&set);
}

static void bad_lines_are_numbered_and_not_quoted(void **state)
{
	static const char *const bad[] = { "secret", "10.0.0.0/8 secret", "10.0.0.1/8",
		"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "1.2.3.4.5", "1.2.3",
		"01.2.3.4", "1.2.3.256", "1.2.3.4/-1", "1.2.3.4/1x", "10.0.0.0/8/8",
		"fd00::1/8", "1.2.3.4,5.6.7.8", "1.2.3.0004" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sp_intervals set = list_of(bad[i], strlen(bad[i]), 1);

		assert_true(sp_intervals_is_empty(&set));
		sp_intervals_free(&set);
	}
}

/* Four or six, right or nearly: now and then a digit, dot or colon too many. */
static void random_line(char *text)
{
	static const char extra[] = "0:./f";
	struct sp_address address = { SP_IPV4, 0,
		(uint32_t)((uint32_t)rand() << 8 ^ (uint32_t)rand()) };
	int length = rand() % 36;

	if (rand() % 2) {
		length = rand() % 132;
		address.family = SP_IPV6;
		for (int i = 0; i < 4; i++) {
			uint64_t group = rand() % 2 ? 0 : (uint64_t)rand() & 0xffff;

			address.high = address.high << 16 | group;
			address.low = address.low << 16 | (rand() % 2 ? 0 : group);
		}
		if (length <= 64)
			address.low = 0;
		if (rand() % 4 && length < 64)
			address.high &= ~(UINT64_MAX >> length);
	} else if (rand() % 4 && length < 32) {
		address.low &= ~(uint64_t)(UINT32_MAX >> length);
	}
	sp_address_print(&address, text);
	if (rand() % 3)
		sprintf(text + strlen(text), "/%d", length);
	if (rand() % 4 == 0) {
		size_t at = (size_t)rand() % strlen(text);

		memmove(text + at + 1, text + at, strlen(text + at) + 1);
		text[at] = extra[(size_t)rand() % (sizeof(extra) - 1)];
	}
}

/* The quick way through a line and the thorough one agree. */
static void quick_lines_mean_what_the_thorough_say(void **state)
{
	size_t right = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < 8000; round++) {
		char text[2 * SP_RANGE_TEXT];
		struct sp_intervals quick, wanted = { 0 };
		struct sp_range range;
		enum sp_range_error error;

		random_line(text);
		error = sp_range_parse(text, strlen(text), &range);
		quick = list_of(text, strlen(text), error != SP_RANGE_OK);
		if (error == SP_RANGE_OK) {
			assert_true(sp_intervals_add(&wanted, &range));
			right++;
		}
		assert_true(sp_intervals_equal(&quick, &wanted));
		sp_intervals_free(&quick);
		sp_intervals_free(&wanted);
	}
	assert_true(right > 3000);
}

#define MILLION 1000000

static void a_million_lines_are_read(void **state)
{
	char *text = malloc(64 * MILLION);
	struct sp_intervals set;
	size_t at = 0;
	uint32_t number = 1;

	(void)state;
	assert_non_null(text);
	/* 2654435761 is odd, so that the products do not repeat; every second
	 * address alone, none touches another. */
	for (size_t i = 0; i < MILLION; i++) {
		uint32_t address = (number += 2654435761u) << 1;

		if (i % 2)
			at += (size_t)sprintf(text + at, "%u.%u.%u.%u\n", address >> 24,
			    address >> 16 & 255, address >> 8 & 255, address & 255);
		else
			at += (size_t)sprintf(text + at, "2001:db8:%x:%x::/64\n",
			    address >> 17, address & 0xffff);
	}
	set = list_of(text, at, 0);
	assert_int_equal(set.v4.length, MILLION / 2);
	assert_true(set.v6.length > MILLION / 4);
	for (size_t i = 1; i < set.v4.length; i++)
		assert_true(set.v4.items[i - 1].last < set.v4.items[i].first);
	sp_intervals_free(&set);
	free(text);
}

static struct sp_intervals random_set(size_t length)
{
	struct sp_intervals set = { 0 };

	for (size_t i = 0; i < length; i++) {
		uint64_t high = (uint64_t)rand() % 3 << 40 | (uint64_t)rand() % 50;
		uint64_t low = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 10;
		uint32_t first = (uint32_t)rand() * 2u;
		struct sp_range four = { { SP_IPV4, 0, first },
			{ SP_IPV4, 0, first | (uint32_t)rand() % 2000 } };
		struct sp_range six = { { SP_IPV6, high, low },
			{ SP_IPV6, high, low | (uint64_t)rand() } };

		assert_true(sp_intervals_add(&set, &four));
		assert_true(sp_intervals_add(&set, &six));
	}
	return set;
}

static void sorting_by_digits_is_sorting(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 4; seed++) {
		struct sp_intervals digits, compared;

		srand(seed);
		digits = random_set(20000);
		srand(seed);
		compared = random_set(20000);
		assert_true(sp_intervals_sort(&digits));
		sp_intervals_normalize(&compared);
		assert_true(digits.v4.length > 1000 && digits.v6.length > 1000);
		assert_true(sp_intervals_equal(&digits, &compared));
		sp_intervals_free(&digits);
		sp_intervals_free(&compared);
	}
}

static void ranges_are_written_as_the_base_prints_them(void **state)
{
	char quick[SP_RANGE_TEXT], thorough[SP_RANGE_TEXT];

	(void)state;
	srand(5);
	for (int round = 0; round < 50000; round++) {
		bool four = rand() % 2;
		unsigned bits = (unsigned)rand() % (four ? 33 : 129);
		uint64_t low = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 4;
		uint64_t high = four || rand() % 8 == 0 ? 0 : (uint64_t)rand() << 32;
		uint64_t low_mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
		uint64_t high_mask = bits <= 64	   ? 0
				     : bits == 128 ? UINT64_MAX
						   : (UINT64_C(1) << (bits - 64)) - 1;
		struct sp_range range;

		if (four)
			low &= UINT32_MAX;
		for (int group = 0; group < 4 && !four; group++)
			if (rand() % 2)
				low &= ~(UINT64_C(0xffff) << (16 * group));
		range.first = (struct sp_address){ four ? SP_IPV4 : SP_IPV6,
			high & ~high_mask, low & ~low_mask };
		range.last = (struct sp_address){ range.first.family, high | high_mask,
			low | low_mask };
		if (rand() % 4 == 0 && range.last.low)
			range.last.low--;
		if (sp_address_compare(&range.first, &range.last) > 0)
			range.last = range.first;
		assert_int_equal(sp_range_write(&range, quick),
		    strlen(sp_range_print(&range, thorough)));
		assert_string_equal(quick, thorough);
	}
}

static void host_names_are_checked(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = { { "www.Example.COM", "www.example.com" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "localhost", "localhost" }, { "db_1.internal", "db_1.internal" },
		{ "192.0.2.1", "192.0.2.1" }, { "2001:DB8:0::1", "2001:db8::1" },
		{ "1.2.3.4.in-addr.arpa", "1.2.3.4.in-addr.arpa" }, { "a.", NULL },
		{ ".a", NULL }, { "a..b", NULL }, { "*", NULL }, { "*.a", NULL },
		{ "a b", NULL }, { "a:1", NULL }, { "[::1]", NULL }, { "::1%lo", NULL },
		{ "1.2.3", NULL }, { "a.1", NULL }, { "-a", NULL }, { "a-.b", NULL },
		{ "xn--", NULL }, { "b\xc3\xbc", NULL }, { "a/b", NULL } };
	char name[SP_MAX_HOST_NAME + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *problem = sp_host_name_read(sp_slice(cases[i].text), name);

		if (cases[i].name) {
			assert_null(problem);
			assert_string_equal(name, cases[i].name);
		} else {
			assert_non_null(problem);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_knows_every_place),
		cmocka_unit_test(long_lists_lose_nothing),
		cmocka_unit_test(noise_is_read_or_refused),
		cmocka_unit_test(another_inih_is_noticed),
		cmocka_unit_test(what_is_no_regular_file_is_refused),
		cmocka_unit_test(what_is_too_large_is_refused_unread),
		cmocka_unit_test(lists_take_every_form),
		cmocka_unit_test(bad_lines_are_numbered_and_not_quoted),
		cmocka_unit_test(quick_lines_mean_what_the_thorough_say),
		cmocka_unit_test(a_million_lines_are_read),
		cmocka_unit_test(sorting_by_digits_is_sorting),
		cmocka_unit_test(ranges_are_written_as_the_base_prints_them),
		cmocka_unit_test(host_names_are_checked),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
