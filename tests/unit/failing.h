/* The calls of a program, of which one fails: that of the number `failing_at`. The
 * linker's --wrap puts these between our code and the C library. */
#ifndef TESTS_UNIT_FAILING_H
#define TESTS_UNIT_FAILING_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

static unsigned failing_at;  /* counted down; 0: none fails */
static int failing_with;     /* errno of what is no allocation; 0: only these fail */
static bool failing_was_met; /* there was such a call */

static bool fails_with(int error)
{
	if (!failing_at || !error || --failing_at)
		return false;
	failing_was_met = true;
	errno = error;
	return true;
}

#define FAILING(type, name, value, error, parameters, arguments) \
	type __real_##name parameters;                           \
	type __wrap_##name parameters;                           \
	type __wrap_##name parameters                            \
	{                                                        \
		if (fails_with(error))                           \
			return value;                            \
		return __real_##name arguments;                  \
	}

/* Calls `act` with none failing, then with each in turn, until it meets none. */
#define FOR_EACH_FAILURE(error)                                       \
	for (unsigned failing_number =                                \
		 (failing_with = (error), failing_was_met = true, 1); \
	     failing_was_met; failing_number++)

/* Around the calls that are meant. */
#define BEGIN_FAILING() (failing_was_met = false, failing_at = failing_number)
#define END_FAILING() (failing_at = 0)

#endif
