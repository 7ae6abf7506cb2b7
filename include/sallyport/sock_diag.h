/* Dumps of this network namespace's listening sockets and addresses. Needs no
 * privilege. */
#ifndef SALLYPORT_SOCK_DIAG_H
#define SALLYPORT_SOCK_DIAG_H

#include <stdbool.h>

#include <sallyport/diag.h>
#include <sallyport/listener.h>

/* Every TCP and UDP listener, IPv4 and IPv6. `ret` is untouched on failure,
 * otherwise the caller's to free. An interrupted dump is thrown away and asked
 * for again, SP_MAX_DUMP_TRIES times. */
bool sp_sock_diag_listeners(struct sp_listeners *ret, struct sp_diag *diag);

/* Every address of every interface, loopback included. Of `listeners`, which may be
 * NULL, also those that they are bound to, that no interface has and that routes bring
 * to this host all the same (ip-route(8), type local). */
bool sp_sock_diag_addresses(const struct sp_listeners *listeners,
    struct sp_local_addresses *ret, struct sp_diag *diag);

#endif
