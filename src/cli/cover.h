/* Is a service's rule about a socket at all? */
#ifndef SALLYPORT_CLI_COVER_H
#define SALLYPORT_CLI_COVER_H

#include <stdbool.h>

#include <sallyport/listener.h>
#include <sallyport/policy.h>

/* Can a packet that the service's `to` and `interface` name reach the socket? The
 * ports and the protocol are the caller's to compare. */
bool sp_service_covers(const struct sp_service *service,
    const struct sp_listener *listener, const struct sp_local_addresses *addresses);

#endif
