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

void sp_discovery_name(struct sp_discovery *discovery, const struct sp_knowns *knowns)
{
	for (size_t i = 0; i < discovery->found.length; i++) {
		struct sp_found *found = &discovery->found.items[i];
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
		return true;
	}
	found.tls = upgrades ? SP_TLS_STARTTLS : tcp ? SP_TLS_REQUIRED : SP_TLS_NONE;
	found.dialect = upgrades ? upgrades->starttls : SP_DIALECT_NONE;
	found.uid = group->items->uid;
	found.addresses = sp_port_addresses(group);
	found.owner = sp_port_owner(sockets, group);
	if (found.addresses && sp_array_push(&discovery->found, found))
		return true;
	free(found.addresses);
	free(found.owner);
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
	for (size_t i = 0; i < discovery->found.length; i++) {
		struct sp_found *found = &discovery->found.items[i];

		for (size_t n = 0; n < found->names.length; n++)
			free(found->names.items[n]);
		sp_array_free(&found->names);
		free(found->addresses);
		free(found->owner);
		free(found->plain);
		free(found->trouble);
	}
	for (size_t i = 0; i < discovery->left_out.length; i++) {
		free(discovery->left_out.items[i].addresses);
		free(discovery->left_out.items[i].owner);
	}
	sp_array_free(&discovery->found);
	sp_array_free(&discovery->left_out);
}
