/* The packet space: what a ruleset does to the first packet of a new
 * connection, for every packet there is, and where two rulesets do different
 * things.
 *
 * A packet is a source, a local destination, an interface, a protocol, a port,
 * and whether a lease stands for that protocol and port ("verified"). Exact over
 * all of IPv4 and IPv6, all ports, TCP and UDP. Apart from it: established
 * connections, ICMP, the DHCP client's answers (source ports are no dimension),
 * and the 30 s of grace after a first load. */
#ifndef SALLYPORT_SPACE_H
#define SALLYPORT_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/array.h>
#include <sallyport/diag.h>
#include <sallyport/ruleset.h>
#include <sallyport/service.h>

enum sp_fate { SP_FATE_DROP, SP_FATE_REJECT, SP_FATE_ACCEPT };

/* Who decided. */
enum sp_decider {
	SP_DECIDER_DEFAULT,  /* nothing did before the end: the policy's default */
	SP_DECIDER_SERVICE,  /* a rule of [service name] */
	SP_DECIDER_SET,	     /* [addresses name] with action = block */
	SP_DECIDER_LOOPBACK, /* everything from this host to itself */
	SP_DECIDER_CUT,	     /* revoke = cut, and no lease stands */
	SP_DECIDER_NO_TABLE, /* the kernel has no table of ours */
	SP_DECIDER_PASS,     /* nobody yet; never in a result */
};

/* While the packets of its source stay under the rate, this is their fate. */
struct sp_limit {
	struct sp_rate rate;
	enum sp_fate fate;
};

/* What becomes of a packet: the first limit that it is under, else `fate`. */
struct sp_decision {
	enum sp_fate fate;
	struct sp_limit *limits;
	size_t limit_count;
	enum sp_decider decider; /* of the first limit, where there are any */
	char *name;		 /* of the service or set; NULL otherwise */
	struct sp_location at;	 /* file NULL: not known (the kernel's) */
	bool gated;		 /* its rule asks for a lease */
};

enum { SP_OLD, SP_NEW, SP_SIDES };
enum { SP_UNVERIFIED, SP_VERIFIED, SP_STATES };

/* Interface names as patterns with at most a trailing '*'. Where several match a
 * name, the longest decides; where none does, `any`. */
struct sp_interfaces {
	bool any;
	char **names;
	size_t name_count;
	char **except;
	size_t except_count;
};

struct sp_packet {
	struct sp_address source;
	struct sp_address destination;
	bool any_destination; /* `destination` is then the family's zero */
	char interface[16];   /* "": any but the loopback */
	enum sp_protocol protocol;
	uint16_t port;
};

enum sp_effect {
	SP_EFFECT_OPENS,    /* accepted from now on, in some state, and was not */
	SP_EFFECT_LOOSENS,  /* more of what was accepted under a rate is */
	SP_EFFECT_TIGHTENS, /* a lease is asked for, or a rate */
	SP_EFFECT_CLOSES,   /* accepted no longer */
	SP_EFFECT_CHANGES,  /* drop for reject or the reverse */
};
#define SP_EFFECTS 5

/* One part of the space: every packet of one protocol with one of the ports,
 * from one of the sources to one of the destinations of the same family, by one
 * of the interfaces. All are the space's. */
struct sp_region {
	enum sp_protocol protocol;
	const struct sp_ports *ports; /* ascending, not touching */
	size_t port_count;
	const struct sp_interfaces *interfaces;
	struct sp_intervals destinations; /* borrowed */
	bool any_destination;
	struct sp_intervals sources; /* borrowed */
	const struct sp_decision *outcomes[SP_SIDES][SP_STATES];
	enum sp_effect effect;
	struct sp_packet witness;
	unsigned witness_state; /* SP_UNVERIFIED or SP_VERIFIED: where it differs */
};

struct sp_space_pool;

struct sp_space {
	SP_ARRAY(struct sp_region) regions;
	struct sp_space_pool *pool;
};

/* Where two rulesets differ, as maximal regions, what opens first. A NULL
 * ruleset is a kernel without our table: everything passes. Both outlive the
 * result. False: memory is out. */
bool sp_space_compare(const struct sp_ruleset *old, const struct sp_ruleset *new,
    struct sp_space *ret, struct sp_diag *diag);

/* A part of the space to ask about. */
struct sp_inquiry {
	enum sp_protocol protocol;
	uint16_t port;
	const struct sp_intervals *sources;	 /* normalized */
	const struct sp_intervals *destinations; /* NULL: any */
	const char *interface;			 /* NULL: any but the loopback */
};

/* Every case of the question, as regions that share no packet; both sides of
 * `outcomes` are the same. False: memory is out. */
bool sp_space_ask(const struct sp_ruleset *ruleset, const struct sp_inquiry *question,
    struct sp_space *ret, struct sp_diag *diag);

void sp_space_free(struct sp_space *space);

/* The rule that decides about one packet, and of it what the source matched:
 * an interval and the set's name, NULL for a literal. No rule: the default. False:
 * memory is out. */
bool sp_space_rule(const struct sp_ruleset *ruleset, const struct sp_packet *packet,
    bool verified, const struct sp_rule **ret_rule, struct sp_range *ret_matched,
    const char **ret_set);

const char *sp_fate_name(enum sp_fate fate);	   /* "drop" */
const char *sp_effect_name(enum sp_effect effect); /* "opens" */

#endif
