/* "Did you mean", for the words of a command line as for those of a policy. */
#ifndef SALLYPORT_SUGGEST_H
#define SALLYPORT_SUGGEST_H

#include <stddef.h>

/* Of the names, the one that `wanted` is a slip of the finger away from, or the
 * beginning of; NULL: none is near. One of `names`, no copy. */
const char *sp_suggested(const char *wanted, const char *const *names, size_t count);

#endif
