/* Between the model and nf_tables' netlink messages (linux/netfilter/nf_tables.h).
 * Encoding and decoding touch no socket; transaction.h does. */
#ifndef SALLYPORT_NFT_H
#define SALLYPORT_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/delta.h>
#include <sallyport/diag.h>

/* One nfnetlink batch: NFNL_MSG_BATCH_BEGIN, the messages, NFNL_MSG_BATCH_END.
 * Message i has sequence number `first_sequence` + i; origins[i] is the change
 * that it came from, or NULL for the frame. */
struct sp_batch {
	uint8_t *bytes;
	size_t length, capacity;
	size_t cleared; /* bytes that are zero or written */
	uint32_t first_sequence;
	struct {
		const struct sp_change **items;
		size_t length, capacity;
	} origins;
};

/* Encodes `delta`. With `generation` not 0 the kernel takes the batch only at
 * that generation (NFNL_BATCH_GENID). `complete` false leaves BATCH_END out: the
 * kernel checks everything and applies nothing. The delta outlives the batch. */
bool sp_batch_make(const struct sp_delta *delta, uint32_t generation, bool complete,
    struct sp_batch *ret, struct sp_diag *diag);
void sp_batch_free(struct sp_batch *batch);

/* Hexadecimal, one message a line; and the messages as libnftnl prints them. */
void sp_batch_print_hex(const struct sp_batch *batch, struct sp_text *ret);
bool sp_batch_print_decoded(const struct sp_batch *batch, struct sp_text *ret);

#endif
