/* The command line: one table of options, one table of commands, one file per
 * command. A command's function is its pipeline. */
#ifndef SALLYPORT_COMMAND_H
#define SALLYPORT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sallyport/diag.h>

/* cli.md, Exit codes. */
enum sp_exit {
	SP_EXIT_DONE = 0,
	SP_EXIT_NO = 1,
	SP_EXIT_USAGE = 2,
	SP_EXIT_SYSTEM = 3,
	SP_EXIT_ROLLED_BACK = 4,
};

enum sp_format {
	SP_FORMAT_TEXT,
	SP_FORMAT_JSON,
	SP_FORMAT_MARKDOWN,
	SP_FORMAT_SARIF,
	SP_FORMAT_NFT,
	SP_FORMAT_NETLINK,
	SP_FORMAT_PROMETHEUS,
};

enum sp_fail_on { SP_FAIL_ON_ANY, SP_FAIL_ON_OPENS };

/* What the command line said, defaults filled in. Texts point into argv. */
struct sp_options {
	const char *state_directory;  /* /var/lib/sallyport */
	const char *run_directory;    /* /run/sallyport */
	const char *config_directory; /* /etc/sallyport */
	enum sp_format format;
	bool quiet, strict, dry_run, verify_none, verify_all, kernel, print, help;
	bool rules;				  /* diff: rule by rule */
	const char *from, *to, *port, *interface; /* explain */
	const char *explain;			  /* check: a lint's identifier */
	enum sp_fail_on fail_on;
	bool colour, progress; /* standard output, standard error is a terminal */
	const char *profile, *starttls, *ca;
	const char *names[64]; /* --name, in order */
	size_t name_count;
	uint32_t timeout_ms, port_timeout_ms; /* 5 s a connection, 30 s a port */
	uint32_t lock_wait_ms;
	uint32_t confirm_ms, for_ms; /* 0: not said */
	bool wait, boot, to_open, yes, end, watch, intrusive;
	const char *reason;
	const char *const *operands;
	size_t operand_count;
};

struct sp_command {
	const char *name;
	const char *operands; /* as usage shows them: "[POLICY]" */
	const char *summary;  /* one line */
	const char *options;  /* the letters of the option table that it takes */
	const char *details;  /* paragraphs for --help */
	size_t least_operands, most_operands;
	enum sp_exit (*run)(const struct sp_options *options);
};

/* As --version says it. */
const char *sp_program_version(void);

/* /etc/sallyport, which was not named, may not be looked into. */
bool sp_config_is_shut(const struct sp_options *options);

/* The policy's path: the operand at `index` or /etc/sallyport/policy.ini. */
const char *sp_policy_operand(const struct sp_options *options, size_t index);

/* Prints the diagnostics to standard error, "file:line:column: error: …", and
 * frees them. True when there was no error. */
bool sp_show_diagnostics(const struct sp_options *options, struct sp_diag *diag);

enum sp_exit sp_command_check(const struct sp_options *options);
enum sp_exit sp_command_compile(const struct sp_options *options);
enum sp_exit sp_command_explain(const struct sp_options *options);
enum sp_exit sp_command_diff(const struct sp_options *options);
enum sp_exit sp_command_verify(const struct sp_options *options);
enum sp_exit sp_command_probe(const struct sp_options *options);
enum sp_exit sp_command_apply(const struct sp_options *options);
enum sp_exit sp_command_confirm(const struct sp_options *options);
enum sp_exit sp_command_rollback(const struct sp_options *options);
enum sp_exit sp_command_lockdown(const struct sp_options *options);
enum sp_exit sp_command_override(const struct sp_options *options);
enum sp_exit sp_command_recheck(const struct sp_options *options);
enum sp_exit sp_command_watch(const struct sp_options *options);
enum sp_exit sp_command_status(const struct sp_options *options);
enum sp_exit sp_command_audit(const struct sp_options *options);
enum sp_exit sp_command_discover(const struct sp_options *options);

#endif
