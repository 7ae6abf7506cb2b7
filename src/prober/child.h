/* One child: seals itself, waits for its endpoint, asks it everything, says what it
 * saw. */
#ifndef SALLYPORT_PROBER_CHILD_H
#define SALLYPORT_PROBER_CHILD_H

#include <sallyport/observation.h>

#include "trust.h"

/* The store of this number; NULL: there is none. */
typedef const struct trust *child_trust(const void *context, uint32_t number);

/* Returns the exit status, ENOMEM where memory is out. `fd` is what the endpoint and its
 * channel come from, and the only descriptor that is open. */
int child_run(int fd, child_trust *trust_of, const void *context);

#endif
