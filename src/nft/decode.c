#include "decode.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>

#include "attributes.h"
#include "fields.h"

static int failed(struct sp_decoding *decoding)
{
	decoding->failed = true;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static bool is_ours(const struct nlmsghdr *message, uint16_t table)
{
	return !strcmp(sp_attr_text(sp_attr_of(message, table)), SP_TABLE);
}

static uint32_t number_of(const struct nlmsghdr *message, uint16_t type)
{
	return sp_attr_u32(sp_attr_of(message, type));
}

static char *copy_of(const struct nlmsghdr *message, uint16_t type)
{
	return strdup(sp_attr_text(sp_attr_of(message, type)));
}

/* ---- counters ---- */

int sp_decode_counter(const struct nlmsghdr *message, void *context)
{
	struct sp_decoding *decoding = context;
	const struct nlattr *counts = sp_attr_of(message, NFTA_OBJ_DATA);
	struct sp_counter counter = { 0 };

	if (!is_ours(message, NFTA_OBJ_TABLE) ||
	    number_of(message, NFTA_OBJ_TYPE) != NFT_OBJECT_COUNTER)
		return MNL_CB_OK;
	counter.name = copy_of(message, NFTA_OBJ_NAME);
	counter.packets = sp_attr_u64(sp_attr_in(counts, NFTA_COUNTER_PACKETS));
	counter.bytes = sp_attr_u64(sp_attr_in(counts, NFTA_COUNTER_BYTES));
	if (counter.name && sp_array_push(&decoding->ruleset->counters, counter))
		return MNL_CB_OK;
	free(counter.name);
	return failed(decoding);
}

/* ---- sets ---- */

static const uint32_t known_flags =
    NFT_SET_INTERVAL | NFT_SET_TIMEOUT | NFT_SET_EVAL | NFT_SET_MAP | NFT_SET_CONCAT;

static bool key_of(uint32_t type, uint32_t length, enum sp_key *ret)
{
	for (enum sp_key key = SP_KEY_IPV4; key <= SP_KEY_PROTOCOL_PORT; key++)
		if (sp_key_type(key) == type && sp_key_length(key) == length) {
			*ret = key;
			return true;
		}
	return false;
}

static bool key_of_set(const struct nlmsghdr *message, enum sp_key *ret)
{
	return key_of(number_of(message, NFTA_SET_KEY_TYPE),
	    number_of(message, NFTA_SET_KEY_LEN), ret);
}

static bool leads_to_verdicts(const struct nlmsghdr *message)
{
	return number_of(message, NFTA_SET_DATA_TYPE) == (uint32_t)NFT_DATA_VERDICT;
}

/* What our rules' own sets are: intervals of addresses, or single values, which
 * may lead to verdicts. */
static bool is_our_anonymous(
    const struct nlmsghdr *message, uint32_t flags, const struct sp_held_set *held)
{
	bool addresses = held->key == SP_KEY_IPV4 || held->key == SP_KEY_IPV6;
	uint32_t kind = flags & ~(uint32_t)(NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);

	if (kind == NFT_SET_MAP)
		return !addresses && leads_to_verdicts(message);
	return kind == (addresses ? NFT_SET_INTERVAL : 0u);
}

static bool add_anonymous(
    struct sp_decoding *decoding, const struct nlmsghdr *message, uint32_t flags)
{
	struct sp_held_set held = { .name = copy_of(message, NFTA_SET_NAME),
		.map = flags & NFT_SET_MAP,
		.key = SP_KEY_PROTOCOL };
	enum sp_key key;

	if (key_of_set(message, &key) && (key == SP_KEY_IPV4 || key == SP_KEY_IPV6))
		held.key = key;
	held.foreign = !is_our_anonymous(message, flags, &held);
	if (held.name && sp_array_push(&decoding->anonymous, held))
		return true;
	free((char *)held.name);
	return false;
}

/* Of a set or a map of blocks, by its name's end ("SET/10.0.0.0-8/24"): the kernel keeps
 * the keys alone. 0: it is none. */
static unsigned block_prefix(const struct sp_set *set)
{
	const char *slash = set->name ? strrchr(set->name, '/') : NULL;
	unsigned long prefix, most = set->key == SP_KEY_IPV4 ? 32 : 128;
	char *end;

	if (!slash || set->foreign || set->interval || sp_set_is_volatile(set) ||
	    (set->key != SP_KEY_IPV4 && set->key != SP_KEY_IPV6) || slash[1] < '1' ||
	    slash[1] > '9')
		return 0;
	prefix = strtoul(slash + 1, &end, 10);
	return *end || prefix > most ? 0 : (unsigned)prefix;
}

/* The fields that a concatenated interval of ours has, none for any other set. */
static bool are_our_fields(const struct sp_set *set, const struct nlattr *description)
{
	const struct nlattr *fields = sp_attr_in(description, NFTA_SET_DESC_CONCAT);

	if (!sp_set_is_concatenated(set))
		return !fields;
	for (size_t i = 0; i < SP_CONCATENATED_FIELDS; i++)
		if (sp_attr_u32(sp_attr_in(sp_attr_at(fields, i), NFTA_SET_FIELD_LEN)) !=
		    sp_concatenated_length(i))
			return false;
	return !sp_attr_at(fields, SP_CONCATENATED_FIELDS);
}

static bool add_set(
    struct sp_decoding *decoding, const struct nlmsghdr *message, uint32_t flags)
{
	const struct nlattr *description = sp_attr_of(message, NFTA_SET_DESC);
	struct sp_set held = { .name = copy_of(message, NFTA_SET_NAME) };

	held.interval = flags & NFT_SET_INTERVAL;
	held.timeout = flags & NFT_SET_TIMEOUT;
	held.dynamic = flags & NFT_SET_EVAL;
	held.map = flags & NFT_SET_MAP;
	held.timeout_ms = sp_attr_u64(sp_attr_of(message, NFTA_SET_TIMEOUT));
	held.size = sp_attr_u32(sp_attr_in(description, NFTA_SET_DESC_SIZE));
	held.foreign = (flags & ~known_flags) || !key_of_set(message, &held.key) ||
		       (held.map && !leads_to_verdicts(message));
	if (!held.foreign)
		held.foreign =
		    !(flags & NFT_SET_CONCAT) == sp_set_is_concatenated(&held) ||
		    !are_our_fields(&held, description);
	held.prefix = block_prefix(&held);
	if (held.name && sp_array_push(&decoding->ruleset->sets, held))
		return true;
	free(held.name);
	return false;
}

int sp_decode_set(const struct nlmsghdr *message, void *context)
{
	struct sp_decoding *decoding = context;
	uint32_t flags = number_of(message, NFTA_SET_FLAGS);
	bool kept = true;

	if (is_ours(message, NFTA_SET_TABLE))
		kept = flags & NFT_SET_ANONYMOUS ? add_anonymous(decoding, message, flags)
						 : add_set(decoding, message, flags);
	return kept ? MNL_CB_OK : failed(decoding);
}

/* ---- elements ---- */

/* Ours jump; whatever else an element's verdict does is a difference. */
static const char *jump_of(const struct sp_raw_element *raw)
{
	return raw->verdict_code == NFT_JUMP ? raw->chain : NULL;
}

static bool add_point(struct sp_decoding *decoding, const struct sp_raw_element *raw)
{
	const char *chain = jump_of(raw);
	struct sp_point point = { .end = raw->interval_end };

	if (raw->key_length == 2)
		point.key = (struct sp_address){ SP_IPV4, 0,
			(uint64_t)raw->key[0] << 8 | raw->key[1] };
	else
		point.key =
		    sp_address_of(raw->key_length == 4 ? SP_IPV4 : SP_IPV6, raw->key);
	if (chain && !(point.chain = strdup(chain)))
		return false;
	if (sp_array_push(&decoding->points, point))
		return true;
	free(point.chain);
	return false;
}

static bool add_held_value(struct sp_held_set *held, const struct sp_raw_element *raw)
{
	uint32_t number = 0;

	if (raw->verdict && raw->verdict_code != NF_ACCEPT &&
	    raw->verdict_code != NF_DROP)
		held->foreign = true;
	/* Host order for four bytes (ct state), one byte otherwise. */
	memcpy(&number, raw->key, raw->key_length < 4 ? raw->key_length : 4);
	return sp_array_push(&held->values,
	    (struct sp_value){ number,
		raw->verdict && raw->verdict_code != NF_ACCEPT ? SP_DROP : SP_ACCEPT });
}

static uint16_t port_of(const struct sp_set *set, const uint8_t *key)
{
	size_t at = set->key == SP_KEY_PROTOCOL_PORT ? 4 : 0;

	return (uint16_t)(key[at] << 8 | key[at + 1]);
}

static bool add_element(struct sp_set *set, const struct sp_raw_element *raw)
{
	struct sp_element element = { .expires_ms = raw->expires_ms };
	const uint8_t *last = raw->last_length ? raw->last : raw->key;
	const char *chain = jump_of(raw);

	if (set->key == SP_KEY_PROTOCOL || set->key == SP_KEY_PROTOCOL_PORT)
		element.protocol = raw->key[0];
	if (set->key == SP_KEY_PORT || set->key == SP_KEY_PROTOCOL_PORT)
		element.ports =
		    (struct sp_ports){ port_of(set, raw->key), port_of(set, last) };
	/* A range of protocols is none of ours, and has no element to be deleted by. */
	if (last[0] != raw->key[0] && set->key == SP_KEY_PROTOCOL_PORT) {
		set->foreign = true;
		return true;
	}
	if (chain && !(element.chain = strdup(chain)))
		return false;
	if (sp_array_push(&set->elements, element))
		return true;
	free(element.chain);
	return false;
}

static bool add_jump(
    struct sp_set *set, const struct sp_raw_element *raw, const struct sp_range *block)
{
	const char *chain = jump_of(raw);
	struct sp_element element = { .addresses = *block };

	if (chain && !(element.chain = strdup(chain)))
		return false;
	if (sp_array_push(&set->elements, element))
		return true;
	free(element.chain);
	return false;
}

/* A key that is no block's first address is met by no packet, and is none of ours. */
static bool add_block(struct sp_set *set, const struct sp_raw_element *raw)
{
	struct sp_range block = { 0 };
	struct sp_address mask;

	block.first = sp_address_of(raw->key_length == 4 ? SP_IPV4 : SP_IPV6, raw->key);
	block.last = sp_address_prefix_end(&block.first, set->prefix);
	mask = sp_address_mask(block.first.family, set->prefix);
	if (block.first.low & ~mask.low || block.first.high & ~mask.high) {
		set->foreign = true;
		return true;
	}
	return set->map ? add_jump(set, raw, &block)
			: sp_intervals_add(&set->addresses, &block);
}

static bool each_element(const struct sp_raw_element *raw, void *context)
{
	struct sp_decoding *decoding = context;

	/* It has no key that one could delete: the set is made anew. */
	if (raw->catch_all) {
		*(decoding->held ? &decoding->held->foreign : &decoding->set->foreign) =
		    true;
		return true;
	}
	if (decoding->held && decoding->held->foreign)
		return true;
	if (decoding->held && decoding->held->key == SP_KEY_PROTOCOL)
		return add_held_value(decoding->held, raw);
	if (decoding->held ||
	    (decoding->set->interval && !sp_set_is_concatenated(decoding->set)))
		return add_point(decoding, raw);
	if (decoding->set->prefix)
		return add_block(decoding->set, raw);
	return add_element(decoding->set, raw);
}

int sp_decode_elements(const struct nlmsghdr *message, void *context)
{
	struct sp_decoding *decoding = context;

	return sp_raw_elements_parse(message, each_element, decoding) ? MNL_CB_OK
								      : failed(decoding);
}

/* An end before a start at the same key: the intervals touch. */
static int compare_points(const void *left, const void *right)
{
	const struct sp_point *a = left, *b = right;
	int order = sp_address_compare(&a->key, &b->key);

	return order ? order : (int)b->end - (int)a->end;
}

static struct sp_address before(struct sp_address address)
{
	if (address.low-- == 0)
		address.high--;
	return address;
}

static struct sp_address family_end(enum sp_family family, bool ports)
{
	if (ports)
		return (struct sp_address){ SP_IPV4, 0, UINT16_MAX };
	return family == SP_IPV4 ? (struct sp_address){ SP_IPV4, 0, UINT32_MAX }
				 : (struct sp_address){ SP_IPV6, UINT64_MAX, UINT64_MAX };
}

static bool add_interval(
    struct sp_decoding *decoding, struct sp_point *from, const struct sp_address *last)
{
	struct sp_range range = { from->key, *last };
	struct sp_element element;

	if (decoding->held)
		return sp_intervals_add(&decoding->held->addresses, &range);
	if (decoding->set->key != SP_KEY_PORT && !decoding->set->map)
		return sp_intervals_add(&decoding->set->addresses, &range);
	element = (struct sp_element){ .chain = from->chain };
	if (decoding->set->key == SP_KEY_PORT)
		element.ports = (struct sp_ports){ (uint16_t)range.first.low,
			(uint16_t)range.last.low };
	else
		element.addresses = range;
	from->chain = NULL;
	if (sp_array_push(&decoding->set->elements, element))
		return true;
	free(element.chain);
	return false;
}

static bool pair_points(struct sp_decoding *decoding)
{
	bool ports = decoding->set && decoding->set->key == SP_KEY_PORT;
	struct sp_point *points = decoding->points.items;
	size_t count = decoding->points.length;

	if (count)
		qsort(points, count, sizeof(*points), compare_points);
	for (size_t i = 0; i < count; i++) {
		struct sp_address last;

		if (points[i].end)
			continue;
		last = i + 1 < count ? before(points[i + 1].key)
				     : family_end(points[i].key.family, ports);
		if (!add_interval(decoding, &points[i], &last))
			return false;
	}
	return true;
}

static void forget_points(struct sp_decoding *decoding)
{
	for (size_t i = 0; i < decoding->points.length; i++)
		free(decoding->points.items[i].chain);
	decoding->points.length = 0;
}

static int compare_elements(const void *left, const void *right)
{
	const struct sp_element *a = left, *b = right;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->ports.first != b->ports.first)
		return a->ports.first < b->ports.first ? -1 : 1;
	return sp_address_compare(&a->addresses.first, &b->addresses.first);
}

static int compare_values(const void *left, const void *right)
{
	const struct sp_value *a = left, *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

static bool goes_on(const struct sp_element *before, const struct sp_element *element)
{
	struct sp_address next;

	return before->chain && element->chain &&
	       !strcmp(before->chain, element->chain) &&
	       sp_address_next(&before->addresses.last, &next) &&
	       !sp_address_compare(&next, &element->addresses.first);
}

/* Blocks that follow one another to the same chain are one element. */
static void join_jumps(struct sp_set *set)
{
	size_t kept = 0;

	for (size_t i = 1; i < set->elements.length; i++) {
		struct sp_element *element = &set->elements.items[i];
		struct sp_element *before = &set->elements.items[kept];

		if (!goes_on(before, element)) {
			set->elements.items[++kept] = *element;
			continue;
		}
		before->addresses.last = element->addresses.last;
		free(element->chain);
	}
	if (set->elements.length)
		set->elements.length = kept + 1;
}

bool sp_decode_set_end(struct sp_decoding *decoding)
{
	bool paired = pair_points(decoding);

	forget_points(decoding);
	if (decoding->set && decoding->set->prefix)
		sp_intervals_normalize(&decoding->set->addresses);
	if (decoding->set && decoding->set->elements.length)
		qsort(decoding->set->elements.items, decoding->set->elements.length,
		    sizeof(struct sp_element), compare_elements);
	if (decoding->set && decoding->set->prefix)
		join_jumps(decoding->set);
	if (decoding->held && decoding->held->values.length)
		qsort(decoding->held->values.items, decoding->held->values.length,
		    sizeof(struct sp_value), compare_values);
	return paired;
}

static int compare_held(const void *left, const void *right)
{
	return strcmp(((const struct sp_held_set *)left)->name,
	    ((const struct sp_held_set *)right)->name);
}

void sp_decode_sets_end(struct sp_decoding *decoding)
{
	if (decoding->anonymous.length)
		qsort(decoding->anonymous.items, decoding->anonymous.length,
		    sizeof(*decoding->anonymous.items), compare_held);
}

/* ---- chains ---- */

static bool is_our_hook(const struct nlmsghdr *message, const struct nlattr *hook)
{
	return sp_attr_u32(sp_attr_in(hook, NFTA_HOOK_HOOKNUM)) == NF_INET_LOCAL_IN &&
	       sp_attr_u32(sp_attr_in(hook, NFTA_HOOK_PRIORITY)) == 0 &&
	       !strcmp(sp_attr_text(sp_attr_of(message, NFTA_CHAIN_TYPE)), "filter");
}

int sp_decode_chain(const struct nlmsghdr *message, void *context)
{
	struct sp_decoding *decoding = context;
	const struct nlattr *hook = sp_attr_of(message, NFTA_CHAIN_HOOK);
	struct sp_chain held = { 0 };

	/* A chain in braces lives and dies with the rule that jumps there; the kernel
	 * refuses to remove it by name. */
	if (!is_ours(message, NFTA_CHAIN_TABLE) ||
	    number_of(message, NFTA_CHAIN_FLAGS) & NFT_CHAIN_BINDING)
		return MNL_CB_OK;
	held.name = copy_of(message, NFTA_CHAIN_NAME);
	held.base = hook != NULL;
	held.foreign = held.base && !is_our_hook(message, hook);
	held.drop = held.base && number_of(message, NFTA_CHAIN_POLICY) == NF_DROP;
	if (held.name && sp_array_push(&decoding->ruleset->chains, held))
		return MNL_CB_OK;
	free(held.name);
	return failed(decoding);
}

static const struct sp_held_set *find_held(const char *name, void *context)
{
	struct sp_decoding *decoding = context;
	struct sp_held_set key = { .name = name };

	if (!decoding->anonymous.length)
		return NULL;
	return bsearch(&key, decoding->anonymous.items, decoding->anonymous.length,
	    sizeof(key), compare_held);
}

/* Rules come chain by chain: the chain of the last one is where to look first. */
static struct sp_chain *chain_named(struct sp_decoding *decoding, const char *name)
{
	struct sp_ruleset *ruleset = decoding->ruleset;
	size_t count = ruleset->chains.length;

	for (size_t i = 0; i < count; i++) {
		size_t at = (decoding->chain + i) % count;

		if (!strcmp(ruleset->chains.items[at].name, name)) {
			decoding->chain = at;
			return &ruleset->chains.items[at];
		}
	}
	return NULL;
}

/* ---- what libnftnl (1.2.4) takes for granted of rules ---- */

static bool is_whole(const struct nlattr *expression);

/* A list of expressions: NFTA_LIST_ELEM each. */
static bool are_whole(const struct nlattr *list)
{
	const struct nlattr *expression;

	sp_attr_for_each_nested(expression, list)
	{
		if (!is_whole(expression))
			return false;
	}
	return true;
}

/* Those within an expression of kind dynset. */
static bool inner_are_whole(const struct nlattr *dynset)
{
	const struct nlattr *attribute;

	sp_attr_for_each_nested(attribute, dynset)
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if ((type == NFTA_DYNSET_EXPR && !is_whole(attribute)) ||
		    (type == NFTA_DYNSET_EXPRESSIONS && !are_whole(attribute)))
			return false;
	}
	return true;
}

/* It compares the name of an expression that has none. */
static bool is_whole(const struct nlattr *expression)
{
	const struct nlattr *attribute, *data = NULL;
	const char *name = "";

	sp_attr_for_each_nested(attribute, expression)
	{
		if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA)
			data = attribute;
		else if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME)
			name = sp_attr_text(attribute);
	}
	return *name && (!data || strcmp(name, "dynset") != 0 || inner_are_whole(data));
}

static bool expressions_are_whole(const struct nlmsghdr *message)
{
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_RULE_EXPRESSIONS &&
		    !are_whole(attribute))
			return false;
	}
	return true;
}

/* ---- rules ---- */

/* What libnftnl does not know is not what we made. */
static bool read_rule(
    struct sp_decoding *decoding, const struct nlmsghdr *message, struct sp_rule *ret)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	bool read;

	errno = 0;
	if (rule && expressions_are_whole(message) &&
	    nftnl_rule_nlmsg_parse(message, rule) >= 0) {
		read = sp_rule_recognize(rule, sp_attr_of(message, NFTA_RULE_EXPRESSIONS),
		    find_held, decoding, ret);
	} else {
		read = rule && errno != ENOMEM;
		*ret = (struct sp_rule){ .foreign = true,
			.handle = sp_attr_u64(sp_attr_of(message, NFTA_RULE_HANDLE)),
			.service = SIZE_MAX };
	}
	if (rule)
		nftnl_rule_free(rule);
	return read;
}

int sp_decode_rule(const struct nlmsghdr *message, void *context)
{
	struct sp_decoding *decoding = context;
	struct sp_chain *chain = NULL;
	struct sp_rule held = { 0 };

	if (is_ours(message, NFTA_RULE_TABLE))
		chain = chain_named(
		    decoding, sp_attr_text(sp_attr_of(message, NFTA_RULE_CHAIN)));
	/* None: of a chain in braces, or of one made since chains were read: the
	 * generation says which. */
	if (!chain ||
	    (read_rule(decoding, message, &held) && sp_array_push(&chain->rules, held)))
		return MNL_CB_OK;
	sp_rule_clear(&held);
	return failed(decoding);
}

void sp_decoding_free(struct sp_decoding *decoding)
{
	for (size_t i = 0; i < decoding->anonymous.length; i++) {
		free((char *)decoding->anonymous.items[i].name);
		sp_array_free(&decoding->anonymous.items[i].values);
		sp_intervals_free(&decoding->anonymous.items[i].addresses);
	}
	sp_array_free(&decoding->anonymous);
	forget_points(decoding);
	sp_array_free(&decoding->points);
}
