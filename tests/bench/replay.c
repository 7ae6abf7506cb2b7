/* The kernel alone: commits the batch that a policy makes into an empty namespace, the
 * bytes ready before the clock starts. Prints its seconds, the bytes, and the seconds
 * from the policy's file to the commit's end, which is an apply that reads nothing back
 * and keeps nothing.
 *
 * usage: replay POLICY */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sallyport/nf_tables.h>
#include <sallyport/nft.h>
#include <sallyport/policy.h>
#include <sallyport/transaction.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void give_up(const char *why, const struct sp_diag *diag)
{
	fprintf(stderr, "replay: %s\n", why);
	if (diag && diag->length)
		fprintf(stderr, "replay: %s\n", diag->items[0].message);
	exit(1);
}

int main(int count, char **arguments)
{
	struct sp_policy_source source = { .path = count == 2 ? arguments[1] : "",
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };
	struct sp_kernel empty = { 0 };
	struct sp_nf_errors errors = { 0 };
	struct sp_gates gates = { 0 };
	struct sp_nf_tables *socket = sp_nf_tables_open(&diag);
	struct sp_policy *policy;
	struct sp_ruleset *ruleset;
	struct sp_delta *delta;
	struct sp_batch batch;
	double started = seconds(), began;

	policy = sp_policy_read(&source, &diag);
	ruleset = policy ? sp_ruleset_compile(policy, &diag) : NULL;
	if (!socket || !ruleset || !sp_policy_gates(policy, &gates))
		give_up("no policy, or no socket", &diag);
	delta = sp_delta_make(ruleset, &gates, &empty, NULL, &diag);
	if (!delta || !sp_batch_make(delta, 0, true, &batch, &diag))
		give_up("no batch", &diag);
	began = seconds();
	if (sp_nf_tables_commit(socket, batch.bytes, batch.length, &errors) != 0 ||
	    errors.length)
		give_up("the kernel refuses it", NULL);
	printf("%.6f %zu %.6f\n", seconds() - began, batch.length, seconds() - started);
	return 0;
}
