/* libmnl's own iteration macros do not survive -Wconversion; these are theirs
 * with the casts spelled out. */
#ifndef SALLYPORT_NETLINK_H
#define SALLYPORT_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

static inline int sp_bytes_between(const void *from, const void *to)
{
	return (int)((const char *)to - (const char *)from);
}

/* The attributes of `message` behind `header` bytes of fixed header. */
#define sp_attr_for_each(attribute, message, header)                                  \
	for ((attribute) = mnl_nlmsg_get_payload_offset((message), (header));         \
	     mnl_attr_ok((attribute),                                                 \
		 sp_bytes_between((attribute), mnl_nlmsg_get_payload_tail(message))); \
	     (attribute) = mnl_attr_next(attribute))

#define sp_attr_for_each_nested(attribute, nest)                                \
	for ((attribute) = mnl_attr_get_payload(nest); mnl_attr_ok((attribute), \
		 sp_bytes_between((attribute), mnl_attr_get_payload(nest)) +    \
		     mnl_attr_get_payload_len(nest));                           \
	     (attribute) = mnl_attr_next(attribute))

/* A message's length on the wire, padding included. */
static inline size_t sp_message_length(const struct nlmsghdr *message)
{
	return ((size_t)message->nlmsg_len + MNL_ALIGNTO - 1) &
	       ~(size_t)(MNL_ALIGNTO - 1);
}

#endif
