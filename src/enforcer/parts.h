/* The enforcer's own state, shared by its parts: the loop (enforcer.c), what
 * stands (commit.c), what was proven (proven.c), who listens (look.c). */
#ifndef SALLYPORT_ENFORCER_PARTS_H
#define SALLYPORT_ENFORCER_PARTS_H

#include <sallyport/array.h>
#include <sallyport/enforcer.h>
#include <sallyport/memory.h>
#include <sallyport/nf_monitor.h>
#include <sallyport/transaction.h>

#include "gates.h"
#include "round.h"

/* Rounds at once, of renewals and of others: one prober each. */
#define MOST_ROUNDS 16

/* What is said, and true, only once it is committed. */
struct sp_news {
	enum sp_event event;
	uint16_t port;
	char *text;
};

/* Trouble that lasts is not said four times a second. */
#define TROUBLES_KEPT 16
struct sp_trouble {
	uint64_t digest;
	int64_t said; /* ms, CLOCK_BOOTTIME */
};

struct sp_enforcing {
	const struct sp_enforcer_options *options;
	const struct sp_enforcer_hooks *hooks;
	struct sp_nf_tables *tables;
	struct sp_nf_monitor *monitor;
	struct sp_directories directories; /* with the lockdown of the last settling */
	struct sp_recollection recollection;
	struct sp_snapshot *snapshot;
	/* The digest of the one in force that cannot be loaded, said once; and when it
	 * is tried again, silently: what failed may have been memory. */
	uint8_t unloadable[SP_DIGEST_BYTES];
	int64_t unloadable_until;
	struct sp_watch watch;
	SP_ARRAY(struct sp_round *) rounds;
	int over; /* eventfd: a round is */
	/* What the next commit has to say. */
	SP_ARRAY(const struct sp_lease *) leases;
	SP_ARRAY(struct sp_news) news;	  /* of these leases */
	SP_ARRAY(struct sp_gate) refused; /* each once */
	bool commit_due;
	/* Drift: who was it? */
	bool drifted;
	bool laid; /* the rules stood once since the start */
	struct sp_nf_commit writer;
	int64_t wall_offset, sleep_offset, alive;
	struct sp_trouble troubles[TROUBLES_KEPT];
	bool ready;
	bool opened; /* by `rollback --to-open`: nothing is enforced */
};

void sp_say(struct sp_enforcing *enforcer, enum sp_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says every error, the same one at most once a minute, and frees them. */
void sp_say_trouble(struct sp_enforcing *enforcer, struct sp_diag *diag);

/* commit.c */
struct sp_snapshot *sp_snapshot_load(
    const struct sp_enforcer_options *options, struct sp_diag *diag);
void sp_follow_snapshot(struct sp_enforcing *enforcer);
/* An apply that nobody confirmed; its own guardian may be dead. */
void sp_undo_unconfirmed(struct sp_enforcing *enforcer);
/* Commits what is due, and puts back what others changed. */
void sp_settle(struct sp_enforcing *enforcer);
/* Enforces again once `rollback --to-open` no longer stands. */
void sp_look_for_protection(struct sp_enforcing *enforcer);
/* Nothing that was proven for another policy is granted under this one, and what
 * could not be committed is asked again. What was refused stays refused until it
 * is committed. */
void sp_forget_leases(struct sp_enforcing *enforcer);
void sp_take_commits(struct sp_enforcing *enforcer);

/* proven.c */
/* What the leases of the last commit opened. */
void sp_tell_news(struct sp_enforcing *enforcer);
void sp_take_rounds(struct sp_enforcing *enforcer);
void sp_refuse(struct sp_enforcing *enforcer, const struct sp_watched *gate);
struct sp_kept_proof sp_kept_proof_of(
    const struct sp_enforcing *enforcer, const struct sp_watched *gate);

/* strays.c */
/* Leases that stand, or are gone, by nobody's proof; those that stand are refused. */
size_t sp_count_strays(struct sp_enforcing *enforcer, const struct sp_kernel *kernel);

/* look.c */
void sp_look_and_ask(struct sp_enforcing *enforcer);
void sp_all_due(struct sp_enforcing *enforcer);

#endif
