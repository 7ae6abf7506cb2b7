#include <sallyport/ruleset_json.h>

#include <jansson.h>

static json_t *text_json(struct sp_text *text)
{
	json_t *string = text->failed
			     ? NULL
			     : json_stringn(text->bytes ? text->bytes : "", text->length);

	sp_text_free(text);
	return string;
}

static json_t *elements_json(const struct sp_set *set)
{
	json_t *list = json_array();
	char range_text[SP_RANGE_TEXT];

	for (size_t i = 0; i < sp_intervals_count(&set->addresses); i++) {
		struct sp_range range = sp_intervals_at(&set->addresses, i);

		json_array_append_new(
		    list, json_string(sp_range_print(&range, range_text)));
	}
	for (size_t i = 0; i < set->elements.length; i++) {
		struct sp_text text = { 0 };

		sp_element_print(set, &set->elements.items[i], &text);
		json_array_append_new(list, text_json(&text));
	}
	return list;
}

static json_t *set_json(const struct sp_set *set)
{
	struct sp_text type = { 0 };

	sp_set_print_type(set, &type);
	return json_pack("{s:s, s:s, s:o, s:o}", "name", set->name, "kind",
	    set->map ? "map" : "set", "type", text_json(&type), "elements",
	    elements_json(set));
}

static json_t *rules_json(const struct sp_chain *chain)
{
	json_t *list = json_array();

	for (size_t i = 0; i < chain->rules.length; i++) {
		struct sp_text text = { 0 };

		sp_rule_print(&chain->rules.items[i], &text);
		json_array_append_new(list, text_json(&text));
	}
	return list;
}

static json_t *chain_json(const struct sp_chain *chain)
{
	json_t *object =
	    json_pack("{s:s, s:o}", "name", chain->name, "rules", rules_json(chain));

	if (chain->base) {
		json_object_set_new(object, "hook", json_string("input"));
		json_object_set_new(
		    object, "policy", json_string(chain->drop ? "drop" : "accept"));
	}
	return object;
}

char *sp_ruleset_json(const struct sp_ruleset *ruleset)
{
	json_t *counters = json_array(), *sets = json_array(), *chains = json_array();
	json_t *root;
	char *text;

	for (size_t i = 0; i < ruleset->counters.length; i++)
		json_array_append_new(
		    counters, json_string(ruleset->counters.items[i].name));
	for (size_t i = 0; i < ruleset->sets.length; i++)
		json_array_append_new(sets, set_json(&ruleset->sets.items[i]));
	for (size_t i = 0; i < ruleset->chains.length; i++)
		json_array_append_new(chains, chain_json(&ruleset->chains.items[i]));
	root = json_pack("{s:i, s:s, s:o, s:o, s:o}", "version", 1, "table",
	    "inet " SP_TABLE, "counters", counters, "sets", sets, "chains", chains);
	text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	return text;
}
