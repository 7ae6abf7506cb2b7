#ifndef SALLYPORT_CLI_BOOT_H
#define SALLYPORT_CLI_BOOT_H

#include "command.h"

/* apply --boot. */
enum sp_exit sp_apply_boot(const struct sp_options *options);

#endif
