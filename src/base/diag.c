#include <sallyport/diag.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

__attribute__((format(printf, 4, 0))) static void add(struct sp_diag *diag,
    enum sp_severity severity, const struct sp_location *at, const char *format,
    va_list arguments)
{
	struct sp_diagnostic item = { .severity = severity };

	switch (severity) {
	case SP_ERROR: diag->errors++; break;
	case SP_WARNING: diag->warnings++; break;
	case SP_NOTE: break;
	}
	if (diag->length >= SP_MAX_DIAGNOSTICS)
		return;
	if (at) {
		item.line = at->line;
		item.column = at->column;
		if (at->file && !(item.file = strdup(at->file)))
			diag->out_of_memory = true;
	}
	if (vasprintf(&item.message, format, arguments) < 0) {
		item.message = NULL;
		diag->out_of_memory = true;
	}
	if (!item.message || !sp_array_push(diag, item)) {
		diag->out_of_memory = true;
		free(item.file);
		free(item.message);
	}
}

void sp_diag_add(struct sp_diag *diag, enum sp_severity severity,
    const struct sp_location *at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diag, severity, at, format, arguments);
	va_end(arguments);
}

bool sp_error(struct sp_diag *diag, const struct sp_location *at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diag, SP_ERROR, at, format, arguments);
	va_end(arguments);
	return false;
}

bool sp_out_of_memory(struct sp_diag *diag)
{
	diag->errors++;
	diag->out_of_memory = true;
	return false;
}

/* A diagnostic with what decides its place; a note stays behind its error. */
struct placed {
	struct sp_diagnostic item;
	size_t file, line, column, order;
};

static size_t first_met(const struct sp_diag *diag, size_t index)
{
	const char *name = diag->items[index].file;

	for (size_t i = 0; i < index; i++) {
		const char *other = diag->items[i].file;

		if (name == other || (name && other && !strcmp(name, other)))
			return i;
	}
	return index;
}

static int compare_placed(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void sp_diag_sort(struct sp_diag *diag)
{
	struct placed *placed = calloc(diag->length + 1, sizeof(*placed));

	if (!placed)
		return; /* the order is a courtesy */
	for (size_t i = 0; i < diag->length; i++) {
		const struct sp_diagnostic *item = &diag->items[i];

		if (i > 0 && item->severity == SP_NOTE)
			placed[i] = placed[i - 1];
		else
			placed[i] = (struct placed){ .file = first_met(diag, i),
				.line = item->line,
				.column = item->column };
		placed[i].item = *item;
		placed[i].order = i;
	}
	qsort(placed, diag->length, sizeof(*placed), compare_placed);
	for (size_t i = 0; i < diag->length; i++)
		diag->items[i] = placed[i].item;
	free(placed);
}

void sp_diag_free(struct sp_diag *diag)
{
	for (size_t i = 0; i < diag->length; i++) {
		free(diag->items[i].file);
		free(diag->items[i].message);
	}
	free(diag->items);
	memset(diag, 0, sizeof(*diag));
}
