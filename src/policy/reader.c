/* Takes a policy file apart: the one place that knows inih.
 *
 * What inih 55 as Debian builds it does, and what is done about it here:
 *
 * - it splits a physical line at 199 bytes and takes the tail for a line of its
 *   own, so that a long comment can smuggle in a key: comments are stripped
 *   before it sees them, an over-long list is cut at commas into continuation
 *   lines, and an element that does not fit is seen by inih as its beginning;
 * - it cuts section names and the keys of continuation lines at 49 bytes, so
 *   that two long names merge: longer ones are refused;
 * - it takes any indented line for a continuation of the key above, and for a
 *   key of its own right behind a section header: only what cannot be a key or
 *   a header may be indented;
 * - it reads `key: value` as a key, and lets text follow `]`: both are refused;
 * - it knows inline comments behind ` ;` and not behind ` #`: stripped here;
 * - it tells of a section only by its keys, so that an empty one is lost: a
 *   marker key follows each header;
 * - it gives no line numbers: each line that is handed out is remembered, and
 *   what comes back has to be exactly that, or the file is refused. */
#include "document.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#include <sallyport/limits.h>

#include "characters.h"

/* No policy can hold it: control characters are refused. */
#define MARKER_KEY "\001"
#define MARKER_VALUE "section"

/* Of "more of the same" per file; a file of another kind has it on each line. */
#define MAX_STRAY_LINES 3

enum handed { HANDED_NOTHING, HANDED_HEADER, HANDED_MARKER, HANDED_KEY, HANDED_MORE };

struct reader {
	struct sp_document *document;
	struct sp_diag *diag;
	size_t at;		/* offset of the next physical line */
	const char *line_start; /* of the line last taken */
	unsigned line;		/* its number, from 1 */

	char *buffer; /* inih's own, for one line */
	size_t size;

	/* What inih was given last and has not delivered yet. */
	enum handed handed;
	struct sp_section section;
	char header[SP_INIH_SECTION_BYTES + 1];
	struct sp_slice key, piece;
	/* The element that `piece` stands in for, being its beginning; empty: the
	 * piece stands for itself. */
	struct sp_slice whole;
	unsigned key_column;

	struct sp_slice rest;		   /* of a value too long for one line */
	unsigned comma_line, comma_column; /* of a ',' that ended the key's last line */
	bool in_section;		   /* a header was accepted or refused above */
	bool skipping;			   /* it was refused: its keys belong nowhere */
	bool key_open;			   /* indented lines continue something */
	bool key_damaged;		   /* an error about its value was reported */
	size_t stray;			   /* lines before the first section */
	bool disagreed, out_of_memory;
};

static unsigned column_of(const struct reader *reader, const char *at)
{
	return (unsigned)(at - reader->line_start) + 1;
}

static void refuse(struct reader *reader, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports an error in the current line, and that its section is not whole. */
static void refuse(struct reader *reader, const char *at, const char *format, ...)
{
	struct sp_location place =
	    sp_at(reader->document, reader->line, column_of(reader, at));
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sp_error(reader->diag, &place, "%s", text);
	if (reader->document->sections.length && !reader->skipping)
		reader->document->sections.items[reader->document->sections.length - 1]
		    .damaged = true;
}

static void disagree(struct reader *reader)
{
	struct sp_location place = sp_at(reader->document, reader->line, 0);

	if (!reader->disagreed)
		sp_error(reader->diag, &place,
		    "inih reads this line otherwise than it is written; it is refused");
	reader->disagreed = true;
}

/* --- from inih ----------------------------------------------------------- */

static void begin_section(struct reader *reader)
{
	reader->section.first = reader->document->keys.length;
	if (!sp_array_push(&reader->document->sections, reader->section))
		reader->out_of_memory = true;
}

static bool begin_key(struct reader *reader)
{
	struct sp_document *document = reader->document;
	struct sp_key key = { .name = reader->key,
		.line = reader->line,
		.column = reader->key_column,
		.first = document->items.length };

	if (!sp_array_push(&document->keys, key)) {
		reader->out_of_memory = true;
		return false;
	}
	document->sections.items[document->sections.length - 1].count++;
	return true;
}

static void add_item(struct reader *reader, struct sp_slice text)
{
	struct sp_document *document = reader->document;
	struct sp_item item = { text, reader->line, column_of(reader, text.text) };

	item.text = sp_slice_trim(text);
	item.column += (unsigned)(item.text.text - text.text);
	if (!item.text.length) {
		refuse(reader, text.text, "an empty element: remove the ','");
		reader->key_damaged = true;
	} else if (item.text.text[0] == ';' || item.text.text[0] == '#') {
		refuse(reader, item.text.text,
		    "an element cannot begin with '%c': write a blank before a comment",
		    item.text.text[0]);
		reader->key_damaged = true;
	} else if (sp_array_push(&document->items, item)) {
		document->keys.items[document->keys.length - 1].count++;
	} else {
		reader->out_of_memory = true;
	}
}

static void add_items(struct reader *reader)
{
	struct sp_slice left = reader->whole.length ? reader->whole : reader->piece;
	const char *comma;

	if (!left.length)
		return;
	while ((comma = memchr(left.text, ',', left.length))) {
		size_t length = (size_t)(comma - left.text);

		add_item(reader, (struct sp_slice){ left.text, length });
		left.text += length + 1;
		left.length -= length + 1;
	}
	add_item(reader, left);
}

/* inih's handler: what it delivers has to be what it was handed. */
static int deliver(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;
	enum handed handed = reader->handed;

	if (reader->disagreed || strcmp(section, reader->header) != 0 ||
	    !sp_slice_is(reader->key, name) || !sp_slice_is(reader->piece, value)) {
		disagree(reader);
		return 0;
	}
	reader->handed = HANDED_NOTHING;
	switch (handed) {
	case HANDED_NOTHING:
	case HANDED_HEADER: disagree(reader); return 0;
	case HANDED_MARKER: begin_section(reader); break;
	case HANDED_KEY:
		if (begin_key(reader))
			add_items(reader);
		break;
	case HANDED_MORE: add_items(reader); break;
	}
	return 1;
}

/* --- to inih ------------------------------------------------------------- */

/* At the end of a key: has it got what it needs? */
static void finish_key(struct reader *reader)
{
	const struct sp_document *document = reader->document;

	if (reader->comma_line) {
		struct sp_location place =
		    sp_at(document, reader->comma_line, reader->comma_column);

		sp_error(reader->diag, &place, "nothing follows this ','");
		reader->key_damaged = true;
	} else if (reader->key_open && !reader->skipping && !reader->key_damaged) {
		const struct sp_key *key =
		    &document->keys.items[document->keys.length - 1];
		struct sp_location place = sp_key_at(document, key);

		if (!key->count)
			sp_error(reader->diag, &place,
			    "%.*s has no value: write \"%.*s = …\"", SP_SHOW(key->name),
			    SP_SHOW(key->name));
	}
	reader->comma_line = 0;
	reader->key_open = false;
	reader->key_damaged = false;
}

/* Takes the next physical line without its end; false behind the last one. */
static bool next_line(struct reader *reader, struct sp_slice *ret)
{
	const char *start = reader->document->bytes + reader->at, *end;
	size_t left = reader->document->length - reader->at;

	if (!left)
		return false;
	end = memchr(start, '\n', left);
	ret->text = start;
	ret->length = end ? (size_t)(end - start) : left;
	reader->at += ret->length + (end ? 1 : 0);
	if (ret->length && start[ret->length - 1] == '\r')
		ret->length--;
	reader->line_start = start;
	reader->line++;
	return true;
}

static struct sp_slice without_comment(struct sp_slice line)
{
	for (size_t i = 0; i < line.length; i++)
		if ((line.text[i] == ';' || line.text[i] == '#') &&
		    (i == 0 || sp_is_blank(line.text[i - 1])))
			line.length = i;
	return line;
}

/* The key-like word at the start: letters, digits, '_' and '-'. */
static struct sp_slice key_word(struct sp_slice text)
{
	size_t length = 0;

	while (length < text.length &&
	       (sp_is_letter(text.text[length]) || sp_is_digit(text.text[length]) ||
		   text.text[length] == '_' || text.text[length] == '-'))
		length++;
	return (struct sp_slice){ text.text, length };
}

/* What stands behind the word, blanks left out; NUL at the end. */
static char sign_behind(struct sp_slice text, struct sp_slice word, size_t *ret_offset)
{
	size_t at = word.length;

	while (at < text.length && sp_is_blank(text.text[at]))
		at++;
	*ret_offset = at;
	return at < text.length ? text.text[at] : '\0';
}

/* Would `text`, were it not indented, be a key? An IPv6 address such as
 * fd00::1 has no blank behind its colon. */
static bool looks_like_key(struct sp_slice text)
{
	struct sp_slice word = key_word(text);
	size_t at;
	char sign = sign_behind(text, word, &at);

	return word.length && sp_is_letter(word.text[0]) &&
	       (sign == '=' || (sign == ':' && (at + 1 == text.length ||
						   sp_is_blank(text.text[at + 1]))));
}

/* Hands a line of four parts on to inih. */
static bool hand_out(struct reader *reader, enum handed what, const char *before,
    struct sp_slice middle, const char *between, struct sp_slice after)
{
	const struct sp_slice parts[] = { sp_slice(before), middle, sp_slice(between),
		after };
	size_t length = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i].length >= reader->size - length) {
			disagree(reader);
			return false;
		}
		memcpy(reader->buffer + length, parts[i].text, parts[i].length);
		length += parts[i].length;
	}
	reader->buffer[length] = '\0';
	reader->handed = what;
	return true;
}

/* Cuts what fits into `room` bytes off `reader->rest`, at a comma. */
static struct sp_slice take_piece(struct reader *reader, size_t room)
{
	struct sp_slice rest = reader->rest, piece = rest;
	const char *comma;

	reader->whole.length = 0;
	if (rest.length <= room) {
		reader->rest.length = 0;
		return piece;
	}
	comma = memrchr(rest.text, ',', room + 1);
	piece.length = comma ? (size_t)(comma - rest.text) : 0;
	if (comma) {
		reader->rest.text = comma + 1;
		reader->rest.length = rest.length - piece.length - 1;
		reader->rest = sp_slice_trim(reader->rest);
	}
	return sp_slice_trim(piece);
}

/* An element that no line of inih's holds: its beginning stands in for it, so that
 * inih sees where it is and nothing of it can become a key. */
static bool take_long_element(struct reader *reader)
{
	struct sp_slice rest = reader->rest;
	const char *comma = memchr(rest.text, ',', rest.length);

	if (comma)
		rest.length = (size_t)(comma - rest.text);
	if (rest.length > SP_MAX_ELEMENT_BYTES) {
		refuse(reader, rest.text, "an element of more than %d bytes: shorten it",
		    SP_MAX_ELEMENT_BYTES);
		return false;
	}
	reader->whole = sp_slice_trim(rest);
	rest.length = SP_INIH_LINE_BYTES - 1;
	reader->piece = sp_slice_trim(rest);
	rest = reader->rest;
	reader->rest.length = 0;
	if (comma)
		reader->rest = sp_slice_trim((struct sp_slice){
		    comma + 1, rest.length - (size_t)(comma + 1 - rest.text) });
	return true;
}

/* Hands out the next part of a value that did not fit into its line. */
static bool hand_out_rest(struct reader *reader)
{
	const char *start = reader->rest.text;

	bool fine = strchr(",;#", start[0]) == NULL;

	reader->piece = take_piece(reader, SP_INIH_LINE_BYTES - 1);
	if (!fine)
		refuse(reader, start, "an element cannot be empty or begin with '%c'",
		    start[0]);
	else if (!reader->piece.length)
		fine = take_long_element(reader);
	if (!fine) {
		reader->rest.length = 0;
		reader->key_damaged = true;
		return false;
	}
	return hand_out(
	    reader, HANDED_MORE, " ", reader->piece, "", (struct sp_slice){ "", 0 });
}

/* Remembers and removes a ',' at the end of a line: the list goes on below. */
static struct sp_slice without_last_comma(struct reader *reader, struct sp_slice value)
{
	const char *last = value.text + value.length - 1;

	reader->comma_line = 0;
	if (!value.length)
		return value;
	if (value.text[0] == ',') {
		refuse(reader, value.text, "an empty element: remove the ','");
		reader->key_damaged = true;
		value.length = 0;
	} else if (*last == ',') {
		reader->comma_line = reader->line;
		reader->comma_column = column_of(reader, last);
		value.length--;
	}
	return sp_slice_trim(value);
}

static bool take_key(struct reader *reader, struct sp_slice text)
{
	struct sp_slice word = key_word(text), value;
	size_t at;
	char sign = sign_behind(text, word, &at);

	finish_key(reader);
	if (sign != '=' || !word.length) {
		if (sign == ':' && word.length)
			refuse(reader, text.text + at,
			    "':' behind a key: write \"%.*s = …\"", SP_SHOW(word));
		else
			refuse(reader, text.text,
			    "neither a [section] nor \"key = value\"; a list goes on "
			    "over "
			    "indented lines");
		return false;
	}
	if (word.length > SP_INIH_NAME_BYTES) {
		refuse(reader, word.text, "a key of %zu bytes: the longest has %d",
		    word.length, SP_INIH_NAME_BYTES);
		return false;
	}
	reader->key_open = true;
	reader->key = word;
	reader->key_column = column_of(reader, word.text);
	value = (struct sp_slice){ text.text + at + 1, text.length - at - 1 };
	reader->rest = without_last_comma(reader, sp_slice_trim(value));
	if (reader->skipping) {
		reader->rest.length = 0;
		return false;
	}
	reader->piece = take_piece(reader, SP_INIH_LINE_BYTES - 1 - word.length);
	return hand_out(reader, HANDED_KEY, "", word, "=", reader->piece);
}

static bool take_more(struct reader *reader, struct sp_slice text)
{
	if (!reader->key_open) {
		refuse(reader, text.text,
		    "an indented line continues a key, and there is none above");
		return false;
	}
	reader->rest = without_last_comma(reader, text);
	if (reader->skipping || !reader->rest.length) {
		reader->rest.length = 0;
		return false;
	}
	return hand_out_rest(reader);
}

/* The two words of a header; false when it has more. */
static bool header_words(struct sp_slice inside, struct sp_section *ret)
{
	ret->kind = sp_slice_word(&inside);
	ret->name = sp_slice_word(&inside);
	return !sp_slice_trim(inside).length;
}

/* "KIND" or "KIND NAME"; it was checked to fit. */
static void write_header(struct reader *reader)
{
	const struct sp_slice *kind = &reader->section.kind,
			      *name = &reader->section.name;
	char *at = reader->header;

	memcpy(at, kind->text, kind->length);
	at += kind->length;
	if (name->length) {
		*at++ = ' ';
		memcpy(at, name->text, name->length);
		at += name->length;
	}
	*at = '\0';
}

static bool take_header(struct reader *reader, struct sp_slice text)
{
	const char *close = memchr(text.text, ']', text.length);
	struct sp_slice inside = { text.text + 1, 0 };
	size_t longest = SP_INIH_SECTION_BYTES;

	finish_key(reader);
	reader->in_section = true;
	reader->skipping = true;
	if (!close) {
		refuse(reader, text.text, "a section header without its ']'");
		return false;
	}
	inside.length = (size_t)(close - inside.text);
	if (close + 1 != text.text + text.length) {
		refuse(
		    reader, close + 1, "text after ']': a section header stands alone");
		return false;
	}
	memset(&reader->section, 0, sizeof(reader->section));
	if (!header_words(inside, &reader->section) || !reader->section.kind.length ||
	    memchr(inside.text, '[', inside.length)) {
		refuse(reader, text.text, "a section is written [kind] or [kind name]");
		return false;
	}
	if (reader->section.kind.length + 1 + reader->section.name.length > longest) {
		refuse(reader, text.text,
		    "a section header of %zu bytes: kind and name have at most %zu "
		    "together",
		    reader->section.kind.length + 1 + reader->section.name.length,
		    longest);
		return false;
	}
	reader->section.line = reader->line;
	reader->section.column = column_of(reader, text.text);
	reader->skipping = false;
	write_header(reader);
	return hand_out(reader, HANDED_HEADER, "[", sp_slice(reader->header), "]",
	    (struct sp_slice){ "", 0 });
}

/* A key or header that stands where only a continuation may. */
static void refuse_indented(struct reader *reader, struct sp_slice text)
{
	struct sp_slice word = key_word(text);

	if (text.text[0] == '[')
		refuse(reader, text.text,
		    "an indented section header: it begins the line, or it would "
		    "continue "
		    "the key above");
	else if (reader->key_open && reader->key.length)
		refuse(reader, text.text,
		    "\"%.*s\" is indented and would continue \"%.*s\" above: a key "
		    "begins "
		    "the line",
		    SP_SHOW(word), SP_SHOW(reader->key));
	else
		refuse(reader, text.text, "\"%.*s\" is indented: a key begins the line",
		    SP_SHOW(word));
}

/* One physical line; true when there is something for inih in the buffer. */
static bool take_line(struct reader *reader, struct sp_slice line)
{
	const char *why;
	size_t bad = sp_refused_character(line, &why);
	struct sp_slice text;
	bool indented;

	if (bad < line.length) {
		refuse(reader, line.text + bad, "%s", why);
		reader->key_damaged = true;
		return false;
	}
	text = sp_slice_trim(without_comment(line));
	if (!text.length)
		return false;
	indented = text.text > line.text;
	if (text.text[0] == '[' || !reader->in_section) {
		if (text.text[0] != '[') {
			if (reader->stray++ < MAX_STRAY_LINES)
				refuse(
				    reader, text.text, "text before the first section");
			return false;
		}
		if (indented)
			refuse_indented(reader, text);
		return take_header(reader, text);
	}
	if (indented && !looks_like_key(text))
		return take_more(reader, text);
	if (indented)
		refuse_indented(reader, text);
	return take_key(reader, text);
}

/* inih's reader, in the manner of fgets. */
static char *next_for_inih(char *buffer, int size, void *stream)
{
	struct reader *reader = stream;
	struct sp_slice line;

	reader->buffer = buffer;
	reader->size = (size_t)size;
	if (reader->handed == HANDED_HEADER) {
		reader->key = sp_slice(MARKER_KEY);
		reader->piece = sp_slice(MARKER_VALUE);
		reader->whole.length = 0;
		return hand_out(
			   reader, HANDED_MARKER, "", reader->key, "=", reader->piece)
			   ? buffer
			   : NULL;
	}
	if (reader->handed != HANDED_NOTHING)
		disagree(reader); /* inih kept the last line to itself */
	if (reader->disagreed || reader->out_of_memory)
		return NULL;
	if (reader->rest.length && hand_out_rest(reader))
		return buffer;
	while (!reader->disagreed && next_line(reader, &line))
		if (take_line(reader, line))
			return buffer;
	return NULL;
}

static size_t byte_order_mark(const struct sp_document *document)
{
	return document->length >= 3 && !memcmp(document->bytes, "\xef\xbb\xbf", 3) ? 3
										    : 0;
}

void sp_document_read(struct sp_document *document, struct sp_diag *diag)
{
	struct reader reader = {
		.document = document, .diag = diag, .at = byte_order_mark(document)
	};

	if (ini_parse_stream(next_for_inih, &reader, deliver, &reader) != 0 ||
	    reader.handed != HANDED_NOTHING)
		disagree(&reader);
	if (reader.out_of_memory)
		sp_out_of_memory(diag);
	else if (!reader.disagreed)
		finish_key(&reader);
}
