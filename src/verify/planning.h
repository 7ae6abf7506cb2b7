/* What the parts of planning share. Private to verify/. */
#ifndef SALLYPORT_VERIFY_PLANNING_H
#define SALLYPORT_VERIFY_PLANNING_H

#include <sallyport/plan.h>

/* The target of a port, or NULL. */
struct sp_target *sp_find_target(struct sp_plan *plan, uint16_t port);

/* The listener, and every address at which it can be reached. */
bool sp_target_add_listener(struct sp_target *target, const struct sp_listener *listener,
    const struct sp_local_addresses *addresses);

bool sp_push_index(size_t **items, size_t count, size_t index);

/* For qsort. */
int sp_target_by_port(const void *left, const void *right);

#endif
