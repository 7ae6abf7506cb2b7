/* Files of policies/ that are compiled in (embed.cmake). */
#ifndef SALLYPORT_POLICY_SHIPPED_H
#define SALLYPORT_POLICY_SHIPPED_H

#include <stddef.h>

extern const unsigned char sp_shipped_services[];
extern const size_t sp_shipped_services_length;
extern const unsigned char sp_shipped_baseline[];
extern const size_t sp_shipped_baseline_length;

#endif
