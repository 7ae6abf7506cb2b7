/* A server that says anything before TLS: every dialect ends, says how, and "done"
 * only when it agreed to the upgrade. The first byte names the dialect. */
#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "starttls.h"

static int64_t soon(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 500;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_observation observation = { .name = SP_NO_NAME };
	int pair[2];
	bool upgraded;

	if (length < 1 || length > 60000)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) == 0);
	/* All that it will ever say is there already. */
	if (send(pair[1], bytes + 1, length - 1, MSG_NOSIGNAL) == (ssize_t)(length - 1)) {
		shutdown(pair[1], SHUT_WR);
		upgraded = starttls_upgrade(
		    (enum sp_dialect)(SP_DIALECT_SMTP + bytes[0] % SP_DIALECT_NNTP),
		    pair[0], "www.example.com", soon(), &observation);
		FUZZ_CHECK(upgraded == (observation.upgrade == SP_UPGRADE_DONE));
		if (!upgraded)
			FUZZ_CHECK(observation.reply != SP_REPLY_NOT_ASKED);
	}
	close(pair[0]);
	close(pair[1]);
	sp_observation_free(&observation);
	return 0;
}
