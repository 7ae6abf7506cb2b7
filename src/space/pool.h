/* What regions are made of, each kept once and known by its number. */
#ifndef SALLYPORT_SPACE_POOL_H
#define SALLYPORT_SPACE_POOL_H

#include <sallyport/space.h>

#include "index.h"

/* A list of ports, kept whole. */
struct sp_port_list {
	struct sp_ports *items;
	size_t length, capacity;
};

struct sp_space_pool {
	SP_ARRAY(struct sp_intervals) sets;
	struct sp_index set_index;
	SP_ARRAY(struct sp_decision *) outcomes;
	struct sp_index outcome_index;
	SP_ARRAY(struct sp_interfaces *) interfaces;
	SP_ARRAY(struct sp_port_list) ports; /* of the finished regions */
};

struct sp_space_pool *sp_pool_new(void);
void sp_pool_free(struct sp_space_pool *pool);

/* Takes the set over (it is empty afterwards) and gives its number; SP_NOWHERE
 * when memory is out. Number 0 is the empty set. */
uint32_t sp_pool_set(struct sp_space_pool *pool, struct sp_intervals *taken);

/* Copies name and limits. The number, or SP_NOWHERE. */
uint32_t sp_pool_outcome(struct sp_space_pool *pool, const struct sp_decision *outcome);

/* Do they treat a packet alike? A default that refuses is alike on both sides:
 * in which way it does is a setting, and said as one. */
bool sp_pool_alike(const struct sp_space_pool *pool, uint32_t a, uint32_t b);

/* Takes it over; the number, or SP_NOWHERE. */
uint32_t sp_pool_interfaces(struct sp_space_pool *pool, struct sp_interfaces *taken);
void sp_interfaces_free(struct sp_interfaces *interfaces);

/* One family's half of a and b, of a without b; `b` may be huge and `a` small,
 * or the reverse. ret is zeroed by the caller; false: memory is out. */
bool sp_half_intersect(const struct sp_intervals *a, const struct sp_intervals *b,
    enum sp_family family, struct sp_intervals *ret);
bool sp_half_subtract(const struct sp_intervals *a, const struct sp_intervals *b,
    enum sp_family family, struct sp_intervals *ret);

#endif
