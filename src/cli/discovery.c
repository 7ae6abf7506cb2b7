#include "discovery.h"

#include <stdlib.h>
#include <string.h>

/* An entry of more ports than this says little about one of them: a range of
 * thousands, such as Kubernetes' node ports. */
#define MOST_PORTS_OF_A_NAME 8

static bool knows(const struct sp_known *known, uint16_t port)
{
	unsigned count = 0;
	bool found = false;

	for (size_t i = 0; i < known->port_count; i++) {
		count += known->ports[i].last - known->ports[i].first + 1u;
		found = found ||
			(known->ports[i].first <= port && port <= known->ports[i].last);
	}
	return found && count <= MOST_PORTS_OF_A_NAME;
}

/* How well the entry fits; 0: not at all. TLS tells entries of one port apart. */
static int fit(const struct sp_known *known, const struct sp_found *found)
{
	if (!knows(known, found->port) || (found->tcp && !known->tcp) ||
	    (!found->tcp && !known->udp))
		return 0;
	return 1 + 4 * (known->tls == found->tls) + 2 * (known->udp == found->udp);
}

static void choose_entry(struct sp_found *found, const struct sp_knowns *knowns)
{
	int best = 0;

	found->known = NULL;
	for (size_t k = 0; k < knowns->length; k++) {
		int fits = fit(&knowns->items[k], found);

		if (fits <= best)
			continue;
		best = fits;
		found->known = &knowns->items[k];
	}
}

/* UDP of a TLS port stands on TCP's proof (HTTP/3), so both go into one service;
 * without TLS they do where they are bound to the same addresses. */
static struct sp_place *partner_of(struct sp_found *found, const struct sp_place *udp)
{
	for (size_t i = 0; i < found->places.length; i++) {
		struct sp_place *place = &found->places.items[i];

		if (place->tcp && place->interface == udp->interface &&
		    (found->tls != SP_TLS_NONE ||
			sp_intervals_equal(&place->to, &udp->to)))
			return place;
	}
	return NULL;
}

static bool join_protocols(struct sp_found *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->places.length; i++) {
		struct sp_place *place = &found->places.items[i];
		struct sp_place *partner = place->tcp ? NULL : partner_of(found, place);

		if (!partner) {
			found->places.items[kept++] = *place;
			continue;
		}
		if (!sp_intervals_add_all(&partner->to, &place->to))
			return false;
		sp_intervals_normalize(&partner->to);
		partner->udp = true;
		sp_intervals_free(&place->to);
		*place = (struct sp_place){ 0 };
	}
	found->places.length = kept;
	return true;
}

bool sp_discovery_settle(struct sp_discovery *discovery, const struct sp_knowns *knowns)
{
	for (size_t i = 0; i < discovery->found.length; i++) {
		choose_entry(&discovery->found.items[i], knowns);
		if (!join_protocols(&discovery->found.items[i]))
			return false;
	}
	return true;
}

static const struct sp_known *known_starttls(
    const struct sp_knowns *knowns, uint16_t port)
{
	for (size_t i = 0; i < knowns->length; i++)
		if (knowns->items[i].tls == SP_TLS_STARTTLS &&
		    knows(&knowns->items[i], port))
			return &knowns->items[i];
	return NULL;
}

static bool is_known_tls(const struct sp_knowns *knowns, uint16_t port)
{
	for (size_t i = 0; i < knowns->length; i++)
		if (knowns->items[i].tls != SP_TLS_NONE && knows(&knowns->items[i], port))
			return true;
	return false;
}

/* WireGuard and its like have a port of their own among the clients'. */
static bool is_known_udp(const struct sp_knowns *knowns, uint16_t port)
{
	for (size_t i = 0; i < knowns->length; i++)
		if (knowns->items[i].udp && knows(&knowns->items[i], port))
			return true;
	return false;
}

static const char *why_left_out(const struct sp_sockets *sockets,
    const struct sp_port_sockets *group, const struct sp_knowns *knowns)
{
	if (!sp_port_is_reachable(group))
		return "bound to loopback: cannot be reached from outside";
	if (sp_port_is_dhcp_client(group))
		return "DHCP's client: every ruleset lets its server's answers in";
	if (sp_port_is_client(sockets, group) &&
	    !is_known_udp(knowns, group->items->port))
		return "a UDP port out of the ephemeral range: a client's, most likely, "
		       "and answers to it come in anyway";
	return NULL;
}

static bool leave_out(struct sp_discovery *discovery, const struct sp_sockets *sockets,
    const struct sp_port_sockets *group, const char *why)
{
	struct sp_left_out left = { .protocol = group->items->protocol,
		.port = group->items->port,
		.addresses = sp_port_addresses(group),
		.owner = sp_port_owner(sockets, group),
		.uid = group->items->uid,
		.why = why };

	if (left.addresses && sp_array_push(&discovery->left_out, left))
		return true;
	free(left.addresses);
	free(left.owner);
	return false;
}

static struct sp_found *found_at(struct sp_discovery *discovery, uint16_t port)
{
	for (size_t i = 0; i < discovery->found.length; i++)
		if (discovery->found.items[i].port == port)
			return &discovery->found.items[i];
	return NULL;
}

/* What `interface =` takes as one interface. */
static bool is_plain_interface(const char *name)
{
	return *name && strcmp(name, "any") != 0 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789._:+-") == strlen(name);
}

static struct sp_place *place_for(
    struct sp_found *found, enum sp_protocol protocol, uint32_t interface)
{
	struct sp_place place = { .interface = interface,
		.tcp = protocol == SP_TCP,
		.udp = protocol == SP_UDP };

	for (size_t i = 0; i < found->places.length; i++)
		if (found->places.items[i].interface == interface &&
		    found->places.items[i].tcp == place.tcp)
			return &found->places.items[i];
	if (interface &&
	    (!if_indextoname(interface, place.name) || !is_plain_interface(place.name)))
		place.name[0] = '\0';
	return sp_array_push(&found->places, place)
		   ? &found->places.items[found->places.length - 1]
		   : NULL;
}

static bool add_everything(struct sp_intervals *to, enum sp_family family)
{
	struct sp_range all = { { family, 0, 0 },
		{ family, family == SP_IPV6 ? UINT64_MAX : 0,
		    family == SP_IPV6 ? UINT64_MAX : UINT32_MAX } };

	return sp_intervals_add(to, &all);
}

static bool add_listener(struct sp_place *place, const struct sp_listener *listener)
{
	struct sp_range own = { listener->address, listener->address };

	if (!listener->wildcard)
		return sp_intervals_add(&place->to, &own);
	return add_everything(&place->to, listener->address.family) &&
	       (!listener->dual_stack || add_everything(&place->to, SP_IPV4));
}

static bool add_places(struct sp_found *found, const struct sp_port_sockets *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct sp_listener *listener = &group->items[i];
		struct sp_place *place;

		if (sp_address_is_loopback(&listener->address))
			continue;
		place = place_for(found, listener->protocol, listener->interface);
		if (!place || !add_listener(place, listener))
			return false;
		sp_intervals_normalize(&place->to);
	}
	return true;
}

static void free_found(struct sp_found *found)
{
	for (size_t i = 0; i < found->names.length; i++)
		free(found->names.items[i]);
	sp_array_free(&found->names);
	for (size_t i = 0; i < found->places.length; i++)
		sp_intervals_free(&found->places.items[i].to);
	sp_array_free(&found->places);
	free(found->addresses);
	free(found->owner);
	free(found->plain);
	free(found->trouble);
}

/* TCP comes first; UDP of the same port joins it (HTTP/3, DNS). */
static bool add_found(struct sp_discovery *discovery, const struct sp_sockets *sockets,
    const struct sp_port_sockets *group, const struct sp_knowns *knowns)
{
	bool tcp = group->items->protocol == SP_TCP;
	uint16_t port = group->items->port;
	struct sp_found *same = found_at(discovery, port);
	const struct sp_known *upgrades = tcp ? known_starttls(knowns, port) : NULL;
	struct sp_found found = { .port = port, .tcp = tcp, .udp = !tcp };

	if (same) {
		same->udp = true;
		return add_places(same, group);
	}
	found.tls = upgrades ? SP_TLS_STARTTLS : tcp ? SP_TLS_REQUIRED : SP_TLS_NONE;
	found.dialect = upgrades ? upgrades->starttls : SP_DIALECT_NONE;
	found.usually_tls = tcp && is_known_tls(knowns, port);
	found.uid = group->items->uid;
	found.addresses = sp_port_addresses(group);
	found.owner = sp_port_owner(sockets, group);
	if (found.addresses && add_places(&found, group) &&
	    sp_array_push(&discovery->found, found))
		return true;
	free_found(&found);
	return false;
}

static int compare_found(const void *left, const void *right)
{
	const struct sp_found *a = left, *b = right;

	return (a->port > b->port) - (a->port < b->port);
}

bool sp_discovery_make(const struct sp_sockets *sockets, const struct sp_knowns *knowns,
    struct sp_discovery *ret)
{
	struct sp_port_sockets group;
	size_t at = 0;

	ret->closed = sockets->owners.closed;
	while (sp_sockets_next(sockets, &at, &group)) {
		const char *why = why_left_out(sockets, &group, knowns);

		if (why ? !leave_out(ret, sockets, &group, why)
			: !add_found(ret, sockets, &group, knowns))
			return false;
	}
	if (ret->found.length)
		qsort(ret->found.items, ret->found.length, sizeof(*ret->found.items),
		    compare_found);
	return true;
}

void sp_discovery_free(struct sp_discovery *discovery)
{
	for (size_t i = 0; i < discovery->found.length; i++)
		free_found(&discovery->found.items[i]);
	for (size_t i = 0; i < discovery->left_out.length; i++) {
		free(discovery->left_out.items[i].addresses);
		free(discovery->left_out.items[i].owner);
	}
	sp_array_free(&discovery->found);
	sp_array_free(&discovery->left_out);
}
