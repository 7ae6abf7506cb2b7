/* What the enforcer knows of each gate. */
#ifndef SALLYPORT_ENFORCER_GATES_H
#define SALLYPORT_ENFORCER_GATES_H

#include <sallyport/array.h>
#include <sallyport/plan.h>
#include <sallyport/ruleset.h>
#include <sallyport/verdict.h>

/* A proof as evidence has it, whoever asked for it: seconds since the epoch. */
struct sp_kept_proof {
	int64_t checked, not_after; /* zero: none */
};

/* Times are milliseconds of CLOCK_BOOTTIME, which counts while asleep. */
struct sp_watched {
	enum sp_protocol protocol;
	uint16_t port;
	const char *service; /* the policy's; the first on the port */
	int64_t recheck_ms;  /* of ten years: beyond 32 bits */
	int64_t due;
	int64_t asked, took_ms;	   /* the last round's begin; how long an answer took */
	struct sp_kept_proof kept; /* when the last round began */
	int64_t sure_until; /* proven so lately that a lease stands until then; or 0 */
	uint32_t backoff_ms;
	bool running;		       /* a round is asking */
	bool open;		       /* a lease of ours stands, as far as we know */
	bool known;		       /* the identities below are */
	uint64_t listeners, endpoints; /* digests: who listens, where it is reached */
	enum sp_outcome outcome;
	bool judged; /* outcome is known */
};

struct sp_watch {
	SP_ARRAY(struct sp_watched) gates; /* by port: sp_policy_gates sorts */
};

/* The TCP gates of a policy; what is known of those that stay is kept. False:
 * memory is out. UDP gates stand on the TCP proof of their port. */
bool sp_watch_follow(struct sp_watch *watch, const struct sp_policy *policy,
    const struct sp_gates *gates, int64_t now);

struct sp_watched *sp_watch_find(struct sp_watch *watch, uint16_t port);

/* Digests of a target's listeners, and of the addresses it is reached at. */
uint64_t sp_target_listeners(const struct sp_target *target);
uint64_t sp_target_endpoints(const struct sp_target *target);

/* Proven when it was last asked: its renewal waits for nobody else's answers. */
bool sp_watched_renews(const struct sp_watched *gate);

/* When to ask again after `outcome`; `lease_ms` is what is left of a lease. */
void sp_watched_schedule(
    struct sp_watched *gate, enum sp_outcome outcome, int64_t lease_ms, int64_t now);

/* Due now, with the shortest back-off again: somebody else listens. */
void sp_watched_reset(struct sp_watched *gate, int64_t now);

void sp_watch_free(struct sp_watch *watch);

#endif
