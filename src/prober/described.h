/* Certificates as a child tells of them: each once, by a number from then on. */
#ifndef SALLYPORT_PROBER_DESCRIBED_H
#define SALLYPORT_PROBER_DESCRIBED_H

#include <stdbool.h>
#include <stdint.h>

#include <sallyport/observation.h>

#include "channel.h"
#include "handshake.h"

/* Zero is "none yet". */
struct described {
	uint8_t digests[SP_MAX_TESTIMONY_CERTIFICATES][32]; /* SHA-256, by number */
	uint16_t count;
};

/* Describes what is new of both chains to the caller and puts the numbers into the
 * observation. False: the caller is gone, or memory is out; what could be told is. */
bool described_chain(struct described *described, const struct channel *channel,
    const struct handshake_chain *chain, struct sp_observation *observation);

#endif
