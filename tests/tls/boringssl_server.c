/* A server of BoringSSL, as Android's packages in Debian have it.
 *
 * usage: boringssl_server PORT CHAIN KEY [LOWEST]
 *
 * LOWEST is a version as the wire has it, 0x0303 for TLS 1.2.
 * IPv4 and IPv6; a child for each connection. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define PATIENCE_SECONDS 3

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static int listen_on(const char *port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)atoi(port)),
		.sin6_addr = in6addr_any };
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(listen(listener, 64) == 0, "listen");
	return listener;
}

static void serve(SSL_CTX *context, int client)
{
	SSL *ssl = SSL_new(context);
	char byte;

	alarm(PATIENCE_SECONDS);
	SSL_set_fd(ssl, client);
	if (SSL_accept(ssl) == 1)
		SSL_read(ssl, &byte, 1);
	SSL_shutdown(ssl);
	_exit(0);
}

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener;

	if (argc < 4)
		return 2;
	if (argc > 4)
		SSL_CTX_set_min_proto_version(
		    context, (uint16_t)strtoul(argv[4], NULL, 16));
	must(SSL_CTX_use_certificate_chain_file(context, argv[2]) == 1, argv[2]);
	must(SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) == 1,
	    argv[3]);
	signal(SIGCHLD, SIG_IGN);
	listener = listen_on(argv[1]);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client >= 0 && fork() == 0)
			serve(context, client);
		close(client);
	}
}
