#include "source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

/* The loopback address that is not the target itself; false: there is none. */
static bool loopback_beside(
    const struct sockaddr_storage *target, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = target->ss_family;
	if (target->ss_family == AF_INET) {
		in_addr_t taken = ((const struct sockaddr_in *)target)->sin_addr.s_addr;
		in_addr_t first = htonl(INADDR_LOOPBACK);

		((struct sockaddr_in *)ret)->sin_addr.s_addr =
		    taken == first ? htonl(INADDR_LOOPBACK + 1) : first;
		return true;
	}
	((struct sockaddr_in6 *)ret)->sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	return !IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)target)->sin6_addr);
}

void sp_source_elsewhere(int fd, const struct sockaddr_storage *target, socklen_t length)
{
	struct sockaddr_storage source;

	/* A failure leaves the kernel's choice, with which it connects as well. */
	if (loopback_beside(target, &source))
		(void)bind(fd, (struct sockaddr *)&source, length);
}
