/* Address lists: the quick ways of reading a line agree with the one that reads
 * everything. */
#include "fuzz.h"

#include "reading.h"

/* Lines that mean something other than one range. */
static bool is_single(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (memchr("\n\r#;", bytes[i], 4))
			return false;
	return length < 3 || memcmp(bytes, "\xef\xbb\xbf", 3) != 0;
}

static void check_single(
    const struct sp_intervals *set, bool fine, const uint8_t *bytes, size_t length)
{
	struct sp_slice text =
	    sp_slice_trim((struct sp_slice){ (const char *)bytes, length });
	struct sp_intervals expected = { 0 };
	struct sp_range range, meant;
	bool right = sp_range_parse(text.text, text.length, &range) == SP_RANGE_OK &&
		     !sp_range_is_mapped(&range, &meant);

	if (!text.length)
		return;
	FUZZ_CHECK(fine == right);
	if (fine) {
		FUZZ_CHECK(sp_intervals_add(&expected, &range));
		FUZZ_CHECK(sp_intervals_equal(set, &expected));
	}
	sp_intervals_free(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_location blame = { "fuzz", 1, 1 };
	struct sp_intervals set = { 0 }, other = { 0 };
	struct sp_diag diag = { 0 };
	bool fine = sp_list_read(fuzz_file(0, bytes, length), &blame, &set, &diag);

	FUZZ_CHECK(fine == (diag.errors == 0));
	if (is_single(bytes, length))
		check_single(&set, fine, bytes, length);
	FUZZ_CHECK(sp_intervals_add_all(&other, &set));
	FUZZ_CHECK(sp_intervals_sort(&set));
	sp_intervals_normalize(&other);
	FUZZ_CHECK(sp_intervals_equal(&set, &other));
	/* What is printed is read as the same. */
	for (size_t i = 0; i < sp_intervals_count(&set); i++) {
		struct sp_range range = sp_intervals_at(&set, i), again;
		char text[SP_RANGE_TEXT];

		sp_range_print(&range, text);
		FUZZ_CHECK(sp_range_parse(text, strlen(text), &again) == SP_RANGE_OK);
		FUZZ_CHECK(!sp_address_compare(&range.first, &again.first));
		FUZZ_CHECK(!sp_address_compare(&range.last, &again.last));
	}
	sp_intervals_free(&set);
	sp_intervals_free(&other);
	sp_diag_free(&diag);
	return 0;
}
