/* Disjoint port segments: the boundaries of all services' port ranges cut each
 * protocol's ports into the largest pieces on which the same services stand. */
#ifndef SALLYPORT_RULESET_SEGMENTS_H
#define SALLYPORT_RULESET_SEGMENTS_H

#include <sallyport/policy.h>

struct sp_segment {
	enum sp_protocol protocol;
	struct sp_ports ports;
	/* Indices of the services, into sp_segments.services. */
	size_t first_service, service_count;
};

struct sp_segments {
	struct sp_segment *items;
	size_t length, capacity;
	struct {
		size_t *items;
		size_t length, capacity;
	} services;
};

/* Adds the protocol's segments, ascending. Services of a segment stand in the
 * order blocks, rejects, allows, each as in the policy. False: memory is out. */
bool sp_segments_add(struct sp_segments *segments, const struct sp_policy *policy,
    enum sp_protocol protocol);
void sp_segments_free(struct sp_segments *segments);

#endif
