/* What happens to a packet and why: `explain`. Pure. */
#ifndef SALLYPORT_EXPLANATION_H
#define SALLYPORT_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/policy.h>
#include <sallyport/space.h>

/* What would let the packet in. */
enum sp_advice {
	SP_ADVICE_NONE,	     /* it is let in */
	SP_ADVICE_ADD,	     /* no service allows the port: write one */
	SP_ADVICE_FROM,	     /* `service` allows the port: its from lacks the source */
	SP_ADVICE_TO,	     /* ... its to lacks the destination */
	SP_ADVICE_INTERFACE, /* ... its interface lacks this one */
	SP_ADVICE_SET,	     /* a block list has the source */
	SP_ADVICE_BLOCK,     /* `service` blocks or rejects it */
	SP_ADVICE_VERIFY,    /* let in as soon as a proof stands */
};

/* Why, in one state. */
struct sp_reason {
	const struct sp_rule *rule; /* NULL: the default */
	bool by_source;		    /* the rule looks at the source: */
	struct sp_range matched;    /* the element that has it */
	const char *set;	    /* of that set of the table; NULL: written in from */
};

struct sp_case {
	const struct sp_region *region;
	struct sp_packet packet; /* the question's, where it says something */
	struct sp_reason reasons[SP_STATES];
	const struct sp_service *service; /* that decides, or would let it in */
	enum sp_advice advice;
};

struct sp_explanation {
	struct sp_space space;
	SP_ARRAY(struct sp_case) cases; /* beside space.regions */
	bool accepted;			/* in every case, once verified */
};

/* Every case of the question about one source. Both outlive the result. False:
 * memory is out. */
bool sp_explain(const struct sp_policy *policy, const struct sp_ruleset *ruleset,
    const struct sp_inquiry *inquiry, struct sp_explanation *ret, struct sp_diag *diag);
void sp_explanation_free(struct sp_explanation *explanation);

#endif
