/* One child: seals itself, asks its endpoint everything, says what it saw. */
#ifndef SALLYPORT_PROBER_CHILD_H
#define SALLYPORT_PROBER_CHILD_H

#include <sallyport/observation.h>

#include "trust.h"

/* Returns the exit status. `fd` is the endpoint's channel and the only
 * descriptor that is open. */
int child_run(int fd, const struct sp_request *request, const struct trust *trust);

#endif
