/* Building rules: one call per nft statement, memory checked once at the end.
 * A failed allocation sets `failed`; everything after it does nothing. */
#ifndef SALLYPORT_RULESET_BUILD_H
#define SALLYPORT_RULESET_BUILD_H

#include <sallyport/ruleset.h>

struct sp_build {
	struct sp_ruleset *ruleset;
	bool failed;
};

/* Room for an object's name: a prefix, a policy name (at most
 * SP_INIH_SECTION_BYTES) and a family or two ports. */
#define SP_OBJECT_NAME 80

/* "addr-NAME-4": one half of an address set. Returns `name`. */
const char *sp_address_set_name(
    char name[SP_OBJECT_NAME], const char *set, enum sp_family family);

/* Pointers are good until the next call for an object of the same kind. */
struct sp_counter *sp_build_counter(struct sp_build *build, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct sp_set *sp_build_set(struct sp_build *build, enum sp_key key, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
struct sp_chain *sp_build_chain(struct sp_build *build, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct sp_rule *sp_build_rule(struct sp_build *build, struct sp_chain *chain);
struct sp_element *sp_build_element(struct sp_build *build, struct sp_set *set,
    uint8_t protocol, uint16_t first, uint16_t last);

void sp_build_match(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const uint32_t *values, size_t count, bool negate);
void sp_build_match_set(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const char *set, bool negate);
/* Of a set of blocks: the address's first `prefix` bits are looked up; 0: all. */
void sp_build_match_blocks(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const char *set, unsigned prefix);
void sp_build_match_name(
    struct sp_build *build, struct sp_rule *rule, enum sp_field field, const char *name);
/* Those of `addresses` that are of the field's family. */
void sp_build_match_addresses(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const struct sp_intervals *addresses);
void sp_build_vmap(
    struct sp_build *build, struct sp_rule *rule, enum sp_field field, const char *map);
/* Of a map of blocks: the address's first `prefix` bits are looked up; 0: all. */
void sp_build_vmap_blocks(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, const char *map, unsigned prefix);
void sp_build_vmap_value(struct sp_build *build, struct sp_rule *rule,
    enum sp_field field, uint32_t number, enum sp_judgement judgement);
void sp_build_rate(struct sp_build *build, struct sp_rule *rule, enum sp_field field,
    const char *set, const struct sp_rate *rate);
void sp_build_limit(
    struct sp_build *build, struct sp_rule *rule, const struct sp_rate *rate);
void sp_build_log(struct sp_build *build, struct sp_rule *rule, const char *prefix);
void sp_build_count(struct sp_build *build, struct sp_rule *rule, const char *counter);
void sp_build_verdict(struct sp_build *build, struct sp_rule *rule,
    enum sp_judgement judgement, const char *chain);

/* Where enforcing refuses, auditing logs at this rate, counts and lets through. */
struct sp_rate sp_audit_rate(const struct sp_policy *policy);
#define SP_AUDIT_PREFIX "sallyport would block: "

/* essentials.c: what every host needs, whatever its policy. */
void sp_build_essential_sets(struct sp_build *build, const struct sp_policy *policy);
void sp_build_icmp_chain(struct sp_build *build, const struct sp_policy *policy);
void sp_build_about_chain(struct sp_build *build, const struct sp_policy *policy);
void sp_build_input_chain(struct sp_build *build, const struct sp_policy *policy);

#endif
