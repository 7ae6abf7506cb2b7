/* The break-glass. Without one, an expired certificate at night gets a firewall
 * uninstalled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/array.h>
#include <sallyport/escape.h>
#include <sallyport/evidence.h>
#include <sallyport/memory.h>
#include <sallyport/standing.h>
#include <sallyport/transaction.h>

#include "policy.h"

struct list {
	struct sp_override *items;
	size_t length, capacity;
};

static bool collect(const struct sp_standing *standing, const struct sp_options *options,
    struct list *ret, struct sp_diag *diag)
{
	const char *name = options->operands[0];

	/* A gate names the first service on its port; any of them may be meant. */
	for (size_t i = 0; i < standing->gates.length; i++) {
		const struct sp_gate *gate = &standing->gates.items[i];

		for (size_t s = 0; s < standing->policy->service_count; s++) {
			const struct sp_service *service = &standing->policy->services[s];
			bool here = false;

			for (size_t p = 0; p < service->port_count; p++)
				here |= service->ports[p].first <= gate->port &&
					gate->port <= service->ports[p].last;
			if (strcmp(service->name, name) || !here)
				continue;
			if (!sp_array_push(
				ret, (struct sp_override){ gate->protocol, gate->port,
					 options->end ? 0 : options->for_ms }))
				return sp_out_of_memory(diag);
		}
	}
	return ret->length || sp_no_such_service(standing->policy, name, diag);
}

static bool keep_note(
    const struct sp_options *options, const struct list *list, struct sp_diag *diag)
{
	bool kept = true;

	for (size_t i = 0; i < list->length && kept; i++) {
		struct sp_override_note note = { .port = list->items[i].port,
			.reason = (char *)options->reason,
			.until = time(NULL) + options->for_ms / 1000,
			.uid = getuid() };

		kept = options->end ||
		       sp_override_note_save(options->state_directory, &note, diag);
	}
	return kept;
}

static void log_it(const struct sp_options *options)
{
	char *reason = sp_escape(options->reason ? options->reason : "");

	openlog("sallyport", LOG_PID, LOG_AUTHPRIV);
	if (options->end)
		syslog(LOG_WARNING, "override of %s ended by uid %u",
		    options->operands[0], getuid());
	else
		syslog(LOG_WARNING, "OVERRIDE of %s for %u s by uid %u: %s",
		    options->operands[0], options->for_ms / 1000, getuid(),
		    reason ? reason : "");
	closelog();
	free(reason);
}

/* Under the lock. Without our table there is nothing to break, and no set to put an
 * override into. */
static bool is_enforced(const struct sp_directories *directories, struct sp_diag *diag)
{
	return !sp_opened_is_set(directories->run) ||
	       sp_error(diag, NULL,
		   "`rollback --to-open` stands: nothing is blocked until `sallyport "
		   "apply`");
}

static bool commit(const struct sp_options *options,
    const struct sp_directories *directories, const struct list *list,
    struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	struct sp_recollection recollection = { 0 };
	bool done;

	if (socket)
		sp_recollection_open(&recollection, directories, socket);
	/* The note first: nothing stands open that nobody can explain. */
	done = socket && is_enforced(directories, diag) &&
	       keep_note(options, list, diag) &&
	       sp_commit_overrides(
		   socket, list->items, list->length, &recollection.memory, diag);
	if (done)
		sp_recollection_keep(&recollection);
	sp_recollection_close(&recollection);
	sp_nf_tables_close(socket);
	return done;
}

static bool is_complete(const struct sp_options *options)
{
	if (options->end || (options->for_ms && options->reason && *options->reason))
		return true;
	fputs(
	    "sallyport: override needs --for TIME and --reason TEXT, or --end\n", stderr);
	return false;
}

#define END_TEXT 32

/* As the administrator's clock says it. */
static const char *end_of(const struct sp_options *options, char text[END_TEXT])
{
	time_t at = time(NULL) + options->for_ms / 1000;
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(text, END_TEXT, "%Y-%m-%d %H:%M %Z", &tm))
		snprintf(text, END_TEXT, "?");
	return text;
}

enum sp_exit sp_command_override(const struct sp_options *options)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_standing standing = { 0 };
	struct sp_diag diag = { 0 };
	struct list list = { 0 };
	char end[END_TEXT];
	bool done;
	int lock;

	if (!is_complete(options))
		return SP_EXIT_USAGE;
	/* What is in force stays so until the gate stands open. */
	lock = sp_state_lock(options->run_directory, options->lock_wait_ms, NULL, &diag);
	done = lock >= 0 && sp_load_in_force(&directories, &standing, &diag) &&
	       collect(&standing, options, &list, &diag) &&
	       commit(options, &directories, &list, &diag);
	sp_array_free(&list);
	sp_standing_clear(&standing);
	if (lock >= 0)
		sp_state_unlock(lock);
	if (!sp_show_diagnostics(options, &diag) || !done)
		return SP_EXIT_SYSTEM;
	log_it(options);
	if (!options->quiet && options->end)
		printf("Ended: %s is open only while it is verified.\n",
		    options->operands[0]);
	else if (!options->quiet)
		printf("OVERRIDDEN: %s is open without proof\n"
		       "until %s; --end ends it before that.\n",
		    options->operands[0], end_of(options, end));
	return SP_EXIT_DONE;
}
