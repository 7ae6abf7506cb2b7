#include "handshake.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <sallyport/address.h>

#include "channel.h"
#include "reply.h"
#include "starttls.h"
#include "staple.h"

/* OpenSSL's own choice first, then what it leaves out: a certificate on one of
 * those curves would be refused before it is seen. */
#define GROUPS                                                         \
	"X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:" \
	"brainpoolP256r1:brainpoolP384r1:brainpoolP512r1:secp256k1:P-224:P-192"

/* All that it has, CCM too. */
#define TLS13_SUITES                                           \
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:" \
	"TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

/* What OpenSSL shows in passing; found again through the SSL's app data. */
struct watched {
	const struct trust *trust;
	struct sp_observation *observation;
	struct handshake_chain *chain;
	int64_t now;
	bool server_hello, key_exchange, fatal;
	struct server_hello hello;
	struct handshake_intake intake;
};

static void say(struct sp_observation *observation, enum sp_reply reply, const char *text)
{
	observation->reply = reply;
	free(observation->text);
	observation->text = text ? strdup(text) : NULL;
}

static struct watched *watched_of(const X509_STORE_CTX *store)
{
	SSL *ssl =
	    X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	return SSL_get_app_data(ssl);
}

/* Keeps the error and goes on, so that one look shows all that is wrong. */
static int each_chain_error(int good, X509_STORE_CTX *store)
{
	struct sp_observation *observation = watched_of(store)->observation;
	uint32_t code = (uint32_t)X509_STORE_CTX_get_error(store);
	uint32_t depth = (uint32_t)X509_STORE_CTX_get_error_depth(store);

	if (good)
		return 1;
	for (size_t i = 0; i < observation->error_count; i++)
		if (observation->errors[i].code == code &&
		    observation->errors[i].depth == depth)
			return 1;
	observation->error_total++;
	if (observation->error_count < SP_MAX_CHAIN_ERRORS) {
		struct sp_chain_error *error =
		    &observation->errors[observation->error_count++];

		error->code = code;
		error->depth = depth;
		error->text = strdup(X509_verify_cert_error_string((long)code));
	}
	return 1;
}

/* When the lists of revocations that this chain was checked with are out of date. A list
 * that is already says nothing about that: a newer one of its issuer is beside it, or it
 * is told as an error. */
static void look_at_revocations(struct watched *watched, X509_STORE_CTX *store)
{
	struct sp_observation *observation = watched->observation;

	observation->crl_checked = watched->trust->revocation_lists > 0;
	for (int i = 0;
	     observation->crl_checked && i + 1 < sk_X509_num(watched->chain->built);
	     i++) {
		STACK_OF(X509_CRL) *lists = X509_STORE_CTX_get1_crls(
		    store, X509_get_issuer_name(sk_X509_value(watched->chain->built, i)));

		for (int l = 0; l < sk_X509_CRL_num(lists); l++) {
			const ASN1_TIME *next =
			    X509_CRL_get0_nextUpdate(sk_X509_CRL_value(lists, l));
			struct tm tm;
			int64_t until = next && ASN1_TIME_to_tm(next, &tm) == 1
					    ? (int64_t)timegm(&tm)
					    : 0;

			if (until > watched->now && (observation->crl_until == 0 ||
							until < observation->crl_until))
				observation->crl_until = until;
		}
		sk_X509_CRL_pop_free(lists, X509_CRL_free);
	}
}

/* The handshake goes on whatever the chain is: the judge says what it is worth. */
static int verify_chain(X509_STORE_CTX *store, void *unused)
{
	struct watched *watched = watched_of(store);
	struct sp_observation *observation;
	int verified;

	(void)unused;
	if (!watched)
		return 1; /* a session that is opened for something else */
	observation = watched->observation;
	X509_STORE_CTX_set_verify_cb(store, each_chain_error);
	verified = X509_verify_cert(store);
	observation->chain_checked = true;
	/* A failure without an error of its own (memory, an internal one). */
	if (verified <= 0 && observation->error_count == 0) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
		each_chain_error(0, store);
	}
	handshake_chain_free(watched->chain);
	watched->chain->sent = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store));
	watched->chain->built = X509_STORE_CTX_get1_chain(store);
	look_at_revocations(watched, store);
	return 1;
}

static void watch_handshake(
    struct watched *watched, int sent, const uint8_t *bytes, size_t length)
{
	struct sp_observation *observation = watched->observation;
	struct server_hello hello;

	if (length < 4)
		return;
	if (!sent && bytes[0] == SSL3_MT_SERVER_HELLO &&
	    reply_read_server_hello(bytes + 4, length - 4, &hello)) {
		watched->server_hello = true;
		observation->version = hello.version;
		observation->suite = hello.suite;
		if (hello.group)
			observation->group = hello.group;
		observation->secure_renegotiation = hello.secure_renegotiation;
		observation->extended_master_secret = hello.extended_master_secret;
		watched->hello = hello;
	}
	if (!sent && bytes[0] == SSL3_MT_SERVER_KEY_EXCHANGE) {
		struct key_exchange exchange =
		    reply_read_key_exchange(bytes + 4, length - 4, &watched->hello);

		watched->key_exchange = true;
		observation->scheme = exchange.scheme;
		observation->dh_bits = exchange.dh_bits;
		if (exchange.group)
			observation->group = exchange.group;
	}
	if (!sent && bytes[0] == SSL3_MT_CERTIFICATE_REQUEST)
		observation->client_certificate = true;
	/* Our ClientKeyExchange follows only a ServerKeyExchange whose signature was
	 * good: that proves the server before its Finished, which a server that wants
	 * a client certificate never sends in TLS 1.2 (alert 40 instead). */
	if (sent && bytes[0] == SSL3_MT_CLIENT_KEY_EXCHANGE && watched->key_exchange)
		observation->proven = true;
}

static void watch(int sent, int version, int type, const void *bytes, size_t length,
    SSL *ssl, void *argument)
{
	struct watched *watched = argument;

	(void)version;
	(void)ssl;
	if (type == SSL3_RT_HANDSHAKE)
		watch_handshake(watched, sent, bytes, length);
	if (type == SSL3_RT_ALERT && !sent && length == 2 &&
	    ((const uint8_t *)bytes)[0] == SSL3_AL_FATAL) {
		watched->fatal = true;
		watched->observation->alert = ((const uint8_t *)bytes)[1];
	}
}

SSL_CTX *handshake_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return NULL;
	/* Observe everything; the profile judges. */
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_min_proto_version(context, 0);
	/* Resumption would skip the certificate. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context,
	    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_max_cert_list(context, SP_MAX_CHAIN_BYTES);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify_chain, NULL);
	SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
	if (SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") == 1 &&
	    SSL_CTX_set_ciphersuites(context, TLS13_SUITES) == 1 &&
	    SSL_CTX_set1_groups_list(context, GROUPS) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* The name of the certificate and SNI; an address is matched against iPAddress
 * entries and never sent as SNI (RFC 6066 section 3). */
static bool expect(SSL *ssl, const struct handshake *handshake)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
	const char *name = handshake->name;
	struct sp_address address;

	X509_VERIFY_PARAM_set_time(parameters, (time_t)handshake->now);
	if (handshake->trust->revocation_lists)
		X509_VERIFY_PARAM_set_flags(
		    parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_VERIFY_PARAM_set_auth_level(parameters, 0);
	/* Every breach of RFC 5280 is a fact; the judge says which of them count. What
	 * is named as an anchor is one, signed by itself or not (section 6.1.1). */
	X509_VERIFY_PARAM_set_flags(
	    parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_depth(parameters, SP_MAX_CHAIN_CERTIFICATES - 2);
	X509_VERIFY_PARAM_set_hostflags(parameters,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!name)
		return true;
	/* An empty name would switch the check off. */
	if (!*name)
		return false;
	if (sp_address_parse(name, strlen(name), &address))
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1;
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* Keeps what came first: of a peer that does not speak TLS, OpenSSL says no more
 * than "wrong version number". */
static void keep_first(
    struct handshake_intake *intake, const uint8_t *bytes, size_t length)
{
	size_t room = sizeof(intake->first) - intake->first_length;

	if (length < room)
		room = length;
	memcpy(intake->first + intake->first_length, bytes, room);
	intake->first_length += room;
}

static long watch_reads(BIO *bio, int operation, const char *bytes, size_t length,
    int argument, long more, int result, size_t *processed)
{
	struct handshake_intake *intake =
	    (struct handshake_intake *)BIO_get_callback_arg(bio);

	(void)length;
	(void)argument;
	(void)more;
	if (operation == BIO_CB_READ && clock_ms() >= intake->deadline_ms) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0)
		keep_first(intake, (const uint8_t *)bytes, *processed);
	return result;
}

bool handshake_attach(SSL *ssl, int fd, struct handshake_intake *intake)
{
	if (SSL_set_fd(ssl, fd) != 1)
		return false;
	BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)intake);
	BIO_set_callback_ex(SSL_get_rbio(ssl), watch_reads);
	return true;
}

/* RFC 8446 section 4.2.3 by OpenSSL's names, weak ones among them: what is chosen is
 * judged elsewhere. */
#define RSA_SCHEMES                                                    \
	"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:" \
	"rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"    \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA224:RSA+SHA1"
#define OTHER_SCHEMES                                           \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:" \
	"ECDSA+SHA224:ECDSA+SHA1:DSA+SHA256:DSA+SHA224:DSA+SHA1"

/* Schemes decide in TLS 1.3; in TLS 1.2 some servers look at suites alone. */
static bool offer_certificates(SSL *ssl, enum handshake_certificates certificates)
{
	switch (certificates) {
	case HANDSHAKE_ANY: return true;
	case HANDSHAKE_RSA:
		return SSL_set1_sigalgs_list(ssl, RSA_SCHEMES) == 1 &&
		       SSL_set_cipher_list(ssl, "aRSA:@SECLEVEL=0") == 1;
	case HANDSHAKE_NOT_RSA:
		return SSL_set1_sigalgs_list(ssl, OTHER_SCHEMES) == 1 &&
		       SSL_set_cipher_list(ssl, "aECDSA:aDSS:@SECLEVEL=0") == 1;
	}
	return false;
}

/* RFC 7301 section 3.1: each with its length before it. */
static bool offer_protocols(SSL *ssl, const struct handshake *handshake)
{
	uint8_t list[SP_MAX_ALPN * (1 + SP_MAX_ALPN_BYTES)];
	size_t length = 0;

	for (size_t i = 0; i < handshake->alpn_count; i++) {
		size_t size = strlen(handshake->alpn[i]);

		if (size == 0 || size > SP_MAX_ALPN_BYTES ||
		    sizeof(list) - length < size + 1)
			return false;
		list[length++] = (uint8_t)size;
		memcpy(list + length, handshake->alpn[i], size);
		length += size;
	}
	/* 0 is success here, unlike everywhere else. */
	return length == 0 || SSL_set_alpn_protos(ssl, list, (unsigned)length) == 0;
}

static SSL *open_session(
    const struct handshake *handshake, int fd, struct watched *watched)
{
	SSL *ssl = SSL_new(handshake->trust->context);

	if (!ssl)
		return NULL;
	SSL_set_app_data(ssl, watched);
	SSL_set_msg_callback(ssl, watch);
	SSL_set_msg_callback_arg(ssl, watched);
	if (handshake->plain)
		SSL_set_tlsext_status_type(
		    ssl, -1); /* none; OpenSSL has no name for it */
	if (SSL_set_min_proto_version(ssl, handshake->version) == 1 &&
	    SSL_set_max_proto_version(ssl, handshake->version) == 1 &&
	    offer_certificates(ssl, handshake->certificates) && expect(ssl, handshake) &&
	    offer_protocols(ssl, handshake) && trust_show_client(handshake->trust, ssl) &&
	    handshake_attach(ssl, fd, &watched->intake))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int handshake_drive(SSL *ssl, int fd, int64_t deadline_ms, int *ret_error)
{
	for (;;) {
		int result, wanted;

		ERR_clear_error();
		errno = 0;
		result = SSL_connect(ssl);
		if (result == 1)
			return 1;
		*ret_error = errno;
		wanted = SSL_get_error(ssl, result);
		if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
			return 0;
		if (!wait_for(fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			deadline_ms))
			return -1;
	}
}

/* No ServerHello that OpenSSL took, no alert: what was it then? OpenSSL takes a
 * record's header first; the rest of a line may still be there. */
static void say_what_it_was(
    struct watched *watched, int fd, int error, const char *reason)
{
	struct handshake_intake *intake = &watched->intake;
	ssize_t more =
	    intake->first_length
		? recv(fd, intake->first + intake->first_length,
		      sizeof(intake->first) - intake->first_length, MSG_DONTWAIT)
		: 0;
	struct reply reply;
	char line[sizeof(intake->first)];

	if (more > 0)
		intake->first_length += (size_t)more;
	reply = reply_read(intake->first, intake->first_length, REPLY_TO_SERVER_HELLO);

	if (reply.kind == REPLY_CLEAR_TEXT) {
		reply_first_line(intake->first, intake->first_length, line, sizeof(line));
		say(watched->observation, SP_REPLY_CLEAR_TEXT, line);
	} else if (intake->first_length && !reply.warned) {
		say(watched->observation, SP_REPLY_MALFORMED,
		    reply.why ? reply.why : reason);
	} else {
		say(watched->observation,
		    error == ECONNRESET ? SP_REPLY_RESET : SP_REPLY_CLOSED, NULL);
	}
}

static void say_failure(struct watched *watched, int fd, int error)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);

	if (watched->server_hello)
		say(watched->observation, SP_REPLY_SERVER_HELLO,
		    watched->fatal ? "an alert within the handshake" : reason);
	else if (watched->fatal)
		say(watched->observation, SP_REPLY_ALERT, NULL);
	else
		say_what_it_was(watched, fd, error, reason);
}

static void say_done(SSL *ssl, const struct handshake *handshake, int fd,
    struct sp_observation *observation)
{
	observation->proven = true;
	say(observation, SP_REPLY_HANDSHAKE, NULL);
	/* A polite end: servers count interrupted connections. */
	starttls_end(handshake->dialect, ssl, fd, handshake->deadline_ms);
	SSL_shutdown(ssl);
}

/* What OpenSSL keeps of a handshake, whole or not. */
static void say_particulars(SSL *ssl, const struct handshake *handshake,
    const struct handshake_chain *chain, struct sp_observation *observation)
{
	int depth = sk_X509_num(chain->built);
	const unsigned char *protocol = NULL;
	unsigned length = 0;

	SSL_get0_alpn_selected(ssl, &protocol, &length);
	if (length && !memchr(protocol, '\0', length))
		observation->alpn = strndup((const char *)protocol, length);
	if (depth <= 0) /* -1: none was built */
		return;
	staple_read(ssl, chain->built, handshake->now, observation);
	/* Built to an anchor: the chain ends at one of the store. */
	observation->public_anchor =
	    observation->error_count == 0 &&
	    trust_is_public(handshake->trust, sk_X509_value(chain->built, depth - 1));
}

void handshake_ask(const struct handshake *handshake, int fd,
    struct sp_observation *observation, struct handshake_chain *ret_chain)
{
	struct watched watched = { .trust = handshake->trust,
		.observation = observation,
		.chain = ret_chain,
		.now = handshake->now,
		.intake.deadline_ms = handshake->deadline_ms };
	SSL *ssl = open_session(handshake, fd, &watched);
	int error = 0;

	if (!ssl) {
		say(observation, SP_REPLY_FAILED,
		    "OpenSSL could not set up a session (a client certificate without "
		    "its key?)");
		return;
	}
	observation->sha1_offered = true; /* at security level 0 */
	switch (handshake_drive(ssl, fd, handshake->deadline_ms, &error)) {
	case 1: say_done(ssl, handshake, fd, observation); break;
	case 0: say_failure(&watched, fd, error); break;
	default: say(observation, SP_REPLY_TIMEOUT, NULL); break;
	}
	say_particulars(ssl, handshake, ret_chain, observation);
	SSL_free(ssl);
}

void handshake_chain_free(struct handshake_chain *chain)
{
	sk_X509_pop_free(chain->sent, X509_free);
	sk_X509_pop_free(chain->built, X509_free);
	memset(chain, 0, sizeof(*chain));
}
