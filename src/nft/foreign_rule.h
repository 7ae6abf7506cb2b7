/* One rule of somebody else's table: does it send packets elsewhere, and which? */
#ifndef SALLYPORT_NFT_FOREIGN_RULE_H
#define SALLYPORT_NFT_FOREIGN_RULE_H

#include <libmnl/libmnl.h>

#include <sallyport/foreign.h>

struct sp_foreign_rule {
	const char *table, *chain; /* in the message */
	enum sp_family family;	   /* IPv6 of an ip6 table */
	bool elsewhere;		   /* it has such a statement */
	struct sp_foreign item;	   /* without texts */
};

/* Reads an NFT_MSG_NEWRULE message of at least a struct nfgenmsg. What is in no form that
 * we know leaves the port or the destination unknown; the statement itself is always
 * seen. */
void sp_foreign_rule_read(const struct nlmsghdr *message, struct sp_foreign_rule *ret);

#endif
