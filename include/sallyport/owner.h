/* Whose a socket is: the process that holds it open, out of /proc. */
#ifndef SALLYPORT_OWNER_H
#define SALLYPORT_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/listener.h>

/* TASK_COMM_LEN of linux/sched.h, with its NUL. */
#define SP_COMMAND_TEXT 16

struct sp_owner {
	uint32_t inode;		       /* of the socket, as in sp_listener */
	int32_t pid;		       /* of those that hold it, the lowest */
	char command[SP_COMMAND_TEXT]; /* which a process chooses itself */
};

/* Zero is empty; sorted by inode, each once. */
struct sp_owners {
	struct sp_owner *items;
	size_t length, capacity;
	size_t closed; /* processes whose descriptors we may not see */
};

/* Looks through every process's descriptors for the listeners' sockets. Another
 * user's need CAP_SYS_PTRACE; who may not look gets what is there, and `closed`.
 * False: /proc cannot be read, or memory is out. */
bool sp_owners_read(
    const struct sp_listeners *listeners, struct sp_owners *ret, struct sp_diag *diag);
/* NULL: not known, or a socket of the kernel's own. */
const struct sp_owner *sp_owners_find(const struct sp_owners *owners, uint32_t inode);
void sp_owners_free(struct sp_owners *owners);

/* net.ipv4.ip_local_port_range, from which sockets get a port that did not ask for
 * one (both families); Linux's default where it cannot be read. */
struct sp_ports sp_ephemeral_ports(void);

#endif
