/* diff --rules: what the kernel would be sent, rule by rule. */
#ifndef SALLYPORT_CLI_RULES_H
#define SALLYPORT_CLI_RULES_H

#include <sallyport/delta.h>

#include "policy.h"

enum sp_exit sp_show_rules(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_kernel *kernel);

#endif
