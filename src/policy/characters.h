/* Which characters a policy may hold. */
#ifndef SALLYPORT_POLICY_CHARACTERS_H
#define SALLYPORT_POLICY_CHARACTERS_H

#include "slice.h"

/* The offset of the first character of one line that is refused, and why; the
 * line's length when there is none. Refused are NUL, control characters other
 * than the tab, invalid UTF-8, and characters that show a reader another text
 * than the one that is there (line separators, bidirectional controls). */
size_t sp_refused_character(struct sp_slice line, const char **ret_why);

#endif
