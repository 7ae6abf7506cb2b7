/* The caller's one loop: every child's channel, every connection under way, and
 * the prober itself. */
#include "prober_channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sallyport/sock_diag.h>
#include <sallyport/wire.h>

#include "source.h"

/* A child keeps its deadline, the prober kills it soon after; one that
 * still speaks or hangs after this belongs to a prober that does neither. */
#define OWN_GRACE_MS 1500
/* How long the prober may take to say how a child ended that hung up. */
#define END_GRACE_MS 1000

/* A child that said nothing for so long waits for its peer: one that works speaks about
 * once a millisecond, or a few where the machine is busy. Where nobody at all speaks it
 * is not busy, and all of them wait. */
#define QUIET_MS 10
#define ALL_QUIET_MS 3

/* A connection under way. */
struct attempt {
	int fd; /* -1: none */
	uint32_t sequence;
	int64_t deadline;
};

struct talk {
	const struct sp_job *job;
	uint32_t number; /* the job's */
	int channel;
	struct attempt attempts[SP_MAX_ASKED_AT_ONCE];
	int64_t deadline;
	int64_t spoke; /* by sp_prober_clock_ms(); 0: not yet, it is being made */
	size_t heard;  /* bytes */
	bool hung_up, end_known;
	struct sp_endpoint_end end;
	bool over;
};

/* Its channel, then its attempts. */
#define POLLS (1 + SP_MAX_ASKED_AT_ONCE)

struct loop {
	struct sp_prober *prober;
	const struct sp_job *jobs;
	size_t count, next, done, most_active;
	int64_t began,
	    spoke; /* by sp_prober_clock_ms(): the first child, the last frame */
	struct talk *talks;
	size_t talk_count;
	struct pollfd *polls;		     /* control, then POLLS for each talk */
	struct sp_local_addresses addresses; /* of this host */
	sp_prober_progress *progress;
	void *context;
};

static void drop(struct attempt *attempt)
{
	if (attempt->fd >= 0)
		close(attempt->fd);
	attempt->fd = -1;
}

static uint32_t since(const struct loop *loop)
{
	return (uint32_t)(sp_prober_clock_ms() - loop->began);
}

static void finish(struct loop *loop, struct talk *talk, enum sp_ended ended,
    uint32_t code, const char *failure)
{
	struct sp_testimony *testimony = talk->job->testimony;

	testimony->ended_ms = since(loop);
	testimony->ended = ended;
	testimony->code = code;
	if (failure && !testimony->failure)
		testimony->failure = strdup(failure);
	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE; i++)
		drop(&talk->attempts[i]);
	if (talk->channel >= 0)
		close(talk->channel);
	talk->channel = -1;
	talk->over = true;
	loop->done++;
	if (loop->progress)
		loop->progress(loop->done, loop->count, loop->context);
}

static socklen_t socket_address(const struct sp_job *job, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (job->address.family == SP_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		uint8_t bytes[16];

		in->sin_family = AF_INET;
		in->sin_port = htons(job->port);
		sp_address_bytes(&job->address, bytes);
		memcpy(&in->sin_addr, bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(job->port);
	in6->sin6_scope_id = job->interface;
	sp_address_bytes(&job->address, in6->sin6_addr.s6_addr);
	return sizeof(*in6);
}

static bool is_upgraded(const struct sp_job *job)
{
	return job->request->dialect != SP_DIALECT_NONE;
}

static bool is_local(const struct loop *loop, const struct sp_address *address)
{
	for (size_t i = 0; i < loop->addresses.length; i++)
		if (sp_address_compare(&loop->addresses.items[i].address, address) == 0)
			return true;
	return sp_address_is_loopback(address);
}

/* Only plain sessions care where they come from. Without the list they come from
 * where the kernel says. */
static void find_addresses(struct loop *loop)
{
	struct sp_diag diag = { 0 };

	for (size_t i = 0; i < loop->count; i++) {
		if (is_upgraded(&loop->jobs[i])) {
			(void)sp_sock_diag_addresses(NULL, &loop->addresses, &diag);
			break;
		}
	}
	sp_diag_free(&diag);
}

/* 0 when connected or on the way, else errno. */
static int open_connection(const struct loop *loop, const struct sp_job *job,
    struct attempt *attempt, bool *ret_connected)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(job, &address);
	int one = 1, error;

	attempt->fd =
	    socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (attempt->fd < 0)
		return errno;
	/* A hello is one segment; the child cannot set this itself. */
	setsockopt(attempt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (is_upgraded(job) && is_local(loop, &job->address))
		sp_source_elsewhere(attempt->fd, &address, length);
	*ret_connected = connect(attempt->fd, (struct sockaddr *)&address, length) == 0;
	if (*ret_connected || errno == EINPROGRESS)
		return 0;
	error = errno;
	drop(attempt);
	return error;
}

/* Hands the connection over, or says why there is none. */
static void answer(
    struct loop *loop, struct talk *talk, struct attempt *attempt, int error)
{
	struct sp_frame frame = { .type = SP_FRAME_CONNECTED,
		.connected = {
		    .sequence = attempt->sequence, .error = (uint32_t)error } };
	bool sent = sp_frame_send(talk->channel, &frame, error ? -1 : attempt->fd);
	int why = errno;

	drop(attempt);
	/* EPIPE: the child is gone, its end of the channel will say so. */
	if (!sent && why != EPIPE && why != ECONNRESET)
		finish(loop, talk, SP_ENDED_PROTOCOL, 0, "does not read its channel");
}

/* A free place, or that of the oldest: the child gave up on it. */
static struct attempt *place_for_attempt(struct talk *talk)
{
	struct attempt *place = &talk->attempts[0];

	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE; i++) {
		if (talk->attempts[i].fd < 0)
			return &talk->attempts[i];
		if (talk->attempts[i].sequence < place->sequence)
			place = &talk->attempts[i];
	}
	drop(place);
	return place;
}

static void begin_connection(struct loop *loop, struct talk *talk, uint32_t sequence)
{
	const struct sp_request *request = talk->job->request;
	size_t names = request->name_count ? request->name_count : 1;
	struct attempt *attempt;
	bool connected = false;
	int error;

	if (talk->job->testimony->connections >= names * SP_MAX_CONNECTIONS_PER_NAME) {
		finish(
		    loop, talk, SP_ENDED_PROTOCOL, 0, "asked for too many connections");
		return;
	}
	talk->job->testimony->connections++;
	attempt = place_for_attempt(talk);
	attempt->sequence = sequence;
	attempt->deadline = sp_prober_clock_ms() + request->connection_ms;
	error = open_connection(loop, talk->job, attempt, &connected);
	if (error || connected)
		answer(loop, talk, attempt, error);
}

static void go_on_connecting(
    struct loop *loop, struct talk *talk, struct attempt *attempt)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	answer(loop, talk, attempt, error);
}

static void take_done(struct loop *loop, struct talk *talk, const struct sp_done *done)
{
	talk->job->testimony->sandboxed = done->sandboxed;
	if (done->failure && *done->failure)
		finish(loop, talk, SP_ENDED_SANDBOX, 0, done->failure);
	else
		finish(loop, talk, SP_ENDED_DONE, 0, NULL);
}

/* What a child may say, and nothing else. */
static void take(struct loop *loop, struct talk *talk, struct sp_frame *frame)
{
	struct sp_testimony *testimony = talk->job->testimony;
	bool well = true;

	switch (frame->type) {
	case SP_FRAME_CONNECT:
		begin_connection(loop, talk, frame->connect.sequence);
		break;
	case SP_FRAME_CERTIFICATE:
		well = sp_testimony_add_certificate(testimony, &frame->certificate);
		break;
	case SP_FRAME_OBSERVATION:
		well = sp_testimony_add_observation(
		    testimony, talk->job->request, &frame->observation);
		break;
	case SP_FRAME_DONE: take_done(loop, talk, &frame->done); break;
	case SP_FRAME_STORE:
	case SP_FRAME_ENDPOINT:
	case SP_FRAME_READY:
	case SP_FRAME_STORED:
	case SP_FRAME_ENDED:
	case SP_FRAME_CONNECTED: well = false; break;
	}
	if (!well)
		finish(loop, talk, SP_ENDED_PROTOCOL, 0, "said what a child may not say");
	sp_frame_free(frame);
}

static void listen_to(struct loop *loop, struct talk *talk)
{
	struct sp_frame frame;
	int descriptor;
	size_t length;
	enum sp_received received =
	    sp_frame_receive(talk->channel, &frame, &descriptor, &length);

	if (descriptor >= 0)
		close(descriptor);
	talk->heard += length;
	talk->spoke = loop->spoke = sp_prober_clock_ms();
	switch (received) {
	case SP_RECEIVED_NOTHING: break;
	case SP_RECEIVED_FRAME:
		if (talk->heard <= SP_MAX_TESTIMONY_BYTES) {
			take(loop, talk, &frame);
			break;
		}
		sp_frame_free(&frame);
		finish(loop, talk, SP_ENDED_PROTOCOL, 0, "said too much");
		break;
	case SP_RECEIVED_BROKEN:
		finish(loop, talk, SP_ENDED_PROTOCOL, 0,
		    errno == ENOMEM ? "out of memory" : "sent what is no frame");
		break;
	case SP_RECEIVED_END:
		talk->hung_up = true;
		talk->deadline = sp_prober_clock_ms() + END_GRACE_MS;
		break;
	}
}

/* The prober says how a child ended; what the child said before is read first. */
static void take_end(struct loop *loop, const struct sp_endpoint_end *end)
{
	for (size_t i = 0; i < loop->talk_count; i++) {
		struct talk *talk = &loop->talks[i];

		if (talk->number == end->endpoint && !talk->over) {
			talk->end = *end;
			talk->end_known = true;
		}
	}
}

static void listen_to_prober(struct loop *loop)
{
	struct sp_frame frame;
	int descriptor;
	size_t length;
	enum sp_received received =
	    sp_frame_receive(loop->prober->control, &frame, &descriptor, &length);

	if (descriptor >= 0)
		close(descriptor);
	if (received == SP_RECEIVED_FRAME && frame.type == SP_FRAME_ENDED)
		take_end(loop, &frame.end);
	else if (received == SP_RECEIVED_END)
		sp_prober_hung_up(loop->prober);
	else
		sp_prober_fail(loop->prober, "the prober spoke out of turn");
	if (received == SP_RECEIVED_FRAME)
		sp_frame_free(&frame);
}

static struct talk idle_talk(const struct sp_job *job)
{
	struct talk talk = { .job = job, .channel = -1 };

	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE; i++)
		talk.attempts[i].fd = -1;
	return talk;
}

static bool start_talk(struct loop *loop, struct talk *talk)
{
	const struct sp_job *job = &loop->jobs[loop->next];
	struct sp_frame frame = { .type = SP_FRAME_ENDPOINT,
		.endpoint = {
		    .endpoint = (uint32_t)loop->next, .request = *job->request } };
	int pair[2];

	*talk = idle_talk(job);
	talk->number = (uint32_t)loop->next;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	/* Ours alone: the child may block, we may not. */
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	talk->channel = pair[0];
	job->testimony->began_ms = since(loop);
	talk->deadline = sp_prober_clock_ms() + job->request->port_ms + OWN_GRACE_MS;
	if (sp_frame_send(loop->prober->control, &frame, pair[1])) {
		close(pair[1]);
		loop->next++;
		return true;
	}
	close(pair[0]);
	close(pair[1]);
	return false;
}

/* Until when a child is taken to be at work; while it is being made there is no end. */
static int64_t active_until(const struct loop *loop, const struct talk *talk)
{
	int64_t alone = talk->spoke + QUIET_MS, all = loop->spoke + ALL_QUIET_MS;

	if (talk->hung_up)
		return 0;
	if (talk->spoke == 0)
		return INT64_MAX;
	return alone < all ? alone : all;
}

static size_t count_active(const struct loop *loop)
{
	int64_t now = sp_prober_clock_ms();
	size_t count = 0;

	for (size_t i = 0; i < loop->talk_count; i++)
		count += active_until(loop, &loop->talks[i]) > now;
	return count;
}

static bool has_room(const struct loop *loop)
{
	return loop->next < loop->count && loop->talk_count < SP_MAX_CHILDREN;
}

/* Begins what is queued, where those under way leave something to do: what is begun gets
 * on first, and who only waits keeps nobody waiting. */
static void start_more(struct loop *loop)
{
	size_t active = count_active(loop);

	while (
	    loop->prober->control >= 0 && has_room(loop) && active < loop->most_active) {
		if (start_talk(loop, &loop->talks[loop->talk_count])) {
			loop->talk_count++;
			active++;
			continue;
		}
		/* Descriptors may come back when something running ends. */
		if ((errno == EMFILE || errno == ENFILE) && loop->talk_count > 0)
			return;
		sp_prober_fail(
		    loop->prober, "the prober cannot be asked: %s", strerror(errno));
	}
}

static void end_late_attempts(struct loop *loop, struct talk *talk, int64_t now)
{
	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE && !talk->over; i++)
		if (talk->attempts[i].fd >= 0 && talk->attempts[i].deadline <= now)
			answer(loop, talk, &talk->attempts[i], ETIMEDOUT);
}

static void sweep(struct loop *loop)
{
	int64_t now = sp_prober_clock_ms();

	for (size_t i = 0; i < loop->talk_count; i++) {
		struct talk *talk = &loop->talks[i];

		if (talk->over)
			continue;
		if (talk->hung_up && talk->end_known)
			finish(loop, talk, talk->end.ended, talk->end.code, NULL);
		else if (talk->hung_up && talk->deadline <= now)
			finish(loop, talk, SP_ENDED_EXIT, 0, NULL);
		else if (talk->deadline <= now)
			sp_prober_fail(loop->prober,
			    "the prober hangs: it outlived a port's deadline");
		else
			end_late_attempts(loop, talk, now);
	}
	for (size_t i = 0; i < loop->talk_count;) {
		if (loop->talks[i].over)
			loop->talks[i] = loop->talks[--loop->talk_count];
		else
			i++;
	}
}

static int next_deadline(const struct loop *loop)
{
	int64_t now = sp_prober_clock_ms(), next = now + 60000;

	for (size_t i = 0; i < loop->talk_count; i++) {
		const struct talk *talk = &loop->talks[i];

		if (talk->deadline < next)
			next = talk->deadline;
		if (has_room(loop) && active_until(loop, talk) > now &&
		    active_until(loop, talk) < next)
			next = active_until(loop, talk);
		for (size_t a = 0; a < SP_MAX_ASKED_AT_ONCE; a++)
			if (talk->attempts[a].fd >= 0 &&
			    talk->attempts[a].deadline < next)
				next = talk->attempts[a].deadline;
	}
	return next > now ? (int)(next - now) : 0;
}

static void watch_talk(const struct talk *talk, struct pollfd polls[POLLS])
{
	polls[0] =
	    (struct pollfd){ .fd = talk->hung_up ? -1 : talk->channel, .events = POLLIN };
	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE; i++)
		polls[1 + i] =
		    (struct pollfd){ .fd = talk->attempts[i].fd, .events = POLLOUT };
}

static void serve_talk(
    struct loop *loop, struct talk *talk, const struct pollfd polls[POLLS])
{
	for (size_t i = 0; i < SP_MAX_ASKED_AT_ONCE && !talk->over; i++)
		if (polls[1 + i].revents && talk->attempts[i].fd >= 0)
			go_on_connecting(loop, talk, &talk->attempts[i]);
	if (polls[0].revents && !talk->over)
		listen_to(loop, talk);
}

static void wait_and_serve(struct loop *loop)
{
	size_t watched = loop->talk_count;

	loop->polls[0] = (struct pollfd){ .fd = loop->prober->control, .events = POLLIN };
	for (size_t i = 0; i < watched; i++)
		watch_talk(&loop->talks[i], &loop->polls[1 + POLLS * i]);
	if (poll(loop->polls, 1 + POLLS * watched, next_deadline(loop)) <= 0)
		return;
	for (size_t i = 0; i < watched; i++)
		serve_talk(loop, &loop->talks[i], &loop->polls[1 + POLLS * i]);
	if (loop->polls[0].revents)
		listen_to_prober(loop);
}

/* Without a prober nothing that is not answered yet will be. */
static void give_up(struct loop *loop)
{
	const char *failure = sp_prober_failure(loop->prober);

	for (size_t i = 0; loop->talks && i < loop->talk_count; i++)
		if (!loop->talks[i].over)
			finish(loop, &loop->talks[i], SP_ENDED_NO_PROBER, 0, failure);
	for (; loop->next < loop->count; loop->next++) {
		struct talk never = idle_talk(&loop->jobs[loop->next]);

		finish(loop, &never, SP_ENDED_NO_PROBER, 0, failure);
	}
	loop->talk_count = 0;
}

void sp_prober_ask(struct sp_prober *prober, const struct sp_job *jobs, size_t count,
    size_t most_active, sp_prober_progress *progress, void *context)
{
	struct loop loop = { .prober = prober,
		.jobs = jobs,
		.count = count,
		.most_active = most_active ? most_active : 1,
		.progress = progress,
		.context = context };

	loop.talks = calloc(SP_MAX_CHILDREN, sizeof(*loop.talks));
	loop.polls = calloc(1 + POLLS * SP_MAX_CHILDREN, sizeof(*loop.polls));
	if (!loop.talks || !loop.polls)
		sp_prober_fail(
		    prober, "the prober cannot be asked: %s", strerror(ENOMEM));
	find_addresses(&loop);
	(void)sp_prober_wait(prober);
	loop.began = sp_prober_clock_ms();
	while (loop.talks && loop.polls && prober->control >= 0 && loop.done < count) {
		start_more(&loop);
		if (prober->control >= 0 && loop.talk_count)
			wait_and_serve(&loop);
		sweep(&loop);
	}
	give_up(&loop);
	sp_local_addresses_free(&loop.addresses);
	free(loop.talks);
	free(loop.polls);
}
