/* One endpoint, anywhere, without a policy: a plan of one target, run and told. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "policy.h"
#include "unknown.h"
#include "verify_run.h"

/* Addresses of one name that are asked. */
#define MOST_ADDRESSES 16

struct operand {
	char host[SP_MAX_HOST_NAME + 1];
	uint16_t port;
	enum sp_dialect dialect;
};

/* A port number and nothing behind it. */
static bool parse_port(const char *text, uint16_t *ret)
{
	uint32_t port = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		port = port * 10 + (uint32_t)(*text - '0');
	}
	*ret = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

/* HOST:PORT or [ADDRESS]:PORT. */
static bool parse_operand(const char *text, struct operand *ret)
{
	const char *colon = strrchr(text, ':'), *first = text, *last = colon;

	if (!colon || !parse_port(colon + 1, &ret->port))
		return false;
	if (*text == '[') {
		if (colon == text || colon[-1] != ']')
			return false;
		first = text + 1;
		last = colon - 1;
	} else if (memchr(text, ':', (size_t)(colon - text))) {
		return false; /* an IPv6 address wants its brackets */
	}
	if (last <= first || (size_t)(last - first) >= sizeof(ret->host))
		return false;
	memcpy(ret->host, first, (size_t)(last - first));
	ret->host[last - first] = '\0';
	return true;
}

static bool is_address(const char *text)
{
	struct sp_address address;

	return sp_address_parse(text, strlen(text), &address);
}

/* A host name in A-labels, or an address. */
static bool is_name(const char *text)
{
	if (is_address(text))
		return true;
	return *text && strlen(text) <= SP_MAX_HOST_NAME && *text != '.' &&
	       *text != '-' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-._")];
}

static bool add_resolved(struct sp_target *target, const struct addrinfo *found)
{
	struct sp_endpoint endpoint = { .local = true };

	if (found->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)found->ai_addr;

		endpoint.address = sp_address_of(SP_IPV4, (const uint8_t *)&in->sin_addr);
	} else if (found->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 =
		    (const struct sockaddr_in6 *)found->ai_addr;

		endpoint.address = sp_address_of(SP_IPV6, in6->sin6_addr.s6_addr);
		endpoint.interface = in6->sin6_scope_id;
	} else {
		return true;
	}
	return sp_target_add_endpoint(target, &endpoint);
}

/* The one place that resolves a name. */
static bool resolve(const struct sp_options *options, const char *host,
    struct sp_target *target, struct sp_diag *diag)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	bool done = true, tell = options->progress && !options->quiet;
	int error;

	if (tell)
		fprintf(stderr, "looking up %s", host);
	error = getaddrinfo(host, NULL, &hints, &found);
	if (tell)
		fputs("\r\033[K", stderr);
	if (error)
		return sp_error(diag, NULL, "%s: %s", host, gai_strerror(error));
	for (const struct addrinfo *each = found; each && done; each = each->ai_next)
		done = add_resolved(target, each);
	freeaddrinfo(found);
	/* A verdict on some of them would be taken for one on all. */
	if (done && target->endpoint_count > MOST_ADDRESSES)
		return sp_error(diag, NULL,
		    "%s has over %d addresses: ask each by itself, with --name %s", host,
		    MOST_ADDRESSES, host);
	return done || sp_out_of_memory(diag);
}

/* `none`: the chain alone; otherwise what --name says, else the host itself. */
static bool add_names(const struct sp_options *options, const struct operand *operand,
    struct sp_target *target)
{
	if (options->name_count == 1 && !strcmp(options->names[0], "none"))
		return true;
	target->names = calloc(SP_MAX_NAMES, sizeof(char *));
	if (!target->names)
		return false;
	for (size_t i = 0; i < options->name_count && i < SP_MAX_NAMES; i++)
		target->names[target->name_count++] = (char *)options->names[i];
	if (target->name_count == 0)
		target->names[target->name_count++] = (char *)operand->host;
	return true;
}

/* The shipped profiles and those of profiles.d come with a policy: the least one
 * there is, in memory. */
static struct sp_policy *least_policy(const struct sp_options *options)
{
	static const char text[] = "[policy]\nversion = 1\n[service ssh]\n";
	struct sp_diag diag = { 0 };
	struct sp_policy *policy =
	    sp_policy_in_memory(options, text, sizeof(text) - 1, &diag);

	sp_show_diagnostics(options, &diag);
	return policy;
}

static bool parse_dialect(const char *name, enum sp_dialect *ret)
{
	const char *names[SP_DIALECTS];

	if (!name || sp_dialect_parse(name, ret))
		return true;
	for (unsigned i = SP_DIALECT_NONE + 1; i < SP_DIALECTS; i++)
		names[i - 1] = sp_dialect_name((enum sp_dialect)i);
	sp_say_unknown("STARTTLS dialect", name, names, SP_DIALECTS - 1);
	return false;
}

static bool check_usage(const struct sp_options *options, struct operand *ret)
{
	if (!parse_dialect(options->starttls, &ret->dialect))
		return false;
	if (!parse_operand(options->operands[0], ret) || !is_name(ret->host)) {
		fprintf(stderr,
		    "sallyport: %s: want HOST:PORT or [ADDRESS]:PORT, names in "
		    "A-labels\n",
		    options->operands[0]);
		return false;
	}
	for (size_t i = 0; i < options->name_count; i++) {
		if (is_name(options->names[i]))
			continue;
		fprintf(stderr, "sallyport: --name %s: want a host name in A-labels\n",
		    options->names[i]);
		return false;
	}
	return true;
}

static bool make_plan(const struct sp_options *options, const struct operand *operand,
    const struct sp_profile *profile, struct sp_plan *plan, struct sp_diag *diag)
{
	struct sp_target *target = calloc(1, sizeof(*target));
	struct sp_store store = { .ca = options->ca };

	if (!target)
		return sp_out_of_memory(diag);
	*target = (struct sp_target){ .protocol = SP_TCP,
		.port = operand->port,
		.tls = operand->dialect ? SP_TLS_STARTTLS : SP_TLS_REQUIRED,
		.dialect = operand->dialect,
		.profile = profile,
		.intrusive = options->intrusive,
		/* Nobody takes a lease from here. */
		.on_fail = SP_ON_FAIL_WARN };
	plan->targets = target;
	plan->target_count = plan->target_capacity = 1;
	if (!sp_plan_add_store(plan, &store, &target->store) ||
	    !add_names(options, operand, target))
		return sp_out_of_memory(diag);
	return resolve(options, operand->host, target, diag);
}

/* Before the first connection: it can still be stopped. */
static void warn(const struct sp_options *options, const struct operand *operand)
{
	static const char text[] =
	    "sallyport: --intrusive: %s gets broken handshakes, heartbeats and RSA "
	    "messages on some 30 connections: it logs errors, may ban this host, and an "
	    "old one may crash. Ask only servers that are yours.\n";

	/* The server counts every handshake that it breaks off itself, and verify's
	 * alone come from loopback, which it does not count. */
	static const char counted[] =
	    "sallyport: note: MySQL counts what is refused as interrupted connections of "
	    "this host, some 13 for each address; it shuts a host out at "
	    "max_connect_errors (100 as it comes), until FLUSH HOSTS\n";

	if (options->intrusive && !options->quiet)
		sp_page_sayf(stderr, text, operand->host);
	if (operand->dialect == SP_DIALECT_MYSQL && !options->quiet)
		sp_page_say(stderr, counted);
}

static enum sp_exit probe(const struct sp_options *options, const struct operand *operand,
    const struct sp_policy *policy, struct sp_prober *prober)
{
	struct sp_verify_options how = { .connection_ms = options->timeout_ms,
		.port_ms = options->port_timeout_ms,
		.prober = prober,
		.progress = sp_verify_progress,
		.context = (void *)options };
	const struct sp_profile *profile =
	    sp_find_profile(policy, options->profile ? options->profile : "baseline");
	struct sp_verdicts verdicts = { 0 };
	struct sp_plan plan = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;
	bool done;

	if (!profile)
		return SP_EXIT_USAGE;
	done = make_plan(options, operand, profile, &plan, &diag) &&
	       sp_verify_plan(&plan, &how, &verdicts, &diag);
	sp_plan_free(&plan);
	if (sp_show_diagnostics(options, &diag) && done)
		status = sp_verify_told(
		    options, &verdicts, sp_verify_print(options, NULL, &verdicts));
	sp_verdicts_free(&verdicts);
	return status;
}

enum sp_exit sp_command_probe(const struct sp_options *options)
{
	struct operand operand = { .dialect = SP_DIALECT_NONE };
	struct sp_prober *prober;
	struct sp_policy *policy;
	enum sp_exit status;

	if (!check_usage(options, &operand))
		return SP_EXIT_USAGE;
	warn(options, &operand);
	/* It loads OpenSSL while we read the profiles. */
	prober = sp_verify_start();
	policy = prober ? least_policy(options) : NULL;
	status = policy ? probe(options, &operand, policy, prober) : SP_EXIT_SYSTEM;
	sp_prober_stop(prober);
	sp_policy_free(policy);
	return status;
}
