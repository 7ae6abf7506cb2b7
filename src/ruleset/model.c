/* The model's own verbs: free and compare. */
#include <sallyport/ruleset.h>

#include <stdlib.h>
#include <string.h>

void sp_statement_clear(struct sp_statement *statement)
{
	free(statement->name);
	sp_array_free(&statement->values);
	sp_intervals_free(&statement->addresses);
}

void sp_rule_clear(struct sp_rule *rule)
{
	for (size_t i = 0; i < rule->statements.length; i++)
		sp_statement_clear(&rule->statements.items[i]);
	sp_array_free(&rule->statements);
	free(rule->comment);
	rule->comment = NULL;
}

static void chain_clear(struct sp_chain *chain)
{
	for (size_t i = 0; i < chain->rules.length; i++)
		sp_rule_clear(&chain->rules.items[i]);
	sp_array_free(&chain->rules);
	free(chain->name);
}

void sp_set_clear(struct sp_set *set)
{
	for (size_t i = 0; i < set->elements.length; i++)
		free(set->elements.items[i].chain);
	sp_array_free(&set->elements);
	if (!set->borrowed)
		sp_intervals_free(&set->addresses);
	free(set->name);
}

void sp_ruleset_free(struct sp_ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (size_t i = 0; i < ruleset->counters.length; i++)
		free(ruleset->counters.items[i].name);
	for (size_t i = 0; i < ruleset->sets.length; i++)
		sp_set_clear(&ruleset->sets.items[i]);
	for (size_t i = 0; i < ruleset->chains.length; i++)
		chain_clear(&ruleset->chains.items[i]);
	sp_array_free(&ruleset->counters);
	sp_array_free(&ruleset->sets);
	sp_array_free(&ruleset->chains);
	for (size_t i = 0; i < ruleset->lists.length; i++)
		sp_intervals_free(&ruleset->lists.items[i]);
	sp_array_free(&ruleset->lists);
	free(ruleset);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_rate(const struct sp_rate *a, const struct sp_rate *b)
{
	return a->count == b->count && a->seconds == b->seconds && a->burst == b->burst;
}

static bool same_values(const struct sp_statement *a, const struct sp_statement *b)
{
	if (a->values.length != b->values.length)
		return false;
	for (size_t i = 0; i < a->values.length; i++)
		if (a->values.items[i].number != b->values.items[i].number ||
		    a->values.items[i].judgement != b->values.items[i].judgement)
			return false;
	return true;
}

bool sp_statement_equal(const struct sp_statement *a, const struct sp_statement *b)
{
	return a->kind == b->kind && a->field == b->field && a->operand == b->operand &&
	       a->negate == b->negate && a->prefix == b->prefix &&
	       a->judgement == b->judgement && same_rate(&a->rate, &b->rate) &&
	       same_text(a->name, b->name) && same_values(a, b) &&
	       sp_intervals_equal(&a->addresses, &b->addresses);
}

bool sp_rule_equal(const struct sp_rule *a, const struct sp_rule *b)
{
	if (a->foreign || b->foreign || a->statements.length != b->statements.length ||
	    !same_text(a->comment, b->comment))
		return false;
	for (size_t i = 0; i < a->statements.length; i++)
		if (!sp_statement_equal(&a->statements.items[i], &b->statements.items[i]))
			return false;
	return true;
}

/* The declared size is compared where it is what the kernel lets in at most. Of other
 * sets it reports one of its own when none was declared, and raises it when it must. */
bool sp_set_same_type(const struct sp_set *a, const struct sp_set *b)
{
	return !a->foreign && !b->foreign && a->key == b->key &&
	       a->interval == b->interval && a->timeout == b->timeout &&
	       a->dynamic == b->dynamic && a->map == b->map && a->prefix == b->prefix &&
	       (!a->prefix || a->size == b->size) && a->timeout_ms == b->timeout_ms;
}

bool sp_element_equal(const struct sp_element *a, const struct sp_element *b)
{
	return a->protocol == b->protocol && a->ports.first == b->ports.first &&
	       a->ports.last == b->ports.last &&
	       !sp_address_compare(&a->addresses.first, &b->addresses.first) &&
	       !sp_address_compare(&a->addresses.last, &b->addresses.last) &&
	       same_text(a->chain, b->chain);
}

bool sp_set_is_concatenated(const struct sp_set *set)
{
	return set->interval && set->key == SP_KEY_PROTOCOL_PORT;
}

bool sp_set_is_volatile(const struct sp_set *set)
{
	return set->timeout || set->dynamic;
}
