/* What services do to each other's packets: which decide nothing, without which
 * nothing would change, and where a block cuts into an allow. Everything is seen
 * on one walk through each port's sources: who matches, in which order. */
#include <sallyport/expectation.h>

#include <stdlib.h>
#include <string.h>

#include "ports.h"
#include "sweep.h"

/* Pairs remembered; beyond it the first ones have said what is wrong. */
#define MOST_PAIRS 4096
/* Different sets of matching steps remembered for one place; beyond it they are
 * looked at again. */
#define MOST_CASES 65536

struct pair {
	size_t block, allow;
};

/* What was seen of one service. */
struct seen {
	bool named;	/* some packet matches it */
	bool reached;	/* ... and it gets to decide, if only under a limit */
	bool needed;	/* ... and without it the fate would be another */
	size_t instead; /* who decides in its place, or would; SIZE_MAX */
};

struct looking {
	const struct sp_policy *policy;
	struct sp_space_pool *pool;
	struct seen *seen; /* beside the policy's services */
	bool second;	   /* the second round: without those that are never reached */
	SP_ARRAY(struct pair) pairs;
	/* Which steps match is all that counts of a piece: those seen at this place,
	 * each a row of bits. */
	SP_ARRAY(uint64_t) cases;
	struct sp_index case_index;
	size_t words; /* of a row */
};

static size_t service_of(const struct sp_step *step)
{
	return step->rule ? step->rule->service : SIZE_MAX;
}

static bool is_in_state(const struct sp_step *step, size_t state)
{
	return step->when == SP_WHEN_ALWAYS ||
	       (step->when == SP_WHEN_VERIFIED) == (state == SP_VERIFIED);
}

/* --- one piece ----------------------------------------------------------- */

/* The fate in words of limits and steps; enough to compare two of them. */
struct course {
	const struct sp_step *limits[8];
	size_t length;
	const struct sp_step *end;
};

static void add_limit(struct course *course, const struct sp_step *step)
{
	if (course->length < sizeof(course->limits) / sizeof(*course->limits))
		course->limits[course->length++] = step;
}

/* What the matching steps come to, those of `without` left out. */
static struct course follow(const struct looking *looking, const struct sp_sweep *sweep,
    size_t state, size_t without)
{
	const struct sp_steps *steps = sweep->sides[0];
	struct course course = { 0 };

	for (size_t i = sp_sweep_next(sweep, 0, 0); i < steps->length;
	     i = sp_sweep_next(sweep, 0, i + 1)) {
		const struct sp_step *step = &steps->items[i];
		size_t service = service_of(step);

		if (!is_in_state(step, state) ||
		    (service != SIZE_MAX &&
			(service == without ||
			    (looking->second && !looking->seen[service].reached))))
			continue;
		if (!step->rate) {
			course.end = step;
			break;
		}
		add_limit(&course, step);
	}
	while (course.length && course.end &&
	       course.limits[course.length - 1]->fate == course.end->fate)
		course.length--;
	return course;
}

static bool same_rate(const struct sp_rate *a, const struct sp_rate *b)
{
	return a->count == b->count && a->seconds == b->seconds && a->burst == b->burst;
}

static bool same_course(const struct course *a, const struct course *b)
{
	if (a->length != b->length || a->end->fate != b->end->fate)
		return false;
	for (size_t i = 0; i < a->length; i++)
		if (a->limits[i]->fate != b->limits[i]->fate ||
		    !same_rate(a->limits[i]->rate, b->limits[i]->rate))
			return false;
	return true;
}

static bool remember_pair(struct looking *looking, size_t block, size_t allow)
{
	for (size_t i = looking->pairs.length; i-- > 0;)
		if (looking->pairs.items[i].block == block &&
		    looking->pairs.items[i].allow == allow)
			return true;
	return looking->pairs.length >= MOST_PAIRS ||
	       sp_array_push(&looking->pairs, (struct pair){ block, allow });
}

static bool note_service(struct looking *looking, const struct sp_sweep *sweep,
    size_t state, size_t service, const struct course *course)
{
	struct course without = follow(looking, sweep, state, service);
	size_t first = course->end ? service_of(course->end) : SIZE_MAX;

	looking->seen[service].named = true;
	if (!same_course(course, &without))
		looking->seen[service].needed = true;
	if (first != SIZE_MAX && first != service)
		looking->seen[service].instead = first;
	else if (without.end && service_of(without.end) != SIZE_MAX)
		looking->seen[service].instead = service_of(without.end);
	if (looking->second || first == SIZE_MAX || first == service ||
	    looking->policy->services[first].action == SP_ALLOW ||
	    looking->policy->services[service].action != SP_ALLOW)
		return true;
	return remember_pair(looking, first, service);
}

static bool same_case(const void *context, uint32_t number, const void *wanted)
{
	const struct looking *looking = context;

	return !memcmp(looking->cases.items + number * looking->words, wanted,
	    looking->words * sizeof(uint64_t));
}

/* *ret_new: these steps matched at no piece before. False: memory is out. */
static bool remember_case(
    struct looking *looking, const struct sp_sweep *sweep, bool *ret_new)
{
	const uint64_t *active = sweep->active[0];
	uint32_t count = (uint32_t)(looking->cases.length / looking->words);
	uint64_t hash = SP_HASH_START;

	for (size_t i = 0; i < looking->words; i++)
		hash = sp_hash_word(hash, active[i]);
	*ret_new = sp_index_find(&looking->case_index, hash, same_case, looking,
		       active) == SP_NOWHERE;
	if (!*ret_new || count >= MOST_CASES)
		return true;
	if (!sp_array_reserve(&looking->cases, looking->words) ||
	    !sp_index_add(&looking->case_index, hash, count))
		return false;
	memcpy(looking->cases.items + looking->cases.length, active,
	    looking->words * sizeof(*active));
	looking->cases.length += looking->words;
	return true;
}

static void forget_cases(struct looking *looking)
{
	sp_array_free(&looking->cases);
	sp_index_free(&looking->case_index);
}

static bool look_at_piece(struct sp_sweep *sweep, sp_number from, sp_number to)
{
	struct looking *looking = sweep->context;
	const struct sp_steps *steps = sweep->sides[0];
	bool is_new;

	(void)from;
	(void)to;
	if (!remember_case(looking, sweep, &is_new))
		return false;
	if (!is_new)
		return true;
	for (size_t state = 0; state < SP_STATES; state++) {
		struct course course = follow(looking, sweep, state, SIZE_MAX - 1);
		bool decided = false;

		for (size_t i = sp_sweep_next(sweep, 0, 0); i < steps->length;
		     i = sp_sweep_next(sweep, 0, i + 1)) {
			const struct sp_step *step = &steps->items[i];
			size_t service = service_of(step);

			if (!is_in_state(step, state))
				continue;
			if (service != SIZE_MAX) {
				if (!decided && !looking->second)
					looking->seen[service].reached = true;
				if (!note_service(
					looking, sweep, state, service, &course))
					return false;
			}
			decided = decided || !step->rate;
		}
	}
	return true;
}

/* --- all pieces ---------------------------------------------------------- */

static bool look_at_place(struct looking *looking, const struct sp_steps *all,
    const struct sp_interface_class *in, const struct sp_address *to)
{
	struct sp_steps steps;
	struct sp_sweep sweep = { .family = to->family,
		.last = sp_number_last(to->family),
		.sides = { &steps, NULL },
		.piece = look_at_piece,
		.context = looking };
	bool done = sp_steps_filter(all, in->witness, in->loopback, to, true, &steps);

	looking->words = steps.length / 64 + 1;
	done = done && sp_sweep_run(&sweep);
	forget_cases(looking);
	sp_array_free(&steps);
	return done;
}

static bool look_at_places(
    struct looking *looking, const struct sp_steps *steps, const struct sp_places *places)
{
	for (size_t i = 0; i < places->interfaces.length; i++) {
		const struct sp_interface_class *in = &places->interfaces.items[i];

		for (size_t d = 0; d < places->destinations.length; d++)
			if (in->witness[0] && !in->loopback &&
			    !look_at_place(looking, steps, in,
				&places->destinations.items[d].witness))
				return false;
	}
	return true;
}

/* The service that is alone on a port and allows: but for loopback, which is not looked
 * at, there is nothing else than what becomes of the rest. It is named, reached and
 * needed, and nobody's packets are another's. Most ports of a long policy are like that.
 * SIZE_MAX: there is no such service. */
static size_t service_alone(const struct looking *looking, const struct sp_steps *steps)
{
	const struct sp_step *step = steps->items, *rest = step + steps->length - 1;
	size_t service;

	while (step < rest && step->loopback)
		step++;
	service = service_of(step);
	if (service == SIZE_MAX || service_of(rest) != SIZE_MAX || rest->rate ||
	    looking->policy->services[service].action != SP_ALLOW)
		return SIZE_MAX;
	for (; step < rest; step++)
		if (service_of(step) != service || step->fate == rest->fate)
			return SIZE_MAX;
	return service;
}

static bool look_at_port(struct looking *looking, const struct sp_side *side,
    enum sp_protocol protocol, uint16_t port)
{
	struct sp_steps steps = { 0 };
	const struct sp_steps *sides[SP_SIDES] = { &steps, NULL };
	struct sp_places places = { 0 };
	bool done = sp_side_steps(side, looking->pool, protocol, port, &steps);
	size_t alone = done && steps.length ? service_alone(looking, &steps) : SIZE_MAX;

	if (alone != SIZE_MAX)
		looking->seen[alone].named = looking->seen[alone].reached =
		    looking->seen[alone].needed = true;
	else
		done = done && sp_places_make(sides, looking->pool, &places) &&
		       look_at_places(looking, &steps, &places);
	sp_places_free(&places);
	sp_array_free(&steps);
	return done;
}

/* Ports without a chain are nobody's. */
static bool look_at_all(struct looking *looking, const struct sp_survey *survey,
    const struct sp_port_groups *groups)
{
	for (size_t i = 0; i < groups->keys.length; i++) {
		const struct sp_route *route = &groups->keys.items[i].routes[0];

		if ((route->chain || route->range_chain) &&
		    !look_at_port(looking, &survey->sides[0],
			groups->keys.items[i].protocol,
			groups->ports.items[i].items[0].first))
			return false;
	}
	return true;
}

static bool look(struct looking *looking, const struct sp_ruleset *ruleset)
{
	struct sp_survey survey = { .side_count = 1, .pool = looking->pool };
	struct sp_port_groups groups = { 0 };
	bool done = sp_side_begin(&survey.sides[0], ruleset) &&
		    sp_port_groups_make(&survey, &groups) &&
		    look_at_all(looking, &survey, &groups);

	looking->second = true;
	done = done && look_at_all(looking, &survey, &groups);
	sp_port_groups_free(&groups);
	sp_side_end(&survey.sides[0]);
	return done;
}

/* --- what is said -------------------------------------------------------- */

/* A certificate has to be valid for the names of all services on a port: one
 * that brings a name of its own says something, whatever its packets. */
static bool brings_names(const struct sp_policy *policy, size_t index)
{
	const struct sp_service *service = &policy->services[index];

	for (size_t n = 0; n < service->name_count && service->tls != SP_TLS_NONE; n++) {
		bool elsewhere = false;

		for (size_t i = 0; i < policy->service_count && !elsewhere; i++)
			for (size_t m = 0; i != index && !elsewhere &&
					   m < policy->services[i].name_count;
			     m++)
				elsewhere = !strcmp(
				    policy->services[i].names[m], service->names[n]);
		if (!elsewhere)
			return true;
	}
	return service->tls != SP_TLS_NONE && service->listen_count;
}

static bool say_needless(
    const struct looking *looking, size_t index, struct sp_lints *lints)
{
	const struct sp_service *service = &looking->policy->services[index];
	const struct seen *seen = &looking->seen[index];
	const char *other = seen->instead == SIZE_MAX
				? "the default"
				: looking->policy->services[seen->instead].name;
	enum sp_lint_id id = seen->reached ? SP_LINT_REDUNDANT : SP_LINT_SHADOWED;

	if (!seen->named || seen->needed || brings_names(looking->policy, index))
		return true;
	if (!seen->reached && seen->instead != SIZE_MAX &&
	    looking->policy->services[seen->instead].action == service->action &&
	    !service->rate.count)
		id = SP_LINT_REDUNDANT;
	if (id == SP_LINT_SHADOWED)
		return sp_lints_add(lints, service->allow_lint, id, &service->at,
		    "[service %s] decides nothing: others do before it, [service %s] "
		    "among "
		    "them",
		    service->name, other);
	return sp_lints_add(lints, service->allow_lint, id, &service->at,
	    "without [service %s] nothing would change: %s%s%s decides the same",
	    service->name, seen->instead == SIZE_MAX ? "" : "[service ", other,
	    seen->instead == SIZE_MAX ? "" : "]");
}

static bool ports_within(const struct sp_service *inner, const struct sp_service *outer)
{
	for (size_t i = 0; i < inner->port_count; i++) {
		bool found = false;

		for (size_t o = 0; o < outer->port_count && !found; o++)
			found = inner->ports[i].first >= outer->ports[o].first &&
				inner->ports[i].last <= outer->ports[o].last;
		if (!found)
			return false;
	}
	return (!inner->tcp || outer->tcp) && (!inner->udp || outer->udp);
}

static bool addresses_within(const struct sp_policy *policy, const struct sp_match *inner,
    const struct sp_match *outer, bool *ret)
{
	struct sp_intervals small, large;

	*ret = outer->any;
	if (outer->any)
		return true;
	if (!sp_match_addresses(policy, inner, &small))
		return false;
	if (!sp_match_addresses(policy, outer, &large)) {
		sp_intervals_free(&small);
		return false;
	}
	*ret = sp_intervals_cover(&large, &small);
	sp_intervals_free(&small);
	sp_intervals_free(&large);
	return true;
}

static bool interfaces_within(
    const struct sp_service *inner, const struct sp_service *outer)
{
	for (size_t i = 0; i < inner->interface_count && outer->interface_count; i++) {
		bool found = false;

		for (size_t o = 0; o < outer->interface_count && !found; o++)
			found = sp_pattern_matches(
			    outer->interfaces[o], inner->interfaces[i]);
		if (!found)
			return false;
	}
	return !outer->interface_count || inner->interface_count;
}

/* An exception lies within what it is an exception from. */
static bool is_exception(const struct sp_policy *policy, const struct sp_service *block,
    const struct sp_service *allow, bool *ret)
{
	bool to;

	*ret = ports_within(block, allow) && interfaces_within(block, allow);
	if (!*ret)
		return true;
	if (!addresses_within(policy, &block->to, &allow->to, &to) ||
	    !addresses_within(policy, &block->from, &allow->from, ret))
		return false;
	*ret = *ret && to;
	return true;
}

static bool say_pair(
    const struct looking *looking, const struct pair *pair, struct sp_lints *lints)
{
	const struct sp_service *block = &looking->policy->services[pair->block];
	const struct sp_service *allow = &looking->policy->services[pair->allow];
	unsigned allowed = block->allow_lint | allow->allow_lint;
	bool exception;

	if (!looking->seen[pair->allow].needed)
		return true; /* said already: nothing is left of it */
	if (!is_exception(looking->policy, block, allow, &exception))
		return false;
	return exception ||
	       sp_lints_add(lints, allowed, SP_LINT_SHADOWED_IN_PART, &allow->at,
		   "[service %s] %s a part of what [service %s] allows, and "
		   "more besides",
		   block->name, block->action == SP_BLOCK ? "blocks" : "rejects",
		   allow->name);
}

bool sp_shadows_lint(const struct sp_policy *policy, const struct sp_ruleset *ruleset,
    struct sp_lints *lints, struct sp_diag *diag)
{
	struct looking looking = { .policy = policy,
		.pool = sp_pool_new(),
		.seen = calloc(policy->service_count + 1, sizeof(*looking.seen)) };
	bool done = looking.pool && looking.seen;

	for (size_t i = 0; i < policy->service_count && done; i++)
		looking.seen[i].instead = SIZE_MAX;
	done = done && look(&looking, ruleset);
	for (size_t i = 0; i < policy->service_count && done; i++)
		done = say_needless(&looking, i, lints);
	for (size_t i = 0; i < looking.pairs.length && done; i++)
		done = say_pair(&looking, &looking.pairs.items[i], lints);
	sp_array_free(&looking.pairs);
	free(looking.seen);
	sp_pool_free(looking.pool);
	return done || sp_out_of_memory(diag);
}
