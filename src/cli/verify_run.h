/* The lower line of the picture: listeners, endpoints, observations, verdicts
 * and leases. `verify`, `probe` and `apply` all go through here. */
#ifndef SALLYPORT_CLI_VERIFY_RUN_H
#define SALLYPORT_CLI_VERIFY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/frame.h>
#include <sallyport/policy.h>
#include <sallyport/prober_channel.h>
#include <sallyport/verdict.h>

#include "command.h"

/* Zero is the default everywhere. */
struct sp_verify_options {
	uint32_t connection_ms, port_ms;  /* 5 s and 30 s */
	const struct sp_profile *profile; /* judged by instead of the policy's */
	bool plain;			  /* sp_verify: plain ports too, for a report */
	struct sp_prober *prober;	  /* one that runs; stays the caller's */
	/* Whose evidence says which ports did not pass the last time: they are asked
	 * behind all others. NULL: nobody's. */
	const char *state_directory;
	/* After every endpoint that ended. */
	void (*progress)(size_t done, size_t count, void *context);
	void *context;
};

/* A prober of our own, which gets ready while the caller does something else. NULL:
 * memory is out. */
struct sp_prober *sp_verify_start(void);

/* Asks every TLS port of the policy at every address that listens, and judges.
 * A port that cannot be asked is an inconclusive verdict, not a failure of this
 * function. False: this host's sockets or addresses cannot be read, a limit, or
 * memory is out; `ret` is then empty. */
bool sp_verify(const struct sp_policy *policy, const struct sp_verify_options *options,
    struct sp_verdicts *ret, struct sp_diag *diag);

/* The same for a plan that is made already; it is taken over, unless it
 * fails. */
bool sp_verify_plan(struct sp_plan *plan, const struct sp_verify_options *options,
    struct sp_verdicts *ret, struct sp_diag *diag);

/* The bytes of a part of a trust store: a file, or every file of a directory. NULL
 * is the system's, and for SP_STORE_LOCAL what this host's administrator added to
 * it, if anything. False, and why in *ret_failure (the caller frees). */
bool sp_store_read(enum sp_store_part part, const char *path, uint8_t **ret_pem,
    size_t *ret_length, char **ret_failure);

/* What `verify` and `probe` have in common. */

/* The profile of this name; NULL, and told which there are. */
const struct sp_profile *sp_find_profile(
    const struct sp_policy *policy, const char *name);
/* sp_verify_options.progress; the context is the struct sp_options. */
void sp_verify_progress(size_t done, size_t count, void *context);
/* The report in the format that was asked for; `policy` NULL: a probe's. False: it
 * could not be written. */
bool sp_verify_print(const struct sp_options *options, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts);
/* The exit code once the report was printed, or was not. */
enum sp_exit sp_verify_told(
    const struct sp_options *options, const struct sp_verdicts *verdicts, bool printed);

#endif
