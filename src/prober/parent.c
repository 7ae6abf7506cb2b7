#include "parent.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <sallyport/array.h>
#include <sallyport/frame.h>
#include <sallyport/wire.h>

#include "channel.h"
#include "child.h"
#include "sandbox.h"
#include "trust.h"

/* A child keeps its own deadline but where OpenSSL computes for long; this much later it
 * is killed, so that an endpoint has its end within 100 ms of its deadline. */
#define KILL_GRACE_MS 50

struct running {
	pid_t pid;
	uint32_t endpoint;
	int64_t deadline_ms;
	bool killed;
};

struct store {
	uint32_t number;
	struct trust *trust; /* on its own, because the array moves */
};

/* A child that waits, sealed, for its request: what a fork costs is paid while
 * another one works. It knows the stores that there were when it was made. */
struct spare {
	pid_t pid;
	int channel; /* -1: there is none */
};

struct parent {
	int control, signals;
	struct spare spare;
	bool busy; /* more than one endpoint was asked: another spare pays */
	SP_ARRAY(struct running) children;
	SP_ARRAY(struct store) stores;
};

static bool tell(const struct parent *parent, const struct sp_frame *frame)
{
	return channel_send(&(struct channel){ .fd = parent->control }, frame);
}

static struct store *find_store(const struct parent *parent, uint32_t number)
{
	for (size_t i = 0; i < parent->stores.length; i++)
		if (parent->stores.items[i].number == number)
			return &parent->stores.items[i];
	return NULL;
}

/* NULL: there is no such store, or it is not complete. */
static const struct trust *trust_of(const void *context, uint32_t number)
{
	const struct store *store = find_store(context, number);

	return store && store->trust->context ? store->trust : NULL;
}

/* In a child, before it meets its peer: the keys of all others go, so that a peer that
 * takes it over finds none. The stores are the child's own copies. */
static const struct trust *trust_alone(const void *context, uint32_t number)
{
	const struct parent *parent = context;

	for (size_t i = 0; i < parent->stores.length; i++)
		if (parent->stores.items[i].number != number)
			trust_forget_client(parent->stores.items[i].trust);
	return trust_of(context, number);
}

static struct store *add_store(struct parent *parent, uint32_t number)
{
	struct store store = { .number = number, .trust = NULL };

	if (parent->stores.length >= SP_MAX_STORES)
		return NULL;
	store.trust = calloc(1, sizeof(*store.trust));
	if (store.trust && sp_array_push(&parent->stores, store))
		return &parent->stores.items[parent->stores.length - 1];
	free(store.trust);
	return NULL;
}

/* In the child: nothing stays open but the end that its request comes from, as
 * descriptor 3. */
static _Noreturn void become_child(const struct parent *parent, int channel)
{
	pid_t mother = getppid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != mother || mother == 1)
		_exit(1);
	if (channel != 3 && dup2(channel, 3) < 0)
		_exit(1);
	if (close_range(4, ~0u, 0) < 0)
		_exit(1);
	_exit(child_run(3, trust_alone, parent));
}

/* Whatever hinders it, the next request that needs one says so. */
static void make_spare(struct parent *parent)
{
	int pair[2];
	pid_t pid;

	if (parent->spare.channel >= 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become_child(parent, pair[1]);
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		parent->spare = (struct spare){ pid, pair[0] };
}

/* It ends when its channel does. */
static void drop_spare(struct parent *parent)
{
	if (parent->spare.channel >= 0)
		close(parent->spare.channel);
	parent->spare.channel = -1;
}

/* The anchors come last, and complete a store. */
static bool take_piece(struct parent *parent, const struct sp_store_piece *piece)
{
	struct sp_frame frame = { .type = SP_FRAME_STORED, .stored.store = piece->store };
	struct store *store = find_store(parent, piece->store);

	if (!store)
		store = add_store(parent, piece->store);
	if (!store || !trust_add(store->trust, piece))
		return false;
	if (!piece->last || piece->part != SP_STORE_ANCHORS)
		return true;
	if (!trust_make(store->trust))
		return false;
	frame.stored.certificates = store->trust->anchors;
	frame.stored.lists = store->trust->revocation_lists;
	drop_spare(parent);
	if (!tell(parent, &frame))
		return false;
	make_spare(parent);
	return true;
}

static bool tell_end(
    const struct parent *parent, uint32_t endpoint, enum sp_ended ended, uint32_t code)
{
	struct sp_frame frame = { .type = SP_FRAME_ENDED,
		.end = { .endpoint = endpoint, .ended = ended, .code = code } };

	return tell(parent, &frame);
}

static bool start_child(struct parent *parent, const struct sp_frame *frame, int channel)
{
	const struct sp_endpoint_request *wanted = &frame->endpoint;
	const struct trust *trust = trust_of(parent, wanted->request.store);
	struct running running = { .endpoint = wanted->endpoint };

	if (!trust || channel < 0)
		return false;
	if (!sp_array_reserve(&parent->children, 1))
		return tell_end(parent, wanted->endpoint, SP_ENDED_EXIT, ENOMEM);
	make_spare(parent);
	if (parent->spare.channel < 0)
		return tell_end(parent, wanted->endpoint, SP_ENDED_EXIT, (uint32_t)errno);
	running.deadline_ms = clock_ms() + wanted->request.port_ms + KILL_GRACE_MS;
	running.pid = parent->spare.pid;
	/* One that is gone already is reaped as this endpoint's. */
	(void)sp_frame_send(parent->spare.channel, frame, channel);
	drop_spare(parent);
	if (parent->busy)
		make_spare(parent);
	parent->busy = true;
	return sp_array_push(&parent->children, running);
}

/* A frame from the caller, who is trusted to speak well: anything else ends us. */
static bool serve(struct parent *parent)
{
	struct sp_frame frame;
	int descriptor;
	size_t length;
	bool well = false;

	if (sp_frame_receive(parent->control, &frame, &descriptor, &length) ==
	    SP_RECEIVED_FRAME) {
		if (frame.type == SP_FRAME_STORE) {
			well = take_piece(parent, &frame.store);
			/* It may have been of a key. */
			if (frame.store.length)
				explicit_bzero(frame.store.bytes, frame.store.length);
		} else if (frame.type == SP_FRAME_ENDPOINT)
			well = start_child(parent, &frame, descriptor);
		sp_frame_free(&frame);
	}
	if (descriptor >= 0)
		close(descriptor);
	return well;
}

static bool report_end(struct parent *parent, pid_t pid, int status)
{
	for (size_t i = 0; i < parent->children.length; i++) {
		struct running child = parent->children.items[i];
		enum sp_ended ended = SP_ENDED_EXIT;
		uint32_t code = 0;

		if (child.pid != pid)
			continue;
		parent->children.items[i] =
		    parent->children.items[--parent->children.length];
		if (WIFSIGNALED(status)) {
			ended = child.killed ? SP_ENDED_DEADLINE : SP_ENDED_SIGNAL;
			code = (uint32_t)WTERMSIG(status);
		} else {
			code = (uint32_t)WEXITSTATUS(status);
		}
		return tell_end(parent, child.endpoint, ended, code);
	}
	return true;
}

static bool reap(struct parent *parent)
{
	struct signalfd_siginfo seen;
	int status;
	pid_t pid;

	while (read(parent->signals, &seen, sizeof(seen)) == sizeof(seen))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (parent->spare.channel >= 0 && pid == parent->spare.pid)
			drop_spare(parent);
		else if (!report_end(parent, pid, status))
			return false;
	}
	return true;
}

/* Kills who is late; milliseconds until the next one is, -1: nobody. */
static int kill_late(struct parent *parent)
{
	int64_t now = clock_ms(), next = INT64_MAX;

	for (size_t i = 0; i < parent->children.length; i++) {
		struct running *child = &parent->children.items[i];

		if (child->killed)
			continue;
		if (child->deadline_ms <= now) {
			kill(child->pid, SIGKILL);
			child->killed = true;
		} else if (child->deadline_ms < next) {
			next = child->deadline_ms;
		}
	}
	if (next == INT64_MAX)
		return -1;
	return next - now > INT32_MAX ? INT32_MAX : (int)(next - now);
}

/* The exit status: what ended it. */
static int serve_all(struct parent *parent)
{
	for (;;) {
		struct pollfd ready[2] = { { .fd = parent->control, .events = POLLIN },
			{ .fd = parent->signals, .events = POLLIN } };
		int count = poll(ready, 2, kill_late(parent));

		if (count < 0 && errno != EINTR)
			return 1;
		if (count > 0 && ready[1].revents && !reap(parent))
			return 0;
		errno = 0;
		if (count > 0 && ready[0].revents && !serve(parent))
			return errno == ENOMEM ? ENOMEM : 0;
	}
}

static int open_signals(void)
{
	sigset_t children;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &children, NULL) < 0)
		return -1;
	return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void release(struct parent *parent)
{
	for (size_t i = 0; i < parent->children.length; i++)
		kill(parent->children.items[i].pid, SIGKILL);
	drop_spare(parent);
	for (size_t i = 0; i < parent->stores.length; i++) {
		trust_free(parent->stores.items[i].trust);
		free(parent->stores.items[i].trust);
	}
	sp_array_free(&parent->children);
	sp_array_free(&parent->stores);
	if (parent->signals >= 0)
		close(parent->signals);
}

int parent_run(int control)
{
	struct parent parent = {
		.control = control, .signals = open_signals(), .spare.channel = -1
	};
	struct sp_frame ready = { .type = SP_FRAME_READY,
		.ready.sandboxed = sandbox_is_whole() };
	int status = 1;

	if (parent.signals >= 0 && tell(&parent, &ready))
		status = serve_all(&parent);
	release(&parent);
	return status;
}
