/* What `discover` found, and the policy that says so. */
#ifndef SALLYPORT_CLI_DISCOVERY_H
#define SALLYPORT_CLI_DISCOVERY_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/array.h>
#include <sallyport/known.h>
#include <sallyport/login.h>
#include <sallyport/service.h>

#include "sockets.h"

/* Where a port's sockets can be reached by one interface, or by any: every address
 * for a wildcard, loopback left out. */
struct sp_place {
	uint32_t interface;	/* the index it is bound to; 0: any */
	char name[IF_NAMESIZE]; /* its name; "": it has none that a policy can hold */
	bool tcp, udp;
	struct sp_intervals to; /* normalized */
};

/* One port that can be reached from outside. Texts are its own and may hold what a
 * peer or a process chose, but for the names. */
struct sp_found {
	uint16_t port;
	bool tcp, udp;
	SP_ARRAY(struct sp_place) places; /* TCP's first */
	const struct sp_known *known;	  /* the catalogue's entry; NULL: none */
	char *addresses, *owner;
	uint32_t uid;
	enum sp_tls tls;  /* what it is asked as, then what it serves */
	bool usually_tls; /* so says the catalogue of its port */
	enum sp_dialect dialect;
	SP_ARRAY(char *) names; /* plain host names of its certificate */
	char *plain;   /* why it is taken for plain text; NULL: it is not asked */
	char *trouble; /* why its TLS does not pass; NULL: it does */
};

/* One that the policy leaves out, and why. */
struct sp_left_out {
	enum sp_protocol protocol;
	uint16_t port;
	char *addresses, *owner;
	uint32_t uid;
	const char *why;
};

struct sp_discovery {
	SP_ARRAY(struct sp_found) found; /* by port */
	SP_ARRAY(struct sp_left_out) left_out;
	const char *ca; /* an absolute path, or NULL: the system's */
	size_t closed;	/* processes whose sockets may not be seen */
	bool logged_in; /* from afar: `login` says from where */
	struct sp_login login;
};

/* Every group of sockets, found or left out; TCP ports are taken for TLS ones until
 * they were asked. False: memory is out. */
bool sp_discovery_make(const struct sp_sockets *sockets, const struct sp_knowns *knowns,
    struct sp_discovery *ret);
/* Chooses each port's catalogue entry by what it serves, and puts its TCP and UDP
 * together where one service can say both. False: memory is out. */
bool sp_discovery_settle(struct sp_discovery *discovery, const struct sp_knowns *knowns);
/* Adds the policy's text. */
void sp_discovery_write(const struct sp_discovery *discovery, struct sp_text *ret);
void sp_discovery_free(struct sp_discovery *discovery);

#endif
