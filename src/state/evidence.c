#include <sallyport/evidence.h>

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

static char *to_json(const struct sp_evidence *evidence)
{
	json_t *root = json_pack("{s:i, s:s, s:i, s:s, s:s, s:I, s:I}", "version", 1,
	    "protocol", sp_protocol_name(evidence->protocol), "port", (int)evidence->port,
	    "outcome", evidence->outcome, "reason", evidence->reason, "checked",
	    (json_int_t)evidence->checked, "not_after", (json_int_t)evidence->not_after);
	char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	json_decref(root);
	return text;
}

bool sp_evidence_save(
    const char *state_directory, const struct sp_evidence *evidence, struct sp_diag *diag)
{
	char *path = directory_name(state_directory), *text = to_json(evidence), name[32];
	int directory = -1;
	bool saved = false;

	file_name(name, evidence->protocol, evidence->port);
	if (!path || !text)
		sp_out_of_memory(diag);
	else if ((directory = sp_state_directory_open(path, diag)) >= 0)
		saved = sp_state_file_replace(
		    directory, path, name, text, strlen(text), diag);
	if (directory >= 0)
		close(directory);
	free(path);
	free(text);
	return saved;
}

static bool from_json(const char *text, size_t length, struct sp_evidence *ret)
{
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const char *outcome, *reason;
	json_int_t checked, not_after;
	int version;
	bool known;

	known = root &&
		json_unpack(root, "{s:i, s:s, s:s, s:I, s:I}", "version", &version,
		    "outcome", &outcome, "reason", &reason, "checked", &checked,
		    "not_after", &not_after) == 0 &&
		version == 1;
	if (known) {
		ret->outcome = strdup(outcome);
		ret->reason = strdup(reason);
		ret->checked = checked;
		ret->not_after = not_after;
		known = ret->outcome && ret->reason;
	}
	json_decref(root);
	return known;
}

bool sp_evidence_load(const char *state_directory, enum sp_protocol protocol,
    uint16_t port, struct sp_evidence *ret)
{
	char *path = directory_name(state_directory), *text, name[32];
	struct sp_diag ignored = { 0 };
	size_t length = 0;
	int directory;
	bool known;

	*ret = (struct sp_evidence){ .protocol = protocol, .port = port };
	if (!path)
		return false;
	file_name(name, protocol, port);
	directory =
	    access(path, R_OK) == 0 ? sp_state_directory_open(path, &ignored) : -1;
	sp_diag_free(&ignored);
	free(path);
	if (directory < 0)
		return false;
	text = sp_state_file_read(directory, name, EVIDENCE_BYTES, &length);
	close(directory);
	known = text && from_json(text, length, ret);
	free(text);
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
