/* What other tables do to packets beside ours: their base chains at the hooks that
 * matter to a host, and every rule that sends packets elsewhere.
 *
 * Our accept is not final for them, nor theirs for us; and a packet whose
 * destination is rewritten to another host goes to the forward hook, where our
 * table is not: our policy does not see it. */
#ifndef SALLYPORT_FOREIGN_H
#define SALLYPORT_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/ip_tables.h>
#include <sallyport/nf_tables.h>

enum sp_foreign_kind {
	SP_FOREIGN_INPUT,    /* a base chain at the input hook: it may shut more */
	SP_FOREIGN_FORWARD,  /* one at the forward hook: packets for others */
	SP_FOREIGN_INGRESS,  /* one before everything else, for one interface */
	SP_FOREIGN_DNAT,     /* a rule that rewrites where packets go to */
	SP_FOREIGN_REDIRECT, /* one that rewrites it to this host, another port */
	SP_FOREIGN_TPROXY,   /* one that hands packets to a local socket */
};
#define SP_FOREIGN_KINDS (SP_FOREIGN_TPROXY + 1)

/* Texts are the item's own, and whoever loaded that table chose them. */
struct sp_foreign {
	enum sp_foreign_kind kind;
	bool legacy;	    /* of iptables-legacy: nft(8) does not show it */
	const char *family; /* "inet", "ip", "ip6", … */
	char *table, *chain;
	/* Of a base chain. */
	int32_t priority;
	bool drop; /* its policy */
	/* Of a rule. */
	uint64_t handle;      /* of a legacy one: its number in its chain */
	uint8_t protocol;     /* that it is for; 0: not known, or any */
	uint16_t port;	      /* the destination's; 0: not known, or any */
	bool has_to;	      /* `to` is known */
	struct sp_address to; /* rewritten to */
	uint16_t to_port;     /* 0: not known, or as it was */
};

/* Zero is empty. */
struct sp_foreigns {
	struct sp_foreign *items;
	size_t length, capacity;
};

/* Reads every table but ours. Needs CAP_NET_ADMIN in the network namespace. `ret`
 * is untouched on failure, otherwise the caller's to free. An interrupted dump is
 * thrown away and asked for again, SP_MAX_DUMP_TRIES times. */
bool sp_foreign_read(
    struct sp_nf_tables *socket, struct sp_foreigns *ret, struct sp_diag *diag);
/* Adds what iptables-legacy's tables do: those with rules or a policy of drop at
 * input or forward, and every rule that sends packets elsewhere. False: memory is
 * out. */
bool sp_foreign_add_ip_tables(
    const struct sp_ip_tables *tables, struct sp_foreigns *foreigns);
/* Who makes tables, chains and rules of these names ("Docker"); NULL: not known. */
const char *sp_foreign_software(const struct sp_foreign *item);
void sp_foreigns_free(struct sp_foreigns *foreigns);

#endif
