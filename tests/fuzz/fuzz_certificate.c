/* A certificate, as OpenSSL takes it: its facts fit the frame that carries them, so
 * that no peer can silence its own prober. */
#include "fuzz.h"

#include <sallyport/frame.h>

#include "certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static uint8_t encoded[SP_MAX_FRAME_BYTES];
	const unsigned char *at = bytes;
	X509 *certificate =
	    length <= SP_MAX_CHAIN_BYTES ? d2i_X509(NULL, &at, (long)length) : NULL;
	struct sp_frame frame = { .type = SP_FRAME_CERTIFICATE }, again;
	size_t size;

	if (certificate && certificate_describe(certificate, &frame.certificate)) {
		size = sp_frame_encode(&frame, encoded);
		FUZZ_CHECK(size > 0);
		FUZZ_CHECK(sp_frame_decode(encoded, size, &again));
		sp_frame_free(&again);
		sp_certificate_free(&frame.certificate);
	}
	X509_free(certificate);
	return 0;
}
