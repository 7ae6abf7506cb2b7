/* What the kernel should hold, or holds: the table `inet sallyport` as plain
 * data (kernel.md, The ruleset). The compiler makes it from a policy with every
 * gate shut, the decoder makes it from a dump, and the delta compares the two.
 *
 * Names follow nft(8); a statement prints as one nft statement. */
#ifndef SALLYPORT_RULESET_H
#define SALLYPORT_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/policy.h>
#include <sallyport/service.h>

#define SP_TABLE "sallyport"
/* Intervals of one set at most; a longer list is split (kernel.md, Size). */
#define SP_PIECE_INTERVALS 16384
/* From so many on, a list of few prefix lengths is hash sets of blocks: to look into an
 * interval set costs a packet 150 ns and more, into a hash set 20 to 40. Shorter ones
 * stay what nft shows as prefixes. */
#define SP_BLOCKED_INTERVALS 32
/* The layout below; written into the kernel with the policy's digest. */
#define SP_SCHEMA 1

/* "addr-NAME-4" is the IPv4 half of [addresses NAME]; "from-NAME-4" and "to-NAME-4" are
 * what a service lists itself. */
#define SP_ADDRESS_SET_PREFIX "addr-"
#define SP_SET_VERIFIED "verified"
#define SP_SET_OVERRIDDEN "overridden"
#define SP_SET_CUT "cut"
#define SP_SET_GRACE "grace"
#define SP_MAP_PORTS "ports"
/* "ranges-DIGEST": other ranges are a map of another name. It goes ahead (delta.h),
 * whole, before a rule names it, and none that packets are looked up in is changed. In
 * one that is, before Linux 6.17 (6.12.48), a port of an old range and of a new one is in
 * neither for a moment: with single keys (rbtree) while the batch is prepared, with
 * concatenated ones (pipapo, which this is) while it is committed. */
#define SP_MAP_RANGES_PREFIX "ranges-"
/* A map of ports each, which versions before had instead: met in the kernel, never
 * made. */
#define SP_MAP_OLD_TCP_RANGES "tcp-ranges"
#define SP_MAP_OLD_UDP_RANGES "udp-ranges"
#define SP_COUNTER_BLOCKED "blocked"

/* What a statement looks at: nft's name, its data type, how it is loaded. */
enum sp_field {
	SP_FIELD_IIF,		/* iif: interface index */
	SP_FIELD_IIFNAME,	/* iifname */
	SP_FIELD_L4PROTO,	/* meta l4proto */
	SP_FIELD_IP_SADDR,	/* ip saddr */
	SP_FIELD_IP_DADDR,	/* ip daddr */
	SP_FIELD_IP6_SADDR,	/* ip6 saddr */
	SP_FIELD_IP6_DADDR,	/* ip6 daddr */
	SP_FIELD_UDP_SPORT,	/* udp sport */
	SP_FIELD_UDP_DPORT,	/* udp dport */
	SP_FIELD_TCP_DPORT,	/* tcp dport */
	SP_FIELD_TCP_FLAGS,	/* tcp flags & (fin | syn | rst | ack) */
	SP_FIELD_PROTOCOL_PORT, /* meta l4proto . th dport */
	SP_FIELD_CT_DIRECTION,	/* ct direction */
	SP_FIELD_CT_STATE,	/* ct state */
	SP_FIELD_ICMP_TYPE,	/* icmp type */
	SP_FIELD_ICMPV6_TYPE,	/* icmpv6 type */
};

enum sp_statement_kind {
	SP_STATEMENT_MATCH, /* field [!=] operand */
	SP_STATEMENT_VMAP,  /* field vmap operand: a map's name or values with verdicts */
	SP_STATEMENT_RATE, /* update @name { saddr limit rate … }: goes on while under */
	SP_STATEMENT_LIMIT,   /* limit rate …: goes on while under */
	SP_STATEMENT_LOG,     /* log prefix name */
	SP_STATEMENT_COUNTER, /* counter name name */
	SP_STATEMENT_VERDICT,
};

enum sp_operand {
	SP_OPERAND_VALUES,    /* values: one is a comparison, more an anonymous set */
	SP_OPERAND_ADDRESSES, /* addresses: one interval compares, more: anonymous set */
	SP_OPERAND_NAME,      /* name: an interface */
	SP_OPERAND_SET,	      /* name: a set or map of the table */
};

enum sp_judgement {
	SP_ACCEPT,
	SP_DROP,
	SP_RETURN,
	SP_JUMP,	 /* to the chain `name` */
	SP_REJECT_RESET, /* reject with tcp reset */
	SP_REJECT_PORT,	 /* reject with icmpx port-unreachable */
	SP_REJECT_ADMIN, /* reject with icmpx admin-prohibited */
};

/* One value of an anonymous set, or of an anonymous verdict map. */
struct sp_value {
	uint32_t number;
	enum sp_judgement judgement; /* of a vmap: accept or drop */
};

struct sp_statement {
	enum sp_statement_kind kind;
	enum sp_field field;
	enum sp_operand operand;
	bool negate;
	/* Of an address that is looked up in a set of blocks: its first so many bits, the
	 * others are zero. 0: all of it. */
	unsigned prefix;
	char *name;
	SP_ARRAY(struct sp_value) values;
	struct sp_intervals addresses;
	struct sp_rate rate;
	enum sp_judgement judgement;
};

/* `handle` is the kernel's; `foreign` marks a rule of a dump that is none of
 * ours (its statements are then empty). `service` is the policy's index or
 * SIZE_MAX. `comment` stands in the rule's userdata. */
struct sp_rule {
	SP_ARRAY(struct sp_statement) statements;
	char *comment;
	size_t service;
	struct sp_location at;
	uint64_t handle;
	bool foreign;
};

struct sp_chain {
	char *name;
	bool base; /* type filter hook input priority filter */
	bool drop; /* a base chain's policy; accept otherwise */
	SP_ARRAY(struct sp_rule) rules;
	bool foreign; /* of a dump: another hook, priority or type than ours */
};

enum sp_key {
	SP_KEY_IPV4,	      /* ipv4_addr */
	SP_KEY_IPV6,	      /* ipv6_addr */
	SP_KEY_PROTOCOL,      /* inet_proto */
	SP_KEY_PORT,	      /* inet_service */
	SP_KEY_PROTOCOL_PORT, /* inet_proto . inet_service */
};

/* An element of any set but an address set. Ports and addresses of one element are a
 * range in interval maps only. */
struct sp_element {
	uint8_t protocol;
	struct sp_ports ports;
	struct sp_range addresses; /* of a verdict map on addresses */
	char *chain;		   /* of a verdict map: jump there */
	/* Of a timeout set, as dumped; milliseconds, 0: does not end. */
	uint64_t expires_ms;
};

struct sp_set {
	char *name;
	enum sp_key key;
	bool interval, timeout, dynamic, map;
	/* A hash set of blocks of this prefix length, each by its first address: what is
	 * looked up is masked. The intervals are made of whole blocks. 0: no such set. */
	unsigned prefix;
	uint32_t size;	     /* 0: not declared */
	uint64_t timeout_ms; /* an element's default, 0: none */
	/* An address set's elements. Borrowed from the policy, which must then
	 * outlive the ruleset, or owned. */
	struct sp_intervals addresses;
	bool borrowed;
	SP_ARRAY(struct sp_element) elements;
	bool foreign; /* of a dump: a type or flag that none of ours has */
};

struct sp_counter {
	char *name;
	uint64_t packets, bytes;
};

struct sp_ruleset {
	SP_ARRAY(struct sp_counter) counters;
	SP_ARRAY(struct sp_set) sets;
	SP_ARRAY(struct sp_chain) chains;
	/* What sets borrow and the policy has not: its lists, cut into blocks. */
	SP_ARRAY(struct sp_intervals) lists;
};

/* A port that opens only while a lease stands. */
struct sp_gate {
	enum sp_protocol protocol;
	uint16_t port;
	size_t service; /* the first service on it */
};

struct sp_gates {
	struct sp_gate *items;
	size_t length, capacity;
};

/* Compiles; pure. The ruleset refers to the policy's address sets and
 * locations: the policy outlives it. NULL: memory is out. */
struct sp_ruleset *sp_ruleset_compile(
    const struct sp_policy *policy, struct sp_diag *diag);

void sp_ruleset_free(struct sp_ruleset *ruleset);
void sp_rule_clear(struct sp_rule *rule);
void sp_statement_clear(struct sp_statement *statement);
void sp_set_clear(struct sp_set *set);

/* The gated (protocol, port) pairs, sorted; the caller frees `items`. UDP ports
 * of a TLS service are gates of their own. */
bool sp_policy_gates(const struct sp_policy *policy, struct sp_gates *ret);

/* Same statements, same comment. Handles and locations do not count. */
bool sp_rule_equal(const struct sp_rule *a, const struct sp_rule *b);
bool sp_statement_equal(const struct sp_statement *a, const struct sp_statement *b);
/* Same name, type and flags; elements do not count. */
bool sp_set_same_type(const struct sp_set *a, const struct sp_set *b);
bool sp_element_equal(const struct sp_element *a, const struct sp_element *b);
/* An interval of (protocol, port): each part of its key has a range of its own. */
bool sp_set_is_concatenated(const struct sp_set *set);
/* Sets whose elements the policy does not decide: leases, meters. */
bool sp_set_is_volatile(const struct sp_set *set);

/* nft syntax, as nft(8) 1.0.6 loads it. */
void sp_ruleset_print(const struct sp_ruleset *ruleset, struct sp_text *ret);
void sp_rule_print(const struct sp_rule *rule, struct sp_text *ret);
void sp_element_print(
    const struct sp_set *set, const struct sp_element *element, struct sp_text *ret);
/* "type …; flags …;" without elements, as one line. */
void sp_set_print_type(const struct sp_set *set, struct sp_text *ret);

/* nft's names. */
const char *sp_field_name(enum sp_field field);
const char *sp_key_name(enum sp_key key);

#endif
