/* This host's listening sockets, put together by port, with whose they are:
 * `audit` and `discover` begin here. */
#ifndef SALLYPORT_CLI_SOCKETS_H
#define SALLYPORT_CLI_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/listener.h>
#include <sallyport/owner.h>

struct sp_sockets {
	struct sp_listeners listeners; /* by protocol, port, address */
	struct sp_local_addresses addresses;
	struct sp_owners owners;
	struct sp_ports ephemeral;
};

/* The listeners on one port of one protocol. */
struct sp_port_sockets {
	const struct sp_listener *items;
	size_t count;
};

bool sp_sockets_read(struct sp_sockets *ret, struct sp_diag *diag);
void sp_sockets_free(struct sp_sockets *sockets);

/* The group that begins at *at, which is moved behind it; false: there is none. */
bool sp_sockets_next(
    const struct sp_sockets *sockets, size_t *at, struct sp_port_sockets *ret);
/* Does one of them listen to more than loopback? */
bool sp_port_is_reachable(const struct sp_port_sockets *group);
/* A UDP port out of the range from which clients get theirs. */
bool sp_port_is_client(
    const struct sp_sockets *sockets, const struct sp_port_sockets *group);
/* The ports to which DHCP servers answer (RFC 2131, RFC 8415): every ruleset of ours
 * lets those answers in. */
bool sp_port_is_dhcp_client(const struct sp_port_sockets *group);

/* "0.0.0.0, [::]"; NULL: memory is out; free() it. */
char *sp_port_addresses(const struct sp_port_sockets *group);
/* "nginx[12]", not escaped; NULL: not known, or memory is out. */
char *sp_port_owner(
    const struct sp_sockets *sockets, const struct sp_port_sockets *group);

#endif
