/* What to ask: a policy, and who listens where, become endpoints.
 *
 * Pure: nothing here opens, connects, or looks at a clock. */
#ifndef SALLYPORT_PLAN_H
#define SALLYPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/listener.h>
#include <sallyport/observation.h>
#include <sallyport/policy.h>

/* One address at which a port can be reached. */
struct sp_endpoint {
	struct sp_address address;
	uint32_t interface; /* scope of a link-local address; 0 otherwise */
	bool listening;	    /* found by sock_diag; else named by `listen` */
	bool local; /* an address of this host: counts, others are reported only */
	/* The index of the interface that its socket is bound to, where this host has
	 * the address on another one: who comes in there is answered by it, and nobody
	 * on this host can ask it. 0 otherwise. */
	uint32_t elsewhere;
	struct sp_testimony testimony; /* what its child said */
};

/* One gate: a port that a TLS service allows. With tls none there is no gate, see
 * sp_plan_add_plain. */
struct sp_target {
	enum sp_protocol protocol;
	uint16_t port;
	size_t *services; /* indices of sp_policy.services */
	size_t service_count;
	char **names; /* united; the array is owned, the texts are the policy's */
	size_t name_count;
	char **alpn; /* the policy's */
	size_t alpn_count;
	enum sp_tls tls;
	enum sp_dialect dialect;
	const struct sp_profile *profile;
	uint32_t store; /* index of sp_plan.stores */
	uint32_t lease; /* seconds; the shortest that a service asks for */
	enum sp_on_fail on_fail;
	bool intrusive; /* ask what may disturb a server: `probe --intrusive` */
	struct sp_location at;
	struct sp_listeners listeners; /* every one on the port, loopback's too */
	struct sp_endpoint *endpoints;
	size_t endpoint_count, endpoint_capacity;
};

/* What a prober is given to check a chain with. Paths, the policy's. */
struct sp_store {
	const char *ca;	 /* NULL: the system's */
	const char *crl; /* or NULL */
	const char *client_certificate;
};

struct sp_plan {
	struct sp_target *targets; /* by port */
	size_t target_count, target_capacity;
	struct sp_store *stores; /* each once */
	size_t store_count, store_capacity;
};

/* Every gate of the policy and its endpoints: each non-loopback address of this host at
 * which a listener on the port can be reached, and what `listen` names; link-local ones
 * only where a socket is bound to one. `profile`, when not NULL, is judged by
 * instead of the policy's. False: a limit, or memory is out; `ret` is empty then.
 * The plan points into the policy. */
bool sp_plan_make(const struct sp_policy *policy, const struct sp_listeners *listeners,
    const struct sp_local_addresses *addresses, const struct sp_profile *profile,
    struct sp_plan *ret, struct sp_diag *diag);

/* Adds every TCP port that the policy opens as plain and somebody reachable listens
 * on, unless its profile ignores undeclared_tls: for reports, there is no gate there.
 * False: a limit, or memory is out; the plan is still to be freed. */
bool sp_plan_add_plain(struct sp_plan *plan, const struct sp_policy *policy,
    const struct sp_listeners *listeners, const struct sp_local_addresses *addresses,
    const struct sp_profile *profile, struct sp_diag *diag);

/* One more endpoint of a target; the same address is there only once. */
bool sp_target_add_endpoint(struct sp_target *target, const struct sp_endpoint *endpoint);

/* The store's number; added when it is new. False: a limit, or memory is out. */
bool sp_plan_add_store(
    struct sp_plan *plan, const struct sp_store *store, uint32_t *ret_number);

/* Is the question one for this target? */
bool sp_target_asks(const struct sp_target *target, enum sp_question question);

/* What to ask each endpoint of a target; names and stores are the target's. */
struct sp_request sp_target_request(const struct sp_target *target,
    uint32_t connection_ms, uint32_t port_ms, int64_t now);

/* Drops every target that is not wanted. */
void sp_plan_keep(struct sp_plan *plan,
    bool (*wanted)(const struct sp_target *target, void *context), void *context);

void sp_plan_free(struct sp_plan *plan);

#endif
