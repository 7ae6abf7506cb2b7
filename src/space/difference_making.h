#ifndef SALLYPORT_SPACE_DIFFERENCE_MAKING_H
#define SALLYPORT_SPACE_DIFFERENCE_MAKING_H

#include <sallyport/difference.h>

/* demands.c, settings.c: each adds its rows. False: memory is out. */
bool sp_demands_add(struct sp_difference *difference);
bool sp_settings_add(struct sp_difference *difference);

#endif
