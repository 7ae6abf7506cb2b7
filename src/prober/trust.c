#include "trust.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <sallyport/array.h>

#include "handshake.h"

/* Room for a key's file is made at once: growing would leave a part of it behind. */
static size_t room_for(const struct sp_store_piece *piece)
{
	return piece->part == SP_STORE_CLIENT &&
		       piece->length < SP_MAX_CLIENT_CERTIFICATE_BYTES
		   ? SP_MAX_CLIENT_CERTIFICATE_BYTES
		   : piece->length;
}

bool trust_add(struct trust *trust, const struct sp_store_piece *piece)
{
	size_t length = trust->parts[piece->part].length;

	if (trust->context || piece->length > SP_MAX_STORE_BYTES - length)
		return false;
	if (trust->parts[piece->part].capacity - length < piece->length &&
	    !sp_array_grow((void **)&trust->parts[piece->part].bytes,
		&trust->parts[piece->part].capacity, length, room_for(piece), 1))
		return false;
	if (piece->length)
		memcpy(trust->parts[piece->part].bytes + length, piece->bytes,
		    piece->length);
	trust->parts[piece->part].length += piece->length;
	trust->parts[piece->part].given = true;
	return true;
}

static BIO *memory_of(const struct trust *trust, enum sp_store_part part)
{
	/* BIO_new_mem_buf refuses nothing as memory. */
	return trust->parts[part].length ? BIO_new_mem_buf(trust->parts[part].bytes,
					       (int)trust->parts[part].length)
					 : NULL;
}

/* A broken one in a bundle costs itself, not those behind it. */
static bool at_end(void)
{
	bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

static void read_anchors(struct trust *trust)
{
	X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
	BIO *memory = memory_of(trust, SP_STORE_ANCHORS);

	while (memory) {
		X509 *certificate = PEM_read_bio_X509_AUX(memory, NULL, NULL, NULL);

		if (certificate && X509_STORE_add_cert(store, certificate) == 1)
			trust->anchors++;
		X509_free(certificate);
		if (!certificate && at_end())
			break;
	}
	BIO_free(memory);
}

static void read_local(struct trust *trust)
{
	BIO *memory = memory_of(trust, SP_STORE_LOCAL);

	while (memory) {
		X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);

		if (certificate && sk_X509_push(trust->local, certificate) <= 0)
			X509_free(certificate);
		if (!certificate && at_end())
			break;
	}
	BIO_free(memory);
}

static void read_revocations(struct trust *trust)
{
	X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
	BIO *memory = memory_of(trust, SP_STORE_CRL);

	while (memory) {
		X509_CRL *list = PEM_read_bio_X509_CRL(memory, NULL, NULL, NULL);

		if (list && X509_STORE_add_crl(store, list) == 1)
			trust->revocation_lists++;
		X509_CRL_free(list);
		if (!list && at_end())
			break;
	}
	BIO_free(memory);
}

bool trust_make(struct trust *trust)
{
	trust->context = handshake_context();
	trust->local = sk_X509_new_null();
	if (!trust->context || !trust->local)
		return false;
	read_anchors(trust);
	read_local(trust);
	read_revocations(trust);
	for (unsigned i = 0; i < SP_STORE_PARTS; i++) {
		if (i == SP_STORE_CLIENT)
			continue;
		free(trust->parts[i].bytes);
		trust->parts[i].bytes = NULL;
		trust->parts[i].length = trust->parts[i].capacity = 0;
	}
	return true;
}

bool trust_is_public(const struct trust *trust, const X509 *anchor)
{
	/* Only the system's store comes with those that were added to it. */
	if (!trust->parts[SP_STORE_LOCAL].given)
		return false;
	for (int i = 0; i < sk_X509_num(trust->local); i++)
		if (X509_cmp(sk_X509_value(trust->local, i), anchor) == 0)
			return false;
	return true;
}

/* Nobody is here to be asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)unused;
	return 0;
}

static bool show_key(const struct trust *trust, SSL *ssl)
{
	BIO *memory = memory_of(trust, SP_STORE_CLIENT);
	EVP_PKEY *key =
	    memory ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL) : NULL;
	bool done = key && SSL_use_PrivateKey(ssl, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(memory);
	return done;
}

/* The first is the client's own; those behind it its chain. */
static bool show_chain(const struct trust *trust, SSL *ssl)
{
	BIO *memory = memory_of(trust, SP_STORE_CLIENT);
	bool done = false;
	X509 *certificate;

	while (memory && (certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL))) {
		if (!done)
			done = SSL_use_certificate(ssl, certificate) == 1;
		else
			SSL_add1_chain_cert(ssl, certificate);
		X509_free(certificate);
	}
	BIO_free(memory);
	ERR_clear_error();
	return done;
}

bool trust_show_client(const struct trust *trust, SSL *ssl)
{
	return !trust->parts[SP_STORE_CLIENT].given ||
	       (show_chain(trust, ssl) && show_key(trust, ssl));
}

void trust_forget_client(struct trust *trust)
{
	if (trust->parts[SP_STORE_CLIENT].bytes)
		explicit_bzero(trust->parts[SP_STORE_CLIENT].bytes,
		    trust->parts[SP_STORE_CLIENT].length);
	free(trust->parts[SP_STORE_CLIENT].bytes);
	trust->parts[SP_STORE_CLIENT].bytes = NULL;
	trust->parts[SP_STORE_CLIENT].length = 0;
	trust->parts[SP_STORE_CLIENT].capacity = 0;
}

void trust_free(struct trust *trust)
{
	trust_forget_client(trust);
	for (unsigned i = 0; i < SP_STORE_PARTS; i++)
		free(trust->parts[i].bytes);
	sk_X509_pop_free(trust->local, X509_free);
	SSL_CTX_free(trust->context);
	memset(trust, 0, sizeof(*trust));
}
