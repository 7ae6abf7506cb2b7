#include "sockets.h"

#include <stdio.h>
#include <stdlib.h>

#include <sallyport/array.h>
#include <sallyport/sock_diag.h>

#define DHCP_CLIENT_PORT 68
#define DHCP6_CLIENT_PORT 546
/* Addresses of one port that are listed. */
#define MOST_ADDRESSES 16

static int compare(const void *left, const void *right)
{
	const struct sp_listener *a = left, *b = right;
	int order;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	order = sp_address_compare(&a->address, &b->address);
	return order ? order : (a->inode > b->inode) - (a->inode < b->inode);
}

bool sp_sockets_read(struct sp_sockets *ret, struct sp_diag *diag)
{
	struct sp_sockets sockets = { .ephemeral = sp_ephemeral_ports() };

	if (!sp_sock_diag_listeners(&sockets.listeners, diag))
		return false;
	if (!sp_sock_diag_addresses(&sockets.listeners, &sockets.addresses, diag) ||
	    !sp_owners_read(&sockets.listeners, &sockets.owners, diag)) {
		sp_sockets_free(&sockets);
		return false;
	}
	if (sockets.listeners.length)
		qsort(sockets.listeners.items, sockets.listeners.length,
		    sizeof(*sockets.listeners.items), compare);
	*ret = sockets;
	return true;
}

void sp_sockets_free(struct sp_sockets *sockets)
{
	sp_listeners_free(&sockets->listeners);
	sp_local_addresses_free(&sockets->addresses);
	sp_owners_free(&sockets->owners);
}

bool sp_sockets_next(
    const struct sp_sockets *sockets, size_t *at, struct sp_port_sockets *ret)
{
	const struct sp_listeners *all = &sockets->listeners;
	const struct sp_listener *first;

	if (*at >= all->length)
		return false;
	first = &all->items[*at];
	*ret = (struct sp_port_sockets){ first, 0 };
	while (*at < all->length && all->items[*at].protocol == first->protocol &&
	       all->items[*at].port == first->port) {
		ret->count++;
		(*at)++;
	}
	return true;
}

bool sp_port_is_reachable(const struct sp_port_sockets *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (!sp_address_is_loopback(&group->items[i].address))
			return true;
	return false;
}

bool sp_port_is_client(
    const struct sp_sockets *sockets, const struct sp_port_sockets *group)
{
	return group->items->protocol == SP_UDP &&
	       group->items->port >= sockets->ephemeral.first &&
	       group->items->port <= sockets->ephemeral.last;
}

bool sp_port_is_dhcp_client(const struct sp_port_sockets *group)
{
	return group->items->protocol == SP_UDP &&
	       (group->items->port == DHCP_CLIENT_PORT ||
		   group->items->port == DHCP6_CLIENT_PORT);
}

char *sp_port_addresses(const struct sp_port_sockets *group)
{
	struct sp_text text = { 0 };
	const struct sp_address *last = NULL;
	size_t listed = 0;

	for (size_t i = 0; i < group->count && listed < MOST_ADDRESSES; i++) {
		const struct sp_address *address = &group->items[i].address;
		char words[SP_ADDRESS_TEXT];

		if (last && !sp_address_compare(last, address))
			continue; /* SO_REUSEPORT */
		sp_text_add(
		    &text, "%s%s", last ? ", " : "", sp_address_print(address, words));
		last = address;
		listed++;
	}
	if (listed == MOST_ADDRESSES)
		sp_text_add(&text, ", …");
	if (!text.failed)
		return text.bytes;
	sp_text_free(&text);
	return NULL;
}

char *sp_port_owner(const struct sp_sockets *sockets, const struct sp_port_sockets *group)
{
	const struct sp_owner *owner = NULL;
	char *text = NULL;

	for (size_t i = 0; i < group->count && !owner; i++)
		owner = sp_owners_find(&sockets->owners, group->items[i].inode);
	if (!owner || asprintf(&text, "%s[%d]", owner->command, owner->pid) < 0)
		return NULL;
	return text;
}
