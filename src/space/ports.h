/* Ports in groups that nothing on either side tells apart. */
#ifndef SALLYPORT_SPACE_PORTS_H
#define SALLYPORT_SPACE_PORTS_H

#include "cells.h"

/* What tells ports of one protocol apart: the chains that they lead to, each by
 * the first one with the same rules. */
struct sp_port_key {
	enum sp_protocol protocol;
	struct sp_route routes[SP_SIDES];
};

struct sp_port_groups {
	SP_ARRAY(struct sp_port_key) keys;
	SP_ARRAY(struct sp_port_list) ports; /* beside keys */
	struct sp_index index;
};

/* All ports of TCP and UDP; ret is zeroed. False: memory is out; free it all the
 * same. */
bool sp_port_groups_make(const struct sp_survey *survey, struct sp_port_groups *ret);
void sp_port_groups_free(struct sp_port_groups *groups);

#endif
