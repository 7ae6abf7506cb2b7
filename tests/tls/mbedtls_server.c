/* A server of mbedTLS 2.28 as Debian builds it, without SSLv3: told that SSLv3 is
 * allowed, it answers its hello with a ServerHello 0300 all the same, and fails
 * after it.
 *
 * usage: mbedtls_server PORT CHAIN KEY LOWEST HIGHEST [SUITE...]
 *
 * LOWEST and HIGHEST are minor versions, 0 (SSLv3) to 3 (TLS 1.2); SUITE an
 * mbedTLS name. IPv4 and IPv6, one connection after the other. */
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#define MAX_SUITES 8
#define PATIENCE_MS 3000

static void must(int result, const char *what)
{
	if (result == 0)
		return;
	fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-result);
	exit(1);
}

static void serve(mbedtls_ssl_context *ssl, mbedtls_net_context *listener)
{
	mbedtls_net_context client;
	unsigned char byte;
	int result;

	mbedtls_net_init(&client);
	if (mbedtls_net_accept(listener, &client, NULL, 0, NULL) != 0)
		return;
	must(mbedtls_ssl_session_reset(ssl), "session");
	mbedtls_ssl_set_bio(
	    ssl, &client, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
	result = mbedtls_ssl_handshake(ssl);
	if (result == 0)
		mbedtls_ssl_read(ssl, &byte, 1);
	else
		fprintf(stderr, "handshake: -0x%04x\n", (unsigned)-result);
	mbedtls_net_free(&client);
}

int main(int argc, char **argv)
{
	int suites[MAX_SUITES + 1] = { 0 };
	const unsigned char purpose[] = "sallyport test";
	mbedtls_net_context listener;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt chain;
	mbedtls_pk_context key;

	if (argc < 6 || argc > 6 + MAX_SUITES)
		return 2;
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&ssl);
	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	must(mbedtls_ctr_drbg_seed(
		 &random, mbedtls_entropy_func, &entropy, purpose, sizeof(purpose)),
	    "random");
	must(mbedtls_x509_crt_parse_file(&chain, argv[2]), argv[2]);
	must(mbedtls_pk_parse_keyfile(&key, argv[3], NULL), argv[3]);
	must(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER,
		 MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
	    "defaults");
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	mbedtls_ssl_conf_read_timeout(&config, PATIENCE_MS);
	mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, atoi(argv[4]));
	mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, atoi(argv[5]));
	for (int i = 6; i < argc; i++)
		suites[i - 6] = mbedtls_ssl_get_ciphersuite_id(argv[i]);
	if (argc > 6)
		mbedtls_ssl_conf_ciphersuites(&config, suites);
	must(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "certificate");
	must(mbedtls_ssl_setup(&ssl, &config), "setup");
	mbedtls_net_init(&listener);
	must(mbedtls_net_bind(&listener, "::", argv[1], MBEDTLS_NET_PROTO_TCP), "bind");
	for (;;)
		serve(&ssl, &listener);
}
