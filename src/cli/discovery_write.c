/* The policy that a discovery comes to. Everything that is not ours stands in a
 * comment, escaped, on one line; what stands outside of comments is numbers, words
 * of the catalogue, and plain host names. */
#include "discovery.h"

#include <string.h>

#include <sallyport/escape.h>

static void add_owner(struct sp_text *text, const char *owner, uint32_t uid)
{
	if (owner)
		sp_text_add_escaped(text, owner);
	else
		sp_text_add(text, "owner not known");
	sp_text_add(text, ", uid %u", uid);
}

static bool name_is_taken(const struct sp_discovery *discovery, size_t index)
{
	const struct sp_known *known = discovery->found.items[index].known;

	for (size_t i = 0; i < index; i++)
		if (discovery->found.items[i].known == known)
			return true;
	return false;
}

static void add_header(
    struct sp_text *text, const struct sp_discovery *discovery, size_t index)
{
	const struct sp_found *found = &discovery->found.items[index];

	if (!found->known)
		sp_text_add(text, "[service port-%u]\n", found->port);
	else if (name_is_taken(discovery, index))
		sp_text_add(text, "[service %s-%u]\nuse = %s\n", found->known->name,
		    found->port, found->known->name);
	else
		sp_text_add(text, "[service %s]\n", found->known->name);
	sp_text_add(text, "port = %u\nprotocol = %s%s%s\n", found->port,
	    found->tcp ? "tcp" : "", found->tcp && found->udp ? ", " : "",
	    found->udp ? "udp" : "");
}

static void add_names(struct sp_text *text, const struct sp_found *found)
{
	if (!found->names.length) {
		sp_text_add(text, "# No plain host name is known for its certificate: "
				  "write those that clients use.\nname = none\n");
		return;
	}
	for (size_t i = 0; i < found->names.length; i++)
		sp_text_add(
		    text, "%s%s", i ? ",\n    " : "name = ", found->names.items[i]);
	sp_text_add(text, "\n");
}

static void add_trouble(struct sp_text *text, const struct sp_found *found)
{
	if (!found->trouble)
		return;
	sp_text_add(text, "# WARNING: its TLS does not pass: ");
	sp_text_add_escaped(text, found->trouble);
	sp_text_add(text,
	    "\n# It is reachable today, and on_fail = warn keeps it so. Put "
	    "the server right,\n# then take this line out.\n"
	    "on_fail = warn\n");
}

static void add_plain(struct sp_text *text, const struct sp_found *found)
{
	bool usual = found->known && found->known->tls == SP_TLS_NONE;

	if (found->plain) {
		sp_text_add(text, "# %s: ",
		    usual ? "No TLS, as the catalogue has it"
			  : "WARNING: no TLS was seen, anybody on the way reads it");
		sp_text_add_escaped(text, found->plain);
		sp_text_add(text, "\n");
	}
	sp_text_add(text, "tls = none\n");
}

static void add_tls(struct sp_text *text, const struct sp_discovery *discovery,
    const struct sp_found *found)
{
	if (found->tls == SP_TLS_NONE) {
		add_plain(text, found);
		return;
	}
	sp_text_add(text, "tls = %s\n", sp_tls_name(found->tls));
	if (found->tls == SP_TLS_STARTTLS)
		sp_text_add(text, "starttls = %s\n", sp_dialect_name(found->dialect));
	add_names(text, found);
	if (discovery->ca)
		sp_text_add(text, "ca = %s\n", discovery->ca);
	add_trouble(text, found);
}

static void add_left_out(struct sp_text *text, const struct sp_discovery *discovery)
{
	if (discovery->left_out.length)
		sp_text_add(text, "\n# Left out:\n");
	for (size_t i = 0; i < discovery->left_out.length; i++) {
		const struct sp_left_out *left = &discovery->left_out.items[i];

		sp_text_add(text, "# %u/%s at %s (", left->port,
		    sp_protocol_name(left->protocol), left->addresses);
		add_owner(text, left->owner, left->uid);
		sp_text_add(text, "): %s.\n", left->why);
	}
}

void sp_discovery_write(const struct sp_discovery *discovery, struct sp_text *ret)
{
	sp_text_add(ret,
	    "# What this host lets be reached from outside, as sallyport discover saw "
	    "it.\n"
	    "# Nothing of it was applied. Every service is open to everybody: write\n"
	    "# `from` where that is too much, and take out what should not be "
	    "reached.\n");
	if (discovery->closed)
		sp_text_add(ret,
		    "# Owners are left out: the sockets of %zu processes may not be "
		    "seen\n"
		    "# (run as root).\n",
		    discovery->closed);
	sp_text_add(ret, "\n[policy]\nversion = 1\n");
	for (size_t i = 0; i < discovery->found.length; i++) {
		const struct sp_found *found = &discovery->found.items[i];

		sp_text_add(ret, "\n# ");
		add_owner(ret, found->owner, found->uid);
		sp_text_add(ret, ", at %s\n", found->addresses);
		add_header(ret, discovery, i);
		add_tls(ret, discovery, found);
	}
	add_left_out(ret, discovery);
}
