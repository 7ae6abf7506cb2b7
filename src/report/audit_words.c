#include "audit_words.h"

#include <stdlib.h>

static const struct sp_audit_entry entries[SP_AUDIT_REASONS] = {
	[SP_AUDIT_VERIFIED] = { "verified", true, "open, and its TLS passes" },
	[SP_AUDIT_PLAIN] = { "plain", true, "open, and the policy asks for no TLS" },
	[SP_AUDIT_BLOCKED] = { "blocked", true, "the policy blocks it" },
	[SP_AUDIT_LOCAL] = { "local", true,
	    "bound to loopback: cannot be reached from outside" },
	[SP_AUDIT_CLIENT] = { "client", true,
	    "a UDP port out of the ephemeral range: a client's, most likely; without a "
	    "rule only answers reach it" },
	[SP_AUDIT_ESSENTIAL] = { "essential", true,
	    "DHCP's client: the ruleset lets its server's answers in" },
	[SP_AUDIT_NO_RULE] = { "no_rule", false,
	    "listens to the outside, and the policy has no rule for it" },
	[SP_AUDIT_NO_LISTENER] = { "no_listener", false,
	    "the policy opens it, and nobody reachable listens" },
	[SP_AUDIT_TLS] = { "tls", false, "its TLS is not fit to be open" },
	[SP_AUDIT_UNDECLARED] = { "undeclared_tls", false,
	    "open, and speaks TLS though the policy calls it plain" },
	[SP_AUDIT_INCONCLUSIVE] = { "inconclusive", false, "its TLS was not proven" },
	[SP_AUDIT_UNVERIFIED] = { "unverified", false,
	    "open, unverified: on_fail = warn opens it whatever it serves" },
	[SP_AUDIT_OVERRIDDEN] = { "overridden", false,
	    "open without proof: a person overrode its gate" },
	[SP_AUDIT_NOT_LOADED] = { "not_loaded", false,
	    "the policy is not in the kernel: nothing is shut" },
	[SP_AUDIT_SHUT] = { "shut", false, "open in the policy, shut in the kernel" },
	[SP_AUDIT_DIFFERENT] = { "different", false,
	    "the kernel's rule for it is not the policy's" },
};

const struct sp_audit_entry *sp_audit_entry(enum sp_audit_reason reason)
{
	return &entries[reason];
}

static const struct sp_foreign_entry foreign_entries[SP_FOREIGN_KINDS] = {
	[SP_FOREIGN_INPUT] = { "input_hook", true, "another table hooks input",
	    "it may shut what this policy opens; it cannot open what this policy shuts" },
	[SP_FOREIGN_FORWARD] = { "forward_hook", true, "another table hooks forward",
	    "packets for containers, virtual machines and other hosts go there; this "
	    "policy does not see them" },
	[SP_FOREIGN_INGRESS] = { "ingress_hook", true,
	    "a chain sees packets before everything else",
	    "it may drop them or send them elsewhere before this policy sees them" },
	[SP_FOREIGN_DNAT] = { "dnat", false, "destinations are rewritten",
	    "packets for this port go to another address by way of forward: they are "
	    "let in or not without this policy, its TLS proofs included" },
	[SP_FOREIGN_REDIRECT] = { "redirect", false, "ports are rewritten",
	    "packets for this port come in as ones for another port: its rule decides, "
	    "not this port's" },
	[SP_FOREIGN_TPROXY] = { "tproxy", false, "packets are handed to a local socket",
	    "the policy's rules look at the packet's own port, not at the socket's that "
	    "gets it" },
};

const struct sp_foreign_entry *sp_foreign_entry(enum sp_foreign_kind kind)
{
	return &foreign_entries[kind];
}

void sp_audit_port(struct sp_text *text, const struct sp_audit_row *row)
{
	sp_text_add(text, "%u", row->ports.first);
	if (row->ports.last != row->ports.first)
		sp_text_add(text, "-%u", row->ports.last);
	sp_text_add(text, "/%s", sp_protocol_name(row->protocol));
}

const char *sp_audit_gate_name(enum sp_audit_gate gate)
{
	switch (gate) {
	case SP_GATE_UNREAD: return "unread";
	case SP_GATE_NONE: return "none";
	case SP_GATE_OPEN: return "open";
	case SP_GATE_SHUT: return "shut";
	}
	return "?";
}

static void add_destination(struct sp_text *text, const struct sp_foreign *item)
{
	char address[SP_ADDRESS_TEXT];
	bool brackets = item->to.family == SP_IPV6 && item->to_port;

	if (item->has_to)
		sp_text_add(text, " to %s%s%s", brackets ? "[" : "",
		    sp_address_print(&item->to, address), brackets ? "]" : "");
	if (item->to_port)
		sp_text_add(text, "%s:%u", item->has_to ? "" : " to ", item->to_port);
}

static void add_rule(struct sp_text *text, const struct sp_foreign *item)
{
	bool known = item->protocol == SP_TCP || item->protocol == SP_UDP;

	sp_text_add(text, ", rule %llu: ", (unsigned long long)item->handle);
	if (item->port)
		sp_text_add(text, "port %u%s", item->port, known ? "/" : "");
	if (known)
		sp_text_add(
		    text, "%s", sp_protocol_name((enum sp_protocol)item->protocol));
	if (!item->port)
		sp_text_add(
		    text, "%sports that its other matches name", known ? ", " : "");
	add_destination(text, item);
}

void sp_audit_foreign(struct sp_text *text, const struct sp_foreign *item)
{
	const char *software = sp_foreign_software(item);

	sp_text_add(text, "%s in %s%s %s %s", sp_foreign_entry(item->kind)->title,
	    item->legacy ? "iptables-legacy's " : "", item->family, item->table,
	    item->chain);
	switch (item->kind) {
	case SP_FOREIGN_INPUT:
	case SP_FOREIGN_FORWARD:
	case SP_FOREIGN_INGRESS:
		sp_text_add(text, ", priority %d, policy %s", item->priority,
		    item->drop ? "drop" : "accept");
		break;
	case SP_FOREIGN_DNAT:
	case SP_FOREIGN_REDIRECT:
	case SP_FOREIGN_TPROXY: add_rule(text, item); break;
	}
	if (software)
		sp_text_add(text, " (%s)", software);
}

void sp_audit_remarks(
    const struct sp_audit *audit, char number[128], const char *ret[SP_AUDIT_REMARKS + 1])
{
	size_t count = 0;

	if (!audit->kernel_read)
		ret[count++] = "The kernel's rules and other tables were not read (that "
			       "needs CAP_NET_ADMIN): what is open now is not known.";
	else if (!audit->loaded)
		ret[count++] = "The policy is not in the kernel: nothing is shut.";
	else if (audit->differences)
		ret[count++] = "The kernel does not hold this policy: sallyport diff "
			       "says what differs.";
	if (audit->legacy_unread)
		ret[count++] = "The tables of iptables-legacy were not read (that needs "
			       "root): whether rules of theirs go around the policy is "
			       "not known.";
	if (audit->blocks_nothing)
		ret[count++] = "mode = audit: nothing is shut.";
	if (audit->closed) {
		snprintf(number, 128,
		    "Owners are left out: the sockets of %zu processes may not be seen "
		    "(run as root).",
		    audit->closed);
		ret[count++] = number;
	}
	ret[count] = NULL;
}

bool sp_audit_passes(const struct sp_audit *audit)
{
	if (audit->kernel_read && (!audit->loaded || audit->differences))
		return false;
	for (size_t i = 0; i < audit->rows.length; i++)
		if (!sp_audit_entry(audit->rows.items[i].reason)->pass)
			return false;
	for (size_t i = 0; i < audit->foreigns.length; i++)
		if (!sp_foreign_entry(audit->foreigns.items[i].kind)->pass)
			return false;
	return !audit->blocks_nothing;
}

void sp_audit_free(struct sp_audit *audit)
{
	for (size_t i = 0; i < audit->rows.length; i++) {
		struct sp_audit_row *row = &audit->rows.items[i];

		free(row->services);
		free(row->listeners);
		free(row->owner);
		free(row->text);
	}
	sp_array_free(&audit->rows);
	sp_foreigns_free(&audit->foreigns);
}
