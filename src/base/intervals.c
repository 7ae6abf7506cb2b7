/* Exact sets of addresses as sorted intervals. The IPv4 and IPv6 halves have
 * the same shape with numbers of another width, so each algorithm is written
 * once, over struct sp_range, where speed does not matter; sorting and merging,
 * which a million prefixes go through, work on the arrays themselves. */
#include <sallyport/address.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

bool sp_intervals_add(struct sp_intervals *set, const struct sp_range *range)
{
	if (range->first.family == SP_IPV4)
		return sp_array_push(
		    &set->v4, (struct sp_interval4){ (uint32_t)range->first.low,
				  (uint32_t)range->last.low });
	return sp_array_push(
	    &set->v6, (struct sp_interval6){ range->first.high, range->first.low,
			  range->last.high, range->last.low });
}

bool sp_intervals_add_all(struct sp_intervals *set, const struct sp_intervals *other)
{
	if (!sp_array_reserve(&set->v4, other->v4.length) ||
	    !sp_array_reserve(&set->v6, other->v6.length))
		return false;
	if (other->v4.length)
		memcpy(set->v4.items + set->v4.length, other->v4.items,
		    other->v4.length * sizeof(*other->v4.items));
	if (other->v6.length)
		memcpy(set->v6.items + set->v6.length, other->v6.items,
		    other->v6.length * sizeof(*other->v6.items));
	set->v4.length += other->v4.length;
	set->v6.length += other->v6.length;
	return true;
}

bool sp_intervals_add_any(struct sp_intervals *set)
{
	return sp_array_push(&set->v4, (struct sp_interval4){ 0, UINT32_MAX }) &&
	       sp_array_push(
		   &set->v6, (struct sp_interval6){ 0, 0, UINT64_MAX, UINT64_MAX });
}

static int compare4(const void *left, const void *right)
{
	const struct sp_interval4 *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static int compare6(const void *left, const void *right)
{
	const struct sp_interval6 *a = left, *b = right;

	if (a->first_high != b->first_high)
		return a->first_high < b->first_high ? -1 : 1;
	return (a->first_low > b->first_low) - (a->first_low < b->first_low);
}

static void normalize4(struct sp_intervals *set)
{
	struct sp_interval4 *items = set->v4.items;
	size_t kept = 0;

	for (size_t i = 1; i < set->v4.length; i++)
		if (items[i].first < items[i - 1].first) {
			qsort(items, set->v4.length, sizeof(*items), compare4);
			break;
		}
	for (size_t i = 1; i < set->v4.length; i++) {
		if (items[kept].last == UINT32_MAX ||
		    items[i].first <= items[kept].last + 1) {
			if (items[i].last > items[kept].last)
				items[kept].last = items[i].last;
		} else {
			items[++kept] = items[i];
		}
	}
	if (set->v4.length)
		set->v4.length = kept + 1;
}

/* Is `b` inside `a` or right behind its end? `b` does not start before `a`. */
static bool joins6(const struct sp_interval6 *a, const struct sp_interval6 *b)
{
	uint64_t low = a->last_low + 1, high = a->last_high + (low == 0);

	if (low == 0 && high == 0)
		return true;
	return b->first_high != high ? b->first_high < high : b->first_low <= low;
}

static void normalize6(struct sp_intervals *set)
{
	struct sp_interval6 *items = set->v6.items;
	size_t kept = 0;

	for (size_t i = 1; i < set->v6.length; i++)
		if (compare6(&items[i], &items[i - 1]) < 0) {
			qsort(items, set->v6.length, sizeof(*items), compare6);
			break;
		}
	for (size_t i = 1; i < set->v6.length; i++) {
		struct sp_interval6 *last = &items[kept];

		if (!joins6(last, &items[i])) {
			items[++kept] = items[i];
		} else if (items[i].last_high != last->last_high
			       ? items[i].last_high > last->last_high
			       : items[i].last_low > last->last_low) {
			last->last_high = items[i].last_high;
			last->last_low = items[i].last_low;
		}
	}
	if (set->v6.length)
		set->v6.length = kept + 1;
}

void sp_intervals_normalize(struct sp_intervals *set)
{
	normalize4(set);
	normalize6(set);
}

void sp_intervals_free(struct sp_intervals *set)
{
	sp_array_free(&set->v4);
	sp_array_free(&set->v6);
}

size_t sp_intervals_count(const struct sp_intervals *set)
{
	return set->v4.length + set->v6.length;
}

struct sp_range sp_intervals_at(const struct sp_intervals *set, size_t i)
{
	if (i < set->v4.length) {
		const struct sp_interval4 *item = &set->v4.items[i];

		return (struct sp_range){ { SP_IPV4, 0, item->first },
			{ SP_IPV4, 0, item->last } };
	}
	const struct sp_interval6 *item = &set->v6.items[i - set->v4.length];

	return (struct sp_range){ { SP_IPV6, item->first_high, item->first_low },
		{ SP_IPV6, item->last_high, item->last_low } };
}

bool sp_intervals_is_empty(const struct sp_intervals *set)
{
	return sp_intervals_count(set) == 0;
}

bool sp_intervals_is_any(const struct sp_intervals *set)
{
	return set->v4.length == 1 && set->v6.length == 1 &&
	       set->v4.items[0].first == 0 && set->v4.items[0].last == UINT32_MAX &&
	       set->v6.items[0].first_high == 0 && set->v6.items[0].first_low == 0 &&
	       set->v6.items[0].last_high == UINT64_MAX &&
	       set->v6.items[0].last_low == UINT64_MAX;
}

bool sp_intervals_equal(const struct sp_intervals *a, const struct sp_intervals *b)
{
	if (a->v4.length != b->v4.length || a->v6.length != b->v6.length)
		return false;
	return (!a->v4.length || !memcmp(a->v4.items, b->v4.items,
				     a->v4.length * sizeof(*a->v4.items))) &&
	       (!a->v6.length || !memcmp(a->v6.items, b->v6.items,
				     a->v6.length * sizeof(*a->v6.items)));
}

bool sp_intervals_contain(
    const struct sp_intervals *set, const struct sp_address *address)
{
	size_t low = address->family == SP_IPV4 ? 0 : set->v4.length;
	size_t high =
	    address->family == SP_IPV4 ? set->v4.length : sp_intervals_count(set);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct sp_range range = sp_intervals_at(set, middle);

		if (sp_address_compare(address, &range.first) < 0)
			high = middle;
		else if (sp_address_compare(address, &range.last) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

bool sp_intervals_cover(
    const struct sp_intervals *outer, const struct sp_intervals *inner)
{
	size_t at = 0, end = sp_intervals_count(outer);

	for (size_t i = 0; i < sp_intervals_count(inner); i++) {
		struct sp_range want = sp_intervals_at(inner, i), have;

		for (; at < end; at++) {
			have = sp_intervals_at(outer, at);
			if (sp_address_compare(&have.last, &want.first) >= 0)
				break;
		}
		if (at == end || sp_address_compare(&have.first, &want.first) > 0 ||
		    sp_address_compare(&have.last, &want.last) < 0)
			return false;
	}
	return true;
}

static struct sp_address previous(struct sp_address address)
{
	if (address.low-- == 0)
		address.high--;
	return address;
}

/* Adds what of `want` the intervals of `b` from `*at` on leave over. */
static bool subtract_one(const struct sp_intervals *b, size_t *at, struct sp_range want,
    struct sp_intervals *ret)
{
	for (; *at < sp_intervals_count(b); (*at)++) {
		struct sp_range cut = sp_intervals_at(b, *at), left;

		if (sp_address_compare(&cut.last, &want.first) < 0)
			continue;
		if (sp_address_compare(&cut.first, &want.last) > 0)
			break;
		if (sp_address_compare(&cut.first, &want.first) > 0) {
			left = (struct sp_range){ want.first, previous(cut.first) };
			if (!sp_intervals_add(ret, &left))
				return false;
		}
		if (sp_address_compare(&cut.last, &want.last) >= 0)
			return true;
		sp_address_next(&cut.last, &want.first);
	}
	return sp_intervals_add(ret, &want);
}

bool sp_intervals_subtract(
    const struct sp_intervals *a, const struct sp_intervals *b, struct sp_intervals *ret)
{
	size_t at = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sp_intervals_count(a); i++)
		if (!subtract_one(b, &at, sp_intervals_at(a, i), ret)) {
			sp_intervals_free(ret);
			return false;
		}
	return true;
}

bool sp_intervals_intersect(
    const struct sp_intervals *a, const struct sp_intervals *b, struct sp_intervals *ret)
{
	size_t i = 0, j = 0;

	memset(ret, 0, sizeof(*ret));
	while (i < sp_intervals_count(a) && j < sp_intervals_count(b)) {
		struct sp_range x = sp_intervals_at(a, i), y = sp_intervals_at(b, j),
				both;

		both.first =
		    sp_address_compare(&x.first, &y.first) > 0 ? x.first : y.first;
		both.last = sp_address_compare(&x.last, &y.last) < 0 ? x.last : y.last;
		if (both.first.family == both.last.family &&
		    sp_address_compare(&both.first, &both.last) <= 0 &&
		    !sp_intervals_add(ret, &both)) {
			sp_intervals_free(ret);
			return false;
		}
		if (sp_address_compare(&x.last, &y.last) < 0)
			i++;
		else
			j++;
	}
	return true;
}
