/* The extensions of iptables, which nf_tables wraps (iptables-nft(8)) and ip_tables
 * holds bare: the few that say where packets go to. */
#ifndef SALLYPORT_NFT_XTABLES_H
#define SALLYPORT_NFT_XTABLES_H

#include <stdbool.h>
#include <stddef.h>

#include <sallyport/foreign.h>

struct sp_xtension {
	const char *name;
	unsigned revision;
	const unsigned char *bytes;
	size_t length;
};

/* A match: sets the item's protocol and port where it names one. */
void sp_xt_match(const struct sp_xtension *match, struct sp_foreign *item);
/* A target: true when it sends packets elsewhere; then the item's kind is set, and
 * where to, as far as it says so. */
bool sp_xt_target(
    const struct sp_xtension *target, enum sp_family family, struct sp_foreign *item);

#endif
