/* Statements to nf_tables expressions and back. */
#ifndef SALLYPORT_NFT_EXPRESSIONS_H
#define SALLYPORT_NFT_EXPRESSIONS_H

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>

#include <sallyport/ruleset.h>

/* The anonymous sets that a rule refers to, in order: given a statement whose
 * operand needs one, `name` is called for its name ("__set%d" with an id when
 * encoding; the kernel's when comparing). */
struct sp_anonymous {
	const char *(*name)(
	    const struct sp_statement *statement, uint32_t *ret_id, void *context);
	void *context;
};

/* Does the operand stand in an anonymous set rather than in the expression? */
bool sp_statement_needs_set(const struct sp_statement *statement);

/* Adds the rule's expressions and userdata. False: memory is out. */
bool sp_rule_express(const struct sp_rule *rule, const struct sp_anonymous *anonymous,
    struct nftnl_rule *ret);

/* An anonymous set as a dump showed it. */
struct sp_held_set {
	const char *name;
	bool map;
	bool foreign;	 /* a kind or a verdict that none of ours has */
	enum sp_key key; /* IPV4 or IPV6: addresses, else values */
	struct sp_intervals addresses;
	SP_ARRAY(struct sp_value) values;
};

/* The model's rule of a dumped one; `attributes` are its NFTA_RULE_EXPRESSIONS (NULL:
 * none). A rule whose expressions are not exactly those that sp_rule_express makes
 * becomes `foreign`. False: memory is out. */
bool sp_rule_recognize(struct nftnl_rule *dumped, const struct nlattr *attributes,
    const struct sp_held_set *(*find)(const char *name, void *context), void *context,
    struct sp_rule *ret);

/* As attributes or, where a dump has more of them than were asked for, as text. What a
 * counter's has is taken whole, and not compared. */
bool sp_expression_same(struct nftnl_expr *a, struct nftnl_expr *b);

#endif
