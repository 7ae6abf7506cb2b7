/* A list in blocks: the same addresses, few lengths, few blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/array.h>
#include <sallyport/number.h>

#include "blocks.h"

static sp_number random_address(enum sp_family family)
{
	sp_number number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 16 | (sp_number)(rand() & 0xffff);
	return number & sp_number_last(family);
}

/* Prefixes of up to `lengths` lengths, ranges among them. */
static struct sp_intervals random_list(enum sp_family family, unsigned lengths)
{
	unsigned bits = family == SP_IPV4 ? 32 : 128, count = 1 + (unsigned)rand() % 300;
	struct sp_intervals list = { 0 };
	unsigned known[8];

	for (unsigned i = 0; i < lengths; i++)
		known[i] = 1 + (unsigned)rand() % bits;
	for (unsigned i = 0; i < count; i++) {
		struct sp_address address =
		    sp_number_address(family, random_address(family));
		unsigned length = known[(unsigned)rand() % lengths];
		struct sp_address mask = sp_address_mask(family, length);
		struct sp_range range;

		address.high &= mask.high;
		address.low &= mask.low;
		range.first = address;
		range.last = sp_address_prefix_end(&address, length);
		if (rand() % 50 == 0 && sp_address_next(&range.last, &address))
			range.last = address;
		assert_true(sp_intervals_add(&list, &range));
	}
	/* Both ends of the family. */
	if (rand() % 2) {
		struct sp_range end = { sp_number_address(family, 0),
			sp_number_address(family, 0) };

		assert_true(sp_intervals_add(&list, &end));
		end.first = end.last = sp_number_address(family, sp_number_last(family));
		assert_true(sp_intervals_add(&list, &end));
	}
	sp_intervals_normalize(&list);
	return list;
}

static size_t walked_blocks(const struct sp_blocks *blocks)
{
	size_t count = 0;

	for (size_t i = 0; i < sp_intervals_count(&blocks->addresses); i++) {
		struct sp_range range = sp_intervals_at(&blocks->addresses, i);
		struct sp_address block = range.first, mask, end;

		mask = sp_address_mask(range.first.family, blocks->prefix);
		do {
			assert_int_equal(block.high & ~mask.high, 0);
			assert_int_equal(block.low & ~mask.low, 0);
			end = sp_address_prefix_end(&block, blocks->prefix);
			count++;
		} while (sp_range_next_block(&range, blocks->prefix, &block));
		assert_int_equal(sp_address_compare(&end, &range.last), 0);
	}
	return count;
}

/* How many prefixes the list is, counted another way. */
static size_t prefixes_of(const struct sp_intervals *list, enum sp_family family)
{
	size_t count = 0;

	for (size_t i = 0; i < sp_intervals_count(list); i++) {
		struct sp_range range = sp_intervals_at(list, i);

		for (bool more = true; more; count++) {
			unsigned length = 1;
			struct sp_address end, mask;

			for (;; length++) {
				mask = sp_address_mask(family, length);
				end = sp_address_prefix_end(&range.first, length);
				if (!(range.first.low & ~mask.low) &&
				    !(range.first.high & ~mask.high) &&
				    sp_address_compare(&end, &range.last) <= 0)
					break;
			}
			more = sp_address_compare(&end, &range.last) != 0;
			sp_address_next(&end, &range.first);
		}
	}
	return count;
}

static void blocks_are_the_list(void **state)
{
	unsigned blocked = 0, whole = 0;

	(void)state;
	srand(5);
	for (unsigned round = 0; round < 400; round++) {
		enum sp_family family = round % 2 ? SP_IPV4 : SP_IPV6;
		struct sp_intervals list = random_list(family, 1 + (unsigned)rand() % 6);
		struct sp_intervals again = { 0 };
		struct sp_blocked cut;
		size_t blocks = 0;

		if (sp_intervals_count(&list) == 1) {
			sp_intervals_free(&list);
			continue;
		}
		assert_true(sp_blocks_make(&list, family, &cut));
		for (size_t i = 0; i < cut.count; i++) {
			size_t count = walked_blocks(&cut.lengths[i]);

			assert_true(
			    !i || cut.lengths[i].prefix < cut.lengths[i - 1].prefix);
			assert_int_equal(count, sp_blocks_count(&cut.lengths[i].addresses,
						    cut.lengths[i].prefix));
			assert_true(sp_blocks_size(count) >= count + count / 8);
			blocks += count;
			assert_true(
			    sp_intervals_add_all(&again, &cut.lengths[i].addresses));
		}
		if (cut.count) {
			size_t prefixes = prefixes_of(&list, family);

			assert_true(blocks <= prefixes + prefixes / 4);
			assert_true(blocks <= 3 * sp_intervals_count(&list));
			/* Disjoint too: normalizing merges, and loses nothing. */
			sp_intervals_normalize(&again);
			assert_true(sp_intervals_equal(&again, &list));
		}
		*(cut.count ? &blocked : &whole) += 1;
		sp_intervals_free(&again);
		sp_blocks_free(&cut);
		sp_intervals_free(&list);
	}
	assert_true(blocked > 50 && whole > 50);
}

/* A range among many addresses is no thousands of them, though a quarter more would
 * allow it: each piece that it touches has all of it. */
static void an_interval_is_few_blocks(void **state)
{
	struct sp_intervals list = { 0 };
	struct sp_blocked cut;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t first = i * 2, last = i == 100000 ? first + 40000 : first;
		struct sp_interval4 interval = { first, last };

		i += (last - first) / 2;
		assert_true(sp_array_push(&list.v4, interval));
	}
	assert_true(sp_blocks_make(&list, SP_IPV4, &cut));
	assert_true(cut.count > 1);
	for (size_t i = 0; i < cut.count; i++)
		for (size_t j = 0; j < cut.lengths[i].addresses.v4.length; j++) {
			const struct sp_interval4 *one =
			    &cut.lengths[i].addresses.v4.items[j];

			assert_true((one->last - one->first) >>
				    (32 - cut.lengths[i].prefix) < 4094);
		}
	sp_blocks_free(&cut);
	sp_intervals_free(&list);
}

/* Five or six prefixes for each range: an interval set has two elements. */
static void ranges_stay_ranges(void **state)
{
	struct sp_intervals list = { 0 };
	struct sp_blocked cut;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t first = i * 256 + 3 + i % 11;
		struct sp_interval4 interval = { first, first + 20 + i % 17 };

		assert_true(sp_array_push(&list.v4, interval));
	}
	assert_true(sp_blocks_make(&list, SP_IPV4, &cut));
	assert_int_equal(cut.count, 0);
	sp_blocks_free(&cut);
	sp_intervals_free(&list);
}

/* What a size has room for, the next list needs no other set for. */
static void sizes_have_steps(void **state)
{
	unsigned steps = 0;

	(void)state;
	for (size_t count = 1; count < 3000000; count += 1 + count / 100) {
		uint32_t size = sp_blocks_size(count);

		assert_true(size >= count + count / 8);
		assert_true(count < 1024 || size <= 2 * count);
		steps += size != sp_blocks_size(count + 1 + count / 100);
	}
	assert_true(steps < 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_the_list),
		cmocka_unit_test(an_interval_is_few_blocks),
		cmocka_unit_test(ranges_stay_ranges),
		cmocka_unit_test(sizes_have_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
