/* Parts of the packet space in words, for every report that shows one. */
#ifndef SALLYPORT_REPORT_SPACE_WORDS_H
#define SALLYPORT_REPORT_SPACE_WORDS_H

#include <sallyport/difference.h>

/* "80, 443/tcp"; of a long list the beginning. */
void sp_words_ports(struct sp_text *text, enum sp_protocol protocol,
    const struct sp_ports *ports, size_t count);

/* "any", "10.0.0.0/8, fd00::/8", "any but 10.0.0.0/8"; at most `most` parts, the
 * others counted. */
void sp_words_addresses(
    struct sp_text *text, const struct sp_intervals *addresses, size_t most);

/* "eth0, wg*", "any but eth0". */
void sp_words_interfaces(struct sp_text *text, const struct sp_interfaces *interfaces);

/* " to 192.0.2.1 on eth0"; nothing where it is any. */
void sp_words_place(struct sp_text *text, const struct sp_region *region);

/* "accept up to 10/minute burst 5", "drop". */
void sp_words_outcome(struct sp_text *text, const struct sp_decision *outcome);

/* Both states in one: "accept while verified". */
void sp_words_outcomes(
    struct sp_text *text, const struct sp_decision *const outcomes[SP_STATES]);

/* "203.0.113.1 → 443/tcp", with destination and interface where they matter. */
void sp_words_packet(struct sp_text *text, const struct sp_packet *packet);

/* "opens", "needs TLS from now on (starttls smtp)", …: the row in a few words. */
void sp_words_change(struct sp_text *text, const struct sp_region_row *row);

/* Who decides: "[service x]", "[addresses y]", "the default". */
void sp_words_decider(struct sp_text *text, const struct sp_decision *outcome);

/* "policy.ini:14", its folder left out; nothing when it is not known. */
void sp_words_location(struct sp_text *text, const struct sp_location *at);

/* "Plan: 1 opens, 1 closes, 1 tightened." and who gains what. */
void sp_words_plan(struct sp_text *text, const struct sp_difference *difference);

/* What is not known, where the old side is not all sallyport's; nothing otherwise. */
void sp_words_doubt(struct sp_text *text, const struct sp_difference *difference);
/* Objects of the kernel's table that differ from what the last apply left, "chain
 * input"; the first of each alone. NULL behind the last. */
const struct sp_change *sp_words_next_drifted(
    const struct sp_difference *difference, size_t *at, const char **ret_kind);

/* The sign before a row: + new, - gone, ! asks for more, ~ changed. */
char sp_words_sign(const struct sp_region_row *row);

/* What a rate is written like: "10/minute burst 5". */
void sp_words_rate(struct sp_text *text, const struct sp_rate *rate);

#endif
