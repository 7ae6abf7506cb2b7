/* How each field of the model stands in a packet or its metadata, and in sets. */
#ifndef SALLYPORT_NFT_FIELDS_H
#define SALLYPORT_NFT_FIELDS_H

#include <sallyport/ruleset.h>

enum sp_load_kind { SP_LOAD_META, SP_LOAD_CT, SP_LOAD_NETWORK, SP_LOAD_TRANSPORT };

struct sp_load {
	enum sp_load_kind kind;
	uint32_t key;	 /* NFT_META_*, NFT_CT_*, or the offset into the header */
	uint32_t length; /* bytes of the value */
	bool network_order;
	uint8_t nfproto;   /* NFPROTO_* that must match before, 0: any */
	uint8_t l4proto;   /* IPPROTO_* that must match before, 0: any */
	uint8_t mask;	   /* of a one-byte value, 0: none */
	uint32_t key_type; /* nft's data type number, of anonymous sets */
};

/* PROTOCOL_PORT is two loads and has no entry of its own. */
const struct sp_load *sp_field_load(enum sp_field field);

/* The value as it stands in a register; returns its length. */
size_t sp_value_bytes(const struct sp_load *load, uint32_t value, uint8_t bytes[4]);
uint32_t sp_value_of(const struct sp_load *load, const uint8_t bytes[4]);

/* nft's data type numbers (nftables, include/datatype.h), by which it lists. */
uint32_t sp_key_type(enum sp_key key);
uint32_t sp_key_length(enum sp_key key);

/* The bytes of each field of a concatenated interval's key, (protocol, port); in the
 * key each is padded to a register. */
#define SP_CONCATENATED_FIELDS 2
uint32_t sp_concatenated_length(size_t field);

#endif
