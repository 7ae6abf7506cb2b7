#include <sallyport/nf_tables.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>

/* A dump fills what the reader offers, and starts over for each message: with
 * 4 KiB buffers it takes seven times as long. */
#define RECEIVE_BYTES (64 * 1024)
/* Errors of a batch: one message of about 100 bytes each. */
#define ERROR_BUFFER_BYTES (4 * 1024 * 1024)

struct sp_nf_tables {
	struct mnl_socket *socket;
	uint64_t namespace_cookie; /* 0: the kernel has none */
	uint32_t sequence;
	bool committed; /* something, perhaps */
	char buffer[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static void set_options(struct mnl_socket *socket)
{
	int one = 1;

	/* Both are wishes: the kernel's text, and no echo of what we sent. */
	(void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &one, sizeof(one));
}

/* Before Linux 5.14 there is no such option. Whatever else hinders it must not look
 * like another namespace, whose leases are not ours. */
static bool learn_namespace(struct sp_nf_tables *socket)
{
	socklen_t length = sizeof(socket->namespace_cookie);

	return getsockopt(mnl_socket_get_fd(socket->socket), SOL_SOCKET, SO_NETNS_COOKIE,
		   &socket->namespace_cookie, &length) == 0 ||
	       errno == ENOPROTOOPT;
}

struct sp_nf_tables *sp_nf_tables_open(struct sp_diag *diag)
{
	struct sp_nf_tables *opened = calloc(1, sizeof(*opened));

	if (!opened) {
		sp_out_of_memory(diag);
		return NULL;
	}
	opened->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!opened->socket ||
	    mnl_socket_bind(opened->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    !learn_namespace(opened)) {
		sp_error(diag, NULL, "cannot open a netfilter netlink socket: %s",
		    strerror(errno));
		sp_nf_tables_close(opened);
		return NULL;
	}
	set_options(opened->socket);
	return opened;
}

uint64_t sp_nf_tables_namespace(const struct sp_nf_tables *socket)
{
	return socket->namespace_cookie;
}

void sp_nf_tables_close(struct sp_nf_tables *socket)
{
	if (!socket)
		return;
	if (socket->socket)
		mnl_socket_close(socket->socket);
	free(socket);
}

/* It has the socket and nothing else: no lock, no pipe that somebody reads to its end. */
static _Noreturn void hold_alone(int fd)
{
	if (fd > 0)
		close_range(0, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, UINT_MAX, 0);
	_exit(0);
}

void sp_nf_tables_leave(struct sp_nf_tables *socket)
{
	if (socket && socket->committed && fork() == 0)
		hold_alone(mnl_socket_get_fd(socket->socket));
	sp_nf_tables_close(socket);
}

/* Whatever an earlier request left behind. */
static void drain(struct sp_nf_tables *socket)
{
	int fd = mnl_socket_get_fd(socket->socket);

	while (recv(fd, socket->buffer, sizeof(socket->buffer), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

int sp_nf_tables_ask(struct sp_nf_tables *socket, struct nlmsghdr *request,
    int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
	unsigned port = mnl_socket_get_portid(socket->socket);
	int more = MNL_CB_OK;

	request->nlmsg_seq = ++socket->sequence;
	if (mnl_socket_sendto(socket->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		ssize_t length = mnl_socket_recvfrom(
		    socket->socket, socket->buffer, sizeof(socket->buffer));

		if (length < 0 && errno == EINTR)
			continue;
		more = length < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(socket->buffer, (size_t)length,
					request->nlmsg_seq, port, each, context);
		if (more == MNL_CB_ERROR) {
			int failed = errno ? -errno : -EIO;

			drain(socket);
			return failed;
		}
	}
	return 0;
}

static void note_text(const struct nlattr *attribute, struct sp_nf_error *error)
{
	if (mnl_attr_get_type(attribute) != NLMSGERR_ATTR_MSG ||
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0)
		return;
	strncpy(error->text, mnl_attr_get_str(attribute), sizeof(error->text) - 1);
}

static void note_error(const struct nlmsghdr *message, struct sp_nf_errors *ret)
{
	const struct nlmsgerr *report = mnl_nlmsg_get_payload(message);
	struct sp_nf_error error = { 0 };
	const struct nlattr *attribute;
	size_t offset = sizeof(*report);

	if (message->nlmsg_len < mnl_nlmsg_size(sizeof(*report)) || !report->error)
		return;
	error.sequence = message->nlmsg_seq;
	error.error = -report->error;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += (size_t)report->msg.nlmsg_len - sizeof(report->msg);
	if ((message->nlmsg_flags & NLM_F_ACK_TLVS) &&
	    offset <= mnl_nlmsg_get_payload_len(message))
		sp_attr_for_each(attribute, message, offset) note_text(attribute, &error);
	if (!sp_array_push(ret, error))
		ret->overrun = true;
}

static void collect_errors(struct sp_nf_tables *socket, struct sp_nf_errors *ret)
{
	int fd = mnl_socket_get_fd(socket->socket);

	for (;;) {
		ssize_t length =
		    recv(fd, socket->buffer, sizeof(socket->buffer), MSG_DONTWAIT);
		const struct nlmsghdr *message = (const void *)socket->buffer;
		int left = (int)length;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == ENOBUFS) {
			ret->overrun = true;
			continue;
		}
		if (length <= 0)
			return;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			if (message->nlmsg_type == NLMSG_ERROR)
				note_error(message, ret);
	}
}

/* In a user namespace SO_SNDBUFFORCE is EPERM, and net.core.wmem_max is the
 * limit; a batch beyond it is EMSGSIZE then. */
static void make_room(int fd, int name_force, int name, size_t bytes)
{
	int wanted = bytes > INT_MAX / 2 ? INT_MAX / 2 : (int)bytes;

	if (setsockopt(fd, SOL_SOCKET, name_force, &wanted, sizeof(wanted)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, name, &wanted, sizeof(wanted));
}

int sp_nf_tables_commit(struct sp_nf_tables *socket, const void *bytes, size_t length,
    struct sp_nf_errors *ret)
{
	int fd = mnl_socket_get_fd(socket->socket);

	memset(ret, 0, sizeof(*ret));
	make_room(fd, SO_SNDBUFFORCE, SO_SNDBUF, length + 4096);
	make_room(fd, SO_RCVBUFFORCE, SO_RCVBUF, ERROR_BUFFER_BYTES);
	drain(socket);
	socket->committed = true;
	while (mnl_socket_sendto(socket->socket, bytes, length) < 0)
		if (errno != EINTR)
			return -errno;
	collect_errors(socket, ret);
	return 0;
}
