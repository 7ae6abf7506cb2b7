/* What one policy changes against another, or against the kernel: everything
 * that `diff` says, for a report to print. */
#ifndef SALLYPORT_DIFFERENCE_H
#define SALLYPORT_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/delta.h>
#include <sallyport/policy.h>
#include <sallyport/ruleset.h>
#include <sallyport/space.h>

/* Is a ruleset all sallyport's? The comparison weighs the rules that sallyport
 * writes; what somebody else's do among them it does not know. */
enum sp_trust {
	SP_TRUST_OURS,
	SP_TRUST_DRIFTED, /* the kernel holds something else than the last apply left */
	SP_TRUST_UNKNOWN, /* what the last apply left is not known */
};

/* One side of a comparison. */
struct sp_compared {
	const char *name;		  /* as the user knows it: a path, "the kernel" */
	const struct sp_policy *policy;	  /* NULL: not known */
	const struct sp_ruleset *ruleset; /* NULL: no table */
	enum sp_trust trust;
	const struct sp_delta *drift; /* of one that drifted: what puts it right */
};

/* What a row's packets undergo, in one word for a reader. */
enum sp_row_kind {
	SP_CHANGE_FATE,	     /* as the region's effect says */
	SP_CHANGE_NEEDS_TLS, /* accepted as before, but only while verified */
	SP_CHANGE_NO_TLS,    /* accepted without a proof from now on */
};

/* A region with what makes it readable. */
struct sp_region_row {
	const struct sp_region *region;
	enum sp_row_kind kind;
	const char *name;     /* the service or set that it is about; NULL: the default */
	bool existed, exists; /* is there a service of that name on each side? */
	const struct sp_decision *before, *after; /* where the witness differs */
	const struct sp_service *service;	  /* the new policy's, if known */
};

/* A demand on TLS that a port is held to on both sides, and not the same. */
struct sp_demand_row {
	enum sp_effect effect; /* TIGHTENS, LOOSENS or CHANGES */
	const char *service;   /* the new side's */
	SP_ARRAY(struct sp_ports) ports;
	const char *what; /* the policy's key: "name", "ca" */
	char *before, *after;
	struct sp_location old_at, new_at;
};

/* A setting that is no packet's fate: icmp, default, log. */
struct sp_setting_row {
	const char *what;
	const char *service; /* of a service's log; NULL */
	char *before, *after;
	struct sp_location at;
};

/* Sources that gain or lose ports. */
struct sp_gain {
	enum sp_protocol protocol;
	const struct sp_ports *ports; /* a region's */
	size_t port_count;
	uint64_t ipv4; /* addresses */
	uint64_t ipv6; /* networks of 64 bits, begun ones too; UINT64_MAX: all */
};

struct sp_difference {
	struct sp_compared old, new;
	struct sp_space space;
	SP_ARRAY(struct sp_region_row) rows; /* beside space.regions */
	SP_ARRAY(struct sp_demand_row) demands;
	SP_ARRAY(struct sp_setting_row) settings;
	SP_ARRAY(struct sp_gain) gains; /* of what opens */
	size_t effects[SP_EFFECTS];	/* rows and demands of each */
};

/* Both sides outlive the result. False: memory is out; ret is then empty. */
bool sp_difference_make(const struct sp_compared *old, const struct sp_compared *new,
    struct sp_difference *ret, struct sp_diag *diag);
void sp_difference_free(struct sp_difference *difference);

/* Do both sides treat every packet alike, for certain? */
bool sp_difference_is_empty(const struct sp_difference *difference);

#endif
