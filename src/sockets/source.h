/* The address that a connection comes from. */
#ifndef SALLYPORT_SOCKETS_SOURCE_H
#define SALLYPORT_SOCKETS_SOURCE_H

#include <sys/socket.h>

/* Before connecting to an address of this host: comes from loopback instead.
 * Servers trust whoever comes from the address that they are at: dovecot 2.3 takes
 * passwords from there that it takes from nobody else (login-common,
 * client->secured), and MySQL counts interrupted connections of every address but
 * loopback's. */
void sp_source_elsewhere(int fd, const struct sockaddr_storage *target, socklen_t length);

#endif
