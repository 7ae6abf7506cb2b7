#include "policy.h"

#include "page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sallyport/escape.h>

#define DEFAULT_POLICY "/etc/sallyport/policy.ini"

const char *sp_policy_operand(const struct sp_options *options, size_t index)
{
	return index < options->operand_count ? options->operands[index] : DEFAULT_POLICY;
}

static const char *severity_name(enum sp_severity severity)
{
	switch (severity) {
	case SP_ERROR: return "error";
	case SP_WARNING: return "warning";
	case SP_NOTE: return "note";
	}
	return "?";
}

static void add_place(struct sp_text *text, const struct sp_diagnostic *item)
{
	/* A file's name may hold whatever a file system takes. */
	sp_text_add_escaped(text, item->file ? item->file : "sallyport");
	if (item->file && item->line)
		sp_text_add(text, ":%u", item->line);
	if (item->file && item->line && item->column)
		sp_text_add(text, ":%u", item->column);
	sp_text_add(text, ": ");
}

void sp_show_diagnostic(const struct sp_diagnostic *item)
{
	struct sp_text text = { 0 };

	add_place(&text, item);
	sp_text_add(&text, "%s: %s\n", severity_name(item->severity), item->message);
	sp_page_say(stderr, text.failed ? item->message : text.bytes);
	sp_text_free(&text);
}

bool sp_show_diagnostics(const struct sp_options *options, struct sp_diag *diag)
{
	bool fine = diag->errors == 0;
	size_t said = diag->errors + diag->warnings;

	fflush(stdout);
	for (size_t i = 0; i < diag->length; i++)
		if (!options->quiet || diag->items[i].severity == SP_ERROR || !fine)
			sp_show_diagnostic(&diag->items[i]);
	if (diag->out_of_memory)
		fputs("sallyport: error: out of memory\n", stderr);
	else if (said > diag->length)
		fprintf(stderr,
		    "sallyport: %zu errors and %zu warnings in all; the first "
		    "are shown\n",
		    diag->errors, diag->warnings);
	sp_diag_free(diag);
	return fine;
}

bool sp_printed(bool done)
{
	if (!done && !ferror(stdout))
		fputs("sallyport: error: out of memory\n", stderr);
	return done;
}

struct sp_directories sp_directories_of(const struct sp_options *options)
{
	return (struct sp_directories){ options->state_directory, options->run_directory,
		options->config_directory, options->lock_wait_ms,
		sp_lockdown_mark(options->state_directory), false };
}

bool sp_state_lacks(const char *state_directory, const char *snapshot)
{
	char *path = NULL;
	bool lacks = asprintf(&path, "%s/%s", state_directory, snapshot) >= 0 &&
		     access(path, F_OK) < 0 && errno == ENOENT;

	free(path);
	return lacks;
}

bool sp_load_in_force(const struct sp_directories *directories, struct sp_standing *ret,
    struct sp_diag *diag)
{
	if (sp_state_lacks(directories->state, "active") &&
	    sp_state_lacks(directories->state, "pending") &&
	    !sp_lockdown_is_set(directories->state))
		return sp_error(diag, NULL,
		    "nothing was applied yet: `sallyport apply POLICY` comes first");
	return sp_standing_load_in_force(directories, ret, diag);
}

bool sp_no_such_service(
    const struct sp_policy *policy, const char *name, struct sp_diag *diag)
{
	struct sp_text names = { 0 };

	for (size_t i = 0; i < policy->service_count; i++)
		if (policy->services[i].tls != SP_TLS_NONE)
			sp_text_add(&names, "%s%s", names.length ? ", " : "",
			    policy->services[i].name);
	sp_error(diag, NULL, "the policy in force has no TLS service '%s'%s%s", name,
	    names.length ? "; it has " : "", names.length ? names.bytes : "");
	sp_text_free(&names);
	return false;
}

/* Whoever has none yet is told how to get one. */
static void say_how_to_begin(const char *path)
{
	if (!strcmp(path, DEFAULT_POLICY) && access(path, F_OK) < 0 && errno == ENOENT)
		sp_page_say(stderr,
		    "sallyport: there is no policy yet: `sallyport discover` writes "
		    "one of what listens here; name another file to use that\n");
}

struct sp_policy *sp_read_policy(
    const struct sp_options *options, const char *path, size_t *ret_warnings)
{
	struct sp_policy_source source = { .path = path,
		.config_directory = options->config_directory };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);

	if (ret_warnings)
		*ret_warnings = diag.warnings;
	sp_show_diagnostics(options, &diag);
	if (!policy)
		say_how_to_begin(path);
	return policy;
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written <= 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return true;
}

static void keep_errors(struct sp_diag *from, struct sp_diag *to)
{
	for (size_t i = 0; i < from->length; i++)
		if (from->items[i].severity == SP_ERROR)
			sp_error(to, NULL, "line %u: %s", from->items[i].line,
			    from->items[i].message);
	if (from->out_of_memory)
		sp_out_of_memory(to);
	sp_diag_free(from);
}

struct sp_policy *sp_policy_in_memory(const struct sp_options *options, const char *text,
    size_t length, struct sp_diag *diag)
{
	int fd = memfd_create("policy", MFD_CLOEXEC);
	struct sp_policy_source source = { .config_directory =
					       options->config_directory };
	struct sp_policy *policy = NULL;
	struct sp_diag found = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	source.path = path;
	if (fd >= 0 && write_all(fd, text, length))
		policy = sp_policy_read(&source, &found);
	else
		sp_error(&found, NULL, "cannot write a file in memory: %m");
	if (fd >= 0)
		close(fd);
	keep_errors(&found, diag);
	return policy;
}

enum sp_exit sp_compile_policy(
    const struct sp_options *options, const char *path, struct sp_compiled *ret)
{
	struct sp_diag diag = { 0 };

	memset(ret, 0, sizeof(*ret));
	ret->policy = sp_read_policy(options, path, &ret->warnings);
	if (!ret->policy && sp_config_is_shut(options)) {
		sp_page_sayf(stderr,
		    "sallyport: %s is for root and the user sallyport alone (run as "
		    "root); without it, check --kernel and compile work\n",
		    options->config_directory);
		return SP_EXIT_SYSTEM;
	}
	if (!ret->policy)
		return SP_EXIT_USAGE;
	ret->ruleset = sp_ruleset_compile(ret->policy, &diag);
	if (ret->ruleset && !sp_policy_gates(ret->policy, &ret->gates))
		sp_out_of_memory(&diag);
	return sp_show_diagnostics(options, &diag) ? SP_EXIT_DONE : SP_EXIT_SYSTEM;
}

void sp_compiled_free(struct sp_compiled *compiled)
{
	sp_array_free(&compiled->gates);
	sp_ruleset_free(compiled->ruleset);
	sp_policy_free(compiled->policy);
	memset(compiled, 0, sizeof(*compiled));
}
