#include "page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Some terminals break a line that fills the last column. */
#define PAGE_WIDTH 79
#define INDENT 6

void sp_page_line(FILE *out, const char *line, size_t length)
{
	size_t room = PAGE_WIDTH;

	while (length > room) {
		size_t cut = room;

		while (cut > 0 && line[cut] != ' ')
			cut--;
		if (!cut) {
			const char *blank = memchr(line + room, ' ', length - room);

			if (!blank)
				break;
			cut = (size_t)(blank - line);
		}
		fprintf(out, "%.*s\n%*s", (int)cut, line, INDENT, "");
		line += cut + 1;
		length -= cut + 1;
		room = PAGE_WIDTH - INDENT;
	}
	fprintf(out, "%.*s", (int)length, line);
}

void sp_page_say(FILE *out, const char *text)
{
	if (!isatty(fileno(out))) {
		fputs(text, out);
		return;
	}
	while (*text) {
		size_t length = strcspn(text, "\n");

		sp_page_line(out, text, length);
		text += length;
		if (*text == '\n') {
			fputc('\n', out);
			text++;
		}
	}
}

void sp_page_sayf(FILE *out, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	sp_page_say(out, text ? text : "sallyport: error: out of memory\n");
	free(text);
}
