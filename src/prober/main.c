/* sallyport-prober: started by sallyport with a socket as descriptor 3, never by
 * a person. It opens nothing: trust stores, channels and connections are sent
 * to it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "memory.h"
#include "parent.h"
#include "sandbox.h"

#define CONTROL 3

static bool is_control_socket(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* Everything that would open a file later: the time zone (OpenSSL's time checks
 * read /etc/localtime), the random generators. No openssl.cnf of the machine's. */
static bool preload(void)
{
	unsigned char random[16];

	setenv("TZ", "UTC0", 1);
	tzset();
	return memory_guard() &&
	       OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
				    OPENSSL_INIT_LOAD_SSL_STRINGS |
				    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		   NULL) == 1 &&
	       RAND_bytes(random, sizeof(random)) == 1 &&
	       RAND_priv_bytes(random, sizeof(random)) == 1;
}

int main(void)
{
	const char *step = "OpenSSL";

	if (!is_control_socket(CONTROL)) {
		fputs("sallyport-prober: is started by sallyport, not by hand\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	errno = 0;
	if (!preload() || !sandbox_prepare(&step)) {
		int status = errno == ENOMEM ? ENOMEM : 3;

		fprintf(stderr, "sallyport-prober: cannot seal itself: %s\n", step);
		return status;
	}
	return parent_run(CONTROL);
}
