/* The frames between caller, prober and its children.
 *
 * On a SOCK_SEQPACKET socket, one frame per message: length of the whole (32
 * bits), type (8 bits), then the fields of the type's table, all in network byte
 * order. Decoding trusts nothing: a frame is whole, exact and within every
 * limit, or it is refused. */
#ifndef SALLYPORT_FRAME_H
#define SALLYPORT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/observation.h>

enum sp_frame_type {
	/* caller to prober */
	SP_FRAME_STORE,	   /* a piece of a trust store, PEM */
	SP_FRAME_ENDPOINT, /* with the descriptor of the endpoint's channel */
	/* prober to caller */
	SP_FRAME_READY,
	SP_FRAME_STORED,
	SP_FRAME_ENDED,
	/* child to caller, on the endpoint's channel */
	SP_FRAME_CONNECT,
	SP_FRAME_CERTIFICATE,
	SP_FRAME_OBSERVATION,
	SP_FRAME_DONE,
	/* caller to child; with the descriptor of the connection */
	SP_FRAME_CONNECTED,
};
#define SP_FRAME_TYPES (SP_FRAME_CONNECTED + 1)

/* What a piece is of; PEM, each. */
enum sp_store_part {
	SP_STORE_ANCHORS,
	SP_STORE_LOCAL,	 /* those of the anchors that are no public authority's */
	SP_STORE_CRL,	 /* lists of revocations */
	SP_STORE_CLIENT, /* a certificate, its chain and its key, to show when asked */
};
#define SP_STORE_PARTS (SP_STORE_CLIENT + 1)

struct sp_store_piece {
	uint32_t store;
	enum sp_store_part part;
	bool last;
	uint8_t *bytes;
	size_t length;
};
/* Bytes of a store that fit one frame. */
#define SP_STORE_PIECE_BYTES (SP_MAX_FRAME_BYTES - 64)

struct sp_stored {
	uint32_t store, certificates, lists; /* 0: none could be read */
};

struct sp_endpoint_request {
	uint32_t endpoint; /* the caller's number, comes back in sp_endpoint_end */
	struct sp_request request;
};

struct sp_endpoint_end {
	uint32_t endpoint;
	enum sp_ended ended;
	uint32_t code;
};

struct sp_ready {
	bool sandboxed; /* the build has the whole sandbox */
};

struct sp_connect {
	uint32_t sequence;
};

struct sp_connected {
	uint32_t sequence;
	uint32_t error; /* errno; 0: the descriptor comes with the frame */
};

struct sp_done {
	bool sandboxed;
	char *failure; /* empty: all was asked */
};

struct sp_frame {
	enum sp_frame_type type;
	union {
		struct sp_store_piece store;
		struct sp_stored stored;
		struct sp_endpoint_request endpoint;
		struct sp_endpoint_end end;
		struct sp_ready ready;
		struct sp_connect connect;
		struct sp_connected connected;
		struct sp_certificate certificate;
		struct sp_observation observation;
		struct sp_done done;
	};
};

/* Writes a frame into `bytes` and returns its length; 0 when it does not fit a
 * frame or breaks a limit. */
size_t sp_frame_encode(const struct sp_frame *frame, uint8_t bytes[SP_MAX_FRAME_BYTES]);

/* False: refused, or memory is out; `ret` then holds nothing to free. */
bool sp_frame_decode(const uint8_t *bytes, size_t length, struct sp_frame *ret);

void sp_frame_free(struct sp_frame *frame);

#endif
