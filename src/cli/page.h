/* Lines that fit a terminal of eighty columns. */
#ifndef SALLYPORT_CLI_PAGE_H
#define SALLYPORT_CLI_PAGE_H

#include <stddef.h>
#include <stdio.h>

/* One line without its end, broken at blanks; what follows is indented. A word that
 * is longer than the page stays whole. */
void sp_page_line(FILE *out, const char *line, size_t length);

/* Text with its ends of lines: each as sp_page_line where people read it, as it is
 * where programs do. */
void sp_page_say(FILE *out, const char *text);
__attribute__((format(printf, 2, 3))) void sp_page_sayf(
    FILE *out, const char *format, ...);

#endif
