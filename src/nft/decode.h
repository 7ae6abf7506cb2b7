/* Dump messages into the model. Everything is bounded by the message itself;
 * an unknown object is kept as `foreign`, never skipped. */
#ifndef SALLYPORT_NFT_DECODE_H
#define SALLYPORT_NFT_DECODE_H

#include <libmnl/libmnl.h>

#include <sallyport/ruleset.h>

#include "elements.h"
#include "expressions.h"

/* A point of an interval set, as dumped: a start or the key behind an end. */
struct sp_point {
	struct sp_address key;
	bool end;
	char *chain;
};

/* What a dump is decoded into. Anonymous sets are the rules' own. */
struct sp_decoding {
	struct sp_ruleset *ruleset;
	SP_ARRAY(struct sp_held_set) anonymous;
	SP_ARRAY(struct sp_point) points; /* of the set being read */
	/* The set being read: one of ruleset's, or an anonymous one. */
	struct sp_set *set;
	struct sp_held_set *held;
	size_t chain; /* of the last rule */
	bool failed;  /* memory, or a malformed message */
};

/* Callbacks for libmnl; `context` is a struct sp_decoding. Messages of other
 * tables are passed over. */
int sp_decode_counter(const struct nlmsghdr *message, void *context);
int sp_decode_set(const struct nlmsghdr *message, void *context);
int sp_decode_elements(const struct nlmsghdr *message, void *context);
int sp_decode_chain(const struct nlmsghdr *message, void *context);
int sp_decode_rule(const struct nlmsghdr *message, void *context);

/* After a set's elements came: pairs interval points, sorts. */
bool sp_decode_set_end(struct sp_decoding *decoding);
/* Before rules are decoded. */
void sp_decode_sets_end(struct sp_decoding *decoding);
void sp_decoding_free(struct sp_decoding *decoding);

#endif
