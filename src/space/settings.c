/* Settings that are no packet's fate, read off both rulesets: the kernel has
 * nothing else to read them from. */
#include "difference_making.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_PREFIX "sallyport "
#define BLOCKED_PREFIX "sallyport blocked: "
#define ICMP_CHAIN "icmp-in"
#define ICMP_ECHO_REQUEST 8
#define PROTOCOL_ICMP 1

struct settings {
	const struct sp_chain *input, *icmp;
	size_t foreign; /* rules that none of ours is */
	SP_ARRAY(const struct sp_statement *) logs;
	struct sp_rate blocked;
};

static void note_log(const struct sp_rule *rule, struct settings *settings, bool *fine)
{
	const struct sp_statement *limit = NULL;

	for (size_t i = 0; i < rule->statements.length; i++) {
		const struct sp_statement *statement = &rule->statements.items[i];

		if (statement->kind == SP_STATEMENT_LIMIT)
			limit = statement;
		if (statement->kind != SP_STATEMENT_LOG)
			continue;
		if (!strcmp(statement->name, BLOCKED_PREFIX)) {
			if (limit)
				settings->blocked = limit->rate;
		} else if (!sp_array_push(&settings->logs, statement)) {
			*fine = false;
		}
	}
}

static int compare_logs(const void *left, const void *right)
{
	const struct sp_statement *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static bool read_settings(const struct sp_ruleset *ruleset, struct settings *ret)
{
	bool fine = true;

	for (size_t i = 0; i < ruleset->chains.length; i++) {
		const struct sp_chain *chain = &ruleset->chains.items[i];

		if (chain->base)
			ret->input = chain;
		else if (!strcmp(chain->name, ICMP_CHAIN))
			ret->icmp = chain;
		for (size_t r = 0; r < chain->rules.length; r++) {
			ret->foreign += chain->rules.items[r].foreign;
			note_log(&chain->rules.items[r], ret, &fine);
		}
	}
	if (ret->logs.length)
		qsort(ret->logs.items, ret->logs.length, sizeof(*ret->logs.items),
		    compare_logs);
	return fine;
}

/* --- what they are called ------------------------------------------------ */

static const char *default_name(const struct settings *settings)
{
	const struct sp_chain *input = settings->input;
	const struct sp_rule *last;
	const struct sp_statement *verdict;

	if (!input)
		return "none";
	if (!input->rules.length)
		return input->drop ? "drop" : "accept";
	last = &input->rules.items[input->rules.length - 1];
	verdict = last->statements.length
		      ? &last->statements.items[last->statements.length - 1]
		      : NULL;
	if (verdict && verdict->kind == SP_STATEMENT_VERDICT &&
	    verdict->judgement == SP_REJECT_PORT)
		return "reject";
	return input->drop ? "drop" : "accept";
}

static bool accepts_value(
    const struct sp_chain *chain, enum sp_field field, uint32_t value)
{
	for (size_t r = 0; r < chain->rules.length; r++) {
		const struct sp_rule *rule = &chain->rules.items[r];
		const struct sp_statement *match =
		    rule->statements.length ? &rule->statements.items[0] : NULL;

		if (!match || match->field != field)
			continue;
		for (size_t i = 0; i < match->values.length; i++)
			if (match->values.items[i].number == value)
				return true;
	}
	return false;
}

static const char *icmp_name(const struct settings *settings)
{
	if (!settings->icmp)
		return "none";
	if (accepts_value(settings->icmp, SP_FIELD_L4PROTO, PROTOCOL_ICMP))
		return "all";
	if (accepts_value(settings->icmp, SP_FIELD_ICMP_TYPE, ICMP_ECHO_REQUEST))
		return "ping";
	return "minimal";
}

static void log_name(const struct settings *settings, char text[64])
{
	const struct sp_rate *rate = &settings->blocked;

	if (!rate->count)
		snprintf(text, 64, "none");
	else
		snprintf(text, 64, "blocked %u/%us burst %u", rate->count, rate->seconds,
		    rate->burst);
}

/* --- rows ---------------------------------------------------------------- */

static bool add_row(struct sp_difference *difference, const char *what,
    const char *service, const char *before, const char *after)
{
	struct sp_setting_row row = { .what = what, .service = service };

	if (!strcmp(before, after))
		return true;
	if (difference->new.policy)
		row.at = difference->new.policy->at;
	for (size_t i = 0; service && difference->new.policy &&i <
					  difference->new.policy->service_count;
	     i++)
		if (!strcmp(difference->new.policy->services[i].name, service))
			row.at = difference->new.policy->services[i].at;
	row.before = strdup(before);
	row.after = strdup(after);
	if (row.before && row.after && sp_array_push(&difference->settings, row))
		return true;
	free(row.before);
	free(row.after);
	return false;
}

static int log_order(
    const struct settings *old, size_t i, const struct settings *new, size_t j)
{
	if (i == old->logs.length)
		return 1;
	if (j == new->logs.length)
		return -1;
	return strcmp(old->logs.items[i]->name, new->logs.items[j]->name);
}

/* "sallyport NAME: " to a service of either policy. */
static const char *logged_service(
    const struct sp_difference *difference, const char *prefix)
{
	const struct sp_policy *policies[] = { difference->new.policy,
		difference->old.policy };
	const char *name = prefix + strlen(LOG_PREFIX);
	size_t length = strcspn(name, ":");

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; policies[p] && i < policies[p]->service_count; i++) {
			const char *service = policies[p]->services[i].name;

			if (strlen(service) == length && !strncmp(service, name, length))
				return service;
		}
	return name;
}

static bool add_logs(struct sp_difference *difference, const struct settings *old,
    const struct settings *new)
{
	size_t i = 0, j = 0;

	while (i < old->logs.length || j < new->logs.length) {
		int order = log_order(old, i, new, j);
		const char *prefix =
		    (order <= 0 ? old->logs.items[i] : new->logs.items[j])->name;

		if (order &&
		    !add_row(difference, "log", logged_service(difference, prefix),
			order < 0 ? "yes" : "no", order < 0 ? "no" : "yes"))
			return false;
		/* A service has one such rule for each of its rules. */
		while (i < old->logs.length && !strcmp(old->logs.items[i]->name, prefix))
			i++;
		while (j < new->logs.length && !strcmp(new->logs.items[j]->name, prefix))
			j++;
	}
	return true;
}

static bool compare_settings(struct sp_difference *difference, const struct settings *old,
    const struct settings *new)
{
	char before[64], after[64];

	log_name(old, before);
	log_name(new, after);
	if (!add_row(difference, "default", NULL, default_name(old), default_name(new)) ||
	    !add_row(difference, "icmp", NULL, icmp_name(old), icmp_name(new)) ||
	    !add_row(difference, "log", NULL, before, after))
		return false;
	snprintf(before, sizeof(before), "%zu", old->foreign);
	snprintf(after, sizeof(after), "%zu", new->foreign);
	return add_row(difference, "rules of somebody else", NULL, before, after) &&
	       add_logs(difference, old, new);
}

/* By name: the order in which they are written says nothing. */
static int compare_services(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void write_lockdown(const struct sp_policy *policy, struct sp_text *ret)
{
	const char **names = calloc(policy->lockdown_count + 1, sizeof(*names));

	if (!names) {
		ret->failed = true;
		return;
	}
	for (size_t i = 0; i < policy->lockdown_count; i++)
		names[i] = policy->services[policy->lockdown[i]].name;
	if (policy->lockdown_count)
		qsort(names, policy->lockdown_count, sizeof(*names), compare_services);
	else
		sp_text_add(ret, "none");
	for (size_t i = 0; i < policy->lockdown_count; i++)
		sp_text_add(ret, "%s%s", i ? ", " : "", names[i]);
	free(names);
}

/* Who stays in when the panic button is pressed, and while a host boots. */
static bool compare_lockdown(struct sp_difference *difference)
{
	struct sp_text before = { 0 }, after = { 0 };
	bool done;

	write_lockdown(difference->old.policy, &before);
	write_lockdown(difference->new.policy, &after);
	done = !before.failed && !after.failed &&
	       add_row(difference, "lockdown", NULL, before.bytes, after.bytes);
	sp_text_free(&before);
	sp_text_free(&after);
	return done;
}

/* Policies know more that no rule shows. */
static bool compare_policies(struct sp_difference *difference)
{
	static const char *const modes[] = { "enforce", "audit" };
	static const char *const drifts[] = { "restore", "report" };
	const struct sp_policy *old = difference->old.policy,
			       *new = difference->new.policy;

	if (!old || !new)
		return true;
	return add_row(difference, "mode", NULL, modes[old->mode], modes[new->mode]) &&
	       add_row(
		   difference, "drift", NULL, drifts[old->drift], drifts[new->drift]) &&
	       compare_lockdown(difference);
}

bool sp_settings_add(struct sp_difference *difference)
{
	struct settings old = { 0 }, new = { 0 };
	bool done;

	if (!difference->old.ruleset || !difference->new.ruleset)
		return add_row(difference, "table inet " SP_TABLE, NULL,
		    difference->old.ruleset ? "there" : "not there",
		    difference->new.ruleset ? "there" : "not there");
	done = read_settings(difference->old.ruleset, &old) &&
	       read_settings(difference->new.ruleset, &new) &&
	       compare_settings(difference, &old, &new) && compare_policies(difference);
	sp_array_free(&old.logs);
	sp_array_free(&new.logs);
	return done;
}
