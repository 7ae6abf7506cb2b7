#include <sallyport/delta.h>

/* Above this many, a set's elements are counted, not listed. */
#define LISTED 16

static void print_addresses(const struct sp_intervals *set, struct sp_text *ret)
{
	size_t count = sp_intervals_count(set);
	char text[SP_RANGE_TEXT];

	if (count > LISTED) {
		sp_text_add(ret, "%zu elements", count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct sp_range range = sp_intervals_at(set, i);

		sp_text_add(ret, "%s%s", i ? ", " : "", sp_range_print(&range, text));
	}
}

static void print_elements(const struct sp_change *change, char sign, struct sp_text *ret)
{
	sp_text_add(ret, "%c element %s { ", sign, change->name);
	if (change->all_addresses)
		print_addresses(&change->set->addresses, ret);
	else
		print_addresses(&change->addresses, ret);
	if (change->elements.length > LISTED)
		sp_text_add(ret, "%zu elements", change->elements.length);
	else
		for (size_t i = 0; i < change->elements.length; i++) {
			sp_text_add(ret, "%s", i ? ", " : "");
			sp_element_print(change->set, change->elements.items[i], ret);
		}
	sp_text_add(ret, " }\n");
}

static void print_gate(const struct sp_change *change, char sign, struct sp_text *ret)
{
	sp_text_add(ret, "%c element %s { %s . %u", sign, change->name,
	    sp_protocol_name((enum sp_protocol)change->protocol), change->port);
	if (sign == '+')
		sp_text_add(
		    ret, " timeout %llus", (unsigned long long)change->timeout_ms / 1000);
	sp_text_add(ret, " }\n");
}

static void print_set(const struct sp_change *change, struct sp_text *ret)
{
	sp_text_add(ret, "+ %s %s { ", change->set->map ? "map" : "set", change->name);
	sp_set_print_type(change->set, ret);
	sp_text_add(ret, " }\n");
}

static void print_change(const struct sp_change *change, struct sp_text *ret)
{
	switch (change->kind) {
	case SP_CHANGE_ADD_TABLE:
		sp_text_add(ret, "+ table inet %s\n", change->name);
		break;
	case SP_CHANGE_DELETE_TABLE:
		sp_text_add(ret, "- table inet %s\n", change->name);
		break;
	case SP_CHANGE_ADD_COUNTER:
		sp_text_add(ret, "+ counter %s\n", change->name);
		break;
	case SP_CHANGE_ADD_CHAIN: sp_text_add(ret, "+ chain %s\n", change->name); break;
	case SP_CHANGE_FLUSH_CHAIN:
		sp_text_add(ret, "- rules of %s\n", change->name);
		break;
	case SP_CHANGE_DELETE_ELEMENTS: print_elements(change, '-', ret); break;
	case SP_CHANGE_DELETE_SET: sp_text_add(ret, "- set %s\n", change->name); break;
	case SP_CHANGE_DELETE_CHAIN:
		sp_text_add(ret, "- chain %s\n", change->name);
		break;
	case SP_CHANGE_DELETE_COUNTER:
		sp_text_add(ret, "- counter %s\n", change->name);
		break;
	case SP_CHANGE_ADD_SET: print_set(change, ret); break;
	case SP_CHANGE_ADD_ELEMENTS: print_elements(change, '+', ret); break;
	case SP_CHANGE_ADD_RULE:
		sp_text_add(ret, "+ rule %s ", change->name);
		sp_rule_print(change->rule, ret);
		sp_text_add(ret, "\n");
		break;
	case SP_CHANGE_OPEN: print_gate(change, '+', ret); break;
	case SP_CHANGE_CLOSE: print_gate(change, '-', ret); break;
	case SP_CHANGE_GRACE:
		sp_text_add(ret, "+ element %s { tcp timeout %llus }\n", change->name,
		    (unsigned long long)change->timeout_ms / 1000);
		break;
	}
}

void sp_delta_print(const struct sp_delta *delta, struct sp_text *ret)
{
	for (size_t i = 0; i < delta->changes.length; i++)
		print_change(&delta->changes.items[i], ret);
}
