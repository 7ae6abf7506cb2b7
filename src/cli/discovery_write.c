/* The policy that a discovery comes to. Everything that is not ours stands in a
 * comment, escaped, on one line; what stands outside of comments is numbers, words
 * of the catalogue, and plain host names. */
#include "discovery.h"

#include <string.h>

#include <sallyport/escape.h>

#define COMMENT_WIDTH 78

/* Adds `words`, one line of them, as a comment folded at blanks; the lines after
 * the first begin with `indent` blanks. */
static void add_comment(struct sp_text *text, int indent, const struct sp_text *words)
{
	const char *at = words->bytes;
	int width = COMMENT_WIDTH, before = 0;

	text->failed = text->failed || words->failed;
	while (at && *at) {
		int length = (int)strlen(at), fold = length;

		if (length > width) {
			for (fold = width; fold && at[fold] != ' '; fold--)
				;
			if (!fold)
				fold = (int)strcspn(at, " ");
		}
		sp_text_add(text, "# %*s%.*s\n", before, "", fold, at);
		at += fold + (at[fold] == ' ');
		before = indent;
		width = COMMENT_WIDTH - indent;
	}
}

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

/* `part`: which of the port's places, each a service of its own. */
static void add_header(
    struct sp_text *text, const struct sp_discovery *discovery, size_t index, size_t part)
{
	const struct sp_found *found = &discovery->found.items[index];
	bool taken = found->known && name_is_taken(discovery, index);
	const struct sp_place *place = &found->places.items[part];

	sp_text_add(text, "[service %s", found->known ? found->known->name : "port");
	if (!found->known || taken)
		sp_text_add(text, "-%u", found->port);
	if (part)
		sp_text_add(text, "-%zu", part + 1);
	sp_text_add(text, "]\n");
	if (taken || (found->known && part))
		sp_text_add(text, "use = %s\n", found->known->name);
	sp_text_add(text, "port = %u\nprotocol = %s%s%s\n", found->port,
	    place->tcp ? "tcp" : "", place->tcp && place->udp ? ", " : "",
	    place->udp ? "udp" : "");
}

/* What is bound to one address is opened there, and not wherever else somebody
 * may listen on that port tomorrow. */
static void add_place(struct sp_text *text, const struct sp_place *place)
{
	char range[SP_RANGE_TEXT];

	for (size_t i = 0;
	     !sp_intervals_is_any(&place->to) && i < sp_intervals_count(&place->to);
	     i++) {
		struct sp_range at = sp_intervals_at(&place->to, i);

		sp_text_add(
		    text, "%s%s", i ? ",\n    " : "to = ", sp_range_print(&at, range));
	}
	if (!sp_intervals_is_any(&place->to))
		sp_text_add(text, "\n");
	if (place->name[0])
		sp_text_add(text, "interface = %s\n", place->name);
	else if (place->interface)
		sp_text_add(text,
		    "# Bound to interface %u, which has no name that a "
		    "policy can hold.\n",
		    place->interface);
}

static void add_names(struct sp_text *text, const struct sp_found *found)
{
	if (!found->names.length) {
		sp_text_add(text, "# No plain host name is known for its certificate: "
				  "write those that clients\n# use.\nname = none\n");
		return;
	}
	for (size_t i = 0; i < found->names.length; i++)
		sp_text_add(
		    text, "%s%s", i ? ",\n    " : "name = ", found->names.items[i]);
	sp_text_add(text, "\n");
}

static void add_trouble(struct sp_text *text, const struct sp_found *found)
{
	struct sp_text words = { 0 };

	if (!found->trouble)
		return;
	sp_text_add(&words, "WARNING: its TLS does not pass: ");
	sp_text_add_escaped(&words, found->trouble);
	add_comment(text, 0, &words);
	sp_text_free(&words);
	sp_text_add(text, "# It is reachable today, and on_fail = warn keeps it so. Put "
			  "the server right,\n# then take this line out.\n"
			  "on_fail = warn\n");
}

static void add_plain(struct sp_text *text, const struct sp_found *found)
{
	bool usual = found->known && found->known->tls == SP_TLS_NONE;

	if (found->plain) {
		struct sp_text words = { 0 };

		sp_text_add(&words, "%s: ",
		    usual ? "No TLS, as the catalogue has it"
			  : "WARNING: no TLS was seen, anybody on the way reads it");
		sp_text_add_escaped(&words, found->plain);
		add_comment(text, 0, &words);
		sp_text_free(&words);
	}
	sp_text_add(text, "tls = none\n");
}

static void add_tls(struct sp_text *text, const struct sp_discovery *discovery,
    const struct sp_found *found, const struct sp_place *place)
{
	if (found->tls == SP_TLS_NONE) {
		add_plain(text, found);
		return;
	}
	if (!place->tcp) {
		sp_text_add(text, "# UDP where no TCP is that could prove itself.\n"
				  "tls = none\n");
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

static void add_services(
    struct sp_text *text, const struct sp_discovery *discovery, size_t index)
{
	const struct sp_found *found = &discovery->found.items[index];

	for (size_t i = 0; i < found->places.length; i++) {
		struct sp_text words = { 0 };

		add_owner(&words, found->owner, found->uid);
		sp_text_add(&words, ", at %s", found->addresses);
		sp_text_add(text, "\n");
		add_comment(text, 4, &words);
		sp_text_free(&words);
		add_header(text, discovery, index, i);
		add_place(text, &found->places.items[i]);
		add_tls(text, discovery, found, &found->places.items[i]);
	}
}

/* Whoever narrows a policy from afar should know what not to narrow away. */
static void add_login(struct sp_text *text, const struct sp_discovery *discovery)
{
	char address[SP_ADDRESS_TEXT];

	if (discovery->logged_in)
		sp_text_add(text,
		    "# You are logged in from %s to port %u: leave that in.\n",
		    sp_address_print(&discovery->login.from, address),
		    discovery->login.port);
}

static void add_left_out(struct sp_text *text, const struct sp_discovery *discovery)
{
	if (discovery->left_out.length)
		sp_text_add(text, "\n# Left out:\n");
	for (size_t i = 0; i < discovery->left_out.length; i++) {
		const struct sp_left_out *left = &discovery->left_out.items[i];

		struct sp_text words = { 0 };

		sp_text_add(&words, "%u/%s at %s (", left->port,
		    sp_protocol_name(left->protocol), left->addresses);
		add_owner(&words, left->owner, left->uid);
		sp_text_add(&words, "): %s.", left->why);
		add_comment(text, 4, &words);
		sp_text_free(&words);
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
	add_login(ret, discovery);
	sp_text_add(ret, "\n[policy]\nversion = 1\n");
	for (size_t i = 0; i < discovery->found.length; i++)
		add_services(ret, discovery, i);
	add_left_out(ret, discovery);
}
