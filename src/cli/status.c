#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/escape.h>
#include <sallyport/evidence.h>
#include <sallyport/floor.h>
#include <sallyport/memory.h>
#include <sallyport/state.h>
#include <sallyport/status.h>
#include <sallyport/transaction.h>

#include "policy.h"

/* What fits into the table's column. */
#define FROM_BYTES 18
/* Between two looks of --watch. */
#define WATCH_SECONDS 2

struct joining {
	const struct sp_options *options;
	const struct sp_policy *policy;
	const struct sp_ruleset *held;
	struct sp_status *status;
	bool failed;
};

static uint64_t counted(
    const struct sp_ruleset *held, const char *prefix, const char *name)
{
	size_t length = strlen(prefix);

	for (size_t i = 0; held && i < held->counters.length; i++) {
		const struct sp_counter *counter = &held->counters.items[i];

		if (!strncmp(counter->name, prefix, length) &&
		    !strcmp(counter->name + length, name))
			return counter->packets;
	}
	return 0;
}

static uint64_t time_left(const struct sp_ruleset *held, const char *name,
    enum sp_protocol protocol, uint16_t port)
{
	for (size_t i = 0; held && i < held->sets.length; i++) {
		const struct sp_set *set = &held->sets.items[i];

		if (strcmp(set->name, name))
			continue;
		for (size_t j = 0; j < set->elements.length; j++)
			if (set->elements.items[j].protocol == protocol &&
			    set->elements.items[j].ports.first == port)
				return set->elements.items[j].expires_ms;
	}
	return 0;
}

/* "10.0.0.0/8, fd00::/8", "10.0.0.0/8 +3": the first, and how many more. */
static char *describe_sources(const struct sp_policy *policy, const struct sp_match *from)
{
	size_t literals = sp_intervals_count(&from->literals);
	size_t more = literals + from->set_count - 1;
	char first[SP_RANGE_TEXT + 2];
	struct sp_range range;
	char *text = NULL;

	if (from->any)
		return strdup("any");
	if (literals + from->set_count == 0)
		return strdup("nobody");
	if (literals) {
		range = sp_intervals_at(&from->literals, 0);
		sp_range_print(&range, first);
	} else {
		snprintf(
		    first, sizeof(first), "@%s", policy->sets[from->sets[0].set].name);
	}
	if (more ? asprintf(&text, "%.*s +%zu", FROM_BYTES - 4, first, more) < 0
		 : asprintf(&text, "%s", first) < 0)
		return NULL;
	return text;
}

static enum sp_port_state state_of(const struct joining *joining,
    const struct sp_service *service, const struct sp_status_row *row)
{
	if (service->action != SP_ALLOW)
		return SP_PORT_BLOCKED;
	if (!joining->status->loaded)
		return SP_PORT_SHUT;
	if (service->tls == SP_TLS_NONE)
		return SP_PORT_OPEN;
	if (service->on_fail == SP_ON_FAIL_WARN)
		return SP_PORT_OPEN_UNVERIFIED;
	return row->state == SP_PORT_OVERRIDDEN ? SP_PORT_OVERRIDDEN
	       : row->lease_ms			? SP_PORT_OPEN_VERIFIED
						: SP_PORT_SHUT;
}

/* What the last verification said. HTTP/3 stands on its TCP port's proof. */
static void explain(const struct joining *joining, struct sp_status_row *row)
{
	struct sp_evidence evidence;

	if (!sp_evidence_load(
		joining->options->state_directory, SP_TCP, row->ports.first, &evidence))
		return;
	row->checked = evidence.checked;
	row->certificate_ends = evidence.certificate_ends;
	if (row->state == SP_PORT_SHUT || row->state == SP_PORT_OPEN_UNVERIFIED)
		row->reason =
		    strcmp(evidence.outcome, "pass")
			? sp_escape(evidence.reason)
			: strdup("its lease has ended: sallyport apply proves it again");
	sp_evidence_clear(&evidence);
}

static char *known_override(const struct joining *joining, uint16_t port)
{
	struct sp_override_note note;
	char *reason = NULL, *safe;

	if (!sp_override_note_load(joining->options->state_directory, port, &note))
		return NULL;
	safe = sp_escape(note.reason);
	if (!safe ||
	    asprintf(&reason, "opened without proof by uid %u: %s", note.uid, safe) < 0)
		reason = NULL;
	free(safe);
	free(note.reason);
	return reason;
}

static void find_lease(const struct joining *joining, struct sp_status_row *row)
{
	row->lease_ms =
	    time_left(joining->held, SP_SET_VERIFIED, row->protocol, row->ports.first);
	if (row->lease_ms)
		return;
	row->lease_ms =
	    time_left(joining->held, SP_SET_OVERRIDDEN, row->protocol, row->ports.first);
	if (row->lease_ms)
		row->state = SP_PORT_OVERRIDDEN;
}

static void add_row(struct joining *joining, const struct sp_service *service,
    enum sp_protocol protocol, struct sp_ports ports)
{
	struct sp_status_row row = { .service = strdup(service->name),
		.protocol = protocol,
		.ports = ports,
		.from = describe_sources(joining->policy, &service->from),
		.connections = counted(joining->held, "svc-", service->name) };

	if (service->tls != SP_TLS_NONE)
		find_lease(joining, &row);
	row.state = state_of(joining, service, &row);
	if (service->tls != SP_TLS_NONE)
		explain(joining, &row);
	if (row.state == SP_PORT_OVERRIDDEN)
		row.reason = known_override(joining, ports.first);
	if (!row.service || !row.from || !sp_array_push(&joining->status->rows, row)) {
		free(row.service);
		free(row.from);
		free(row.reason);
		joining->failed = true;
	}
}

/* A gated port has a row of its own: each has its own lease. */
static void add_ports(
    struct joining *joining, const struct sp_service *service, enum sp_protocol protocol)
{
	for (size_t i = 0; i < service->port_count; i++) {
		struct sp_ports ports = service->ports[i];

		if (service->tls == SP_TLS_NONE) {
			add_row(joining, service, protocol, ports);
			continue;
		}
		for (uint32_t port = ports.first; port <= ports.last; port++)
			add_row(joining, service, protocol,
			    (struct sp_ports){ (uint16_t)port, (uint16_t)port });
	}
}

static void join(struct joining *joining)
{
	for (size_t i = 0; i < joining->policy->service_count; i++) {
		const struct sp_service *service = &joining->policy->services[i];

		if (service->tcp)
			add_ports(joining, service, SP_TCP);
		if (service->udp)
			add_ports(joining, service, SP_UDP);
	}
}

static bool compare(const struct sp_standing *standing, const struct sp_kernel *kernel,
    struct sp_status *status, struct sp_diag *diag)
{
	struct sp_delta *delta =
	    sp_delta_make(standing->ruleset, &standing->gates, kernel, NULL, diag);

	if (!delta)
		return false;
	status->differences = delta->changes.length;
	status->in_force = kernel->present && !delta->changes.length;
	sp_delta_free(delta);
	return true;
}

static void look_at_state(const struct sp_options *options, struct sp_status *status)
{
	struct sp_pending pending;
	struct sp_drift_note note;

	status->locked_down = sp_lockdown_is_set(options->state_directory);
	status->floor_dropped = sp_floor_dropped(options->state_directory);
	status->applied = sp_snapshot_time(options->state_directory);
	note = sp_drift_note_load(options->run_directory);
	status->drift_count = note.count;
	status->drift_writer = note.count ? sp_escape(note.writer) : NULL;
	if (sp_snapshot_pending(options->state_directory, &pending)) {
		int64_t left = pending.deadline_ms - sp_boottime_ms();

		status->undone_in_ms = left > 0 ? left : 1;
	}
}

/* Whether there is anything that shall stand; an unreadable one is an error. */
static bool find_snapshot(
    const struct sp_options *options, struct sp_status *status, struct sp_diag *diag)
{
	char *path = sp_snapshot_path(
	    options->state_directory, sp_snapshot_in_force(options->state_directory));

	if (!path)
		return sp_out_of_memory(diag);
	if (access(path, R_OK) == 0) {
		status->snapshot = path;
		return true;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		sp_error(diag, NULL, "cannot read %s: %s", path, strerror(errno));
	free(path);
	return false;
}

static void fill_rows(const struct sp_options *options,
    const struct sp_standing *standing, const struct sp_kernel *kernel,
    struct sp_status *status, struct sp_diag *diag)
{
	struct joining joining = { .options = options, .status = status };

	joining.policy = standing->policy;
	status->audit = standing->policy->mode == SP_MODE_AUDIT;
	joining.held = kernel->held;
	status->blocked = counted(kernel->held, "", SP_COUNTER_BLOCKED);
	join(&joining);
	if (joining.failed)
		sp_out_of_memory(diag);
	compare(standing, kernel, status, diag);
}

static bool fill(const struct sp_options *options, struct sp_status *status)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_standing standing = { 0 };
	struct sp_kernel kernel = { 0 };
	struct sp_diag diag = { 0 };
	bool known;

	look_at_state(options, status);
	known = find_snapshot(options, status, &diag) &&
		sp_standing_load_in_force(&directories, &standing, &diag);
	if (sp_read_kernel(
		&directories, standing.ruleset, options->verify_all, &kernel, &diag)) {
		status->loaded = kernel.present && !kernel.dormant;
		if (known)
			fill_rows(options, &standing, &kernel, status, &diag);
	}
	sp_kernel_free(&kernel);
	sp_standing_clear(&standing);
	return sp_show_diagnostics(options, &diag);
}

static enum sp_exit show(const struct sp_options *options)
{
	struct sp_status status = { 0 };
	enum sp_exit result = SP_EXIT_SYSTEM;

	if (fill(options, &status)) {
		result = SP_EXIT_DONE;
		if (options->format == SP_FORMAT_JSON)
			sp_status_print_json(&status, stdout);
		else if (options->format == SP_FORMAT_PROMETHEUS)
			sp_status_print_prometheus(&status, stdout);
		else
			sp_status_print(&status, options->colour, stdout);
	}
	sp_status_free(&status);
	return result;
}

enum sp_exit sp_command_status(const struct sp_options *options)
{
	enum sp_exit result;

	if (!options->watch)
		return show(options);
	do {
		/* Home and clear: the terminal's own words, ECMA-48. */
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		result = show(options);
		if (fflush(stdout) || ferror(stdout))
			return SP_EXIT_SYSTEM;
		sleep(WATCH_SECONDS);
	} while (result == SP_EXIT_DONE);
	return result;
}
