/* What a child may still do once it meets the peer: read and write the
 * descriptors it holds, compute, and end. */
#ifndef SALLYPORT_PROBER_SANDBOX_H
#define SALLYPORT_PROBER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* In the parent, once: no new privileges, no capability, and the filter written,
 * so that a child only has to load it. False, with the failing step's name. */
bool sandbox_prepare(const char **ret_step);

/* In a child that has nothing open but its channel. */
bool sandbox_enter(const char **ret_step);

/* False in a build whose sanitizer needs what the filter forbids: then seccomp
 * and the memory limit are left out, and every report says so. */
bool sandbox_is_whole(void);

/* How many system calls a sealed child may make. */
size_t sandbox_allowed_calls(void);

#endif
