/* The caller's side of the prober: starts it, opens every connection for it, and
 * collects what its children say. */
#ifndef SALLYPORT_PROBER_CHANNEL_H
#define SALLYPORT_PROBER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/address.h>
#include <sallyport/diag.h>
#include <sallyport/frame.h>
#include <sallyport/observation.h>

struct sp_prober;

/* One endpoint to ask. The binding between an endpoint and the channel of its
 * child is the caller's alone: a child can speak of no other. */
struct sp_job {
	struct sp_address address;
	uint32_t interface; /* scope of a link-local address; 0 otherwise */
	uint16_t port;
	const struct sp_request *request;
	struct sp_testimony *testimony; /* zero before; the caller's to free */
};

/* Where the prober is: $SALLYPORT_PROBER (not for a privileged-by-file process,
 * secure_getenv(3)), else beside this executable, else where it is installed.
 * The caller frees it; NULL when memory is out. */
char *sp_prober_path(void);

/* Starts it. It has `deadline_ms` milliseconds to say that it is sealed, which whoever
 * first asks it for something waits for. NULL only when memory is out: a prober that does
 * not start is a prober whose every endpoint ends as SP_ENDED_NO_PROBER. */
struct sp_prober *sp_prober_start(const char *path, uint32_t deadline_ms);

/* Why there is no prober (any more); NULL while there is one. */
const char *sp_prober_failure(const struct sp_prober *prober);

/* Sends a part of a trust store, PEM, under a number of the caller's; the anchors
 * come last and complete it. *ret_stored is then what was read in all of it. False:
 * the prober is gone, or over a limit. */
bool sp_prober_add_store(struct sp_prober *prober, uint32_t number,
    enum sp_store_part part, const uint8_t *pem, size_t length,
    struct sp_stored *ret_stored);

/* Called after every endpoint that ended. */
typedef void sp_prober_progress(size_t done, size_t count, void *context);

/* Asks all of them, in their order, and returns when every testimony has its end:
 * nothing here fails, it is said in the testimony instead. Another one is begun while
 * fewer than `most_active` are at work; those that wait for their peers do not count,
 * up to SP_MAX_CHILDREN. */
void sp_prober_ask(struct sp_prober *prober, const struct sp_job *jobs, size_t count,
    size_t most_active, sp_prober_progress *progress, void *context);

/* Ends it. NULL is allowed. */
void sp_prober_stop(struct sp_prober *prober);

#endif
