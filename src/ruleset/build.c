#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sp_address_set_name(
    char name[SP_OBJECT_NAME], const char *set, enum sp_family family)
{
	snprintf(name, SP_OBJECT_NAME, SP_ADDRESS_SET_PREFIX "%s-%d", set, (int)family);
	return name;
}

static char *copy_name(struct sp_build *build, const char *name)
{
	char *copy = build->failed ? NULL : strdup(name);

	if (!copy)
		build->failed = true;
	return copy;
}

__attribute__((format(printf, 2, 0))) static char *format_name(
    struct sp_build *build, const char *format, va_list arguments)
{
	char *name = NULL;

	/* Most names are whole. */
	if (!strcmp(format, "%s"))
		return copy_name(build, va_arg(arguments, const char *));
	if (!build->failed && vasprintf(&name, format, arguments) < 0) {
		name = NULL;
		build->failed = true;
	}
	return name;
}

/* Appends a zeroed item and returns it; NULL and failed when memory is out. */
#define APPEND(build, array)                            \
	((build)->failed || !sp_array_reserve(array, 1) \
		? ((build)->failed = true, NULL)        \
		: memset(                               \
		      &(array)->items[(array)->length++], 0, sizeof(*(array)->items)))

struct sp_counter *sp_build_counter(struct sp_build *build, const char *format, ...)
{
	struct sp_counter *counter;
	va_list arguments;

	counter = APPEND(build, &build->ruleset->counters);
	if (!counter)
		return NULL;
	va_start(arguments, format);
	counter->name = format_name(build, format, arguments);
	va_end(arguments);
	return build->failed ? NULL : counter;
}

struct sp_set *sp_build_set(
    struct sp_build *build, enum sp_key key, const char *format, ...)
{
	struct sp_set *set;
	va_list arguments;

	set = APPEND(build, &build->ruleset->sets);
	if (!set)
		return NULL;
	set->key = key;
	va_start(arguments, format);
	set->name = format_name(build, format, arguments);
	va_end(arguments);
	return build->failed ? NULL : set;
}

struct sp_chain *sp_build_chain(struct sp_build *build, const char *format, ...)
{
	struct sp_chain *chain;
	va_list arguments;

	chain = APPEND(build, &build->ruleset->chains);
	if (!chain)
		return NULL;
	va_start(arguments, format);
	chain->name = format_name(build, format, arguments);
	va_end(arguments);
	return build->failed ? NULL : chain;
}

struct sp_rule *sp_build_rule(struct sp_build *build, struct sp_chain *chain)
{
	struct sp_rule *rule = chain ? APPEND(build, &chain->rules) : NULL;

	if (rule)
		rule->service = SIZE_MAX;
	return rule;
}

struct sp_element *sp_build_element(struct sp_build *build, struct sp_set *set,
    uint8_t protocol, uint16_t first, uint16_t last)
{
	struct sp_element *element = set ? APPEND(build, &set->elements) : NULL;

	if (element) {
		element->protocol = protocol;
		element->ports = (struct sp_ports){ first, last };
	}
	return element;
}

static struct sp_statement *statement(
    struct sp_build *build, struct sp_rule *rule, enum sp_statement_kind kind)
{
	struct sp_statement *added = rule ? APPEND(build, &rule->statements) : NULL;

	if (added)
		added->kind = kind;
	return added;
}

void sp_build_match(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const uint32_t *values, size_t count, bool negate)
{
	struct sp_statement *match = statement(build, rule, SP_STATEMENT_MATCH);

	if (!match)
		return;
	match->field = field;
	match->negate = negate;
	for (size_t i = 0; i < count; i++)
		if (!sp_array_push(
			&match->values, (struct sp_value){ .number = values[i] }))
			build->failed = true;
}

void sp_build_match_set(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const char *set, bool negate)
{
	struct sp_statement *match = statement(build, rule, SP_STATEMENT_MATCH);

	if (!match)
		return;
	match->field = field;
	match->operand = SP_OPERAND_SET;
	match->negate = negate;
	match->name = copy_name(build, set);
}

static bool is_ipv4(enum sp_field field)
{
	return field == SP_FIELD_IP_SADDR || field == SP_FIELD_IP_DADDR;
}

/* Of the last statement; the whole address needs none. */
static void set_prefix(
    struct sp_build *build, struct sp_rule *rule, enum sp_field field, unsigned prefix)
{
	if (!build->failed && prefix != (is_ipv4(field) ? 32 : 128))
		rule->statements.items[rule->statements.length - 1].prefix = prefix;
}

void sp_build_match_blocks(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const char *set, unsigned prefix)
{
	sp_build_match_set(build, rule, field, set, false);
	set_prefix(build, rule, field, prefix);
}

void sp_build_match_name(
    struct sp_build *build, struct sp_rule *rule, enum sp_field field, const char *name)
{
	struct sp_statement *match = statement(build, rule, SP_STATEMENT_MATCH);

	if (!match)
		return;
	match->field = field;
	match->operand = SP_OPERAND_NAME;
	match->name = copy_name(build, name);
}

void sp_build_match_addresses(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const struct sp_intervals *addresses)
{
	struct sp_statement *match = statement(build, rule, SP_STATEMENT_MATCH);
	struct sp_intervals half = *addresses;

	if (!match)
		return;
	match->field = field;
	match->operand = SP_OPERAND_ADDRESSES;
	if (is_ipv4(field))
		half.v6.length = 0;
	else
		half.v4.length = 0;
	if (!sp_intervals_add_all(&match->addresses, &half))
		build->failed = true;
}

void sp_build_vmap(
    struct sp_build *build, struct sp_rule *rule, enum sp_field field, const char *map)
{
	struct sp_statement *vmap = statement(build, rule, SP_STATEMENT_VMAP);

	if (!vmap)
		return;
	vmap->field = field;
	vmap->operand = SP_OPERAND_SET;
	vmap->name = copy_name(build, map);
}

void sp_build_vmap_blocks(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const char *map, unsigned prefix)
{
	sp_build_vmap(build, rule, field, map);
	set_prefix(build, rule, field, prefix);
}

void sp_build_vmap_value(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, uint32_t number, enum sp_judgement judgement)
{
	struct sp_statement *vmap;

	if (!rule || build->failed)
		return;
	vmap = rule->statements.length
		   ? &rule->statements.items[rule->statements.length - 1]
		   : NULL;
	if (!vmap || vmap->kind != SP_STATEMENT_VMAP)
		vmap = statement(build, rule, SP_STATEMENT_VMAP);
	if (!vmap)
		return;
	vmap->field = field;
	if (!sp_array_push(&vmap->values, (struct sp_value){ number, judgement }))
		build->failed = true;
}

void sp_build_rate(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const char *set, const struct sp_rate *rate)
{
	struct sp_statement *update = statement(build, rule, SP_STATEMENT_RATE);

	if (!update)
		return;
	update->field = field;
	update->operand = SP_OPERAND_SET;
	update->name = copy_name(build, set);
	update->rate = *rate;
}

void sp_build_limit(
    struct sp_build *build, struct sp_rule *rule, const struct sp_rate *rate)
{
	struct sp_statement *limit = statement(build, rule, SP_STATEMENT_LIMIT);

	if (limit)
		limit->rate = *rate;
}

void sp_build_log(struct sp_build *build, struct sp_rule *rule, const char *prefix)
{
	struct sp_statement *log = statement(build, rule, SP_STATEMENT_LOG);

	if (log)
		log->name = copy_name(build, prefix);
}

void sp_build_count(struct sp_build *build, struct sp_rule *rule, const char *counter)
{
	struct sp_statement *count = statement(build, rule, SP_STATEMENT_COUNTER);

	if (count)
		count->name = copy_name(build, counter);
}

void sp_build_verdict(struct sp_build *build, struct sp_rule *rule,
    enum sp_judgement judgement, const char *chain)
{
	struct sp_statement *verdict = statement(build, rule, SP_STATEMENT_VERDICT);

	if (!verdict)
		return;
	verdict->judgement = judgement;
	if (chain)
		verdict->name = copy_name(build, chain);
}
