#include "segments.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

/* A service begins or ends to stand on the ports from `port` on. */
struct edge {
	uint32_t port;
	bool begins;
	size_t service;
};

struct edges {
	struct edge *items;
	size_t length, capacity;
};

struct standing {
	size_t *items;
	size_t length, capacity;
};

static int compare_edges(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->begins != b->begins)
		return a->begins ? 1 : -1;
	return (a->service > b->service) - (a->service < b->service);
}

static bool has_protocol(const struct sp_service *service, enum sp_protocol protocol)
{
	switch (protocol) {
	case SP_TCP: return service->tcp;
	case SP_UDP: return service->udp;
	}
	return false;
}

static bool collect(
    struct edges *edges, const struct sp_policy *policy, enum sp_protocol protocol)
{
	for (size_t s = 0; s < policy->service_count; s++) {
		const struct sp_service *service = &policy->services[s];

		if (!has_protocol(service, protocol))
			continue;
		for (size_t p = 0; p < service->port_count; p++)
			if (!sp_array_push(edges,
				(struct edge){ service->ports[p].first, true, s }) ||
			    !sp_array_push(edges,
				(struct edge){ service->ports[p].last + 1u, false, s }))
				return false;
	}
	if (edges->length)
		qsort(edges->items, edges->length, sizeof(*edges->items), compare_edges);
	return true;
}

/* Where `service` stands or would: blocks, rejects, allows, then by index. */
static size_t place_of(
    const struct standing *standing, const struct sp_policy *policy, size_t service)
{
	size_t at = 0;

	for (; at < standing->length; at++) {
		size_t other = standing->items[at];
		enum sp_action mine = policy->services[service].action;
		enum sp_action its = policy->services[other].action;

		if (its < mine || (its == mine && other >= service))
			break;
	}
	return at;
}

static bool step(
    struct standing *standing, const struct sp_policy *policy, const struct edge *edge)
{
	size_t at = place_of(standing, policy, edge->service);
	size_t behind;

	if (!edge->begins) {
		standing->length--;
		memmove(&standing->items[at], &standing->items[at + 1],
		    (standing->length - at) * sizeof(*standing->items));
		return true;
	}
	if (!sp_array_reserve(standing, 1))
		return false;
	behind = standing->length++ - at;
	memmove(&standing->items[at + 1], &standing->items[at],
	    behind * sizeof(*standing->items));
	standing->items[at] = edge->service;
	return true;
}

static bool emit(struct sp_segments *segments, enum sp_protocol protocol, uint32_t first,
    uint32_t last, const struct standing *standing)
{
	struct sp_segment segment = { .protocol = protocol,
		.ports = { (uint16_t)first, (uint16_t)last },
		.first_service = segments->services.length,
		.service_count = standing->length };

	for (size_t i = 0; i < standing->length; i++)
		if (!sp_array_push(&segments->services, standing->items[i]))
			return false;
	return sp_array_push(segments, segment);
}

static bool sweep(struct sp_segments *segments, const struct sp_policy *policy,
    enum sp_protocol protocol, const struct edges *edges, struct standing *standing)
{
	size_t i = 0;

	while (i < edges->length) {
		uint32_t port = edges->items[i].port;

		for (; i < edges->length && edges->items[i].port == port; i++)
			if (!step(standing, policy, &edges->items[i]))
				return false;
		if (standing->length && i < edges->length &&
		    !emit(segments, protocol, port, edges->items[i].port - 1, standing))
			return false;
	}
	return true;
}

bool sp_segments_add(struct sp_segments *segments, const struct sp_policy *policy,
    enum sp_protocol protocol)
{
	struct edges edges = { 0 };
	struct standing standing = { 0 };
	bool done;

	done = collect(&edges, policy, protocol) &&
	       sweep(segments, policy, protocol, &edges, &standing);
	sp_array_free(&edges);
	sp_array_free(&standing);
	return done;
}

void sp_segments_free(struct sp_segments *segments)
{
	sp_array_free(segments);
	sp_array_free(&segments->services);
}
