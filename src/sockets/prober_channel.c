#include "prober_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/wire.h>

/* The prober finds its control socket here. */
#define CONTROL 3
/* How long a prober that hung up may take to be reaped. Milliseconds. */
#define REAP_MS 200

int64_t sp_prober_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Seen from our executable: installed side by side, or in a build tree. */
static const char *const places[] = { "sallyport-prober", "../prober/sallyport-prober" };

/* True and NULL: none of the places has it. False: memory is out. */
static bool beside_us(char **ret)
{
	char self[PATH_MAX], *path = NULL, *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	*ret = NULL;
	if (length <= 0)
		return true;
	self[length] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		if (asprintf(&path, "%.*s/%s", (int)(slash - self), self, places[i]) < 0)
			return false;
		if (access(path, X_OK) == 0) {
			*ret = path;
			return true;
		}
		free(path);
	}
	return true;
}

char *sp_prober_path(void)
{
	const char *named = secure_getenv("SALLYPORT_PROBER");
	char *path;

	if (named)
		return strdup(named);
	if (!beside_us(&path))
		return NULL;
	return path ? path : strdup(SP_PROBER_PATH);
}

void sp_prober_fail(struct sp_prober *prober, const char *format, ...)
{
	va_list arguments;

	/* It ends with its channel too, where a filter lets nobody be killed. */
	if (prober->control >= 0)
		close(prober->control);
	if (prober->pid > 0) {
		kill(prober->pid, SIGKILL);
		while (waitpid(prober->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	prober->pid = 0;
	prober->control = -1;
	if (prober->failure)
		return;
	va_start(arguments, format);
	if (vasprintf(&prober->failure, format, arguments) < 0)
		prober->failure = NULL;
	va_end(arguments);
}

void sp_prober_hung_up(struct sp_prober *prober)
{
	int64_t deadline = sp_prober_clock_ms() + REAP_MS;
	int status = 0;
	pid_t ended = 0;

	while (prober->pid > 0 && sp_prober_clock_ms() < deadline) {
		ended = waitpid(prober->pid, &status, WNOHANG);
		if (ended != 0)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (ended != prober->pid) {
		sp_prober_fail(prober, "the prober hung up");
		return;
	}
	prober->pid = 0;
	if (WIFSIGNALED(status))
		sp_prober_fail(prober, "the prober was ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == ENOMEM)
		sp_prober_fail(prober, "the prober is out of memory");
	else
		sp_prober_fail(
		    prober, "the prober ended with status %d", WEXITSTATUS(status));
}

/* Of our environment the prober gets nothing: OpenSSL reads some of it. */
static char *const environment[] = { (char *)"TZ=UTC0",
#if defined(__SANITIZE_ADDRESS__)
	/* The sanitizer wants memory that a sealed process may not look up, and its
	 * leak check forks. Every child ends by _exit anyhow. */
	(char *)"ASAN_OPTIONS=detect_leaks=0",
#endif
	NULL };

static int spawn(struct sp_prober *prober, const char *path, int theirs)
{
	char *const arguments[] = { (char *)"sallyport-prober", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	/* systemd gives the enforcer CAP_NET_ADMIN as an ambient capability; nothing
	 * that it starts shall inherit it. (Of this thread, which keeps its own.) */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	/* dup2 onto itself would keep close-on-exec: the socket is never 3 here
	 * unless 0 to 2 were closed, and then posix_spawn clears the flag. */
	error = posix_spawn_file_actions_adddup2(&actions, theirs, CONTROL);
	for (int fd = 0; fd < 3 && !error; fd++)
		if (fd < 2 || SP_PROBER_SILENT)
			error = posix_spawn_file_actions_addopen(
			    &actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
	if (!error)
		error = posix_spawn(
		    &prober->pid, path, &actions, &attributes, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* One frame of this type from the prober itself. On anything else it is failed. */
static bool expect(struct sp_prober *prober, enum sp_frame_type type,
    uint32_t deadline_ms, struct sp_frame *ret)
{
	struct pollfd ready = { .fd = prober->control, .events = POLLIN };
	int64_t deadline = sp_prober_clock_ms() + deadline_ms;
	int descriptor, count;
	size_t length;

	do {
		int64_t left = deadline - sp_prober_clock_ms();

		count = poll(&ready, 1, left > 0 ? (int)left : 0);
	} while (count < 0 && errno == EINTR);
	if (count <= 0) {
		sp_prober_fail(
		    prober, "the prober hangs: no answer within %u ms", deadline_ms);
		return false;
	}
	switch (sp_frame_receive(prober->control, ret, &descriptor, &length)) {
	case SP_RECEIVED_FRAME:
		if (descriptor >= 0)
			close(descriptor);
		if (ret->type == type)
			return true;
		sp_frame_free(ret);
		sp_prober_fail(prober, "the prober spoke out of turn");
		return false;
	case SP_RECEIVED_END: sp_prober_hung_up(prober); return false;
	case SP_RECEIVED_NOTHING:
	case SP_RECEIVED_BROKEN: break;
	}
	if (descriptor >= 0)
		close(descriptor);
	sp_prober_fail(prober, errno == ENOMEM ? "no memory for what the prober sent"
					       : "the prober sent what is no frame");
	return false;
}

bool sp_prober_wait(struct sp_prober *prober)
{
	int64_t left = prober->deadline - sp_prober_clock_ms();
	struct sp_frame ready;

	if (prober->control >= 0 && !prober->ready)
		prober->ready =
		    expect(prober, SP_FRAME_READY, left > 0 ? (uint32_t)left : 0, &ready);
	return prober->control >= 0;
}

struct sp_prober *sp_prober_start(const char *path, uint32_t deadline_ms)
{
	struct sp_prober *prober = calloc(1, sizeof(*prober));
	int pair[2], error;

	if (!prober)
		return NULL;
	prober->control = -1;
	prober->deadline = sp_prober_clock_ms() + deadline_ms;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		sp_prober_fail(
		    prober, "the prober cannot be started: %s", strerror(errno));
		return prober;
	}
	prober->control = pair[0];
	error = spawn(prober, path, pair[1]);
	close(pair[1]);
	if (error) {
		prober->pid = 0;
		sp_prober_fail(prober, "the prober cannot be started: %s: %s", path,
		    strerror(error));
	}
	return prober;
}

const char *sp_prober_failure(const struct sp_prober *prober)
{
	if (prober->control >= 0)
		return NULL;
	return prober->failure ? prober->failure : "the prober is gone";
}

bool sp_prober_add_store(struct sp_prober *prober, uint32_t number,
    enum sp_store_part part, const uint8_t *pem, size_t length,
    struct sp_stored *ret_stored)
{
	struct sp_frame frame = { .type = SP_FRAME_STORE };
	size_t sent = 0;

	if (length > SP_MAX_STORE_BYTES || !sp_prober_wait(prober))
		return false;
	while (prober->control >= 0 && !frame.store.last) {
		size_t piece = length - sent;

		if (piece > SP_STORE_PIECE_BYTES)
			piece = SP_STORE_PIECE_BYTES;
		frame.store = (struct sp_store_piece){ .store = number,
			.part = part,
			.last = sent + piece == length,
			.bytes = (uint8_t *)pem + sent,
			.length = piece };
		if (!sp_frame_send(prober->control, &frame, -1))
			sp_prober_hung_up(prober);
		sent += piece;
	}
	if (prober->control < 0)
		return false;
	if (part != SP_STORE_ANCHORS)
		return true;
	if (!expect(prober, SP_FRAME_STORED, 10000, &frame))
		return false;
	*ret_stored = frame.stored;
	return frame.stored.store == number;
}

void sp_prober_stop(struct sp_prober *prober)
{
	if (!prober)
		return;
	/* It holds nothing that wants saving. */
	sp_prober_fail(prober, "stopped");
	free(prober->failure);
	free(prober);
}
