/* Parts of the packet space as JSON, for every report that shows one. */
#ifndef SALLYPORT_REPORT_SPACE_JSON_H
#define SALLYPORT_REPORT_SPACE_JSON_H

#include <jansson.h>

#include <sallyport/difference.h>

/* As it is when it is UTF-8 (the dump is ASCII, so a terminal has nothing to obey),
 * else escaped; NULL, and what could not be made, becomes null. */
json_t *sp_json_text(const char *bytes);

/* RFC 3339, UTC; null: out of what a calendar can say. */
json_t *sp_json_time(int64_t at);
json_t *sp_json_ports(const struct sp_ports *ports, size_t count);
json_t *sp_json_addresses(const struct sp_intervals *addresses);
json_t *sp_json_interfaces(const struct sp_interfaces *interfaces);
json_t *sp_json_location(const struct sp_location *at); /* or null */
json_t *sp_json_outcome(const struct sp_decision *outcome);
/* { "unverified": …, "verified": … } */
json_t *sp_json_outcomes(const struct sp_decision *const outcomes[SP_STATES]);
json_t *sp_json_packet(const struct sp_packet *packet, bool verified);
/* protocol, ports, sources, destinations, interfaces */
json_t *sp_json_region(const struct sp_region *region);

/* Writes it with a line break, and drops it. Nothing but printable ASCII: what a terminal
 * would obey stays \uNNNN. */
bool sp_json_flush(FILE *out, json_t *root);

#endif
