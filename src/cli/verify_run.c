#include "verify_run.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/array.h>
#include <sallyport/evidence.h>
#include <sallyport/limits.h>
#include <sallyport/prober_channel.h>
#include <sallyport/sock_diag.h>

/* tls.md, Limits against a hostile server. */
#define CONNECTION_MS 5000
#define PORT_MS 30000
/* A prober that is not sealed and ready by then hangs. Loading takes 10 ms. */
#define START_MS 5000
/* Children at work at once, per processor: while one computes, others wait for their
 * peers. */
#define CHILDREN_PER_CPU 2

struct run {
	struct sp_prober *prober;
	struct sp_plan *plan;
	char **store_failures;	     /* one per store; NULL: it is loaded */
	struct sp_request *requests; /* one per target */
	SP_ARRAY(struct sp_job) jobs;
};

/* Reads one file of a store and sends it. NULL: sent, and *ret_stored is what the
 * prober made of the whole store, once the anchors, its last part, are there. */
static char *send_part(struct run *run, uint32_t number, enum sp_store_part part,
    const char *path, struct sp_stored *ret_stored)
{
	uint8_t *pem = NULL;
	size_t length = 0;
	char *failure = NULL;

	if (!sp_store_read(part, path, &pem, &length, &failure))
		return failure ? failure : strdup("out of memory");
	/* Without a prober the endpoints say so themselves. */
	if (!sp_prober_add_store(run->prober, number, part, pem, length, ret_stored))
		*ret_stored = (struct sp_stored){ number, 1, 1 };
	free(pem);
	return NULL;
}

/* Sends the store to the prober. A failure is of those who need it, not of all. */
static char *load_store(struct run *run, uint32_t number)
{
	const struct sp_store *store = &run->plan->stores[number];
	struct sp_stored stored = { 0 };
	char *failure = NULL;

	if (!store->ca)
		failure = send_part(run, number, SP_STORE_LOCAL, NULL, &stored);
	if (!failure && store->crl)
		failure = send_part(run, number, SP_STORE_CRL, store->crl, &stored);
	if (!failure && store->client_certificate)
		failure = send_part(
		    run, number, SP_STORE_CLIENT, store->client_certificate, &stored);
	if (!failure)
		failure = send_part(run, number, SP_STORE_ANCHORS, store->ca, &stored);
	if (!failure && stored.certificates == 0 &&
	    asprintf(&failure, "no CA certificate in %s",
		store->ca ? store->ca : "the system's trust store") < 0)
		failure = strdup("out of memory");
	/* A list that was named and is not read would have revoked nobody. */
	if (!failure && store->crl && stored.lists == 0 &&
	    asprintf(&failure, "no revocation list in PEM in %s", store->crl) < 0)
		failure = strdup("out of memory");
	return failure;
}

static bool store_is_needed(const struct sp_plan *plan, uint32_t number)
{
	for (size_t i = 0; i < plan->target_count; i++)
		if (plan->targets[i].store == number && plan->targets[i].endpoint_count)
			return true;
	return false;
}

static bool load_stores(struct run *run)
{
	run->store_failures = calloc(run->plan->store_count + 1, sizeof(char *));
	if (!run->store_failures)
		return false;
	for (uint32_t i = 0; i < run->plan->store_count; i++)
		if (store_is_needed(run->plan, i))
			run->store_failures[i] = load_store(run, i);
	return true;
}

/* NULL: memory is out. */
static char *tell_elsewhere(uint32_t interface)
{
	char name[IF_NAMESIZE] = "?", *text;

	if_indextoname(interface, name);
	return asprintf(&text,
		   "it answers what comes in by %s, and its address is another "
		   "interface's: that way nobody on this host can ask it",
		   name) < 0
		   ? NULL
		   : text;
}

static bool add_jobs(struct run *run, size_t index)
{
	struct sp_target *target = &run->plan->targets[index];
	const char *failure = run->store_failures[target->store];

	for (size_t i = 0; i < target->endpoint_count; i++) {
		struct sp_endpoint *endpoint = &target->endpoints[i];
		struct sp_job job = { .address = endpoint->address,
			.interface = endpoint->interface,
			.port = target->port,
			.request = &run->requests[index],
			.testimony = &endpoint->testimony };

		if (endpoint->elsewhere)
			endpoint->testimony.failure = tell_elsewhere(endpoint->elsewhere);
		else if (failure)
			endpoint->testimony.failure = strdup(failure);
		else if (!sp_array_push(&run->jobs, job))
			return false;
	}
	return true;
}

static bool failed_before(
    const struct sp_verify_options *options, const struct sp_target *target)
{
	struct sp_evidence evidence;
	bool failed;

	if (!options->state_directory || !sp_evidence_load(options->state_directory,
					     target->protocol, target->port, &evidence))
		return false;
	failed = strcmp(evidence.outcome, sp_outcome_name(SP_PASS)) != 0;
	sp_evidence_clear(&evidence);
	return failed;
}

/* A server that answers nothing costs the others as much as it takes to begin with it:
 * those that are known for it wait until all others have begun. */
static bool make_jobs(
    struct run *run, const struct sp_verify_options *options, int64_t now)
{
	struct sp_plan *plan = run->plan;
	bool *last = calloc(plan->target_count + 1, sizeof(*last));
	bool made = last != NULL;

	run->requests = calloc(plan->target_count + 1, sizeof(*run->requests));
	made = made && run->requests;
	for (size_t i = 0; i < plan->target_count && made; i++) {
		run->requests[i] = sp_target_request(&plan->targets[i],
		    options->connection_ms ? options->connection_ms : CONNECTION_MS,
		    options->port_ms ? options->port_ms : PORT_MS, now);
		last[i] = failed_before(options, &plan->targets[i]);
		made = last[i] || add_jobs(run, i);
	}
	for (size_t i = 0; i < plan->target_count && made; i++)
		made = !last[i] || add_jobs(run, i);
	free(last);
	return made;
}

static size_t most_active(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return CHILDREN_PER_CPU * (cpus > 0 ? (size_t)cpus : 1);
}

struct sp_prober *sp_verify_start(void)
{
	char *path = sp_prober_path();
	struct sp_prober *prober = path ? sp_prober_start(path, START_MS) : NULL;

	free(path);
	return prober;
}

static bool ask_all(struct run *run, const struct sp_verify_options *options, int64_t now)
{
	bool done;

	run->prober = options->prober ? options->prober : sp_verify_start();
	done = run->prober && load_stores(run) && make_jobs(run, options, now);
	if (done)
		sp_prober_ask(run->prober, run->jobs.items, run->jobs.length,
		    most_active(), options->progress, options->context);
	if (!options->prober)
		sp_prober_stop(run->prober);
	for (size_t i = 0; run->store_failures && i < run->plan->store_count; i++)
		free(run->store_failures[i]);
	free(run->store_failures);
	free(run->requests);
	sp_array_free(&run->jobs);
	return done;
}

static bool anything_to_ask(const struct sp_plan *plan)
{
	for (size_t i = 0; i < plan->target_count; i++)
		if (plan->targets[i].endpoint_count)
			return true;
	return false;
}

bool sp_verify_plan(struct sp_plan *plan, const struct sp_verify_options *options,
    struct sp_verdicts *ret, struct sp_diag *diag)
{
	struct sp_verdicts verdicts = { .plan = *plan, .now = (int64_t)time(NULL) };
	struct run run = { .plan = &verdicts.plan };
	bool done = true;

	memset(plan, 0, sizeof(*plan));
	if (anything_to_ask(&verdicts.plan) && !ask_all(&run, options, verdicts.now))
		done = sp_out_of_memory(diag);
	if (done && sp_judge(&verdicts, diag)) {
		*ret = verdicts;
		return true;
	}
	/* Whoever follows the progress may be looking at what ended. */
	*plan = verdicts.plan;
	memset(&verdicts.plan, 0, sizeof(verdicts.plan));
	sp_verdicts_free(&verdicts);
	return false;
}

bool sp_verify(const struct sp_policy *policy, const struct sp_verify_options *options,
    struct sp_verdicts *ret, struct sp_diag *diag)
{
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };
	struct sp_plan plan = { 0 };
	bool done =
	    sp_sock_diag_listeners(&listeners, diag) &&
	    sp_sock_diag_addresses(&listeners, &addresses, diag) &&
	    sp_plan_make(policy, &listeners, &addresses, options->profile, &plan, diag) &&
	    (!options->plain || sp_plan_add_plain(&plan, policy, &listeners, &addresses,
				    options->profile, diag)) &&
	    sp_verify_plan(&plan, options, ret, diag);

	sp_plan_free(&plan);
	sp_listeners_free(&listeners);
	sp_local_addresses_free(&addresses);
	return done;
}
