#include "described.h"

#include <string.h>

#include <openssl/evp.h>

#include "certificate.h"

/* The certificate's number; described to the caller when it is new. */
static bool number_of(struct described *described, const struct channel *channel,
    X509 *certificate, uint16_t *ret_number)
{
	struct sp_frame frame = { .type = SP_FRAME_CERTIFICATE };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	bool sent;

	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return false;
	for (uint16_t i = 0; i < described->count; i++) {
		if (memcmp(described->digests[i], digest, 32) == 0) {
			*ret_number = i;
			return true;
		}
	}
	if (described->count >= SP_MAX_TESTIMONY_CERTIFICATES ||
	    !certificate_describe(certificate, &frame.certificate))
		return false;
	sent = channel_send(channel, &frame);
	sp_frame_free(&frame);
	if (!sent)
		return false;
	memcpy(described->digests[described->count], digest, 32);
	*ret_number = described->count++;
	return true;
}

static bool number_all(struct described *described, const struct channel *channel,
    STACK_OF(X509) * certificates, uint16_t numbers[SP_MAX_CHAIN_CERTIFICATES],
    size_t *ret_count)
{
	size_t count = 0;
	bool told = true;

	for (int i = 0;
	     i < sk_X509_num(certificates) && count < SP_MAX_CHAIN_CERTIFICATES; i++) {
		if (number_of(described, channel, sk_X509_value(certificates, i),
			&numbers[count]))
			count++;
		else
			told = false;
	}
	*ret_count = count;
	return told;
}

bool described_chain(struct described *described, const struct channel *channel,
    const struct handshake_chain *chain, struct sp_observation *observation)
{
	int total = sk_X509_num(chain->sent);
	bool sent, built;

	observation->sent_total = (uint16_t)(total > 0 ? total : 0);
	sent = number_all(
	    described, channel, chain->sent, observation->sent, &observation->sent_count);
	built = number_all(described, channel, chain->built, observation->chain,
	    &observation->chain_count);
	return sent && built;
}
