#include "sarif.h"

#include <string.h>

#include "space_json.h"

#define SCHEMA                                                                \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

static json_t *rules_of(const struct sp_sarif_rule *rules, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", rules[i].id,
			      "shortDescription", "text", rules[i].description,
			      "defaultConfiguration", "level", rules[i].level));
	return list;
}

json_t *sp_sarif_log(
    const struct sp_sarif_rule *rules, size_t count, const char *version, json_t *results)
{
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
	    SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name", "sallyport",
	    "version", version, "rules", rules_of(rules, count), "columnKind",
	    "unicodeCodePoints", "results", results);
}

/* A path as a URI reference (RFC 3986): a relative one stays relative, so that
 * the host finds the file in its checkout. */
static json_t *uri_of(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	struct sp_text text = { 0 };
	json_t *uri;

	if (*path == '/')
		sp_text_add(&text, "file://");
	for (; *path; path++)
		if (strchr(plain, *path))
			sp_text_add(&text, "%c", *path);
		else
			sp_text_add(&text, "%%%02X", (unsigned char)*path);
	uri = text.bytes ? json_string(text.bytes) : json_string("");
	sp_text_free(&text);
	return uri;
}

json_t *sp_sarif_result(const char *rule, const char *level, const char *message,
    const struct sp_location *at)
{
	json_t *result = json_pack("{s:s, s:s, s:{s:o}}", "ruleId", rule, "level", level,
	    "message", "text", sp_json_text(message));

	if (at->file && at->line)
		json_object_set_new(result, "locations",
		    json_pack("[{s:{s:{s:o}, s:{s:I}}}]", "physicalLocation",
			"artifactLocation", "uri", uri_of(at->file), "region",
			"startLine", (json_int_t)at->line));
	return result;
}
