#include "cover.h"

#include <net/if.h>
#include <string.h>

static bool same_interface(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(pattern, name, length - 1);
	return !strcmp(pattern, name);
}

/* One that is bound to no interface takes packets from each. */
static bool covers_interface(
    const struct sp_service *service, const struct sp_listener *listener)
{
	char name[IF_NAMESIZE];

	if (!service->interface_count || !listener->interface ||
	    !if_indextoname(listener->interface, name))
		return true;
	for (size_t i = 0; i < service->interface_count; i++)
		if (same_interface(service->interfaces[i], name))
			return true;
	return false;
}

/* A wildcard UDP socket also gets what is sent to groups and broadcast addresses,
 * which are none of the host's own. */
static bool covers_wildcard(const struct sp_service *service,
    const struct sp_listener *listener, const struct sp_local_addresses *addresses)
{
	const struct sp_intervals *to = &service->to.literals;

	if (listener->protocol == SP_UDP)
		return listener->dual_stack ||
		       (listener->address.family == SP_IPV4 ? to->v4.length > 0
							    : to->v6.length > 0);
	for (size_t i = 0; i < addresses->length; i++)
		if (!sp_address_is_loopback(&addresses->items[i].address) &&
		    sp_listener_takes(listener, &addresses->items[i]) &&
		    sp_intervals_contain(to, &addresses->items[i].address))
			return true;
	return false;
}

bool sp_service_covers(const struct sp_service *service,
    const struct sp_listener *listener, const struct sp_local_addresses *addresses)
{
	if (!covers_interface(service, listener))
		return false;
	if (service->to.any)
		return true;
	return listener->wildcard
		   ? covers_wildcard(service, listener, addresses)
		   : sp_intervals_contain(&service->to.literals, &listener->address);
}
