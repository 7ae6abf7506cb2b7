#include <sallyport/evidence.h>
#include <sallyport/escape.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "directory.h"

/* A file of ours is below 1 KiB; a reason is one line. */
#define EVIDENCE_BYTES (64 * 1024)

static void file_name(char name[32], enum sp_protocol protocol, uint16_t port)
{
	snprintf(name, 32, "%s-%u.json", sp_protocol_name(protocol), port);
}

static char *directory_name(const char *state_directory)
{
	char *path;

	return asprintf(&path, "%s/evidence", state_directory) < 0 ? NULL : path;
}

/* JSON is UTF-8; a peer's words, or an administrator's, need not be. NULL: memory
 * is out, which json_pack passes on. */
static json_t *text_of(const char *bytes)
{
	json_t *string = json_string(bytes);
	char *escaped = string ? NULL : sp_escape(bytes);

	if (escaped)
		string = json_string(escaped);
	free(escaped);
	return string;
}

/* Takes the path and the root over. */
static bool save_at(char *path, const char *name, json_t *root, struct sp_diag *diag)
{
	char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	int directory = -1;
	bool saved = false;

	if (!path || !text)
		sp_out_of_memory(diag);
	else if ((directory = sp_state_directory_open(path, diag)) >= 0)
		saved = sp_state_file_replace(
		    directory, path, name, text, strlen(text), diag);
	if (directory >= 0)
		close(directory);
	free(path);
	free(text);
	json_decref(root);
	return saved;
}

static bool save(
    const char *state_directory, const char *name, json_t *root, struct sp_diag *diag)
{
	return save_at(directory_name(state_directory), name, root, diag);
}

/* Takes the path over. */
static json_t *load_at(char *path, const char *name)
{
	char *text;
	json_t *root = NULL;
	size_t length = 0;
	int directory;

	directory = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(path);
	if (directory < 0)
		return NULL;
	text = sp_state_file_read(directory, name, EVIDENCE_BYTES, &length);
	close(directory);
	if (text)
		root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return root;
}

static json_t *load(const char *state_directory, const char *name)
{
	return load_at(directory_name(state_directory), name);
}

bool sp_evidence_save(
    const char *state_directory, const struct sp_evidence *evidence, struct sp_diag *diag)
{
	char name[32];

	file_name(name, evidence->protocol, evidence->port);
	return save(state_directory, name,
	    json_pack("{s:i, s:s, s:i, s:s, s:o, s:I, s:I, s:I}", "version", 1,
		"protocol", sp_protocol_name(evidence->protocol), "port",
		(int)evidence->port, "outcome", evidence->outcome, "reason",
		text_of(evidence->reason), "checked", (json_int_t)evidence->checked,
		"not_after", (json_int_t)evidence->not_after, "certificate_ends",
		(json_int_t)evidence->certificate_ends),
	    diag);
}

static bool from_json(json_t *root, struct sp_evidence *ret)
{
	const char *outcome, *reason;
	json_int_t checked, not_after, certificate_ends = 0;
	int version;

	if (!root ||
	    json_unpack(root, "{s:i, s:s, s:s, s:I, s:I, s?I}", "version", &version,
		"outcome", &outcome, "reason", &reason, "checked", &checked, "not_after",
		&not_after, "certificate_ends", &certificate_ends) < 0 ||
	    version != 1)
		return false;
	ret->outcome = strdup(outcome);
	ret->reason = strdup(reason);
	ret->checked = checked;
	ret->not_after = not_after;
	ret->certificate_ends = certificate_ends;
	return ret->outcome && ret->reason;
}

bool sp_evidence_load(const char *state_directory, enum sp_protocol protocol,
    uint16_t port, struct sp_evidence *ret)
{
	json_t *root;
	char name[32];
	bool known;

	*ret = (struct sp_evidence){ .protocol = protocol, .port = port };
	file_name(name, protocol, port);
	root = load(state_directory, name);
	known = from_json(root, ret);
	json_decref(root);
	if (!known)
		sp_evidence_clear(ret);
	return known;
}

void sp_evidence_clear(struct sp_evidence *evidence)
{
	free(evidence->outcome);
	free(evidence->reason);
	memset(evidence, 0, sizeof(*evidence));
}

/* ---- overrides ---- */

static void note_name(char name[32], uint16_t port)
{
	snprintf(name, 32, "override-%u.json", port);
}

bool sp_override_note_save(const char *state_directory,
    const struct sp_override_note *note, struct sp_diag *diag)
{
	char name[32];

	note_name(name, note->port);
	return save(state_directory, name,
	    json_pack("{s:i, s:i, s:o, s:I, s:I}", "version", 1, "port", (int)note->port,
		"reason", text_of(note->reason), "until", (json_int_t)note->until, "uid",
		(json_int_t)note->uid),
	    diag);
}

bool sp_override_note_load(
    const char *state_directory, uint16_t port, struct sp_override_note *ret)
{
	json_int_t until, uid;
	const char *reason;
	json_t *root;
	char name[32];
	bool known;

	*ret = (struct sp_override_note){ .port = port };
	note_name(name, port);
	root = load(state_directory, name);
	known = root &&
		json_unpack(root, "{s:s, s:I, s:I}", "reason", &reason, "until", &until,
		    "uid", &uid) == 0 &&
		(ret->reason = strdup(reason));
	if (known) {
		ret->until = until;
		ret->uid = (uint32_t)uid;
	}
	json_decref(root);
	return known;
}

/* ---- drift ---- */

#define DRIFT_FILE "drift.json"

bool sp_drift_note_save(
    const char *run_directory, const struct sp_drift_note *note, struct sp_diag *diag)
{
	return save_at(strdup(run_directory), DRIFT_FILE,
	    json_pack("{s:i, s:I, s:s, s:I, s:I}", "version", 1, "count",
		(json_int_t)note->count, "writer", note->writer, "pid",
		(json_int_t)note->pid, "at", (json_int_t)note->at),
	    diag);
}

struct sp_drift_note sp_drift_note_load(const char *run_directory)
{
	struct sp_drift_note note = { 0 };
	json_t *root = load_at(strdup(run_directory), DRIFT_FILE);
	json_int_t count, pid, at;
	const char *writer;

	if (root && json_unpack(root, "{s:I, s:s, s:I, s:I}", "count", &count, "writer",
			&writer, "pid", &pid, "at", &at) == 0) {
		note.count = (uint64_t)count;
		note.pid = (uint32_t)pid;
		note.at = at;
		snprintf(note.writer, sizeof(note.writer), "%s", writer);
	}
	json_decref(root);
	return note;
}
