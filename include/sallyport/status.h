/* What `status` shows: one row per service and port segment, joined from the
 * active snapshot, the kernel and the evidence by whoever fills it in. */
#ifndef SALLYPORT_STATUS_H
#define SALLYPORT_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sallyport/array.h>
#include <sallyport/service.h>

enum sp_port_state {
	SP_PORT_OPEN,		 /* no TLS asked for */
	SP_PORT_OPEN_VERIFIED,	 /* a lease stands */
	SP_PORT_OPEN_UNVERIFIED, /* on_fail = warn */
	SP_PORT_OVERRIDDEN,	 /* a person opened it for a while */
	SP_PORT_SHUT,		 /* a gate without a lease */
	SP_PORT_BLOCKED,	 /* action = block or reject */
};

const char *sp_port_state_name(enum sp_port_state state);

/* Texts are the row's own. */
struct sp_status_row {
	char *service;
	enum sp_protocol protocol;
	struct sp_ports ports;
	enum sp_port_state state;
	char *reason;	   /* why it is shut; NULL: nothing is known */
	char *from;	   /* "any", or sources, cut to a readable length */
	uint64_t lease_ms; /* left; 0: none */
	uint64_t connections;
	int64_t certificate_ends; /* seconds since the epoch; 0: not known */
	int64_t checked;	  /* when it was last asked; 0: never */
};

struct sp_status {
	bool loaded;	      /* the table is in the kernel */
	bool in_force;	      /* and is exactly the active snapshot's */
	bool audit;	      /* its mode: nothing is blocked */
	bool locked_down;     /* only the floor is in force */
	size_t floor_dropped; /* ways in that a lockdown would not leave open */
	int64_t undone_in_ms; /* not confirmed: until it is undone; 0: confirmed */
	size_t differences;   /* changes that would make it so */
	char *snapshot;	      /* path; NULL: no snapshot */
	uint64_t blocked;     /* packets that nothing allowed */
	int64_t applied;      /* when the snapshot was written; 0: not known */
	uint64_t drift_count; /* changes by others since boot */
	char *drift_writer;   /* whose the last was; NULL: none */
	SP_ARRAY(struct sp_status_row) rows;
};

void sp_status_print(const struct sp_status *status, bool colour, FILE *stream);
/* False: memory is out. */
bool sp_status_print_json(const struct sp_status *status, FILE *stream);
/* For node_exporter's textfile collector (Prometheus' text format 0.0.4). */
void sp_status_print_prometheus(const struct sp_status *status, FILE *stream);
void sp_status_free(struct sp_status *status);

#endif
