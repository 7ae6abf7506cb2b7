#include "space_json.h"

#include <stdlib.h>
#include <time.h>

#include <sallyport/escape.h>

json_t *sp_json_text(const char *bytes)
{
	json_t *string = bytes ? json_string(bytes) : NULL;

	if (bytes && !string) {
		char *escaped = sp_escape(bytes);

		string = escaped ? json_string(escaped) : NULL;
		free(escaped);
	}
	return string ? string : json_null();
}

json_t *sp_json_time(int64_t at)
{
	time_t seconds = (time_t)at;
	char text[40];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *sp_json_ports(const struct sp_ports *ports, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:i, s:i}", "first",
						ports[i].first, "last", ports[i].last));
	return list;
}

json_t *sp_json_addresses(const struct sp_intervals *addresses)
{
	json_t *list = json_array();
	char text[SP_RANGE_TEXT];

	for (size_t i = 0; i < sp_intervals_count(addresses); i++) {
		struct sp_range range = sp_intervals_at(addresses, i);

		json_array_append_new(list, json_string(sp_range_print(&range, text)));
	}
	return list;
}

static json_t *names_of(char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, sp_json_text(names[i]));
	return list;
}

json_t *sp_json_interfaces(const struct sp_interfaces *interfaces)
{
	return json_pack("{s:b, s:o, s:o}", "any", (int)interfaces->any, "names",
	    names_of(interfaces->names, interfaces->name_count), "except",
	    names_of(interfaces->except, interfaces->except_count));
}

json_t *sp_json_location(const struct sp_location *at)
{
	if (!at->file || !at->line)
		return json_null();
	return json_pack("{s:o, s:I, s:I}", "file", sp_json_text(at->file), "line",
	    (json_int_t)at->line, "column", (json_int_t)at->column);
}

static const char *decider_name(enum sp_decider decider)
{
	switch (decider) {
	case SP_DECIDER_DEFAULT: return "default";
	case SP_DECIDER_SERVICE: return "service";
	case SP_DECIDER_SET: return "addresses";
	case SP_DECIDER_LOOPBACK: return "loopback";
	case SP_DECIDER_CUT: return "cut";
	case SP_DECIDER_NO_TABLE: return "no table";
	case SP_DECIDER_PASS: return "nobody";
	}
	return "";
}

json_t *sp_json_outcome(const struct sp_decision *outcome)
{
	json_t *limits = json_array();

	for (size_t i = 0; i < outcome->limit_count; i++) {
		const struct sp_limit *limit = &outcome->limits[i];

		json_array_append_new(limits,
		    json_pack("{s:s, s:I, s:I, s:I}", "fate", sp_fate_name(limit->fate),
			"connections", (json_int_t)limit->rate.count, "seconds",
			(json_int_t)limit->rate.seconds, "burst",
			(json_int_t)limit->rate.burst));
	}
	return json_pack("{s:s, s:o, s:{s:s, s:o, s:o}}", "fate",
	    sp_fate_name(outcome->fate), "limits", limits, "decided_by", "kind",
	    decider_name(outcome->decider), "name", sp_json_text(outcome->name), "at",
	    sp_json_location(&outcome->at));
}

json_t *sp_json_outcomes(const struct sp_decision *const outcomes[SP_STATES])
{
	return json_pack("{s:o, s:o}", "unverified",
	    sp_json_outcome(outcomes[SP_UNVERIFIED]), "verified",
	    sp_json_outcome(outcomes[SP_VERIFIED]));
}

json_t *sp_json_packet(const struct sp_packet *packet, bool verified)
{
	char source[SP_ADDRESS_TEXT], destination[SP_ADDRESS_TEXT];

	sp_address_print(&packet->source, source);
	sp_address_print(&packet->destination, destination);
	return json_pack("{s:s, s:o, s:o, s:s, s:i, s:b}", "source", source,
	    "destination",
	    packet->any_destination ? json_null() : json_string(destination), "interface",
	    packet->interface[0] ? sp_json_text(packet->interface) : json_null(),
	    "protocol", sp_protocol_name(packet->protocol), "port", (int)packet->port,
	    "verified", (int)verified);
}

json_t *sp_json_region(const struct sp_region *region)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "protocol",
	    sp_protocol_name(region->protocol), "ports",
	    sp_json_ports(region->ports, region->port_count), "sources",
	    sp_json_addresses(&region->sources), "destinations",
	    region->any_destination ? json_null()
				    : sp_json_addresses(&region->destinations),
	    "interfaces", sp_json_interfaces(region->interfaces));
}

/* jansson leaves DEL as it is, which only ever is within a string. */
static int write_out(const char *bytes, size_t length, void *out)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] == 0x7f ? fputs("\\u007f", out) == EOF
				     : putc(bytes[i], out) == EOF)
			return -1;
	return 0;
}

bool sp_json_flush(FILE *out, json_t *root)
{
	const size_t form = JSON_INDENT(2) | JSON_ENSURE_ASCII;
	bool done = root && json_dump_callback(root, write_out, out, form) == 0 &&
		    fputc('\n', out) != EOF && fflush(out) == 0;

	json_decref(root);
	return done;
}
