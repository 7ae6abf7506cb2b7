/* What stands in a message, read where it stands: nothing is copied, so nothing can
 * be out of memory. What is absent, or not of its kind, is NULL, 0 or "". */
#ifndef SALLYPORT_NFT_ATTRIBUTES_H
#define SALLYPORT_NFT_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* The first one of that type in an nf_tables message, or within another attribute
 * (which may be NULL). */
const struct nlattr *sp_attr_of(const struct nlmsghdr *message, uint16_t type);
const struct nlattr *sp_attr_in(const struct nlattr *nest, uint16_t type);
/* The one with that many before it. */
const struct nlattr *sp_attr_at(const struct nlattr *nest, size_t index);

/* `attribute` may be NULL. Numbers stand in network byte order there. */
uint32_t sp_attr_u32(const struct nlattr *attribute);
uint64_t sp_attr_u64(const struct nlattr *attribute);
const char *sp_attr_text(const struct nlattr *attribute);

#endif
