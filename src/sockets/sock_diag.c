#include <sallyport/sock_diag.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>

#include <sallyport/limits.h>

/* One dump: what to ask, and who takes each message of the answer. */
struct dump {
	int (*each)(const struct nlmsghdr *message, void *context);
	void *context;
};

static int receive(struct mnl_socket *socket, uint32_t sequence, const struct dump *dump)
{
	/* The kernel fills up to 32 KiB for a dump when the reader offers it. */
	char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned port = mnl_socket_get_portid(socket);
	int more = MNL_CB_OK;

	while (more == MNL_CB_OK) {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -1;
		/* -1 with EINTR: the kernel says that the dump is not consistent. */
		more = mnl_cb_run(
		    buffer, (size_t)length, sequence, port, dump->each, dump->context);
	}
	return more == MNL_CB_STOP ? 0 : -1;
}

static int ask(
    struct mnl_socket *socket, struct nlmsghdr *request, const struct dump *dump)
{
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = (uint32_t)time(NULL);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -1;
	return receive(socket, request->nlmsg_seq, dump);
}

/* Runs `all` of a dump until it was consistent. */
static bool dump_with(int bus, int (*all)(struct mnl_socket *, void *),
    void (*forget)(void *), void *context, const char *what, struct sp_diag *diag)
{
	for (int tries = 0; tries < SP_MAX_DUMP_TRIES; tries++) {
		struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
		int failed = -1;

		if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
			failed = all(socket, context);
		if (socket) {
			int saved = errno;

			mnl_socket_close(socket);
			errno = saved;
		}
		if (!failed)
			return true;
		forget(context);
		if (errno != EINTR)
			break;
	}
	return sp_error(diag, NULL, "cannot read this host's %s: %s%s", what,
	    strerror(errno),
	    errno == ENOENT ? " (the kernel's modules inet_diag, tcp_diag and udp_diag "
			      "are needed)"
			    : "");
}

struct listeners_dump {
	struct sp_listeners found;
	enum sp_protocol protocol;
};

static int each_listener(const struct nlmsghdr *message, void *context)
{
	struct listeners_dump *dump = context;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return MNL_CB_OK;
	if (sp_listeners_add(&dump->found, dump->protocol, message))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static int all_listeners(struct mnl_socket *socket, void *context)
{
	static const struct {
		enum sp_protocol protocol;
		uint8_t family;
		uint32_t states;
	} questions[] = {
		{ SP_TCP, AF_INET, 1u << TCP_LISTEN },
		{ SP_TCP, AF_INET6, 1u << TCP_LISTEN },
		/* An unconnected UDP socket is in TCP_CLOSE. */
		{ SP_UDP, AF_INET, 1u << TCP_CLOSE },
		{ SP_UDP, AF_INET6, 1u << TCP_CLOSE },
	};
	struct listeners_dump *dump = context;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		struct inet_diag_req_v2 *request;

		message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
		request->sdiag_family = questions[i].family;
		request->sdiag_protocol = (uint8_t)questions[i].protocol;
		request->idiag_states = questions[i].states;
		/* INET_DIAG_SKV6ONLY comes with every answer, asked for or not. */
		dump->protocol = questions[i].protocol;
		if (ask(socket, message,
			&(struct dump){ .each = each_listener, .context = dump }) < 0)
			return -1;
	}
	return 0;
}

static void forget_listeners(void *context)
{
	sp_listeners_free(&((struct listeners_dump *)context)->found);
}

bool sp_sock_diag_listeners(struct sp_listeners *ret, struct sp_diag *diag)
{
	struct listeners_dump dump = { 0 };

	if (!dump_with(NETLINK_SOCK_DIAG, all_listeners, forget_listeners, &dump,
		"listening sockets", diag))
		return false;
	*ret = dump.found;
	return true;
}

static int each_address(const struct nlmsghdr *message, void *context)
{
	if (message->nlmsg_type != RTM_NEWADDR ||
	    sp_local_addresses_add(context, message))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static int all_addresses(struct mnl_socket *socket, void *context)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *request;

	message->nlmsg_type = RTM_GETADDR;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->ifa_family = AF_UNSPEC;
	return ask(
	    socket, message, &(struct dump){ .each = each_address, .context = context });
}

/* Where packets to one address go. */
struct way {
	const struct sp_address *address;
	struct sp_local_addresses *addresses;
};

static int each_route(const struct nlmsghdr *message, void *context)
{
	const struct way *way = context;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    sp_local_addresses_add_route(way->addresses, way->address, message))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

/* An acknowledgement ends the answer, or an error: then there is no way. */
static int ask_way(struct mnl_socket *socket, const struct way *way)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *request;
	uint8_t bytes[16];
	size_t length = sp_address_bytes(way->address, bytes);

	message->nlmsg_type = RTM_GETROUTE;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->rtm_family = way->address->family == SP_IPV4 ? AF_INET : AF_INET6;
	request->rtm_dst_len = (unsigned char)(8 * length);
	mnl_attr_put(message, RTA_DST, length, bytes);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = (uint32_t)time(NULL);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -1;
	if (receive(socket, message->nlmsg_seq,
		&(struct dump){ .each = each_route, .context = (void *)way }) == 0)
		return 0;
	return errno == ENETUNREACH || errno == EHOSTUNREACH || errno == EINVAL ||
		       errno == EACCES
		   ? 0
		   : -1;
}

struct addresses_dump {
	const struct sp_listeners *listeners; /* or NULL */
	struct sp_local_addresses found;
};

static int all_addresses_and_ways(struct mnl_socket *socket, void *context)
{
	struct addresses_dump *dump = context;
	size_t count = dump->listeners ? dump->listeners->length : 0;

	if (all_addresses(socket, &dump->found) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct sp_listener *listener = &dump->listeners->items[i];
		const struct way way = { &listener->address, &dump->found };

		if (!listener->wildcard && !sp_address_is_loopback(&listener->address) &&
		    !sp_local_addresses_have(&dump->found, &listener->address) &&
		    ask_way(socket, &way) < 0)
			return -1;
	}
	return 0;
}

static void forget_addresses(void *context)
{
	sp_local_addresses_free(&((struct addresses_dump *)context)->found);
}

bool sp_sock_diag_addresses(const struct sp_listeners *listeners,
    struct sp_local_addresses *ret, struct sp_diag *diag)
{
	struct addresses_dump dump = { .listeners = listeners };

	if (!dump_with(NETLINK_ROUTE, all_addresses_and_ways, forget_addresses, &dump,
		"addresses", diag))
		return false;
	*ret = dump.found;
	return true;
}
