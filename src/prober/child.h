/* One child: seals itself, asks its endpoint everything, says what it saw. */
#ifndef SALLYPORT_PROBER_CHILD_H
#define SALLYPORT_PROBER_CHILD_H

#include <openssl/ssl.h>

#include <sallyport/observation.h>

/* Returns the exit status. `fd` is the endpoint's channel and the only
 * descriptor that is open. */
int child_run(int fd, const struct sp_request *request, SSL_CTX *context);

#endif
