/* Texts inside GitHub's Markdown: our own words, and those of somebody else. */
#ifndef SALLYPORT_REPORT_MARKDOWN_H
#define SALLYPORT_REPORT_MARKDOWN_H

#include <stdbool.h>

#include <sallyport/array.h>

/* Words of ours and of the policy, with what Markdown, or HTML in it, would take
 * for its own made plain. NULL adds nothing. */
void sp_markdown_plain(struct sp_text *text, const char *words);

/* Words that a peer may have had a hand in: a code span, in which nothing is a
 * link, a mention or HTML. In a table a '|' needs a mark even there, and nowhere
 * else may have it. */
void sp_markdown_code(struct sp_text *text, const char *words, bool in_table);

#endif
