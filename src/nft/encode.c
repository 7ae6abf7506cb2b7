/* A delta as one nfnetlink batch. */
#include <sallyport/nft.h>

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>
#include <sallyport/limits.h>
#include <sallyport/number.h>

#include "elements.h"
#include "expressions.h"
#include "fields.h"

/* Room for any one message of ours: elements stop at SP_MAX_NEST_BYTES, and the
 * largest rule (a dozen expressions) is far below. */
#define MESSAGE_BYTES (2 * 65536)
/* An element with its keys, verdict and the longest chain name. */
#define ELEMENT_BYTES 256

struct encoding {
	struct sp_batch *batch;
	const struct sp_change *change;
	uint32_t next_set_id;
	bool failed;
};

static struct nlmsghdr *start(
    struct encoding *to, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	struct sp_batch *batch = to->batch;
	struct nlmsghdr *message;
	struct nfgenmsg *header;

	if (to->failed || !sp_array_push(&batch->origins, to->change) ||
	    !sp_array_grow((void **)&batch->bytes, &batch->capacity, batch->length,
		MESSAGE_BYTES, 1)) {
		to->failed = true;
		return NULL;
	}
	/* Neither libmnl nor libnftnl clears what pads an attribute. */
	if (batch->cleared < batch->capacity) {
		memset(
		    batch->bytes + batch->cleared, 0, batch->capacity - batch->cleared);
		batch->cleared = batch->capacity;
	}
	message = mnl_nlmsg_put_header(batch->bytes + batch->length);
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = batch->first_sequence + (uint32_t)batch->origins.length - 1;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = htons(resource);
	return message;
}

static void finish(struct encoding *to, const struct nlmsghdr *message)
{
	to->batch->length += sp_message_length(message);
}

static struct nlmsghdr *start_nft(struct encoding *to, uint16_t type, uint16_t flags)
{
	return start(
	    to, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

static void frame(struct encoding *to, uint16_t type, uint32_t generation)
{
	struct nlmsghdr *message = start(to, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	if (!message)
		return;
	if (generation)
		mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
	finish(to, message);
}

/* ---- tables, counters, chains ---- */

static void encode_table(struct encoding *to)
{
	struct nlmsghdr *message = start_nft(to, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, SP_TABLE);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, 0);
	finish(to, message);
}

static void encode_table_end(struct encoding *to)
{
	struct nlmsghdr *message = start_nft(to, NFT_MSG_DELTABLE, 0);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, SP_TABLE);
	finish(to, message);
}

static void encode_counter(struct encoding *to, uint16_t type)
{
	bool adds = type == NFT_MSG_NEWOBJ;
	struct nlmsghdr *message =
	    start_nft(to, type, adds ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_OBJ_TABLE, SP_TABLE);
	mnl_attr_put_strz(message, NFTA_OBJ_NAME, to->change->name);
	mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	if (adds)
		mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_OBJ_DATA));
	finish(to, message);
}

static void encode_chain(struct encoding *to)
{
	const struct sp_chain *chain = to->change->chain;
	struct nlmsghdr *message =
	    start_nft(to, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *hook;

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, SP_TABLE);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	if (chain->base) {
		hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_IN));
		mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl(0));
		mnl_attr_nest_end(message, hook);
		mnl_attr_put_u32(
		    message, NFTA_CHAIN_POLICY, htonl(chain->drop ? NF_DROP : NF_ACCEPT));
		mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	}
	finish(to, message);
}

/* DELRULE without a handle removes the chain's rules and keeps the chain. */
static void encode_by_name(
    struct encoding *to, uint16_t type, uint16_t table, uint16_t name)
{
	struct nlmsghdr *message = start_nft(to, type, 0);

	if (!message)
		return;
	mnl_attr_put_strz(message, table, SP_TABLE);
	mnl_attr_put_strz(message, name, to->change->name);
	finish(to, message);
}

/* ---- sets ---- */

struct set_form {
	const char *name;
	uint32_t id, flags, key_type, key_length, size;
	uint64_t timeout_ms;
};

/* Of (protocol, port): they have the kernel keep the ranges of each field apart. */
static void put_field_lengths(struct nlmsghdr *message)
{
	struct nlattr *fields = mnl_attr_nest_start(message, NFTA_SET_DESC_CONCAT),
		      *field;

	for (size_t i = 0; i < SP_CONCATENATED_FIELDS; i++) {
		field = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
		mnl_attr_put_u32(
		    message, NFTA_SET_FIELD_LEN, htonl(sp_concatenated_length(i)));
		mnl_attr_nest_end(message, field);
	}
	mnl_attr_nest_end(message, fields);
}

static void put_set(struct encoding *to, const struct set_form *form)
{
	struct nlmsghdr *message =
	    start_nft(to, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *description;

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, SP_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_NAME, form->name);
	mnl_attr_put_u32(message, NFTA_SET_FLAGS, htonl(form->flags));
	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, htonl(form->key_type));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(form->key_length));
	if (form->flags & NFT_SET_MAP) {
		mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
		mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, htonl(16));
	}
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl(form->id));
	if (form->timeout_ms)
		mnl_attr_put_u64(message, NFTA_SET_TIMEOUT, htobe64(form->timeout_ms));
	if (form->size || form->flags & NFT_SET_CONCAT) {
		description = mnl_attr_nest_start(message, NFTA_SET_DESC);
		if (form->size)
			mnl_attr_put_u32(message, NFTA_SET_DESC_SIZE, htonl(form->size));
		if (form->flags & NFT_SET_CONCAT)
			put_field_lengths(message);
		mnl_attr_nest_end(message, description);
	}
	finish(to, message);
}

static void encode_set(struct encoding *to)
{
	const struct sp_set *set = to->change->set;
	uint32_t flags = (set->interval ? NFT_SET_INTERVAL : 0u) |
			 (set->timeout ? NFT_SET_TIMEOUT : 0u) |
			 (set->dynamic ? NFT_SET_EVAL : 0u) |
			 (set->map ? NFT_SET_MAP : 0u) |
			 (sp_set_is_concatenated(set) ? NFT_SET_CONCAT : 0u);

	put_set(to, &(struct set_form){ set->name, ++to->next_set_id, flags,
			sp_key_type(set->key), sp_key_length(set->key), set->size,
			set->timeout_ms });
}

/* Elements of one set, in as many messages as their 16-bit lengths need. */
struct element_list {
	struct encoding *to;
	uint16_t type; /* NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM */
	const char *set;
	uint32_t set_id; /* of an anonymous set of this batch, else 0 */
	struct nlmsghdr *message;
	struct nlattr *nest;
};

static void list_end(struct element_list *list)
{
	if (!list->message)
		return;
	mnl_attr_nest_end(list->message, list->nest);
	finish(list->to, list->message);
	list->message = NULL;
}

/* A message with room for one more element; false: memory is out. */
static bool list_room(struct element_list *list)
{
	if (list->message &&
	    (size_t)((uint8_t *)mnl_nlmsg_get_payload_tail(list->message) -
		     (uint8_t *)list->nest) > SP_MAX_NEST_BYTES - ELEMENT_BYTES)
		list_end(list);
	if (!list->message) {
		list->message = start_nft(list->to, list->type,
		    list->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
		if (!list->message)
			return false;
		mnl_attr_put_strz(list->message, NFTA_SET_ELEM_LIST_TABLE, SP_TABLE);
		mnl_attr_put_strz(list->message, NFTA_SET_ELEM_LIST_SET, list->set);
		if (list->set_id)
			mnl_attr_put_u32(list->message, NFTA_SET_ELEM_LIST_SET_ID,
			    htonl(list->set_id));
		list->nest =
		    mnl_attr_nest_start(list->message, NFTA_SET_ELEM_LIST_ELEMENTS);
	}
	return true;
}

static void list_add(struct element_list *list, const struct sp_raw_element *element)
{
	if (list_room(list))
		sp_raw_element_put(list->message, element);
}

/* Of a million elements each is a key and nothing else. */
static void list_key(struct element_list *list, enum sp_family family, sp_number number)
{
	uint8_t key[16];
	size_t length = sp_number_bytes(family, number, key);

	if (list_room(list))
		sp_raw_key_put(list->message, key, length);
}

/* An interval ends at the first key behind it, unless it reaches the end of the key
 * space. */
static void list_end_behind(
    struct element_list *list, enum sp_family family, sp_number last)
{
	struct sp_raw_element raw = { .interval_end = true };

	if (last == sp_number_last(family))
		return;
	raw.key_length = (uint16_t)sp_number_bytes(family, last + 1, raw.key);
	list_add(list, &raw);
}

/* A set of blocks has the first address of each. */
static void list_blocks(struct element_list *list, enum sp_family family, sp_number first,
    sp_number last, unsigned prefix)
{
	sp_number rest = sp_number_ones(sp_family_bits(family) - prefix);

	for (;;) {
		list_key(list, family, first);
		if (last - first <= rest)
			return;
		first += rest + 1;
	}
}

/* A set's element or elements for one interval. */
static void list_interval(struct element_list *list, enum sp_family family,
    sp_number first, sp_number last, unsigned prefix)
{
	if (prefix) {
		list_blocks(list, family, first, last, prefix);
	} else {
		list_key(list, family, first);
		list_end_behind(list, family, last);
	}
}

static void list_half(struct element_list *list, enum sp_family family,
    const struct sp_intervals *addresses, unsigned prefix)
{
	for (size_t i = 0; i < sp_half_count(addresses, family); i++)
		list_interval(list, family, sp_half_first(addresses, family, i),
		    sp_half_last(addresses, family, i), prefix);
}

static void list_addresses(
    struct element_list *list, const struct sp_intervals *addresses, unsigned prefix)
{
	list_half(list, SP_IPV4, addresses, prefix);
	list_half(list, SP_IPV6, addresses, prefix);
}

static bool is_of_addresses(const struct sp_set *set)
{
	return set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6;
}

static void list_element(
    struct element_list *list, const struct sp_set *set, const struct sp_element *element)
{
	struct sp_raw_element raw = { .verdict = element->chain != NULL,
		.verdict_code = NFT_JUMP,
		.chain = element->chain };

	if (set->prefix) {
		struct sp_address block = element->addresses.first;

		do {
			sp_raw_key_address(&raw, &block);
			list_add(list, &raw);
		} while (sp_range_next_block(&element->addresses, set->prefix, &block));
		return;
	}
	if (is_of_addresses(set)) {
		sp_raw_key_address(&raw, &element->addresses.first);
		list_add(list, &raw);
		list_end_behind(list, element->addresses.last.family,
		    sp_number_of(&element->addresses.last));
		return;
	}
	sp_raw_key_element(&raw, set->key, element->protocol, element->ports.first);
	if (sp_set_is_concatenated(set))
		sp_raw_last_element(&raw, element->protocol, element->ports.last);
	list_add(list, &raw);
	if (raw.last_length || !set->interval || element->ports.last == UINT16_MAX)
		return;
	raw = (struct sp_raw_element){ .interval_end = true };
	sp_raw_key_element(
	    &raw, set->key, element->protocol, (uint16_t)(element->ports.last + 1));
	list_add(list, &raw);
}

static void encode_elements(struct encoding *to, uint16_t type)
{
	const struct sp_change *change = to->change;
	struct element_list list = { .to = to, .type = type, .set = change->name };
	const struct sp_intervals *addresses =
	    change->all_addresses ? &change->set->addresses : &change->addresses;

	list_addresses(&list, addresses, change->set->prefix);
	for (size_t i = 0; i < change->elements.length; i++)
		list_element(&list, change->set, change->elements.items[i]);
	list_end(&list);
}

/* ---- leases ---- */

static void put_gate(
    struct encoding *to, uint16_t type, enum sp_key key, uint64_t timeout_ms)
{
	struct element_list list = { .to = to, .type = type, .set = to->change->name };
	struct sp_raw_element raw = { .timeout_ms = timeout_ms };

	sp_raw_key_element(&raw, key, to->change->protocol, to->change->port);
	list_add(&list, &raw);
	list_end(&list);
}

/* Before 6.12, adding an element that exists changes nothing; deleting one that
 * has just expired is ENOENT and fails the batch. Add, delete, add is right
 * whatever stands there, and nobody sees the middle. */
static void encode_gate(struct encoding *to, bool opens)
{
	enum sp_key key = to->change->set ? to->change->set->key : SP_KEY_PROTOCOL_PORT;

	put_gate(to, NFT_MSG_NEWSETELEM, key, 0);
	put_gate(to, NFT_MSG_DELSETELEM, key, 0);
	if (opens)
		put_gate(to, NFT_MSG_NEWSETELEM, key, to->change->timeout_ms);
}

/* ---- rules ---- */

static void list_values(struct element_list *list, const struct sp_statement *statement)
{
	const struct sp_load *load = sp_field_load(statement->field);

	for (size_t i = 0; i < statement->values.length; i++) {
		const struct sp_value *value = &statement->values.items[i];
		struct sp_raw_element raw = { .verdict =
						  statement->kind == SP_STATEMENT_VMAP,
			.verdict_code =
			    value->judgement == SP_ACCEPT ? NF_ACCEPT : NF_DROP };

		raw.key_length = (uint16_t)sp_value_bytes(load, value->number, raw.key);
		list_add(list, &raw);
	}
}

/* The set goes into the batch right before its rule. */
static const char *make_anonymous(
    const struct sp_statement *statement, uint32_t *ret_id, void *context)
{
	struct encoding *to = context;
	const struct sp_load *load = sp_field_load(statement->field);
	bool map = statement->kind == SP_STATEMENT_VMAP;
	bool addresses = statement->operand == SP_OPERAND_ADDRESSES;
	struct element_list list = { .to = to, .type = NFT_MSG_NEWSETELEM };
	struct set_form form = { .name = map ? "__map%d" : "__set%d",
		.id = ++to->next_set_id,
		.flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | (map ? NFT_SET_MAP : 0u) |
			 (addresses ? NFT_SET_INTERVAL : 0u),
		.key_type = load->key_type,
		.key_length = load->length,
		.size = (uint32_t)statement->values.length };

	put_set(to, &form);
	list.set = form.name;
	list.set_id = form.id;
	list_values(&list, statement);
	list_addresses(&list, &statement->addresses, 0);
	list_end(&list);
	*ret_id = form.id;
	return to->failed ? NULL : form.name;
}

static void encode_rule(struct encoding *to)
{
	struct sp_anonymous anonymous = { make_anonymous, to };
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *message;

	if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, SP_TABLE) ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, to->change->name) ||
	    !sp_rule_express(to->change->rule, &anonymous, rule)) {
		to->failed = true;
	} else {
		/* Without NLM_F_APPEND a rule goes to the head. */
		message = start_nft(to, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
		if (message) {
			nftnl_rule_nlmsg_build_payload(message, rule);
			finish(to, message);
		}
	}
	if (rule)
		nftnl_rule_free(rule);
}

static void encode_change(struct encoding *to)
{
	switch (to->change->kind) {
	case SP_CHANGE_ADD_TABLE: encode_table(to); break;
	case SP_CHANGE_DELETE_TABLE: encode_table_end(to); break;
	case SP_CHANGE_ADD_COUNTER: encode_counter(to, NFT_MSG_NEWOBJ); break;
	case SP_CHANGE_ADD_CHAIN: encode_chain(to); break;
	case SP_CHANGE_FLUSH_CHAIN:
		encode_by_name(to, NFT_MSG_DELRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN);
		break;
	case SP_CHANGE_DELETE_ELEMENTS: encode_elements(to, NFT_MSG_DELSETELEM); break;
	case SP_CHANGE_DELETE_SET:
		encode_by_name(to, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME);
		break;
	case SP_CHANGE_DELETE_CHAIN:
		encode_by_name(to, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME);
		break;
	case SP_CHANGE_DELETE_COUNTER: encode_counter(to, NFT_MSG_DELOBJ); break;
	case SP_CHANGE_ADD_SET: encode_set(to); break;
	case SP_CHANGE_ADD_ELEMENTS: encode_elements(to, NFT_MSG_NEWSETELEM); break;
	case SP_CHANGE_ADD_RULE: encode_rule(to); break;
	case SP_CHANGE_OPEN: encode_gate(to, true); break;
	case SP_CHANGE_CLOSE: encode_gate(to, false); break;
	case SP_CHANGE_GRACE:
		put_gate(to, NFT_MSG_NEWSETELEM, SP_KEY_PROTOCOL, to->change->timeout_ms);
		break;
	}
}

bool sp_batch_make(const struct sp_delta *delta, uint32_t generation, bool complete,
    struct sp_batch *ret, struct sp_diag *diag)
{
	struct encoding to = { .batch = ret };

	*ret = (struct sp_batch){ .first_sequence = 1 };
	frame(&to, NFNL_MSG_BATCH_BEGIN, generation);
	for (size_t i = 0; i < delta->changes.length && !to.failed; i++) {
		to.change = &delta->changes.items[i];
		encode_change(&to);
	}
	to.change = NULL;
	if (complete)
		frame(&to, NFNL_MSG_BATCH_END, 0);
	if (!to.failed)
		return true;
	sp_batch_free(ret);
	return sp_out_of_memory(diag);
}

void sp_batch_free(struct sp_batch *batch)
{
	free(batch->bytes);
	sp_array_free(&batch->origins);
	memset(batch, 0, sizeof(*batch));
}
