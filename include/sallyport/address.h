/* IP addresses, prefixes, ranges, and exact sets of them.
 *
 * Addresses are in host order as numbers: an IPv4 address is the low 32 bits
 * of `low`. Text forms follow RFC 4291 section 2.2 and RFC 5952. */
#ifndef SALLYPORT_ADDRESS_H
#define SALLYPORT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_family { SP_IPV4 = 4, SP_IPV6 = 6 };

struct sp_address {
	enum sp_family family;
	uint64_t high, low;
};

/* First to last, both included, of one family. */
struct sp_range {
	struct sp_address first, last;
};

/* Longest text of an address, with its NUL. */
#define SP_ADDRESS_TEXT 46
/* Longest text of a range, with its NUL. */
#define SP_RANGE_TEXT (2 * SP_ADDRESS_TEXT)

/* Network byte order, 4 or 16 bytes. */
size_t sp_address_bytes(const struct sp_address *address, uint8_t bytes[16]);
struct sp_address sp_address_of(enum sp_family family, const uint8_t *bytes);

/* <0, 0, >0; IPv4 sorts before IPv6. */
int sp_address_compare(const struct sp_address *a, const struct sp_address *b);

/* The last address of the prefix of `length` bits that `address` is in. */
struct sp_address sp_address_prefix_end(
    const struct sp_address *address, unsigned length);

/* The next address; false when it was the family's last. */
bool sp_address_next(const struct sp_address *address, struct sp_address *ret_next);

/* The first `length` bits set, the others not. */
struct sp_address sp_address_mask(enum sp_family family, unsigned length);

/* From one block of `length` bits to the next one of a range of whole blocks; false: it
 * was the last. Begins at the range's first address. */
bool sp_range_next_block(
    const struct sp_range *range, unsigned length, struct sp_address *block);

/* An address literal of exactly `length` bytes; no zone, no leading zeros. */
bool sp_address_parse(const char *text, size_t length, struct sp_address *ret);
const char *sp_address_print(
    const struct sp_address *address, char text[SP_ADDRESS_TEXT]);

enum sp_range_error {
	SP_RANGE_OK,
	SP_RANGE_SYNTAX,    /* not an address, prefix or range */
	SP_RANGE_LENGTH,    /* prefix length out of bounds */
	SP_RANGE_HOST_BITS, /* the prefix has host bits set; ret holds the prefix without
			     */
	SP_RANGE_FAMILIES,  /* a range from one family to another */
	SP_RANGE_REVERSED,  /* the range's end lies before its start */
	SP_RANGE_MAPPED,    /* IPv4-mapped, see sp_range_is_mapped; never parsing's */
};

/* ADDRESS, ADDRESS/LENGTH or ADDRESS-ADDRESS (blanks around '-' allowed). */
enum sp_range_error sp_range_parse(const char *text, size_t length, struct sp_range *ret);

/* Prefix notation where the range is one, a single address plain, else A-B. */
const char *sp_range_print(const struct sp_range *range, char text[SP_RANGE_TEXT]);
/* The same; returns its length. */
size_t sp_range_write(const struct sp_range *range, char text[SP_RANGE_TEXT]);

/* True and the length when the range is exactly one prefix. */
bool sp_range_is_prefix(const struct sp_range *range, unsigned *ret_length);

/* Some of ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) and nothing else, and the IPv4 range
 * that is meant: sockets and logs write IPv4 addresses so, and no packet has them. The
 * whole of it, or more, stands in lists of what is not to be seen, and is none. */
bool sp_range_is_mapped(const struct sp_range *range, struct sp_range *ret_meant);

/* An exact set of addresses: after sp_intervals_normalize both arrays are
 * sorted, disjoint, and no two neighbours touch. Zero is the empty set. */
struct sp_interval4 {
	uint32_t first, last;
};
struct sp_interval6 {
	uint64_t first_high, first_low, last_high, last_low;
};
struct sp_intervals {
	struct {
		struct sp_interval4 *items;
		size_t length, capacity;
	} v4;
	struct {
		struct sp_interval6 *items;
		size_t length, capacity;
	} v6;
};

/* False: memory is out. */
bool sp_intervals_add(struct sp_intervals *set, const struct sp_range *range);
/* Adds all of `other`. False: memory is out. */
bool sp_intervals_add_all(struct sp_intervals *set, const struct sp_intervals *other);
/* Adds every address of both families. */
bool sp_intervals_add_any(struct sp_intervals *set);
void sp_intervals_normalize(struct sp_intervals *set);
void sp_intervals_free(struct sp_intervals *set);

/* All below want normalized sets. */
bool sp_intervals_is_empty(const struct sp_intervals *set);
bool sp_intervals_is_any(const struct sp_intervals *set);
bool sp_intervals_equal(const struct sp_intervals *a, const struct sp_intervals *b);
bool sp_intervals_contain(
    const struct sp_intervals *set, const struct sp_address *address);
/* Is every address of `inner` in `outer`? */
bool sp_intervals_cover(
    const struct sp_intervals *outer, const struct sp_intervals *inner);
/* ret (uninitialised, then the caller's to free) = a without b, a and b. */
bool sp_intervals_subtract(
    const struct sp_intervals *a, const struct sp_intervals *b, struct sp_intervals *ret);
bool sp_intervals_intersect(
    const struct sp_intervals *a, const struct sp_intervals *b, struct sp_intervals *ret);
/* The i-th interval as a range, IPv4 first; i below sp_intervals_count. */
size_t sp_intervals_count(const struct sp_intervals *set);
struct sp_range sp_intervals_at(const struct sp_intervals *set, size_t i);

#endif
