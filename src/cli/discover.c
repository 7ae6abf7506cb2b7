/* discover: who listens → a policy that takes every TCP port for a TLS one →
 * verdicts → what each serves → the policy → verdicts again → told. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery.h"
#include "page.h"
#include "policy.h"
#include "verify_run.h"

/* Writes what was found so far as a policy, and asks its TLS services. */
static bool ask(const struct sp_options *options, const struct sp_discovery *discovery,
    struct sp_policy **ret_policy, struct sp_verdicts *ret, struct sp_diag *diag)
{
	struct sp_verify_options how = { .connection_ms = options->timeout_ms,
		.port_ms = options->port_timeout_ms,
		.progress = sp_verify_progress,
		.context = (void *)options };
	struct sp_text text = { 0 };

	sp_discovery_write(discovery, &text);
	*ret_policy = text.failed
			  ? NULL
			  : sp_policy_in_memory(options, text.bytes, text.length, diag);
	if (text.failed)
		sp_out_of_memory(diag);
	sp_text_free(&text);
	return *ret_policy && sp_verify(*ret_policy, &how, ret, diag);
}

/* A ServerHello, or TLS's own way of saying no. */
static bool speaks_tls(const struct sp_testimony *testimony)
{
	for (size_t i = 0; i < testimony->observation_count; i++) {
		enum sp_reply reply = testimony->observations[i].reply;

		if (reply == SP_REPLY_HANDSHAKE || reply == SP_REPLY_SERVER_HELLO ||
		    reply == SP_REPLY_ALERT)
			return true;
	}
	return false;
}

static bool has_name(const struct sp_found *found, const char *name)
{
	for (size_t i = 0; i < found->names.length; i++)
		if (!strcasecmp(found->names.items[i], name))
			return true;
	return false;
}

/* Only what is a plain host name: the rest of it a stranger could have chosen. To a
 * policy `none` is no name, but that none is asked for. */
static bool add_name(struct sp_found *found, const char *entry)
{
	char *name;

	if (strncmp(entry, "DNS:", 4) || !sp_is_plain_host_name(entry + 4) ||
	    !strcasecmp(entry + 4, "none") || has_name(found, entry + 4) ||
	    found->names.length == SP_MAX_NAMES)
		return true;
	name = strdup(entry + 4);
	if (name && sp_array_push(&found->names, name))
		return true;
	free(name);
	return false;
}

static bool add_names(struct sp_found *found, const struct sp_testimony *testimony)
{
	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *seen = &testimony->observations[i];
		const struct sp_certificate *leaf;

		if (!seen->sent_count || seen->sent[0] >= testimony->certificate_count)
			continue;
		leaf = &testimony->certificates[seen->sent[0]];
		for (size_t n = 0; n < leaf->name_count; n++)
			if (!add_name(found, leaf->names[n]))
				return false;
	}
	return true;
}

static const struct sp_verdict *verdict_on(
    const struct sp_verdicts *verdicts, uint16_t port)
{
	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->items[i].target->port == port)
			return &verdicts->items[i];
	return NULL;
}

static bool nobody_can_be_asked(const struct sp_target *target)
{
	for (size_t e = 0; e < target->endpoint_count; e++)
		if (!target->endpoints[e].elsewhere)
			return false;
	return true;
}

/* The first answers: TLS or not, and for which names. */
static bool take_answers(const struct sp_verdict *verdict, struct sp_found *found)
{
	const struct sp_target *target = verdict->target;
	bool speaks = false;

	for (size_t e = 0; e < target->endpoint_count; e++) {
		const struct sp_testimony *testimony = &target->endpoints[e].testimony;

		speaks = speaks || speaks_tls(testimony);
		if (!add_names(found, testimony))
			return false;
	}
	if (speaks)
		return true;
	found->tls = SP_TLS_NONE;
	found->plain = strdup(verdict->reason);
	return found->plain;
}

static bool learn(const struct sp_options *options, struct sp_discovery *discovery,
    struct sp_diag *diag)
{
	struct sp_policy *policy = NULL;
	struct sp_verdicts verdicts = { 0 };
	bool done = ask(options, discovery, &policy, &verdicts, diag);

	for (size_t i = 0; done && i < discovery->found.length; i++) {
		struct sp_found *found = &discovery->found.items[i];
		const struct sp_verdict *verdict = verdict_on(&verdicts, found->port);

		if (found->tls == SP_TLS_NONE || !verdict)
			continue;
		/* Bound to an address that this host has not, as on a standby, or to an
		 * interface that has none: nobody can be asked, and what is usual there
		 * is the best guess. */
		if (found->usually_tls && nobody_can_be_asked(verdict->target))
			continue;
		if (!take_answers(verdict, found))
			done = sp_out_of_memory(diag);
	}
	sp_verdicts_free(&verdicts);
	sp_policy_free(policy);
	return done;
}

/* Would the policy keep it reachable? What fails is opened with a warning. */
static bool try_out(const struct sp_options *options, struct sp_discovery *discovery,
    struct sp_diag *diag)
{
	struct sp_policy *policy = NULL;
	struct sp_verdicts verdicts = { 0 };
	bool done = ask(options, discovery, &policy, &verdicts, diag);

	for (size_t i = 0; done && i < discovery->found.length; i++) {
		struct sp_found *found = &discovery->found.items[i];
		const struct sp_verdict *verdict = verdict_on(&verdicts, found->port);

		if (found->tls == SP_TLS_NONE || !verdict || verdict->outcome == SP_PASS)
			continue;
		found->trouble = strdup(verdict->reason);
		if (!found->trouble)
			done = sp_out_of_memory(diag);
	}
	sp_verdicts_free(&verdicts);
	sp_policy_free(policy);
	return done;
}

/* Only what `check` takes is printed. */
static bool print(const struct sp_options *options, const struct sp_discovery *discovery,
    struct sp_diag *diag)
{
	struct sp_text text = { 0 };
	struct sp_policy *policy = NULL;
	bool done = false;

	sp_discovery_write(discovery, &text);
	if (text.failed)
		sp_out_of_memory(diag);
	else
		policy = sp_policy_in_memory(options, text.bytes, text.length, diag);
	if (policy)
		done = fwrite(text.bytes, 1, text.length, stdout) == text.length;
	sp_policy_free(policy);
	sp_text_free(&text);
	return done;
}

static void say_left_out(
    const struct sp_options *options, const struct sp_discovery *discovery)
{
	if (discovery->closed && !options->quiet)
		sp_page_sayf(stderr,
		    "sallyport: warning: owners are left out: the sockets of %zu "
		    "processes may not be seen (run as root)\n",
		    discovery->closed);
}

static bool find_ca(const struct sp_options *options, char path[PATH_MAX],
    struct sp_discovery *ret, struct sp_diag *diag)
{
	if (!options->ca)
		return true;
	if (!realpath(options->ca, path))
		return sp_error(diag, NULL, "cannot read %s: %m", options->ca);
	ret->ca = path;
	return true;
}

enum sp_exit sp_command_discover(const struct sp_options *options)
{
	struct sp_discovery discovery = { 0 };
	struct sp_sockets sockets = { 0 };
	struct sp_knowns knowns = { 0 };
	struct sp_diag diag = { 0 };
	char ca[PATH_MAX];
	bool done;

	done = find_ca(options, ca, &discovery, &diag) &&
	       sp_knowns_read(options->config_directory, &knowns, &diag) &&
	       sp_sockets_read(&sockets, &diag);
	if (done && !sp_discovery_make(&sockets, &knowns, &discovery))
		done = sp_out_of_memory(&diag);
	discovery.logged_in = sp_login_find(&discovery.login);
	done = done && learn(options, &discovery, &diag);
	if (done && !sp_discovery_settle(&discovery, &knowns))
		done = sp_out_of_memory(&diag);
	done = done && try_out(options, &discovery, &diag) &&
	       print(options, &discovery, &diag);
	if (done)
		say_left_out(options, &discovery);
	done = sp_show_diagnostics(options, &diag) && done;
	sp_discovery_free(&discovery);
	sp_sockets_free(&sockets);
	sp_knowns_free(&knowns);
	return done ? SP_EXIT_DONE : SP_EXIT_SYSTEM;
}
