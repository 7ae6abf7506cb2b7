/* Text that a peer, or a stranger's file, had a hand in, made fit for a
 * terminal, a log and a report. */
#ifndef SALLYPORT_ESCAPE_H
#define SALLYPORT_ESCAPE_H

#include <sallyport/array.h>

/* Adds `text` with control characters (C0, DEL, C1), invalid UTF-8, line and
 * paragraph separators, and characters that reorder or hide text (bidirectional
 * controls, zero-width ones, tags; Unicode TR 36 section 2.10) as \xNN per byte,
 * and a backslash as two. */
void sp_text_add_escaped(struct sp_text *text, const char *unsafe);

/* The same as a text of its own; NULL when memory is out; free() it. */
char *sp_escape(const char *unsafe);

#endif
