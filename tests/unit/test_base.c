#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/address.h>
#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/escape.h>

static struct sp_range range(const char *text)
{
	struct sp_range result;

	assert_int_equal(sp_range_parse(text, strlen(text), &result), SP_RANGE_OK);
	return result;
}

static struct sp_intervals set_of(const char *const *texts)
{
	struct sp_intervals set = { 0 };

	for (; *texts; texts++) {
		struct sp_range item = range(*texts);

		assert_true(sp_intervals_add(&set, &item));
	}
	sp_intervals_normalize(&set);
	return set;
}

static void addresses_print_as_they_parse(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "255.255.255.255", "10.0.0.0/8",
		"10.0.0.1-10.0.0.9", "::", "fd00::/8", "2001:db8::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0", "0.0.0.0/0",
		"2001:db8::1-2001:db8::2:0", "::ffff:1.2.3.4" };
	char text[SP_RANGE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct sp_range item = range(texts[i]);

		assert_string_equal(sp_range_print(&item, text), texts[i]);
	}
}

static struct sp_address sum(struct sp_address address, int64_t more)
{
	uint64_t low = address.low + (uint64_t)more;

	address.high += more < 0 ? -(uint64_t)(low > address.low) : low < address.low;
	address.low = low;
	return address;
}

static void prefixes_of_every_length_are_known(void **state)
{
	char text[SP_RANGE_TEXT];

	(void)state;
	for (unsigned width = 32; width <= 128; width += 96)
		for (unsigned length = 0; length <= width; length++) {
			struct sp_range item, other;
			unsigned found = 999;

			snprintf(text, sizeof(text), "%s/%u",
			    width == 32 ? "0.0.0.0" : "::", length);
			item = range(text);
			assert_true(sp_range_is_prefix(&item, &found));
			assert_int_equal(found, length);
			/* One address less at the end is a prefix of one alone. */
			other = item;
			other.last = sum(other.last, -1);
			if (length < width)
				assert_int_equal(sp_range_is_prefix(&other, &found),
				    length == width - 1);
			other = item;
			other.first = sum(other.first, 1);
			if (length < width)
				assert_int_equal(sp_range_is_prefix(&other, &found),
				    length == width - 1);
			/* Moved by one it begins within another. */
			other =
			    (struct sp_range){ sum(item.first, 1), sum(item.last, 1) };
			if (length > 1 && length < width)
				assert_false(sp_range_is_prefix(&other, &found));
		}
}

static void bad_ranges_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		enum sp_range_error error;
	} cases[] = { { "10.0.0.1/8", SP_RANGE_HOST_BITS },
		{ "10.0.0.0/33", SP_RANGE_LENGTH }, { "::1/64", SP_RANGE_HOST_BITS },
		{ "::/129", SP_RANGE_LENGTH }, { "10.0.0.9-10.0.0.1", SP_RANGE_REVERSED },
		{ "10.0.0.9-::1", SP_RANGE_FAMILIES }, { "10.0.0", SP_RANGE_SYNTAX },
		{ "010.0.0.1", SP_RANGE_SYNTAX }, { "1.2.3.4.5", SP_RANGE_SYNTAX },
		{ "1.2.3.256", SP_RANGE_SYNTAX }, { "fe80::1%eth0", SP_RANGE_SYNTAX },
		{ "10.0.0.0/08", SP_RANGE_SYNTAX }, { "10.0.0.0/", SP_RANGE_SYNTAX },
		{ "", SP_RANGE_SYNTAX }, { "1.2.3.0004", SP_RANGE_SYNTAX } };
	struct sp_range item;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    sp_range_parse(cases[i].text, strlen(cases[i].text), &item),
		    cases[i].error);
}

static void mapped_ranges_mean_ipv4(void **state)
{
	static const struct {
		const char *text, *meant; /* NULL: none is meant */
	} cases[] = { { "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:c000:201", "192.0.2.1" },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8" },
		{ "::ffff:0.0.0.0/97", "0.0.0.0/1" },
		{ "::ffff:10.0.0.1-::ffff:10.0.0.9", "10.0.0.1-10.0.0.9" },
		{ "::ffff:0:0/96", NULL }, { "::/64", NULL }, { "::192.0.2.1", NULL },
		{ "::fffe:ffff:ffff-::ffff:10.0.0.1", NULL }, { "::1:ffff:0:1", NULL },
		{ "192.0.2.1", NULL }, { "fd00::ffff:c000:201", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_range item, meant;
		char text[SP_RANGE_TEXT];

		assert_int_equal(
		    sp_range_parse(cases[i].text, strlen(cases[i].text), &item),
		    SP_RANGE_OK);
		assert_int_equal(
		    sp_range_is_mapped(&item, &meant), cases[i].meant != NULL);
		if (cases[i].meant)
			assert_string_equal(sp_range_print(&meant, text), cases[i].meant);
	}
}

static void intervals_merge_overlaps_and_neighbours(void **state)
{
	struct sp_intervals set = set_of((const char *const[]){ "10.1.0.0/16",
	    "10.0.0.0/16", "192.0.2.1", "192.0.2.0/24", "255.255.255.255",
	    "255.255.255.254", "fd00::/9", "fd80::/9", "ffff::/16", "::1", "::2", NULL });
	char text[SP_RANGE_TEXT];
	static const char *const expected[] = { "10.0.0.0/15", "192.0.2.0/24",
		"255.255.255.254/31", "::1-::2", "fd00::/8", "ffff::/16" };

	(void)state;
	assert_int_equal(sp_intervals_count(&set), 6);
	for (size_t i = 0; i < 6; i++) {
		struct sp_range item = sp_intervals_at(&set, i);

		assert_string_equal(sp_range_print(&item, text), expected[i]);
	}
	sp_intervals_free(&set);
}

/* Membership of subtraction and intersection against the definition, at every
 * boundary of small random sets. */
static void set_algebra_agrees_with_membership(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		struct sp_intervals sets[2] = { 0 }, without, both;

		for (int s = 0; s < 2; s++) {
			for (int i = rand() % 6; i > 0; i--) {
				enum sp_family family = rand() % 2 ? SP_IPV4 : SP_IPV6;
				uint64_t top =
				    family == SP_IPV4 ? UINT32_MAX : UINT64_MAX;
				uint64_t base = rand() % 2 ? 0 : top - 40;
				uint64_t high = family == SP_IPV4 ? 0
						: base		  ? UINT64_MAX
								  : 0;
				uint64_t first = base + (uint64_t)(rand() % 20);
				struct sp_range item = { { family, high, first },
					{ family, high,
					    first + (uint64_t)(rand() % 20) } };

				assert_true(sp_intervals_add(&sets[s], &item));
			}
			sp_intervals_normalize(&sets[s]);
		}
		assert_true(sp_intervals_subtract(&sets[0], &sets[1], &without));
		assert_true(sp_intervals_intersect(&sets[0], &sets[1], &both));
		for (int offset = 0; offset < 82; offset++) {
			for (int family = 4; family <= 6; family += 2) {
				uint64_t top = family == 4 ? UINT32_MAX : UINT64_MAX;
				uint64_t low = offset < 41
						   ? (uint64_t)offset
						   : top - (uint64_t)(offset - 41);
				struct sp_address at = { (enum sp_family)family,
					family == 6 && offset >= 41 ? UINT64_MAX : 0,
					low };
				bool a = sp_intervals_contain(&sets[0], &at);
				bool b = sp_intervals_contain(&sets[1], &at);

				assert_int_equal(
				    sp_intervals_contain(&without, &at), a && !b);
				assert_int_equal(
				    sp_intervals_contain(&both, &at), a && b);
			}
		}
		assert_int_equal(sp_intervals_cover(&sets[1], &sets[0]),
		    sp_intervals_is_empty(&without));
		for (int s = 0; s < 2; s++)
			sp_intervals_free(&sets[s]);
		sp_intervals_free(&without);
		sp_intervals_free(&both);
	}
}

static void diagnostics_sort_and_keep_notes_behind_their_error(void **state)
{
	struct sp_diag diag = { 0 };
	struct sp_location first = { "a.ini", 1, 2 }, second = { "a.ini", 7, 1 };

	(void)state;
	sp_error(&diag, &second, "second");
	sp_diag_add(&diag, SP_NOTE, &first, "note of the second");
	sp_error(&diag, &first, "first");
	sp_diag_sort(&diag);
	assert_int_equal(diag.errors, 2);
	assert_string_equal(diag.items[0].message, "first");
	assert_string_equal(diag.items[1].message, "second");
	assert_string_equal(diag.items[2].message, "note of the second");
	sp_diag_free(&diag);
}

static void text_grows_past_its_small_buffer(void **state)
{
	struct sp_text text = { 0 };

	(void)state;
	sp_text_add(&text, "%s", "x");
	sp_text_add(&text, "%0*d", 2000, 7);
	assert_false(text.failed);
	assert_int_equal(text.length, 2001);
	assert_int_equal(strlen(text.bytes), 2001);
	sp_text_free(&text);
}

static void what_a_terminal_would_obey_is_escaped(void **state)
{
	static const struct {
		const char *unsafe, *safe;
	} cases[] = {
		{ "www.example.com", "www.example.com" },
		{ "\033[2J", "\\x1b[2J" },
		{ "a\nb\r\t\x7f", "a\\x0ab\\x0d\\x09\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xc2\x9b\x31m", "\\xc2\\x9b1m" },		  /* C1 CSI */
		{ "\xe2\x80\xae\x65vil", "\\xe2\\x80\\xaeevil" }, /* U+202E */
		{ "\xc0\xaf\xff", "\\xc0\\xaf\\xff" },		  /* not UTF-8 */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		  /* a surrogate */
		{ "\xe2\x82", "\\xe2\\x82" },			  /* cut short */
		{ "C:\\", "C:\\\\" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *safe = sp_escape(cases[i].unsafe);

		assert_non_null(safe);
		assert_string_equal(safe, cases[i].safe);
		free(safe);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_print_as_they_parse),
		cmocka_unit_test(prefixes_of_every_length_are_known),
		cmocka_unit_test(bad_ranges_say_what_is_wrong),
		cmocka_unit_test(mapped_ranges_mean_ipv4),
		cmocka_unit_test(intervals_merge_overlaps_and_neighbours),
		cmocka_unit_test(set_algebra_agrees_with_membership),
		cmocka_unit_test(diagnostics_sort_and_keep_notes_behind_their_error),
		cmocka_unit_test(text_grows_past_its_small_buffer),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
