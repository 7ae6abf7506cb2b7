/* The long-running side: keeps the active snapshot true. Proves gates again
 * before their leases end, withdraws what fails or changes hands, follows
 * `apply`, and puts back what others change. */
#ifndef SALLYPORT_ENFORCER_H
#define SALLYPORT_ENFORCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>
#include <sallyport/standing.h>
#include <sallyport/verdict.h>

/* What happened, for the journal: stable identifiers, printed as they are. */
enum sp_event {
	SP_EVENT_STARTED,
	SP_EVENT_POLICY,    /* follows a (new) snapshot */
	SP_EVENT_OPENED,    /* a gate opened */
	SP_EVENT_RENEWED,   /* a lease renewed */
	SP_EVENT_REVOKED,   /* a proof failed: shut */
	SP_EVENT_WITHDRAWN, /* the listener changed: shut until proven again */
	SP_EVENT_REFUSED,   /* a gate stays shut */
	SP_EVENT_UNPROVEN,  /* inconclusive: the lease runs on, or the gate stays shut */
	SP_EVENT_DRIFT,	    /* somebody else changed our table */
	SP_EVENT_RESTORED,  /* and it is as it was */
	SP_EVENT_ROLLED_BACK, /* nobody confirmed an apply */
	SP_EVENT_CLOCK,	      /* the clock jumped, or the machine slept */
	SP_EVENT_TROUBLE,     /* something failed; what stands is said */
	SP_EVENT_STOPPED,
};

const char *sp_event_name(enum sp_event event); /* "opened", … */
int sp_event_priority(enum sp_event event);	/* LOG_NOTICE, … of syslog.h */

struct sp_enforcer_hooks {
	/* One line per event; `text` may hold what a peer sent. */
	void (*log)(enum sp_event event, const char *text, void *context);
	/* Asks and judges the plan; takes it over, unless it fails. Called on another
	 * thread, several at a time. `progress` is called there after every
	 * endpoint that ended: its testimony is not touched any more. */
	bool (*verify)(struct sp_plan *plan, struct sp_verdicts *ret,
	    void (*progress)(size_t done, size_t count, void *round), void *round,
	    struct sp_diag *diag, void *context);
	/* Called once it is in force, and about every second while work is
	 * getting done: systemd's READY=1 and WATCHDOG=1. */
	void (*ready)(void *context);
	void (*alive)(void *context);
	void *context;
};

struct sp_enforcer_options {
	struct sp_directories directories;
	/* A descriptor that becomes readable when it shall stop (signalfd); one
	 * when everything shall be proven again. */
	int stop, again;
};

/* Shuts the calling process in, before it has threads: no new privileges, of its
 * capabilities CAP_NET_ADMIN alone (and, for root over another's state directory,
 * those for its files), not dumpable, a filter of system calls, and no program to
 * start but `prober`. What the kernel has not (Landlock) is left out; all else that
 * fails is an error. Nothing of it can be undone. */
bool sp_enforcer_seal(const char *prober, const char *state, struct sp_diag *diag);

/* How many system calls a sealed enforcer may make; 0 in a build whose sanitizer
 * needs what the filter forbids: then it and the dumpable flag are left out. */
size_t sp_enforcer_allowed_calls(void);

/* Runs until told to stop. The ruleset and its leases are left standing. False:
 * it could not start, or cannot go on; said in `diag`. */
bool sp_enforce(const struct sp_enforcer_options *options,
    const struct sp_enforcer_hooks *hooks, struct sp_diag *diag);

#endif
