/* nf_tables notifications: who committed, and whether our table was touched. */
#ifndef SALLYPORT_NF_MONITOR_H
#define SALLYPORT_NF_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include <sallyport/diag.h>

struct sp_nf_monitor;

/* One commit, NFT_MSG_NEWGEN; linux/netfilter/nf_tables.h, nft_gen_attributes. */
struct sp_nf_commit {
	uint32_t generation;
	uint32_t pid;  /* 0: not said */
	char name[32]; /* of the process; escaped by whoever prints it */
	bool ours;     /* a message of this commit was about `table` */
	bool lost;     /* notifications were lost: compare everything */
};

/* Subscribes; non-blocking. `table` is the inet table to watch. NULL: said. */
struct sp_nf_monitor *sp_nf_monitor_open(const char *table, struct sp_diag *diag);
int sp_nf_monitor_descriptor(const struct sp_nf_monitor *monitor);

/* The next commit that has come in whole. False: none (yet). */
bool sp_nf_monitor_next(struct sp_nf_monitor *monitor, struct sp_nf_commit *ret);
void sp_nf_monitor_close(struct sp_nf_monitor *monitor);

#endif
