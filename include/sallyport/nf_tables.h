/* The nf_tables netlink socket: requests out, messages and errors in. Knows
 * nothing of what they mean. */
#ifndef SALLYPORT_NF_TABLES_H
#define SALLYPORT_NF_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include <sallyport/diag.h>

struct sp_nf_tables;

/* One message that the kernel refused. */
struct sp_nf_error {
	uint32_t sequence;
	int error;	/* errno, positive */
	char text[160]; /* the kernel's extended acknowledgement, or empty */
};

struct sp_nf_errors {
	struct sp_nf_error *items;
	size_t length, capacity;
	bool overrun; /* ENOBUFS: some were lost; nothing is known but "read again" */
};

/* Needs no privilege by itself; what is asked may. NULL: said in `diag`. */
struct sp_nf_tables *sp_nf_tables_open(struct sp_diag *diag);
/* SO_NETNS_COOKIE (Linux 5.14): the network namespace's number, never used again
 * while the machine is up; 0: the kernel does not say. */
uint64_t sp_nf_tables_namespace(const struct sp_nf_tables *socket);
void sp_nf_tables_close(struct sp_nf_tables *socket);
/* The same, for a process that is about to end: whoever closes the last descriptor of a
 * socket waits until the kernel has freed what commits removed (nft_rcv_nl_event, a
 * grace period of RCU and more: 12 ms). A child of this process waits in its place. */
void sp_nf_tables_leave(struct sp_nf_tables *socket);

/* Sends one request and hands each message of the answer to `each`, which says
 * whether to go on (MNL_CB_OK) or failed (MNL_CB_ERROR with errno). Returns 0 or
 * a negative errno: -EINTR says that a dump is not consistent. */
int sp_nf_tables_ask(struct sp_nf_tables *socket, struct nlmsghdr *request,
    int (*each)(const struct nlmsghdr *message, void *context), void *context);

/* Sends one batch in one system call. When it returns, the kernel has judged it
 * (nfnetlink processes a batch within sendmsg). Returns 0 and the errors there
 * were, or a negative errno when it could not be sent: -EMSGSIZE when it is
 * larger than the send buffer may become. The caller frees `ret->items`. */
int sp_nf_tables_commit(struct sp_nf_tables *socket, const void *bytes, size_t length,
    struct sp_nf_errors *ret);

#endif
