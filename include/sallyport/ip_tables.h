/* Tables of the older interface, ip_tables and ip6_tables, as iptables-legacy(8)
 * loads them beside nf_tables: bytes, not read further here. */
#ifndef SALLYPORT_IP_TABLES_H
#define SALLYPORT_IP_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/diag.h>

/* NF_INET_NUMHOOKS, <linux/netfilter.h>. */
#define SP_IP_TABLE_HOOKS 5

struct sp_ip_table {
	enum sp_family family;
	char name[33];
	uint32_t hooks; /* a mask of 1 << NF_INET_… */
	/* Offsets into `entries`: a hook's first rule, and its policy. */
	uint32_t first[SP_IP_TABLE_HOOKS], policy[SP_IP_TABLE_HOOKS];
	unsigned char *entries; /* struct ipt_entry or ip6t_entry, one after another */
	size_t length;
};

/* Zero is empty. */
struct sp_ip_tables {
	struct sp_ip_table *items;
	size_t length, capacity;
};

/* Reads those that this network namespace has: none is made by asking, as a table
 * that is asked for by name would be. Needs CAP_NET_ADMIN in the namespace, and
 * root for the names in /proc (mode 0440). `ret` is untouched on failure, otherwise
 * the caller's to free. */
bool sp_ip_tables_read(struct sp_ip_tables *ret, struct sp_diag *diag);
void sp_ip_tables_free(struct sp_ip_tables *tables);

#endif
