#ifndef SALLYPORT_CLI_OPTIONS_H
#define SALLYPORT_CLI_OPTIONS_H

#include "command.h"

/* `letter` is the option's sign in a command's `options`; of them only -h and
 * -q can be typed. */
struct option_entry {
	char letter;
	const char *name, *argument, *help;
};

/* Parses argv[1..]; argv[0] is the command's name. False: said on standard error. */
bool sp_options_parse(
    const struct sp_command *command, int argc, char **argv, struct sp_options *ret);

/* Prints the command's --help on standard output. */
void sp_options_help(const struct sp_command *command);

#endif
