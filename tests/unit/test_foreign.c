/* Others' tables as the kernel tells of them: which hooks and statements count, what is
 * said of a dump that fails, and memory that is out: an error, never a rule less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <sallyport/foreign.h>
#include <sallyport/limits.h>

#include "failing.h"
#include "nf_message.h"

FAILING(void *, realloc, NULL, ENOMEM, (void *old, size_t size), (old, size))
FAILING(char *, strdup, NULL, ENOMEM, (const char *text), (text))

/* ---- the kernel ---- */

static struct message chains[16], rules[16];
static size_t chain_count, rule_count, asked;
/* What each dump ends with, before those that go well; 0 ends the list. */
static const int *ends_with;

static int hand_on(const struct message *messages, size_t count,
    int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
	for (size_t i = 0; i < count; i++)
		if (each(messages[i].header, context) != MNL_CB_OK)
			return -errno;
	return 0;
}

int __wrap_sp_nf_tables_ask(struct sp_nf_tables *socket, struct nlmsghdr *request,
    int (*each)(const struct nlmsghdr *message, void *context), void *context);
int __wrap_sp_nf_tables_ask(struct sp_nf_tables *socket, struct nlmsghdr *request,
    int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
	int failed;

	(void)socket;
	asked++;
	assert_true(request->nlmsg_flags & NLM_F_DUMP);
	failed = (request->nlmsg_type & 0xff) == NFT_MSG_GETCHAIN
		     ? hand_on(chains, chain_count, each, context)
		     : hand_on(rules, rule_count, each, context);
	return !failed && ends_with && *ends_with ? *ends_with++ : failed;
}

static void family(struct message *message, uint8_t value)
{
	((struct nfgenmsg *)mnl_nlmsg_get_payload(message->header))->nfgen_family = value;
}

static void chain(uint8_t of, const char *table, const char *name, uint32_t hook)
{
	struct message *message = &chains[chain_count++];
	struct nlattr *nest;

	begin(message, NFTA_CHAIN_TABLE, table);
	family(message, of);
	text(message, NFTA_CHAIN_NAME, name);
	nest = mnl_attr_nest_start(message->header, NFTA_CHAIN_HOOK);
	number(message, NFTA_HOOK_HOOKNUM, hook);
	number(message, NFTA_HOOK_PRIORITY, (uint32_t)-100);
	mnl_attr_nest_end(message->header, nest);
	number(message, NFTA_CHAIN_POLICY, NF_DROP);
}

static int start(void **state)
{
	(void)state;
	chain_count = rule_count = asked = 0;
	ends_with = NULL;
	return 0;
}

static struct sp_foreigns found;

static int stop(void **state)
{
	(void)state;
	sp_foreigns_free(&found);
	return 0;
}

static void read_all(void)
{
	struct sp_diag diag = { 0 };

	assert_true(sp_foreign_read(NULL, &found, &diag));
	assert_int_equal(diag.errors, 0);
	sp_diag_free(&diag);
}

static void check_refused(const char *said)
{
	struct sp_diag diag = { 0 };

	assert_false(sp_foreign_read(NULL, &found, &diag));
	assert_int_equal(found.length, 0);
	assert_int_equal(diag.errors, 1);
	if (!strstr(diag.items[0].message, said))
		fail_msg("%s", diag.items[0].message);
	sp_diag_free(&diag);
}

/* ---- chains ---- */

static void test_hooks(void **state)
{
	static const struct {
		uint8_t family;
		const char *name;
		uint32_t hook;
		enum sp_foreign_kind kind;
	} told[] = {
		{ NFPROTO_INET, "inet", NF_INET_LOCAL_IN, SP_FOREIGN_INPUT },
		{ NFPROTO_INET, "inet", NF_INET_INGRESS, SP_FOREIGN_INGRESS },
		{ NFPROTO_IPV4, "ip", NF_INET_FORWARD, SP_FOREIGN_FORWARD },
		{ NFPROTO_IPV6, "ip6", NF_INET_LOCAL_IN, SP_FOREIGN_INPUT },
		{ NFPROTO_NETDEV, "netdev", NF_NETDEV_INGRESS, SP_FOREIGN_INGRESS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		chain(told[i].family, "theirs", "c", told[i].hook);
	chain(NFPROTO_INET, SP_TABLE, "input", NF_INET_LOCAL_IN);
	chain(NFPROTO_INET, "theirs", "c", NF_INET_LOCAL_OUT);
	chain(NFPROTO_IPV4, "theirs", "c", NF_INET_INGRESS);
	chain(NFPROTO_NETDEV, "theirs", "c", NF_NETDEV_EGRESS);
	chain(NFPROTO_ARP, "theirs", "c", NF_INET_LOCAL_IN);
	chain(NFPROTO_BRIDGE, "theirs", "c", NF_INET_LOCAL_IN);
	/* Ours is that of inet. */
	chain(NFPROTO_IPV4, SP_TABLE, "input", NF_INET_LOCAL_IN);
	read_all();
	assert_int_equal(found.length, sizeof(told) / sizeof(*told) + 1);
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		assert_string_equal(found.items[i].family, told[i].name);
		assert_string_equal(found.items[i].table, "theirs");
		assert_int_equal(found.items[i].kind, told[i].kind);
		assert_int_equal(found.items[i].priority, -100);
		assert_true(found.items[i].drop);
	}
	assert_string_equal(found.items[found.length - 1].table, SP_TABLE);
}

/* ---- rules ---- */

static struct message *next_rule(void)
{
	return &rules[rule_count++];
}

static void tproxy(uint8_t of)
{
	struct message *message = next_rule();
	struct open_rule open = rule_of(message, "theirs", "prerouting", "tproxy");

	rule_end(message, &open);
	family(message, of);
}

/* A rule sends packets elsewhere in every family, of whose chains only some count. */
static void test_families(void **state)
{
	static const struct {
		uint8_t family;
		const char *name;
	} families[] = { { NFPROTO_INET, "inet" }, { NFPROTO_IPV4, "ip" },
		{ NFPROTO_IPV6, "ip6" }, { NFPROTO_ARP, "arp" },
		{ NFPROTO_BRIDGE, "bridge" }, { NFPROTO_NETDEV, "netdev" }, { 99, "?" } };

	(void)state;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		tproxy(families[i].family);
	read_all();
	assert_int_equal(found.length, rule_count);
	for (size_t i = 0; i < found.length; i++) {
		assert_string_equal(found.items[i].family, families[i].name);
		assert_int_equal(found.items[i].kind, SP_FOREIGN_TPROXY);
		assert_string_equal(found.items[i].chain, "prerouting");
		assert_int_equal(found.items[i].handle, 42);
	}
}

/* iptables-nft's: "-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080". */
static void test_extensions(void **state)
{
	struct xt_tcp ports = { .spts = { 0, 65535 }, .dpts = { 80, 80 } };
	struct nf_nat_ipv4_multi_range_compat range = { .rangesize = 1,
		.range = {
		    { .flags = NF_NAT_RANGE_PROTO_SPECIFIED, .min.all = htons(8080) } } };
	struct message *message = next_rule();
	struct open_rule open = rule_of(message, "nat", "PREROUTING", "match");

	(void)state;
	text(message, NFTA_MATCH_NAME, "tcp");
	number(message, NFTA_MATCH_REV, 0);
	mnl_attr_put(message->header, NFTA_MATCH_INFO, sizeof(ports), &ports);
	rule_next(message, &open, "target");
	text(message, NFTA_TARGET_NAME, "REDIRECT");
	number(message, NFTA_TARGET_REV, 0);
	mnl_attr_put(message->header, NFTA_TARGET_INFO, sizeof(range), &range);
	rule_end(message, &open);
	family(message, NFPROTO_IPV4);
	read_all();
	assert_int_equal(found.length, 1);
	assert_int_equal(found.items[0].kind, SP_FOREIGN_REDIRECT);
	assert_int_equal(found.items[0].protocol, IPPROTO_TCP);
	assert_int_equal(found.items[0].port, 80);
	assert_int_equal(found.items[0].to_port, 8080);
	assert_false(found.items[0].has_to);
}

/* "dnat to 10.0.0.2:8080", or what is in its registers instead. */
static void dnat(const void *address, size_t length, uint32_t reads)
{
	struct message *message = next_rule();
	struct open_rule open = rule_of(message, "theirs", "prerouting", "immediate");
	struct nlattr *nest;

	number(message, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	nest = mnl_attr_nest_start(message->header, NFTA_IMMEDIATE_DATA);
	mnl_attr_put(message->header, NFTA_DATA_VALUE, length, address);
	mnl_attr_nest_end(message->header, nest);
	rule_next(message, &open, "nat");
	number(message, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	number(message, NFTA_NAT_REG_ADDR_MIN, reads);
	rule_end(message, &open);
}

/* What it does is always told, where to as far as that is in a form that is known. */
static void test_unknown_destinations(void **state)
{
	static const uint8_t address[20] = { 10, 0, 0, 2 };

	(void)state;
	dnat(address, 4, NFT_REG_1);
	dnat(address, 20, NFT_REG_1);
	dnat(address, 3, NFT_REG_1);
	dnat(address, 4, NFT_REG_2);
	dnat(address, 4, 4000);
	/* A message without a family is none, and takes nothing of the others. */
	mnl_nlmsg_put_header(rules[rule_count].bytes);
	rules[rule_count].header = (struct nlmsghdr *)rules[rule_count].bytes;
	rule_count++;
	read_all();
	assert_int_equal(found.length, 5);
	for (size_t i = 0; i < found.length; i++) {
		assert_int_equal(found.items[i].kind, SP_FOREIGN_DNAT);
		assert_int_equal(found.items[i].has_to, i == 0);
	}
	assert_int_equal(found.items[0].to.low, 0x0a000002);
}

/* "tcp dport set 8080", and what only compares it. */
static void test_written_ports(void **state)
{
	static const uint32_t operators[] = { NFT_CMP_EQ, NFT_CMP_NEQ };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct message *message = next_rule();
		struct open_rule open =
		    rule_of(message, "theirs", "prerouting", "payload");
		uint16_t port = htons(80);
		struct nlattr *nest;

		number(message, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
		number(message, NFTA_PAYLOAD_OFFSET, 2);
		number(message, NFTA_PAYLOAD_LEN, 2);
		number(message, NFTA_PAYLOAD_DREG, NFT_REG_1);
		rule_next(message, &open, "cmp");
		number(message, NFTA_CMP_SREG, NFT_REG_1);
		number(message, NFTA_CMP_OP, operators[i]);
		nest = mnl_attr_nest_start(message->header, NFTA_CMP_DATA);
		mnl_attr_put(message->header, NFTA_DATA_VALUE, sizeof(port), &port);
		mnl_attr_nest_end(message->header, nest);
		rule_next(message, &open, "tproxy");
		rule_end(message, &open);
	}
	read_all();
	assert_int_equal(found.length, 2);
	assert_int_equal(found.items[0].port, 80);
	assert_int_equal(found.items[1].port, 0);
}

/* ---- failures ---- */

static void test_interrupted(void **state)
{
	static const int twice[] = { -EINTR, -EINTR, 0 };
	static const int ever[] = { -EINTR, -EINTR, -EINTR, -EINTR, -EINTR, -EINTR,
		-EINTR, -EINTR, -EINTR, -EINTR, -EINTR, -EINTR, 0 };

	(void)state;
	assert_true(SP_MAX_DUMP_TRIES < sizeof(ever) / sizeof(*ever));
	chain(NFPROTO_IPV4, "theirs", "c", NF_INET_LOCAL_IN);
	ends_with = twice;
	read_all();
	assert_int_equal(found.length, 1); /* what came before is thrown away */
	sp_foreigns_free(&found);
	ends_with = ever;
	asked = 0;
	check_refused("reading other tables of the kernel failed: Interrupted");
	assert_int_equal(asked, SP_MAX_DUMP_TRIES);
}

static void test_refused(void **state)
{
	static const int errors[] = { -EPERM, 0, -EACCES, 0, -EIO, 0 };

	(void)state;
	chain(NFPROTO_IPV4, "theirs", "c", NF_INET_LOCAL_IN);
	ends_with = errors;
	check_refused("needs CAP_NET_ADMIN");
	ends_with = errors + 2;
	check_refused("needs CAP_NET_ADMIN");
	ends_with = errors + 4;
	check_refused("reading other tables of the kernel failed: Input/output error");
}

static void test_memory(void **state)
{
	unsigned failures = 0;

	(void)state;
	chain(NFPROTO_IPV4, "theirs", "c", NF_INET_LOCAL_IN);
	tproxy(NFPROTO_INET);
	FOR_EACH_FAILURE(0)
	{
		struct sp_diag diag = { 0 };
		bool done;

		BEGIN_FAILING();
		done = sp_foreign_read(NULL, &found, &diag);
		END_FAILING();
		failures += failing_was_met;
		assert_int_equal(done, !failing_was_met);
		assert_int_equal(found.length, done ? 2 : 0);
		assert_int_equal(diag.errors > 0, !done);
		sp_diag_free(&diag);
	}
	assert_true(failures >= 5);
}

/* ---- iptables-legacy ---- */

/* A rule or a policy: struct ipt_entry and one target, with what belongs to it. */
struct legacy {
	struct ipt_entry entry;
	struct xt_entry_target target;
	unsigned char bytes[40];
} __attribute__((aligned(8)));

static void legacy(
    struct legacy *ret, const char *target, const void *bytes, size_t length)
{
	memset(ret, 0, sizeof(*ret));
	ret->entry.ip.proto = IPPROTO_TCP;
	ret->entry.target_offset = offsetof(struct legacy, target);
	ret->entry.next_offset = sizeof(*ret);
	ret->target.u.target_size = sizeof(*ret) - offsetof(struct legacy, target);
	strcpy(ret->target.u.user.name, target);
	memcpy(ret->bytes, bytes, length);
}

static void test_legacy(void **state)
{
	struct nf_nat_ipv4_multi_range_compat range = { .rangesize = 1,
		.range = {
		    { .flags = NF_NAT_RANGE_MAP_IPS, .min_ip = htonl(0x0a000002) } } };
	struct legacy entries[2];
	struct sp_ip_table table = { .family = SP_IPV4,
		.name = "filter",
		.hooks = 1u << NF_INET_LOCAL_IN | 1u << NF_INET_FORWARD,
		.first = { [NF_INET_FORWARD] = sizeof(entries[0]) },
		.policy = { [NF_INET_LOCAL_IN] = sizeof(entries[0]),
		    [NF_INET_FORWARD] = sizeof(entries[0]) },
		.entries = (unsigned char *)entries,
		.length = sizeof(entries) };
	struct sp_ip_tables tables = { &table, 1, 1 };
	int verdict = -NF_DROP - 1;
	unsigned failures = 0;

	(void)state;
	legacy(&entries[0], "DNAT", &range, sizeof(range));
	legacy(&entries[1], "", &verdict, sizeof(verdict));
	FOR_EACH_FAILURE(0)
	{
		bool done;

		sp_foreigns_free(&found);
		BEGIN_FAILING();
		done = sp_foreign_add_ip_tables(&tables, &found);
		END_FAILING();
		failures += failing_was_met;
		assert_int_equal(done, !failing_was_met);
		assert_true(done || errno == ENOMEM);
	}
	assert_true(failures >= 7);
	assert_int_equal(found.length, 3);
	assert_int_equal(found.items[0].kind, SP_FOREIGN_INPUT);
	assert_true(found.items[0].drop);
	assert_int_equal(found.items[1].kind, SP_FOREIGN_FORWARD);
	assert_int_equal(found.items[2].kind, SP_FOREIGN_DNAT);
	assert_string_equal(found.items[2].chain, "INPUT");
	assert_int_equal(found.items[2].to.low, 0x0a000002);
	assert_int_equal(found.items[2].protocol, IPPROTO_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hooks, start, stop),
		cmocka_unit_test_setup_teardown(test_families, start, stop),
		cmocka_unit_test_setup_teardown(test_extensions, start, stop),
		cmocka_unit_test_setup_teardown(test_unknown_destinations, start, stop),
		cmocka_unit_test_setup_teardown(test_written_ports, start, stop),
		cmocka_unit_test_setup_teardown(test_interrupted, start, stop),
		cmocka_unit_test_setup_teardown(test_refused, start, stop),
		cmocka_unit_test_setup_teardown(test_memory, start, stop),
		cmocka_unit_test_setup_teardown(test_legacy, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
