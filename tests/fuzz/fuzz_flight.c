/* A server that says anything up to its ServerHelloDone: a flight is begun only when
 * it chose what was offered, and everything else is told. */
#include "fuzz.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "flight.h"

static int64_t soon(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 500;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const uint16_t suites[] = { 0xc02f, 0x009c, 0x002f };
	struct hello hello = { .version = SP_TLS12,
		.suites = suites,
		.suite_count = sizeof(suites) / sizeof(suites[0]),
		.extras = true };
	struct sp_observation observation = { .name = SP_NO_NAME };
	struct flight flight;
	int pair[2];

	if (length > 60000)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) == 0);
	/* All that it will ever say is there already. */
	if (send(pair[1], bytes, length, MSG_NOSIGNAL) == (ssize_t)length) {
		shutdown(pair[1], SHUT_WR);
		if (flight_begin(pair[0], &hello, soon(), &flight, &observation)) {
			FUZZ_CHECK(flight.hello.version >= SP_SSL3);
			FUZZ_CHECK(flight.hello.version <= SP_TLS12);
			FUZZ_CHECK(hello_offers(&hello, flight.hello.suite));
			flight_end(&flight);
			pair[0] = -1;
		} else {
			FUZZ_CHECK(observation.reply != SP_REPLY_NOT_ASKED);
		}
	}
	if (pair[0] >= 0)
		close(pair[0]);
	close(pair[1]);
	sp_observation_free(&observation);
	return 0;
}
