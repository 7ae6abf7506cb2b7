/* Names that nothing has. */
#ifndef SALLYPORT_CLI_UNKNOWN_H
#define SALLYPORT_CLI_UNKNOWN_H

#include <stddef.h>

/* On standard error: there is no such `what`; which one was meant, when one of the
 * names is near, or else which there are. */
void sp_say_unknown(
    const char *what, const char *name, const char *const *names, size_t count);

#endif
