/* Verdicts of one endpoint: by a warm prober one after the other, by it many at
 * once, and the same handshakes and hellos by a bare loop around OpenSSL and
 * sockets, which judges nothing and describes nothing.
 *
 * usage: verdicts warm|many|bare PROBER CA ADDRESS PORT NAME COUNT
 * Prints microseconds for each verdict, and connections of each. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sallyport/plan.h>
#include <sallyport/prober_channel.h>

#include "hello.h"
#include "ssl2.h"

/* As policies/profiles/baseline.ini. */
static const struct sp_profile baseline = { .name = (char *)"baseline",
	.source = (char *)"baseline",
	.min_version = SP_TLS12,
	.min_rsa_bits = 2048,
	.min_ec_bits = 256,
	.min_dh_bits = 2048,
	.signature = 1u << SP_HASH_SHA256 | 1u << SP_HASH_SHA384 | 1u << SP_HASH_SHA512 |
		     1u << SP_HASH_INTRINSIC,
	.ocsp = SP_STANCE_IGNORE,
	.weaknesses = { [SP_WEAK_LUCKY13] = SP_STANCE_WARN,
	    [SP_WEAK_NO_FORWARD_SECRECY] = SP_STANCE_WARN } };

static const char *ca, *name;
static struct sp_address address;
static uint16_t port;

static double microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static _Noreturn void give_up(const char *why)
{
	fprintf(stderr, "verdicts: %s\n", why);
	exit(1);
}

static struct sp_request request_of(char **names)
{
	struct sp_target target = { .names = names,
		.name_count = 1,
		.tls = SP_TLS_REQUIRED,
		.profile = &baseline };

	return sp_target_request(&target, 5000, 30000, (int64_t)time(NULL));
}

/* --- the prober ----------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = malloc(1 << 20);

	if (!file || !bytes)
		give_up("cannot read the CA");
	*ret_length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void ask(struct sp_prober *prober, const struct sp_request *request, size_t count,
    size_t at_once, unsigned *ret_connections)
{
	struct sp_job *jobs = calloc(count, sizeof(*jobs));
	struct sp_testimony *testimonies = calloc(count, sizeof(*testimonies));

	if (!jobs || !testimonies)
		give_up("out of memory");
	for (size_t i = 0; i < count; i++)
		jobs[i] = (struct sp_job){ .address = address,
			.port = port,
			.request = request,
			.testimony = &testimonies[i] };
	sp_prober_ask(prober, jobs, count, at_once, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		if (testimonies[i].ended != SP_ENDED_DONE)
			give_up(testimonies[i].failure ? testimonies[i].failure
						       : "a child ended badly");
		*ret_connections = testimonies[i].connections;
		sp_testimony_free(&testimonies[i]);
	}
	free(jobs);
	free(testimonies);
}

static double by_prober(const char *path, const struct sp_request *request, size_t count,
    bool at_once, unsigned *ret_connections)
{
	struct sp_prober *prober = sp_prober_start(path, 5000);
	size_t length, processors = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	uint8_t *pem = read_file(ca, &length);
	struct sp_stored stored;
	double began;

	if (!prober ||
	    !sp_prober_add_store(prober, 0, SP_STORE_ANCHORS, pem, length, &stored))
		give_up("no prober");
	ask(prober, request, 1, 1, ret_connections);
	began = microseconds();
	if (at_once)
		ask(prober, request, count, 2 * processors, ret_connections);
	for (size_t i = 0; i < count && !at_once; i++)
		ask(prober, request, 1, 1, ret_connections);
	began = microseconds() - began;
	sp_prober_stop(prober);
	free(pem);
	return began / (double)count;
}

/* --- the bare loop -------------------------------------------------------- */

static unsigned connections;

static int open_socket(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[16];

	sp_address_bytes(&address, bytes);
	memcpy(&to.sin_addr, bytes, sizeof(to.sin_addr));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up("no connection");
	connections++;
	return fd;
}

/* The suite that was chosen; 0: refused. */
static uint16_t shake_hands(SSL_CTX *context, int version, const char *schemes)
{
	SSL *ssl = SSL_new(context);
	int fd = open_socket();
	uint16_t suite = 0;

	SSL_set_min_proto_version(ssl, version);
	SSL_set_max_proto_version(ssl, version);
	SSL_set1_host(ssl, name);
	SSL_set_tlsext_host_name(ssl, name);
	if (schemes)
		SSL_set1_sigalgs_list(ssl, schemes);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1) {
		suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
	return suite;
}

static void say_hello(const void *bytes, size_t length)
{
	uint8_t answer[16384];
	int fd = open_socket();

	if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		give_up("no answer");
	close(fd);
}

static void ask_hello(const struct sp_request *request, enum sp_question question,
    const struct sp_offer *offer, uint16_t also)
{
	uint16_t suites[SP_MAX_OFFERED_SUITES];
	uint8_t random[32], bytes[HELLO_MAX_BYTES];
	struct hello hello = { .version = sp_question(question)->version,
		.name = request->names[0] };

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		give_up("no random bytes");
	if (question == SP_ASK_SSL2) {
		ssl2_write_hello(random, bytes);
		say_hello(bytes, SSL2_HELLO_BYTES);
		return;
	}
	if (offer) {
		memcpy(suites, offer->suites, sizeof(suites));
		hello.suites = suites;
		hello.suite_count = offer->suite_count;
		if (also)
			suites[hello.suite_count++] = also;
		hello.groups = offer->group_count ? offer->groups : NULL;
		hello.group_count = offer->group_count;
		hello.schemes = offer->scheme_count ? offer->schemes : NULL;
		hello.scheme_count = offer->scheme_count;
		hello.extras = hello.version == SP_TLS12;
	}
	say_hello(bytes, hello_write(&hello, random, bytes));
}

static void bare_verdict(SSL_CTX *context, const struct sp_request *request)
{
	uint16_t suite13 = shake_hands(context, TLS1_3_VERSION, NULL);
	uint16_t suite12 = shake_hands(context, TLS1_2_VERSION, NULL);

	if (!suite13 || !suite12)
		give_up("the handshakes fail");
	for (enum sp_question version = SP_ASK_TLS11; version <= SP_ASK_SSL2; version++)
		ask_hello(request, version, NULL, 0);
	shake_hands(context, TLS1_3_VERSION, "ECDSA+SHA256");
	shake_hands(context, TLS1_2_VERSION, "ECDSA+SHA256");
	for (size_t i = 0; i < request->offer_count; i++) {
		const struct sp_offer *offer = &request->offers[i];

		ask_hello(request, offer->question, offer, 0);
		if (offer->question == SP_ASK_SUITES13)
			ask_hello(request, SP_ASK_CONTROL13, offer, suite13);
		if (offer->question == SP_ASK_SUITES12_A)
			ask_hello(request, SP_ASK_CONTROL12, offer, suite12);
	}
}

static double by_loop(
    const struct sp_request *request, size_t count, unsigned *ret_connections)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	double began;

	if (!context || SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
		give_up("no context");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	bare_verdict(context, request);
	connections = 0;
	began = microseconds();
	for (size_t i = 0; i < count; i++)
		bare_verdict(context, request);
	began = microseconds() - began;
	*ret_connections = connections / (unsigned)count;
	SSL_CTX_free(context);
	return began / (double)count;
}

int main(int count, char **arguments)
{
	struct sp_request request;
	unsigned each = 0;
	size_t rounds;
	double took;

	if (count != 8)
		give_up(
		    "usage: verdicts warm|many|bare PROBER CA ADDRESS PORT NAME COUNT");
	ca = arguments[3];
	port = (uint16_t)atoi(arguments[5]);
	name = arguments[6];
	rounds = (size_t)atol(arguments[7]);
	if (!sp_address_parse(arguments[4], strlen(arguments[4]), &address) || !rounds)
		give_up("no address, or no count");
	request = request_of(&arguments[6]);
	if (!strcmp(arguments[1], "bare"))
		took = by_loop(&request, rounds, &each);
	else
		took = by_prober(
		    arguments[2], &request, rounds, !strcmp(arguments[1], "many"), &each);
	printf("%.0f %u\n", took, each);
	return 0;
}
