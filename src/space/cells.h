/* Cells: the smallest parts of the space that are looked at, before they are
 * put together to regions. A cell is one group of ports, one class of
 * interfaces, one class of destinations, and the sources for which the same
 * happens on each side. */
#ifndef SALLYPORT_SPACE_CELLS_H
#define SALLYPORT_SPACE_CELLS_H

#include "places.h"

/* Numbers of outcomes in the pool. */
struct sp_quad {
	uint32_t outcome[SP_SIDES][SP_STATES];
};

struct sp_cell {
	struct sp_quad quad;
	enum sp_family family;
	uint32_t interface, destination; /* classes of the group's places */
	uint32_t sources;		 /* number of the set */
};

struct sp_cells {
	struct sp_cell *items;
	size_t length, capacity;
};

/* Sources about which the block lists say the same on each side. */
struct sp_zone {
	uint32_t blocker[SP_SIDES]; /* an outcome; SP_NOWHERE: they let pass */
	bool everything;
	struct sp_intervals sources; /* both families */
};

struct sp_zones {
	struct sp_zone *items;
	size_t length, capacity;
};

/* What is being computed, for all groups of ports alike. */
struct sp_survey {
	struct sp_space_pool *pool;
	struct sp_side sides[SP_SIDES];
	size_t side_count; /* 1: what one ruleset does; 2: where two differ */
	struct sp_zones zones;
	/* NULL: all sources. */
	const struct sp_intervals *sources;
};

bool sp_zones_make(struct sp_survey *survey);
void sp_zones_free(struct sp_zones *zones);

/* One group of ports. */
struct sp_cell_group {
	enum sp_protocol protocol;
	struct sp_steps steps[SP_SIDES];
	struct sp_places places;
	struct sp_cells cells;
};

/* Adds the cells of one interface and one destination class. */
bool sp_cells_add(struct sp_survey *survey, struct sp_cell_group *group,
    uint32_t interface, uint32_t destination);

#endif
