#include "staple.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>

/* Clocks may differ; as `openssl ocsp` has it. Seconds. */
#define SKEW 300

static int64_t seconds_of(const ASN1_GENERALIZEDTIME *at)
{
	struct tm tm;

	return at && ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* The response's word on the leaf, whichever hash names it. */
static bool find(OCSP_BASICRESP *response, STACK_OF(X509) * chain, int *ret_status,
    int64_t *ret_from, int64_t *ret_until)
{
	const EVP_MD *hashes[] = { EVP_sha1(), EVP_sha256() };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		OCSP_CERTID *id = OCSP_cert_to_id(
		    hashes[i], sk_X509_value(chain, 0), sk_X509_value(chain, 1));
		ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
		int reason, found = id ? OCSP_resp_find_status(response, id, ret_status,
					     &reason, NULL, &from, &until)
				       : 0;

		OCSP_CERTID_free(id);
		if (found != 1)
			continue;
		*ret_from = seconds_of(from);
		*ret_until = seconds_of(until);
		return true;
	}
	return false;
}

static enum sp_revocation says(SSL *ssl, OCSP_BASICRESP *response, STACK_OF(X509) * chain,
    int64_t now, int64_t *ret_until)
{
	X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
	int64_t from = 0;
	int status = V_OCSP_CERTSTATUS_UNKNOWN;

	/* What is named as an anchor is one here too, signed by itself or not. */
	if (OCSP_basic_verify(response, chain, store, OCSP_PARTIAL_CHAIN) != 1)
		return SP_REVOCATION_BROKEN;
	if (!find(response, chain, &status, &from, ret_until))
		return SP_REVOCATION_UNKNOWN;
	/* A revocation is told however old it is. */
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return SP_REVOCATION_REVOKED;
	if (from > now + SKEW || (*ret_until && *ret_until <= now))
		return SP_REVOCATION_STALE;
	return status == V_OCSP_CERTSTATUS_GOOD ? SP_REVOCATION_GOOD
						: SP_REVOCATION_UNKNOWN;
}

void staple_read(
    SSL *ssl, STACK_OF(X509) * chain, int64_t now, struct sp_observation *observation)
{
	const unsigned char *bytes = NULL;
	long length = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
	OCSP_RESPONSE *response;
	OCSP_BASICRESP *basic = NULL;

	if (length <= 0)
		return;
	observation->staple = true;
	observation->staple_says = SP_REVOCATION_BROKEN;
	response = d2i_OCSP_RESPONSE(NULL, &bytes, length);
	if (response &&
	    OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL &&
	    sk_X509_num(chain) > 1)
		basic = OCSP_response_get1_basic(response);
	if (basic)
		observation->staple_says =
		    says(ssl, basic, chain, now, &observation->staple_until);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}
