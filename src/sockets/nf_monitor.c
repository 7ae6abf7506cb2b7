#include <sallyport/nf_monitor.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>

#define RECEIVE_BYTES (64 * 1024)
/* A reload of a few thousand rules by somebody else fits. */
#define QUEUE_BYTES (8 * 1024 * 1024)

/* Every nf_tables object names its table in attribute 1 (NFTA_*_TABLE), a table
 * itself in NFTA_TABLE_NAME, which is 1 too. */
#define TABLE_ATTRIBUTE 1

struct sp_nf_monitor {
	struct mnl_socket *socket;
	char *table;
	bool touched, lost;
	SP_ARRAY(struct sp_nf_commit) commits;
	size_t taken;
	char buffer[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static bool subscribe(struct sp_nf_monitor *monitor)
{
	int group = NFNLGRP_NFTABLES, bytes = QUEUE_BYTES, fd;

	monitor->socket =
	    mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!monitor->socket ||
	    mnl_socket_bind(monitor->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(
		monitor->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return false;
	fd = mnl_socket_get_fd(monitor->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return true;
}

struct sp_nf_monitor *sp_nf_monitor_open(const char *table, struct sp_diag *diag)
{
	struct sp_nf_monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor || !(monitor->table = strdup(table))) {
		free(monitor);
		sp_out_of_memory(diag);
		return NULL;
	}
	if (subscribe(monitor))
		return monitor;
	sp_error(diag, NULL, "cannot follow changes of the nf_tables ruleset: %s",
	    strerror(errno));
	sp_nf_monitor_close(monitor);
	return NULL;
}

int sp_nf_monitor_descriptor(const struct sp_nf_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

static void take_generation(struct sp_nf_monitor *monitor, const struct nlmsghdr *message)
{
	struct sp_nf_commit commit = { .ours = monitor->touched, .lost = monitor->lost };
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		switch (mnl_attr_get_type(attribute)) {
		case NFTA_GEN_ID:
			if (mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
				commit.generation = ntohl(mnl_attr_get_u32(attribute));
			break;
		case NFTA_GEN_PROC_PID:
			if (mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
				commit.pid = ntohl(mnl_attr_get_u32(attribute));
			break;
		case NFTA_GEN_PROC_NAME:
			if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
				strncpy(commit.name, mnl_attr_get_str(attribute),
				    sizeof(commit.name) - 1);
			break;
		default: break;
		}
	}
	monitor->touched = monitor->lost = false;
	if (!sp_array_push(&monitor->commits, commit))
		monitor->lost = true;
}

static void take(struct sp_nf_monitor *monitor, const struct nlmsghdr *message)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	if ((message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN) {
		take_generation(monitor, message);
		return;
	}
	if (header->nfgen_family != NFPROTO_INET)
		return;
	sp_attr_for_each(attribute, message,
	    sizeof(*header)) if (mnl_attr_get_type(attribute) == TABLE_ATTRIBUTE &&
				 mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 &&
				 !strcmp(mnl_attr_get_str(attribute), monitor->table))
	    monitor->touched = true;
}

static void receive(struct sp_nf_monitor *monitor)
{
	int fd = mnl_socket_get_fd(monitor->socket);

	for (;;) {
		ssize_t length =
		    recv(fd, monitor->buffer, sizeof(monitor->buffer), MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)monitor->buffer;
		int left = (int)length;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == ENOBUFS) {
			monitor->lost = true;
			continue;
		}
		if (length <= 0)
			return;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			take(monitor, message);
	}
}

bool sp_nf_monitor_next(struct sp_nf_monitor *monitor, struct sp_nf_commit *ret)
{
	receive(monitor);
	if (monitor->taken < monitor->commits.length) {
		*ret = monitor->commits.items[monitor->taken++];
		return true;
	}
	monitor->taken = monitor->commits.length = 0;
	if (!monitor->lost)
		return false;
	monitor->lost = false;
	*ret = (struct sp_nf_commit){ .lost = true, .ours = true };
	return true;
}

void sp_nf_monitor_close(struct sp_nf_monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->socket)
		mnl_socket_close(monitor->socket);
	sp_array_free(&monitor->commits);
	free(monitor->table);
	free(monitor);
}
