#include "markdown.h"

#include <stdlib.h>
#include <string.h>

#include <sallyport/escape.h>

void sp_markdown_plain(struct sp_text *text, const char *words)
{
	for (; words && *words; words++)
		if (*words == '<')
			sp_text_add(text, "&lt;");
		else if (*words == '&')
			sp_text_add(text, "&amp;");
		else if (strchr("|`*_[]\\~", *words))
			sp_text_add(text, "\\%c", *words);
		else
			sp_text_add(text, "%c", *words);
}

static size_t longest_run(const char *words, char c)
{
	size_t longest = 0, run = 0;

	for (; *words; words++) {
		run = *words == c ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}

/* CommonMark 0.30 section 6.1: a code span ends at a run of as many backticks as
 * it began with; one blank at each end is taken off. GFM section 4.10: a table's
 * cells are cut before code spans are seen. */
void sp_markdown_code(struct sp_text *text, const char *words, bool in_table)
{
	char *escaped = sp_escape(words);
	size_t fence = escaped ? longest_run(escaped, '`') + 1 : 0;
	const char *pad = fence > 1 ? " " : "";

	if (!escaped) {
		text->failed = true;
		return;
	}
	for (size_t i = 0; i < fence && *escaped; i++)
		sp_text_add(text, "`");
	sp_text_add(text, "%s", pad);
	for (const char *at = escaped; *at; at++)
		sp_text_add(text, "%s%c", *at == '|' && in_table ? "\\" : "", *at);
	sp_text_add(text, "%s", pad);
	for (size_t i = 0; i < fence && *escaped; i++)
		sp_text_add(text, "`");
	free(escaped);
}
