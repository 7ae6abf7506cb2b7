/* OpenSSL without memory. It says of that what it says of much else, or nothing: a
 * handshake that the peer seems to have ended, a revocation list passed over, an
 * extension that is not there; and it crashes at some points. So it never gets to know.
 */
#ifndef SALLYPORT_PROBER_MEMORY_H
#define SALLYPORT_PROBER_MEMORY_H

#include <stdbool.h>

/* From now on a process in which an allocation of OpenSSL's fails ends with status
 * ENOMEM, a child like its parent. Before the first call of OpenSSL's. False: it has
 * memory already. */
bool memory_guard(void);

#endif
