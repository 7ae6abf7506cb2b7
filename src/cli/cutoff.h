#ifndef SALLYPORT_CLI_CUTOFF_H
#define SALLYPORT_CLI_CUTOFF_H

#include "policy.h"

/* SP_EXIT_DONE, or what to exit with: nothing was changed then. */
enum sp_exit sp_check_cutoff(
    const struct sp_options *options, const struct sp_compiled *compiled);

#endif
