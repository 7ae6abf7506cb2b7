/* audit: sockets, policy, kernel and TLS, joined and told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sallyport/memory.h>

#include "audit_join.h"
#include "policy.h"
#include "verify_run.h"

/* What the kernel holds, where it may be read. */
struct kernel_side {
	struct sp_kernel kernel;
	bool read;
};

/* What may not be read is left out, and said. */
static void tell(const struct sp_options *options, struct sp_diag *diag)
{
	for (size_t i = 0; i < diag->length && !options->quiet; i++) {
		diag->items[i].severity = SP_WARNING;
		sp_show_diagnostic(&diag->items[i]);
	}
	sp_diag_free(diag);
}

static bool count_differences(const struct sp_compiled *compiled,
    const struct sp_kernel *kernel, struct sp_audit *ret, struct sp_diag *diag)
{
	struct sp_delta *delta =
	    sp_delta_make(compiled->ruleset, &compiled->gates, kernel, NULL, diag);

	if (!delta)
		return false;
	ret->differences = delta->changes.length;
	sp_delta_free(delta);
	return true;
}

static bool read_others(struct sp_audit *ret, struct sp_diag *diag)
{
	struct sp_nf_tables *socket = sp_nf_tables_open(diag);
	bool read = socket && sp_foreign_read(socket, &ret->foreigns, diag);
	struct sp_ip_tables legacy = { 0 };

	sp_nf_tables_close(socket);
	if (!read)
		return false;
	/* Whoever has CAP_NET_ADMIN and is not root may not know their names. */
	ret->legacy_unread = !sp_ip_tables_read(&legacy, diag);
	read =
	    sp_foreign_add_ip_tables(&legacy, &ret->foreigns) || sp_out_of_memory(diag);
	sp_ip_tables_free(&legacy);
	return read;
}

static void read_kernel(const struct sp_options *options,
    const struct sp_directories *directories, const struct sp_compiled *compiled,
    struct kernel_side *side, struct sp_audit *ret)
{
	struct sp_diag diag = { 0 };

	side->read =
	    sp_read_kernel(directories, compiled->ruleset, true, &side->kernel, &diag) &&
	    count_differences(compiled, &side->kernel, ret, &diag) &&
	    read_others(ret, &diag);
	ret->kernel_read = side->read;
	ret->loaded = side->read && side->kernel.present && !side->kernel.dormant;
	tell(options, &diag);
}

static bool print(const struct sp_options *options, const struct sp_audit *audit)
{
	switch (options->format) {
	case SP_FORMAT_JSON: return sp_report_audit_json(stdout, audit);
	case SP_FORMAT_SARIF:
		return sp_report_audit_sarif(stdout, audit, sp_program_version());
	case SP_FORMAT_MARKDOWN: return sp_report_audit_markdown(stdout, audit);
	case SP_FORMAT_TEXT:
	case SP_FORMAT_NFT:
	case SP_FORMAT_NETLINK:
	case SP_FORMAT_PROMETHEUS: break;
	}
	return sp_report_audit_text(stdout, audit, options->colour);
}

/* What is known to be wrong is said before what is not known. */
static enum sp_exit answer(const struct sp_options *options, const struct sp_audit *audit)
{
	if (!print(options, audit)) {
		fprintf(stderr, "sallyport: the report cannot be written: %s\n",
		    strerror(errno));
		return SP_EXIT_SYSTEM;
	}
	if (!sp_audit_passes(audit))
		return SP_EXIT_NO;
	return audit->kernel_read && !audit->legacy_unread ? SP_EXIT_DONE
							   : SP_EXIT_SYSTEM;
}

static bool look(const struct sp_options *options, const struct sp_compiled *compiled,
    struct sp_sockets *sockets, struct sp_verdicts *verdicts, struct sp_diag *diag)
{
	struct sp_verify_options how = { .connection_ms = options->timeout_ms,
		.port_ms = options->port_timeout_ms,
		.state_directory = options->state_directory,
		.plain = true,
		.progress = sp_verify_progress,
		.context = (void *)options };

	return sp_sockets_read(sockets, diag) &&
	       sp_verify(compiled->policy, &how, verdicts, diag);
}

static enum sp_exit audit(
    const struct sp_options *options, const struct sp_compiled *compiled)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_audit result = { .policy = sp_policy_operand(options, 0),
		.blocks_nothing = compiled->policy->mode == SP_MODE_AUDIT };
	struct sp_sockets sockets = { 0 };
	struct sp_verdicts verdicts = { 0 };
	struct kernel_side side = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;

	if (look(options, compiled, &sockets, &verdicts, &diag)) {
		struct sp_audited audited = { .policy = compiled->policy,
			.wanted = compiled->ruleset,
			.sockets = &sockets,
			.verdicts = &verdicts };

		read_kernel(options, &directories, compiled, &side, &result);
		audited.held = side.read ? side.kernel.held : NULL;
		audited.loaded = result.loaded;
		result.closed = sockets.owners.closed;
		result.time = verdicts.now;
		if (sp_audit_join(&audited, &result))
			status = answer(options, &result);
		else
			sp_out_of_memory(&diag);
	}
	sp_show_diagnostics(options, &diag);
	sp_kernel_free(&side.kernel);
	sp_audit_free(&result);
	sp_verdicts_free(&verdicts);
	sp_sockets_free(&sockets);
	return status;
}

enum sp_exit sp_command_audit(const struct sp_options *options)
{
	struct sp_compiled compiled = { 0 };
	enum sp_exit status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);

	if (status == SP_EXIT_DONE)
		status = audit(options, &compiled);
	sp_compiled_free(&compiled);
	return status;
}
