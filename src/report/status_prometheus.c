/* Prometheus' text format 0.0.4, for node_exporter's textfile collector. */
#include <sallyport/status.h>

#include <inttypes.h>
#include <string.h>

static void family(FILE *stream, const char *name, const char *type, const char *help)
{
	fprintf(stream, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n", name, help,
	    name, type);
}

/* Names of services are letters, digits, '-', '_' and '.': nothing to escape. */
static void labels(const struct sp_status_row *row, FILE *stream)
{
	fprintf(stream, "{service=\"%s\",protocol=\"%s\",port=\"%u\"}", row->service,
	    sp_protocol_name(row->protocol), row->ports.first);
}

static bool is_open(enum sp_port_state state)
{
	switch (state) {
	case SP_PORT_OPEN:
	case SP_PORT_OPEN_VERIFIED:
	case SP_PORT_OPEN_UNVERIFIED:
	case SP_PORT_OVERRIDDEN: return true;
	case SP_PORT_SHUT:
	case SP_PORT_BLOCKED: break;
	}
	return false;
}

static void print_rows(const struct sp_status *status, FILE *stream, const char *name,
    double (*value)(const struct sp_status_row *row))
{
	for (size_t i = 0; i < status->rows.length; i++) {
		const struct sp_status_row *row = &status->rows.items[i];
		double number = value(row);

		if (number < 0)
			continue;
		fprintf(stream, "sallyport_%s", name);
		labels(row, stream);
		fprintf(stream, " %.15g\n", number);
	}
}

static double open_value(const struct sp_status_row *row)
{
	return is_open(row->state);
}

static double overridden_value(const struct sp_status_row *row)
{
	return row->state == SP_PORT_OVERRIDDEN;
}

static double lease_value(const struct sp_status_row *row)
{
	return row->lease_ms ? (double)row->lease_ms / 1000 : -1;
}

static double certificate_value(const struct sp_status_row *row)
{
	return row->certificate_ends ? (double)row->certificate_ends : -1;
}

static double checked_value(const struct sp_status_row *row)
{
	return row->checked ? (double)row->checked : -1;
}

/* A service's, whatever its ports: once, so that a sum counts nothing twice. The rows of
 * a service follow one another. */
static void print_connections(const struct sp_status *status, FILE *stream)
{
	family(stream, "connections_total", "counter",
	    "New connections that the service let in, on all its ports.");
	for (size_t i = 0; i < status->rows.length; i++) {
		const struct sp_status_row *row = &status->rows.items[i];

		if (i == 0 || strcmp(row[-1].service, row->service) != 0)
			fprintf(stream,
			    "sallyport_connections_total{service=\"%s\"} %" PRIu64 "\n",
			    row->service, row->connections);
	}
}

static void print_single(
    FILE *stream, const char *name, const char *type, const char *help, double value)
{
	family(stream, name, type, help);
	fprintf(stream, "sallyport_%s %.15g\n", name, value);
}

void sp_status_print_prometheus(const struct sp_status *status, FILE *stream)
{
	static const struct {
		const char *name, *type, *help;
		double (*value)(const struct sp_status_row *row);
	} rows[] = {
		{ "port_open", "gauge", "Whether the port is open to its sources.",
		    open_value },
		{ "port_overridden", "gauge",
		    "Whether it is open without proof, by override.", overridden_value },
		{ "lease_seconds", "gauge", "What is left of the port's lease.",
		    lease_value },
		{ "certificate_end_seconds", "gauge",
		    "When the first certificate of the port ends, Unix time.",
		    certificate_value },
		{ "verified_seconds", "gauge", "When the port was last asked, Unix time.",
		    checked_value },
	};

	print_single(stream, "loaded", "gauge", "Whether the table is in the kernel.",
	    status->loaded);
	print_single(stream, "in_force", "gauge",
	    "Whether the kernel holds exactly the policy in force.", status->in_force);
	print_single(stream, "locked_down", "gauge",
	    "Whether only the floor is in force.", status->locked_down);
	print_single(stream, "audit", "gauge",
	    "Whether nothing is blocked, only counted (mode = audit).", status->audit);
	print_single(stream, "blocked_packets_total", "counter",
	    "Packets that nothing allowed.", (double)status->blocked);
	print_single(stream, "drift_total", "counter",
	    "Changes of the table by others since boot.", (double)status->drift_count);
	print_single(stream, "applied_seconds", "gauge",
	    "When the active snapshot was written, Unix time.", (double)status->applied);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		family(stream, rows[i].name, rows[i].type, rows[i].help);
		print_rows(status, stream, rows[i].name, rows[i].value);
	}
	print_connections(status, stream);
}
