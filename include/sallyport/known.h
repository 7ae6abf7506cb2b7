/* What the catalogue knows, for whoever wants to name a service by its port. */
#ifndef SALLYPORT_KNOWN_H
#define SALLYPORT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/diag.h>
#include <sallyport/service.h>

struct sp_known {
	char *name;
	struct sp_ports *ports; /* sorted, disjoint */
	size_t port_count;
	bool tcp, udp;
	enum sp_tls tls;
	enum sp_dialect starttls;
};

/* Zero is empty. */
struct sp_knowns {
	struct sp_known *items;
	size_t length, capacity;
};

/* The shipped catalogue and services.d of the directory (NULL: /etc/sallyport), in
 * its order. `ret` is untouched on failure. */
bool sp_knowns_read(
    const char *config_directory, struct sp_knowns *ret, struct sp_diag *diag);
void sp_knowns_free(struct sp_knowns *knowns);

/* Is it a DNS host name and nothing else: letters, digits, '-' and '.' (RFC 1123
 * section 2.1), no address, no wildcard? Such a text can stand in a policy, whoever
 * wrote it. */
bool sp_is_plain_host_name(const char *text);

#endif
