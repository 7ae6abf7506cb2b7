/* One question in bytes, over one connection. */
#ifndef SALLYPORT_PROBER_RAW_H
#define SALLYPORT_PROBER_RAW_H

#include <stdint.h>

#include <sallyport/observation.h>

#include "hello.h"

/* Sends the hello, reads until the answer is known or the deadline passes, and
 * fills reply, alert, version, suite, group and text. `fd` stays the caller's. */
void raw_ask(int fd, uint16_t version, const char *name, enum hello_shape shape,
    int64_t deadline_ms, struct sp_observation *observation);

#endif
