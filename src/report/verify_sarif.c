/* Verdicts as SARIF 2.1.0: each finding on the policy's line that asked for it,
 * each port that passes as a result of kind "pass". */
#include <sallyport/verify_report.h>

#include <stdlib.h>
#include <string.h>

#include "sarif.h"
#include "space_json.h"

/* Beside the findings' own. */
#define RULE_ABSENT "absent"
#define RULE_VERIFIED "verified"

static const char *level_of(enum sp_weight weight)
{
	switch (weight) {
	case SP_WEIGHT_NOTE: return "note";
	case SP_WEIGHT_WARN: return "warning";
	case SP_WEIGHT_INCONCLUSIVE:
	case SP_WEIGHT_FAIL: break;
	}
	return "error"; /* neither lets the port open */
}

static void make_rules(struct sp_sarif_rule rules[SP_FINDINGS + 2])
{
	for (int id = 0; id < SP_FINDINGS; id++) {
		const struct sp_finding_entry *entry =
		    sp_finding_entry((enum sp_finding_id)id);

		rules[id] = (struct sp_sarif_rule){ entry->key, entry->title,
			level_of(entry->weight) };
	}
	rules[SP_FINDINGS] = (struct sp_sarif_rule){ RULE_ABSENT,
		"Nobody reachable listens on the port", "error" };
	rules[SP_FINDINGS + 1] =
	    (struct sp_sarif_rule){ RULE_VERIFIED, "The port passes", "none" };
}

/* Where on the network, as a logical location; beside where in the policy. */
static void add_endpoint(json_t *result, const char *endpoint)
{
	json_t *locations = json_object_get(result, "locations"), *first;

	if (!json_array_size(locations)) {
		locations = json_pack("[{}]");
		json_object_set_new(result, "locations", locations);
	}
	first = json_array_get(locations, 0);
	json_object_set_new(first, "logicalLocations",
	    json_pack("[{s:s, s:s}]", "name", endpoint, "kind", "resource"));
}

static json_t *properties_of(const struct sp_policy *policy,
    const struct sp_target *target, uint16_t name, const char *reference)
{
	json_t *services = json_array();

	for (size_t i = 0; policy && i < target->service_count; i++)
		json_array_append_new(
		    services, sp_json_text(policy->services[target->services[i]].name));
	return json_pack("{s:o, s:s, s:o, s:s?}", "services", services, "profile",
	    target->profile->name, "name",
	    name == SP_NO_NAME ? json_null() : sp_json_text(target->names[name]),
	    "reference", reference);
}

static json_t *finding_result(const struct sp_policy *policy,
    const struct sp_verdict *verdict, const struct sp_endpoint_verdict *endpoint,
    const struct sp_finding *finding)
{
	const struct sp_target *target = verdict->target;
	const struct sp_finding_entry *entry = sp_finding_entry(finding->id);
	char place[SP_ENDPOINT_TEXT], *message = NULL;
	json_t *result;

	sp_endpoint_print(&endpoint->endpoint->address, target->port, place);
	if (asprintf(&message, "%s: %s: %s (%s)", place, entry->title, finding->text,
		entry->reference) < 0)
		return NULL;
	result =
	    sp_sarif_result(entry->key, level_of(finding->weight), message, &target->at);
	free(message);
	if (!result)
		return NULL;
	add_endpoint(result, place);
	json_object_set_new(result, "properties",
	    properties_of(policy, target, finding->name, entry->reference));
	return result;
}

/* One about the whole port: nobody there, or everything well. */
static json_t *port_result(
    const struct sp_policy *policy, const struct sp_verdict *verdict)
{
	const struct sp_target *target = verdict->target;
	bool pass = verdict->outcome == SP_PASS;
	json_t *result = sp_sarif_result(pass ? RULE_VERIFIED : RULE_ABSENT,
	    pass ? "none" : "error", verdict->reason, &target->at);
	char place[16];

	if (!result)
		return NULL;
	/* Section 3.27.10: a level other than none is for kind "fail" alone. */
	if (pass)
		json_object_set_new(result, "kind", json_string("pass"));
	snprintf(place, sizeof(place), "%u/%s", target->port,
	    sp_protocol_name(target->protocol));
	add_endpoint(result, place);
	json_object_set_new(
	    result, "properties", properties_of(policy, target, SP_NO_NAME, NULL));
	return result;
}

static bool add_results(
    json_t *results, const struct sp_policy *policy, const struct sp_verdict *verdict)
{
	for (size_t e = 0; e < verdict->endpoint_count; e++) {
		const struct sp_endpoint_verdict *endpoint = &verdict->endpoints[e];

		for (size_t f = 0; f < endpoint->finding_count; f++)
			if (json_array_append_new(
				results, finding_result(policy, verdict, endpoint,
					     &endpoint->findings[f])) < 0)
				return false;
	}
	return (verdict->outcome != SP_PASS && verdict->outcome != SP_ABSENT) ||
	       json_array_append_new(results, port_result(policy, verdict)) == 0;
}

bool sp_report_verify_sarif(FILE *out, const struct sp_policy *policy,
    const struct sp_verdicts *verdicts, const char *version)
{
	struct sp_sarif_rule rules[SP_FINDINGS + 2];
	json_t *results = json_array();
	bool done = results != NULL;

	/* A finding that could not be told must not look like none. */
	for (size_t i = 0; done && i < verdicts->count; i++)
		done = add_results(results, policy, &verdicts->items[i]);
	if (!done) {
		json_decref(results);
		return false;
	}
	make_rules(rules);
	return sp_json_flush(
	    out, sp_sarif_log(rules, sizeof(rules) / sizeof(*rules), version, results));
}
