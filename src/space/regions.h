/* Cells put together to regions. */
#ifndef SALLYPORT_SPACE_REGIONS_H
#define SALLYPORT_SPACE_REGIONS_H

#include "cells.h"

/* A region whose parts are numbers in the pool. Sources and destinations are
 * one number for each family; 0, the empty set, where it has none of it. */
struct sp_draft {
	enum sp_protocol protocol;
	struct sp_quad quad;
	uint32_t interfaces;
	uint32_t sources[2], destinations[2]; /* IPv4, IPv6 */
	char witness_interface[16];
	uint32_t group; /* whose ports */
};

struct sp_drafts {
	struct sp_draft *items;
	size_t length, capacity;
};

/* Puts the cells of one group together: destinations, then interfaces, then
 * families. */
bool sp_drafts_add(struct sp_survey *survey, struct sp_cell_group *group, uint32_t number,
    struct sp_drafts *ret);

/* Puts drafts together that differ in their ports only, gives each a witness,
 * and sorts them. `ports` has each group's. */
bool sp_regions_make(struct sp_survey *survey, struct sp_drafts *drafts,
    const struct sp_port_list *ports, struct sp_space *ret);

#endif
