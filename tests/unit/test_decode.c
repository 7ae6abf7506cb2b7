/* What the kernel says of our table: what is not as we make it is kept as foreign, and
 * memory that is out is an error, never a table with less in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include <sallyport/array.h>

#include "decode.h"
#include "nf_message.h"

/* nft's numbers of data types. */
#define INET_PROTO 12
#define INET_SERVICE 13
#define UNKNOWN_TYPE 999

/* ---- memory that is out, at one point ---- */

static unsigned left_before; /* 0: never */

static bool fails(void)
{
	if (!left_before || --left_before)
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* ---- messages ---- */

static void counter(struct message *message, const char *table, uint32_t type)
{
	struct nlattr *nest;

	begin(message, NFTA_OBJ_TABLE, table);
	text(message, NFTA_OBJ_NAME, "svc-a");
	number(message, NFTA_OBJ_TYPE, type);
	nest = mnl_attr_nest_start(message->header, NFTA_OBJ_DATA);
	mnl_attr_put_u64(message->header, NFTA_COUNTER_PACKETS, htobe64(7));
	mnl_attr_put_u64(message->header, NFTA_COUNTER_BYTES, htobe64(420));
	mnl_attr_nest_end(message->header, nest);
}

static void set(struct message *message, const char *name, uint32_t flags, uint32_t type,
    uint32_t length)
{
	begin(message, NFTA_SET_TABLE, SP_TABLE);
	text(message, NFTA_SET_NAME, name);
	number(message, NFTA_SET_FLAGS, flags);
	number(message, NFTA_SET_KEY_TYPE, type);
	number(message, NFTA_SET_KEY_LEN, length);
}

/* Of a concatenated interval: how long each field is; a length of 0 ends them. */
static void fields(struct message *message, const uint32_t *lengths)
{
	struct nlattr *description, *list, *field;

	description = mnl_attr_nest_start(message->header, NFTA_SET_DESC);
	list = mnl_attr_nest_start(message->header, NFTA_SET_DESC_CONCAT);
	for (; *lengths; lengths++) {
		field = mnl_attr_nest_start(message->header, NFTA_LIST_ELEM);
		number(message, NFTA_SET_FIELD_LEN, *lengths);
		mnl_attr_nest_end(message->header, field);
	}
	mnl_attr_nest_end(message->header, list);
	mnl_attr_nest_end(message->header, description);
}

static void chain(struct message *message, uint32_t hook, int32_t priority)
{
	struct nlattr *nest;

	begin(message, NFTA_CHAIN_TABLE, SP_TABLE);
	text(message, NFTA_CHAIN_NAME, "input");
	nest = mnl_attr_nest_start(message->header, NFTA_CHAIN_HOOK);
	number(message, NFTA_HOOK_HOOKNUM, hook);
	number(message, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	mnl_attr_nest_end(message->header, nest);
	number(message, NFTA_CHAIN_POLICY, NF_DROP);
	text(message, NFTA_CHAIN_TYPE, "filter");
}

static void reference(struct message *message, uint32_t type, const char *name)
{
	struct open_rule open = rule(message, "input", "objref");

	number(message, NFTA_OBJREF_IMM_TYPE, type);
	if (name)
		text(message, NFTA_OBJREF_IMM_NAME, name);
	rule_end(message, &open);
}

/* ---- a decoding with the chain "input" ---- */

static struct sp_decoding decoding;

static int start(void **state)
{
	struct message message;

	(void)state;
	decoding =
	    (struct sp_decoding){ .ruleset = calloc(1, sizeof(struct sp_ruleset)) };
	assert_non_null(decoding.ruleset);
	chain(&message, NF_INET_LOCAL_IN, 0);
	assert_int_equal(sp_decode_chain(message.header, &decoding), MNL_CB_OK);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	left_before = 0;
	sp_ruleset_free(decoding.ruleset);
	sp_decoding_free(&decoding);
	return 0;
}

static const struct sp_rule *only_rule(const struct message *message)
{
	struct sp_chain *input = &decoding.ruleset->chains.items[0];

	assert_int_equal(sp_decode_rule(message->header, &decoding), MNL_CB_OK);
	assert_int_equal(input->rules.length, 1);
	return &input->rules.items[0];
}

static void test_counters(void **state)
{
	struct message message;

	(void)state;
	counter(&message, "other", NFT_OBJECT_COUNTER);
	assert_int_equal(sp_decode_counter(message.header, &decoding), MNL_CB_OK);
	counter(&message, SP_TABLE, NFT_OBJECT_QUOTA);
	assert_int_equal(sp_decode_counter(message.header, &decoding), MNL_CB_OK);
	assert_int_equal(decoding.ruleset->counters.length, 0);
	counter(&message, SP_TABLE, NFT_OBJECT_COUNTER);
	assert_int_equal(sp_decode_counter(message.header, &decoding), MNL_CB_OK);
	assert_int_equal(decoding.ruleset->counters.length, 1);
	assert_string_equal(decoding.ruleset->counters.items[0].name, "svc-a");
	assert_int_equal(decoding.ruleset->counters.items[0].packets, 7);
	assert_int_equal(decoding.ruleset->counters.items[0].bytes, 420);
}

static void test_sets(void **state)
{
	static const struct {
		uint32_t flags, type, length, leads_to;
		bool foreign;
	} cases[] = {
		{ NFT_SET_TIMEOUT, INET_SERVICE, 2, 0, false },
		{ NFT_SET_TIMEOUT, INET_SERVICE, 4, 0, true },
		{ NFT_SET_TIMEOUT, UNKNOWN_TYPE, 2, 0, true },
		{ NFT_SET_OBJECT, INET_SERVICE, 2, 0, true },
		{ NFT_SET_MAP, INET_SERVICE, 2, NFT_DATA_VERDICT, false },
		{ NFT_SET_MAP, INET_SERVICE, 2, UNKNOWN_TYPE, true },
	};
	struct message message;
	struct nlattr *nest;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set(&message, "s", cases[i].flags, cases[i].type, cases[i].length);
		if (cases[i].leads_to)
			number(&message, NFTA_SET_DATA_TYPE, cases[i].leads_to);
		mnl_attr_put_u64(message.header, NFTA_SET_TIMEOUT, htobe64(60000));
		nest = mnl_attr_nest_start(message.header, NFTA_SET_DESC);
		number(&message, NFTA_SET_DESC_SIZE, 65536);
		mnl_attr_nest_end(message.header, nest);
		assert_int_equal(sp_decode_set(message.header, &decoding), MNL_CB_OK);
		assert_int_equal(decoding.ruleset->sets.length, i + 1);
		assert_int_equal(
		    decoding.ruleset->sets.items[i].foreign, cases[i].foreign);
		assert_int_equal(decoding.ruleset->sets.items[i].timeout_ms, 60000);
		assert_int_equal(decoding.ruleset->sets.items[i].size, 65536);
	}
}

/* Of the same type and flags in nft's eyes, and not what we make. */
static void test_concatenations(void **state)
{
	static const struct {
		uint32_t flags, lengths[4];
		bool foreign;
	} cases[] = {
		{ NFT_SET_INTERVAL | NFT_SET_CONCAT, { 1, 2 }, false },
		{ NFT_SET_INTERVAL | NFT_SET_CONCAT, { 2, 1 }, true },
		{ NFT_SET_INTERVAL | NFT_SET_CONCAT, { 1 }, true },
		{ NFT_SET_INTERVAL | NFT_SET_CONCAT, { 1, 2, 1 }, true },
		{ NFT_SET_INTERVAL, { 1, 2 }, true },
		{ NFT_SET_INTERVAL, { 0 }, true },
		{ NFT_SET_CONCAT, { 1, 2 }, true },
		{ 0, { 1, 2 }, true },
		{ 0, { 0 }, false },
	};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set(&message, "s", NFT_SET_MAP | cases[i].flags,
		    INET_PROTO << 6 | INET_SERVICE, 8);
		number(&message, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
		if (*cases[i].lengths)
			fields(&message, cases[i].lengths);
		assert_int_equal(sp_decode_set(message.header, &decoding), MNL_CB_OK);
		assert_int_equal(
		    decoding.ruleset->sets.items[i].foreign, cases[i].foreign);
	}
}

static void test_chains(void **state)
{
	static const struct {
		uint32_t hook;
		int32_t priority;
		bool foreign;
	} cases[] = {
		{ NF_INET_LOCAL_IN, 0, false },
		{ NF_INET_LOCAL_IN, -1, true },
		{ NF_INET_FORWARD, 0, true },
	};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		chain(&message, cases[i].hook, cases[i].priority);
		assert_int_equal(sp_decode_chain(message.header, &decoding), MNL_CB_OK);
		assert_int_equal(
		    decoding.ruleset->chains.items[i + 1].foreign, cases[i].foreign);
		assert_true(decoding.ruleset->chains.items[i + 1].drop);
	}
	number(&message, NFTA_CHAIN_FLAGS, NFT_CHAIN_BINDING);
	assert_int_equal(sp_decode_chain(message.header, &decoding), MNL_CB_OK);
	assert_int_equal(decoding.ruleset->chains.length, 4);
}

/* libnftnl refuses a whole rule for one expression that it does not know, and crashes
 * over one without a name. */
static void test_unknown_rules(void **state)
{
	static const char *const names[] = { "mystery", NULL, "dynset" };
	static const uint16_t inner[] = { NFTA_DYNSET_EXPR, NFTA_DYNSET_EXPRESSIONS };
	struct sp_chain *input = &decoding.ruleset->chains.items[0];
	struct message message;
	struct open_rule open;
	struct nlattr *nest;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (size_t j = 0; j < sizeof(inner) / sizeof(*inner); j++) {
			open = rule(&message, "input", names[i]);
			nest = mnl_attr_nest_start(message.header, inner[j]);
			mnl_attr_nest_end(message.header,
			    mnl_attr_nest_start(message.header, NFTA_LIST_ELEM));
			mnl_attr_nest_end(message.header, nest);
			rule_end(&message, &open);
			assert_int_equal(
			    sp_decode_rule(message.header, &decoding), MNL_CB_OK);
		}
	assert_int_equal(input->rules.length, 6);
	for (size_t i = 0; i < input->rules.length; i++) {
		assert_true(input->rules.items[i].foreign);
		assert_int_equal(input->rules.items[i].handle, 42);
	}
	open = rule(&message, "made-since", "mystery");
	rule_end(&message, &open);
	assert_int_equal(sp_decode_rule(message.header, &decoding), MNL_CB_OK);
	assert_int_equal(input->rules.length, 6);
}

static void test_counter_of_rule(void **state)
{
	struct message message;
	const struct sp_rule *held;

	(void)state;
	reference(&message, NFT_OBJECT_COUNTER, "svc-a");
	held = only_rule(&message);
	assert_false(held->foreign);
	assert_int_equal(held->statements.length, 1);
	assert_int_equal(held->statements.items[0].kind, SP_STATEMENT_COUNTER);
	assert_string_equal(held->statements.items[0].name, "svc-a");
}

static void test_quota_of_rule(void **state)
{
	struct message message;

	(void)state;
	reference(&message, NFT_OBJECT_QUOTA, "svc-a");
	assert_true(only_rule(&message)->foreign);
}

static void test_nameless_of_rule(void **state)
{
	struct message message;

	(void)state;
	reference(&message, NFT_OBJECT_COUNTER, NULL);
	assert_true(only_rule(&message)->foreign);
}

/* An anonymous set that is not named as nft and we do: no set of ours, and no want of
 * memory. */
static void test_odd_anonymous_set(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct message message;
	struct nlattr *list, *element, *key;
	struct open_rule open;

	(void)state;
	set(&message, "odd0", NFT_SET_ANONYMOUS | NFT_SET_CONSTANT, INET_PROTO, 1);
	assert_int_equal(sp_decode_set(message.header, &decoding), MNL_CB_OK);
	begin(&message, NFTA_SET_ELEM_LIST_TABLE, SP_TABLE);
	list = mnl_attr_nest_start(message.header, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < sizeof(protocols); i++) {
		element = mnl_attr_nest_start(message.header, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(message.header, NFTA_SET_ELEM_KEY);
		mnl_attr_put(message.header, NFTA_DATA_VALUE, 1, &protocols[i]);
		mnl_attr_nest_end(message.header, key);
		mnl_attr_nest_end(message.header, element);
	}
	mnl_attr_nest_end(message.header, list);
	decoding.held = &decoding.anonymous.items[0];
	assert_int_equal(sp_decode_elements(message.header, &decoding), MNL_CB_OK);
	assert_true(sp_decode_set_end(&decoding));
	decoding.held = NULL;
	sp_decode_sets_end(&decoding);

	open = rule(&message, "input", "meta");
	number(&message, NFTA_META_DREG, NFT_REG_1);
	number(&message, NFTA_META_KEY, NFT_META_L4PROTO);
	rule_next(&message, &open, "lookup");
	text(&message, NFTA_LOOKUP_SET, "odd0");
	number(&message, NFTA_LOOKUP_SREG, NFT_REG_1);
	number(&message, NFTA_LOOKUP_FLAGS, 0);
	rule_end(&message, &open);
	assert_true(only_rule(&message)->foreign);
}

/* Each of our own allocations in turn; those of libnftnl are tests/fault's. */
static void test_memory(void **state)
{
	static int (*const decode[])(
	    const struct nlmsghdr *message, void *context) = { sp_decode_counter,
		sp_decode_set, sp_decode_set, sp_decode_chain, sp_decode_rule };
	struct message messages[5];
	size_t failures = 0;

	counter(&messages[0], SP_TABLE, NFT_OBJECT_COUNTER);
	set(&messages[1], "verified", NFT_SET_TIMEOUT, INET_SERVICE, 2);
	set(&messages[2], "__set0", NFT_SET_ANONYMOUS, INET_PROTO, 1);
	chain(&messages[3], NF_INET_LOCAL_IN, 0);
	reference(&messages[4], NFT_OBJECT_COUNTER, "svc-a");
	for (size_t i = 0; i < sizeof(decode) / sizeof(*decode); i++) {
		for (unsigned point = 1;; point++) {
			stop(state);
			start(state);
			left_before = point;
			errno = 0;
			if (decode[i](messages[i].header, &decoding) == MNL_CB_OK)
				break;
			assert_int_equal(errno, ENOMEM);
			assert_true(decoding.failed);
			failures++;
		}
		/* It went well because it met none that failed. */
		assert_int_not_equal(left_before, 0);
	}
	assert_true(failures >= 12);
}

/* ---- elements ---- */

#define IPV4_ADDR 7
#define TCP_443                                            \
	{                                                  \
		IPPROTO_TCP, 0, 0, 0, 443 >> 8, 443 & 0xff \
	}

/* A set or a map, what is in it, and what is to be read of that. */
static const struct filled {
	const char *name;
	uint32_t flags, type, length;
	struct sp_raw_element raw[3];
	size_t count;
	const char *addresses;
	size_t intervals;
	struct sp_element first; /* its chain: "tcp-443" or none */
} sets[] = {
	{ "ports", NFT_SET_MAP, INET_PROTO << 6 | INET_SERVICE, 8,
	    { { .key = TCP_443,
		.key_length = 8,
		.verdict = true,
		.verdict_code = NFT_JUMP,
		.chain = "tcp-443" } },
	    1, NULL, 0,
	    { .protocol = IPPROTO_TCP,
		.ports = { 443, 443 },
		.chain = (char *)"tcp-443" } },
	{ "ranges-1", NFT_SET_MAP | NFT_SET_INTERVAL | NFT_SET_CONCAT,
	    INET_PROTO << 6 | INET_SERVICE, 8,
	    { { .key = TCP_443,
		.key_length = 8,
		.last = { IPPROTO_TCP, 0, 0, 0, 2, 0 },
		.last_length = 8,
		.verdict = true,
		.verdict_code = NFT_JUMP,
		.chain = "tcp-443" } },
	    1, NULL, 0,
	    { .protocol = IPPROTO_TCP,
		.ports = { 443, 512 },
		.chain = (char *)"tcp-443" } },
	/* What versions before had. */
	{ "tcp-ranges", NFT_SET_MAP | NFT_SET_INTERVAL, INET_SERVICE, 2,
	    { { .key = { 4, 0 },
		  .key_length = 2,
		  .verdict = true,
		  .verdict_code = NFT_JUMP,
		  .chain = "tcp-443" },
		{ .key = { 4, 16 }, .key_length = 2, .interval_end = true } },
	    2, NULL, 0, { .ports = { 1024, 1039 }, .chain = (char *)"tcp-443" } },
	{ "pieces", NFT_SET_MAP | NFT_SET_INTERVAL, IPV4_ADDR, 4,
	    { { .key = { 10, 0, 0, 0 },
		  .key_length = 4,
		  .verdict = true,
		  .verdict_code = NFT_JUMP,
		  .chain = "tcp-443" },
		{ .key = { 10, 0, 1, 0 }, .key_length = 4, .interval_end = true } },
	    2, NULL, 0,
	    { .addresses = { { SP_IPV4, 0, 0x0a000000 }, { SP_IPV4, 0, 0x0a0000ff } },
		.chain = (char *)"tcp-443" } },
	{ "office", NFT_SET_INTERVAL, IPV4_ADDR, 4,
	    { { .key = { 10, 0, 0, 0 }, .key_length = 4 },
		{ .key = { 11, 0, 0, 0 }, .key_length = 4, .interval_end = true },
		{ .key = { 192, 0, 2, 1 }, .key_length = 4 } },
	    3, "10.0.0.0/8", 2, { 0 } },
	{ "long/10.0.0.0-8/24", 0, IPV4_ADDR, 4,
	    { { .key = { 10, 0, 0, 0 }, .key_length = 4 },
		{ .key = { 10, 0, 2, 0 }, .key_length = 4 } },
	    2, "10.0.0.0/24", 2, { 0 } },
	/* Two blocks that follow one another are one. */
	{ "jumps/10.0.0.0-8/24", NFT_SET_MAP, IPV4_ADDR, 4,
	    { { .key = { 10, 0, 0, 0 },
		  .key_length = 4,
		  .verdict = true,
		  .verdict_code = NFT_JUMP,
		  .chain = "tcp-443" },
		{ .key = { 10, 0, 1, 0 },
		    .key_length = 4,
		    .verdict = true,
		    .verdict_code = NFT_JUMP,
		    .chain = "tcp-443" } },
	    2, NULL, 0,
	    { .addresses = { { SP_IPV4, 0, 0x0a000000 }, { SP_IPV4, 0, 0x0a0001ff } },
		.chain = (char *)"tcp-443" } },
	{ "__set1", NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_INTERVAL, IPV4_ADDR, 4,
	    { { .key = { 10, 0, 0, 0 }, .key_length = 4 },
		{ .key = { 11, 0, 0, 0 }, .key_length = 4, .interval_end = true } },
	    2, "10.0.0.0/8", 1, { 0 } },
	{ "__map1", NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_MAP, INET_PROTO, 1,
	    { { .key = { IPPROTO_UDP },
		.key_length = 1,
		.verdict = true,
		.verdict_code = NF_DROP } },
	    1, NULL, 0, { 0 } },
};

static bool fill(const struct filled *filled)
{
	struct message message;
	struct nlattr *list;
	bool anonymous = filled->flags & NFT_SET_ANONYMOUS, read;

	set(&message, filled->name, filled->flags, filled->type, filled->length);
	if (filled->flags & NFT_SET_MAP)
		number(&message, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
	if (filled->flags & NFT_SET_CONCAT)
		fields(&message, (const uint32_t[]){ 1, 2, 0 });
	if (sp_decode_set(message.header, &decoding) != MNL_CB_OK)
		return false;
	decoding.set = anonymous ? NULL : &decoding.ruleset->sets.items[0];
	decoding.held = anonymous ? &decoding.anonymous.items[0] : NULL;
	begin(&message, NFTA_SET_ELEM_LIST_TABLE, SP_TABLE);
	list = mnl_attr_nest_start(message.header, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < filled->count; i++)
		sp_raw_element_put(message.header, &filled->raw[i]);
	mnl_attr_nest_end(message.header, list);
	read = sp_decode_elements(message.header, &decoding) == MNL_CB_OK &&
	       sp_decode_set_end(&decoding);
	sp_decode_sets_end(&decoding);
	return read;
}

static void check_addresses(const struct filled *filled, const struct sp_intervals *held)
{
	struct sp_range first;
	char shown[SP_RANGE_TEXT];

	assert_int_equal(sp_intervals_count(held), filled->intervals);
	if (!filled->intervals)
		return;
	first = sp_intervals_at(held, 0);
	assert_string_equal(sp_range_print(&first, shown), filled->addresses);
}

static void check_element(const struct filled *filled, const struct sp_element *held)
{
	const struct sp_element *first = &filled->first;

	assert_string_equal(held->chain, first->chain);
	assert_int_equal(held->protocol, first->protocol);
	assert_int_equal(held->ports.first, first->ports.first);
	assert_int_equal(held->ports.last, first->ports.last);
	assert_int_equal(
	    sp_address_compare(&held->addresses.first, &first->addresses.first), 0);
	assert_int_equal(
	    sp_address_compare(&held->addresses.last, &first->addresses.last), 0);
}

static void check_filled(const struct filled *filled)
{
	if (decoding.held) {
		check_addresses(filled, &decoding.held->addresses);
		assert_false(decoding.held->foreign);
		if (decoding.held->map) {
			assert_int_equal(decoding.held->values.length, 1);
			assert_int_equal(
			    decoding.held->values.items[0].number, IPPROTO_UDP);
			assert_int_equal(
			    decoding.held->values.items[0].judgement, SP_DROP);
		}
		return;
	}
	assert_false(decoding.set->foreign);
	check_addresses(filled, &decoding.set->addresses);
	assert_int_equal(decoding.set->elements.length, filled->first.chain ? 1 : 0);
	if (filled->first.chain)
		check_element(filled, &decoding.set->elements.items[0]);
}

static void test_elements(void **state)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		stop(state);
		start(state);
		assert_true(fill(&sets[i]));
		check_filled(&sets[i]);
	}
}

/* A range of protocols leads to no segment of ours. */
static void test_protocols_between(void **state)
{
	struct filled odd = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (sets[i].flags & NFT_SET_CONCAT)
			odd = sets[i];
	odd.raw[0].last[0] = IPPROTO_UDP;
	assert_true(fill(&odd));
	assert_true(decoding.set->foreign);
	assert_int_equal(decoding.set->elements.length, 0);
}

/* Whatever allocation fails: an error, and never a set with less in it. */
static void test_elements_memory(void **state)
{
	size_t failures = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		for (unsigned point = 1;; point++) {
			stop(state);
			start(state);
			left_before = point;
			if (fill(&sets[i]))
				break;
			failures++;
		}
		assert_int_not_equal(left_before, 0);
		left_before = 0;
		check_filled(&sets[i]);
	}
	assert_true(failures >= 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counters, start, stop),
		cmocka_unit_test_setup_teardown(test_sets, start, stop),
		cmocka_unit_test_setup_teardown(test_concatenations, start, stop),
		cmocka_unit_test_setup_teardown(test_chains, start, stop),
		cmocka_unit_test_setup_teardown(test_unknown_rules, start, stop),
		cmocka_unit_test_setup_teardown(test_counter_of_rule, start, stop),
		cmocka_unit_test_setup_teardown(test_quota_of_rule, start, stop),
		cmocka_unit_test_setup_teardown(test_nameless_of_rule, start, stop),
		cmocka_unit_test_setup_teardown(test_odd_anonymous_set, start, stop),
		cmocka_unit_test_setup_teardown(test_memory, start, stop),
		cmocka_unit_test_setup_teardown(test_elements, start, stop),
		cmocka_unit_test_setup_teardown(test_protocols_between, start, stop),
		cmocka_unit_test_setup_teardown(test_elements_memory, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
