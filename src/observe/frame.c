#include <sallyport/frame.h>

#include <string.h>

#include "codec.h"

#define FRAME_HEADER_BYTES 5

#define AT(type, member) offsetof(struct type, member)
/* A field: its kind, its struct, its name, and what else its kind wants. */
#define FIELD(kind, type, member, ...)                                       \
	{                                                                    \
		.wire = WIRE_##kind, .offset = AT(type, member), __VA_ARGS__ \
	}
#define END                      \
	{                        \
		.wire = WIRE_END \
	}

_Static_assert(sizeof(enum sp_reply) == sizeof(unsigned), "WIRE_ENUM reads an unsigned");

static const struct field chain_error_fields[] = {
	FIELD(U32, sp_chain_error, code),
	FIELD(U32, sp_chain_error, depth),
	FIELD(TEXT, sp_chain_error, text, .most = SP_MAX_PEER_TEXT),
	END,
};

const struct field sp_observation_fields[] = {
	FIELD(ENUM, sp_observation, question, .most = SP_QUESTIONS),
	FIELD(U16, sp_observation, name),
	FIELD(ENUM, sp_observation, reply, .most = SP_REPLIES),
	FIELD(U32, sp_observation, tries),
	FIELD(U32, sp_observation, error),
	FIELD(U16, sp_observation, alert),
	FIELD(U16, sp_observation, version),
	FIELD(U16, sp_observation, suite),
	FIELD(U16, sp_observation, group),
	FIELD(U16, sp_observation, scheme),
	FIELD(U32, sp_observation, dh_bits),
	FIELD(BOOL, sp_observation, sha1_offered),
	FIELD(BOOL, sp_observation, extras),
	FIELD(BOOL, sp_observation, compression),
	FIELD(BOOL, sp_observation, heartbeat),
	FIELD(BOOL, sp_observation, secure_renegotiation),
	FIELD(BOOL, sp_observation, extended_master_secret),
	FIELD(BOOL, sp_observation, downgrade_sentinel),
	FIELD(BOOL, sp_observation, proven),
	FIELD(BOOL, sp_observation, client_certificate),
	FIELD(BOOL, sp_observation, staple),
	FIELD(ENUM, sp_observation, staple_says, .most = SP_REVOCATIONS),
	FIELD(U64, sp_observation, staple_until),
	FIELD(BOOL, sp_observation, crl_checked),
	FIELD(U64, sp_observation, crl_until),
	FIELD(BOOL, sp_observation, public_anchor),
	FIELD(TEXT, sp_observation, alpn, .most = SP_MAX_PEER_TEXT),
	FIELD(U16, sp_observation, sent_total),
	FIELD(U16S, sp_observation, sent, .most = SP_MAX_CHAIN_CERTIFICATES,
	    .count = AT(sp_observation, sent_count)),
	FIELD(U16S, sp_observation, chain, .most = SP_MAX_CHAIN_CERTIFICATES,
	    .count = AT(sp_observation, chain_count)),
	FIELD(BOOL, sp_observation, chain_checked),
	FIELD(ITEMS, sp_observation, errors, .most = SP_MAX_CHAIN_ERRORS,
	    .count = AT(sp_observation, error_count),
	    .item_size = sizeof(struct sp_chain_error), .fields = chain_error_fields),
	FIELD(U32, sp_observation, error_total),
	FIELD(TEXT, sp_observation, text, .most = SP_MAX_PEER_TEXT),
	FIELD(ENUM, sp_observation, upgrade, .most = SP_UPGRADES),
	FIELD(BOOL, sp_observation, injected),
	FIELD(TEXT, sp_observation, upgrade_text, .most = SP_MAX_PEER_TEXT),
	END,
};

const struct field sp_certificate_fields[] = {
	FIELD(TEXT, sp_certificate, subject, .most = SP_MAX_PEER_TEXT),
	FIELD(TEXT, sp_certificate, issuer, .most = SP_MAX_PEER_TEXT),
	FIELD(TEXT, sp_certificate, serial, .most = SP_MAX_PEER_TEXT),
	FIELD(TEXTS, sp_certificate, names, .most = SP_MAX_CERTIFICATE_NAMES,
	    .count = AT(sp_certificate, name_count)),
	FIELD(U32, sp_certificate, name_total),
	FIELD(DIGEST, sp_certificate, sha256),
	FIELD(ENUM, sp_certificate, key_type, .most = SP_KEY_TYPES),
	FIELD(U32, sp_certificate, key_bits),
	FIELD(TEXT, sp_certificate, key, .most = SP_MAX_PEER_TEXT),
	FIELD(TEXT, sp_certificate, signature, .most = SP_MAX_PEER_TEXT),
	FIELD(ENUM, sp_certificate, signature_hash, .most = SP_HASHES),
	FIELD(U64, sp_certificate, not_before),
	FIELD(U64, sp_certificate, not_after),
	FIELD(BOOL, sp_certificate, purposes),
	FIELD(BOOL, sp_certificate, server_auth),
	FIELD(BOOL, sp_certificate, authority),
	FIELD(BOOL, sp_certificate, self_signed),
	FIELD(BOOL, sp_certificate, must_staple),
	FIELD(BOOL, sp_certificate, malformed),
	END,
};

static const struct field offer_fields[] = {
	FIELD(ENUM, sp_offer, question, .most = SP_QUESTIONS),
	FIELD(U16S, sp_offer, suites, .most = SP_MAX_OFFERED_SUITES,
	    .count = AT(sp_offer, suite_count)),
	FIELD(U16S, sp_offer, groups, .most = SP_MAX_OFFERED_GROUPS,
	    .count = AT(sp_offer, group_count)),
	FIELD(U16S, sp_offer, schemes, .most = SP_MAX_OFFERED_SCHEMES,
	    .count = AT(sp_offer, scheme_count)),
	END,
};

const struct field sp_request_fields[] = {
	FIELD(TEXTS, sp_request, names, .most = SP_MAX_NAMES,
	    .count = AT(sp_request, name_count)),
	FIELD(ENUM, sp_request, dialect, .most = SP_DIALECTS),
	FIELD(U64, sp_request, questions),
	FIELD(U64, sp_request, handshakes),
	FIELD(ITEMS, sp_request, offers, .most = SP_MAX_OFFERS,
	    .count = AT(sp_request, offer_count), .item_size = sizeof(struct sp_offer),
	    .fields = offer_fields),
	FIELD(TEXTS, sp_request, alpn, .most = SP_MAX_ALPN,
	    .count = AT(sp_request, alpn_count)),
	FIELD(U32, sp_request, store),
	FIELD(U32, sp_request, connection_ms),
	FIELD(U32, sp_request, port_ms),
	FIELD(U64, sp_request, now),
	END,
};

static const struct field store_fields[] = {
	FIELD(U32, sp_store_piece, store),
	FIELD(ENUM, sp_store_piece, part, .most = SP_STORE_PARTS),
	FIELD(BOOL, sp_store_piece, last),
	FIELD(BYTES, sp_store_piece, bytes, .most = SP_STORE_PIECE_BYTES,
	    .count = AT(sp_store_piece, length)),
	END,
};

static const struct field stored_fields[] = {
	FIELD(U32, sp_stored, store),
	FIELD(U32, sp_stored, certificates),
	FIELD(U32, sp_stored, lists),
	END,
};

static const struct field endpoint_fields[] = {
	FIELD(U32, sp_endpoint_request, endpoint),
	END,
};

static const struct field end_fields[] = {
	FIELD(U32, sp_endpoint_end, endpoint),
	FIELD(ENUM, sp_endpoint_end, ended, .most = SP_ENDS),
	FIELD(U32, sp_endpoint_end, code),
	END,
};

static const struct field ready_fields[] = {
	FIELD(BOOL, sp_ready, sandboxed),
	END,
};

static const struct field connect_fields[] = {
	FIELD(U32, sp_connect, sequence),
	END,
};

static const struct field connected_fields[] = {
	FIELD(U32, sp_connected, sequence),
	FIELD(U32, sp_connected, error),
	END,
};

static const struct field done_fields[] = {
	FIELD(BOOL, sp_done, sandboxed),
	FIELD(TEXT, sp_done, failure, .most = SP_MAX_PEER_TEXT),
	END,
};

/* A frame's body: one table, and one more for a struct inside it. */
static const struct part {
	size_t offset;
	const struct field *fields;
} frames[SP_FRAME_TYPES][2] = {
	[SP_FRAME_STORE] = { { AT(sp_frame, store), store_fields } },
	[SP_FRAME_ENDPOINT] = { { AT(sp_frame, endpoint), endpoint_fields },
	    { AT(sp_frame, endpoint.request), sp_request_fields } },
	[SP_FRAME_READY] = { { AT(sp_frame, ready), ready_fields } },
	[SP_FRAME_STORED] = { { AT(sp_frame, stored), stored_fields } },
	[SP_FRAME_ENDED] = { { AT(sp_frame, end), end_fields } },
	[SP_FRAME_CONNECT] = { { AT(sp_frame, connect), connect_fields } },
	[SP_FRAME_CERTIFICATE] = { { AT(sp_frame, certificate), sp_certificate_fields } },
	[SP_FRAME_OBSERVATION] = { { AT(sp_frame, observation), sp_observation_fields } },
	[SP_FRAME_DONE] = { { AT(sp_frame, done), done_fields } },
	[SP_FRAME_CONNECTED] = { { AT(sp_frame, connected), connected_fields } },
};

size_t sp_frame_encode(const struct sp_frame *frame, uint8_t bytes[SP_MAX_FRAME_BYTES])
{
	struct writer writer = { .bytes = bytes,
		.length = FRAME_HEADER_BYTES,
		.capacity = SP_MAX_FRAME_BYTES };

	for (size_t i = 0; i < 2 && frames[frame->type][i].fields; i++)
		sp_codec_write(&writer, frames[frame->type][i].fields,
		    (const uint8_t *)frame + frames[frame->type][i].offset);
	if (writer.failed)
		return 0;
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(writer.length >> (24 - 8 * i));
	bytes[4] = (uint8_t)frame->type;
	return writer.length;
}

bool sp_frame_decode(const uint8_t *bytes, size_t length, struct sp_frame *ret)
{
	struct reader reader = { 0 };
	size_t said = 0;

	memset(ret, 0, sizeof(*ret));
	if (length < FRAME_HEADER_BYTES || length > SP_MAX_FRAME_BYTES)
		return false;
	reader.bytes = bytes + FRAME_HEADER_BYTES;
	reader.length = length - FRAME_HEADER_BYTES;
	for (unsigned i = 0; i < 4; i++)
		said = said << 8 | bytes[i];
	if (said != length || bytes[4] >= SP_FRAME_TYPES)
		return false;
	ret->type = (enum sp_frame_type)bytes[4];
	for (size_t i = 0; i < 2 && frames[ret->type][i].fields; i++)
		if (!reader.failed)
			sp_codec_read(&reader, frames[ret->type][i].fields,
			    (uint8_t *)ret + frames[ret->type][i].offset);
	if (!reader.failed && reader.length == 0)
		return true;
	sp_frame_free(ret);
	return false;
}

void sp_frame_free(struct sp_frame *frame)
{
	for (size_t i = 0; i < 2 && frames[frame->type][i].fields; i++)
		sp_codec_free(frames[frame->type][i].fields,
		    (uint8_t *)frame + frames[frame->type][i].offset);
	memset(frame, 0, sizeof(*frame));
}
