/* Set elements straight into and out of netlink attributes: libnftnl's objects,
 * one allocation and a few hundred bytes each, are for the few, not for the
 * million. */
#ifndef SALLYPORT_NFT_ELEMENTS_H
#define SALLYPORT_NFT_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <sallyport/ruleset.h>

/* The longest key of ours, an IPv6 address. */
#define SP_KEY_BYTES 16

/* One element as the kernel knows it: a key, perhaps the end of an interval. */
struct sp_raw_element {
	uint8_t key[SP_KEY_BYTES];
	uint16_t key_length;
	/* Of a concatenated interval, its last key, as long as the first; 0: none. */
	uint8_t last[SP_KEY_BYTES];
	uint16_t last_length;
	bool interval_end;
	bool catch_all;	     /* "*": no key; dumps only, none of ours is one */
	uint64_t timeout_ms; /* 0: none */
	uint64_t expires_ms; /* dumps only */
	bool verdict;
	int32_t verdict_code; /* NFT_JUMP, NF_ACCEPT, … */
	const char *chain; /* of a jump or goto; points into the message when decoded */
};

void sp_raw_element_put(struct nlmsghdr *message, const struct sp_raw_element *element);

/* An element that is a key and nothing else. What is behind the message has to be
 * zero: it pads the key. */
void sp_raw_key_put(struct nlmsghdr *message, const uint8_t *key, size_t length);

/* Calls `each` for every element of a NFT_MSG_NEWSETELEM; false as soon as it
 * says so or an attribute is malformed. */
bool sp_raw_elements_parse(const struct nlmsghdr *message,
    bool (*each)(const struct sp_raw_element *element, void *context), void *context);

/* The key of an address or of (protocol, port); the last one of an interval. */
void sp_raw_key_address(struct sp_raw_element *raw, const struct sp_address *address);
void sp_raw_key_element(
    struct sp_raw_element *raw, enum sp_key key, uint8_t protocol, uint16_t port);
void sp_raw_last_element(struct sp_raw_element *raw, uint8_t protocol, uint16_t port);

#endif
