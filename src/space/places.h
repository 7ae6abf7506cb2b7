/* Where packets come in and what they are sent to, in classes that the steps of
 * a port cannot tell apart further. */
#ifndef SALLYPORT_SPACE_PLACES_H
#define SALLYPORT_SPACE_PLACES_H

#include <sallyport/number.h>
#include "steps.h"

struct sp_interface_class {
	const char *pattern; /* NULL: any other; not owned */
	char witness[16];    /* a name of the class and of no narrower one */
	bool loopback;
	size_t parent; /* the next wider class; itself for "any other" */
};

struct sp_destination_class {
	struct sp_address witness;
	uint32_t set;	/* number in the pool */
	uint64_t *mark; /* which of the steps' destinations it lies in */
};

struct sp_places {
	SP_ARRAY(struct sp_interface_class) interfaces; /* the first: any other */
	SP_ARRAY(struct sp_destination_class) destinations;
};

/* Makes the classes of both sides' steps; the second may be NULL. */
bool sp_places_make(const struct sp_steps *const sides[SP_SIDES],
    struct sp_space_pool *pool, struct sp_places *ret);
void sp_places_free(struct sp_places *places);

/* The interfaces of the marked classes as patterns, the loopback aside. */
bool sp_places_interfaces(
    const struct sp_places *places, const bool *marked, struct sp_interfaces *ret);

#endif
