/* The names that a certificate may be asked to be valid for. */
#ifndef SALLYPORT_POLICY_HOSTNAME_H
#define SALLYPORT_POLICY_HOSTNAME_H

#include <sallyport/limits.h>

#include "slice.h"

/* A DNS name in A-label form (RFC 5890 section 2.3.2.1) or an address literal,
 * lower case and canonical in `ret`. NULL, or what is wrong with it, as the end
 * of a sentence that begins with the name. */
const char *sp_host_name_read(struct sp_slice text, char ret[SP_MAX_HOST_NAME + 1]);

#endif
