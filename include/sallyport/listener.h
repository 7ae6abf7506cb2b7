/* Who listens where, and under which addresses this host can be reached.
 *
 * Decoded from what the kernel dumps: sock_diag(7) and rtnetlink(7). These
 * functions read bytes; the sockets are in sallyport/sock_diag.h. */
#ifndef SALLYPORT_LISTENER_H
#define SALLYPORT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/service.h>

struct nlmsghdr;

/* A TCP socket in LISTEN, or an unconnected UDP socket. */
struct sp_listener {
	enum sp_protocol protocol;
	struct sp_address address; /* ::ffff:a.b.c.d is given as a.b.c.d */
	uint16_t port;
	bool wildcard;	    /* 0.0.0.0 or :: */
	bool dual_stack;    /* of a wildcard ::, takes IPv4 too (no IPV6_V6ONLY) */
	uint32_t interface; /* index it is bound to; 0: any */
	uint32_t uid, inode;
	uint64_t cookie; /* unlike the inode, never reused (SO_COOKIE) */
};

/* Zero is empty. */
struct sp_listeners {
	struct sp_listener *items;
	size_t length, capacity;
};

/* An address of this host. */
struct sp_local_address {
	struct sp_address address;
	uint32_t interface; /* index */
	/* No interface has it, and one of many perhaps: for whoever is bound to it. */
	bool routed;
};

/* Zero is empty. */
struct sp_local_addresses {
	struct sp_local_address *items;
	size_t length, capacity;
};

/* Adds what one SOCK_DIAG_BY_FAMILY message (struct inet_diag_msg and its
 * attributes) says. False: memory is out. One too short for the kernel to have
 * sent it is skipped. */
bool sp_listeners_add(struct sp_listeners *listeners, enum sp_protocol protocol,
    const struct nlmsghdr *message);

/* The same for an RTM_NEWADDR message; an address that failed duplicate address
 * detection (RFC 4862 section 5.4) is not the host's. */
bool sp_local_addresses_add(
    struct sp_local_addresses *addresses, const struct nlmsghdr *message);

/* The same for the RTM_NEWROUTE message that answers where packets to `address` go. */
bool sp_local_addresses_add_route(struct sp_local_addresses *addresses,
    const struct sp_address *address, const struct nlmsghdr *message);
bool sp_local_addresses_have(
    const struct sp_local_addresses *addresses, const struct sp_address *address);

void sp_listeners_free(struct sp_listeners *listeners);
void sp_local_addresses_free(struct sp_local_addresses *addresses);

/* 127.0.0.0/8 and ::1: not reachable from outside. */
bool sp_address_is_loopback(const struct sp_address *address);
/* 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 section 2.5.6). */
bool sp_address_is_link_local(const struct sp_address *address);
/* Would a packet to this local address, come in by its interface, reach it? Wildcards are
 * asked at addresses that interfaces have. */
bool sp_listener_takes(
    const struct sp_listener *listener, const struct sp_local_address *local);

#endif
