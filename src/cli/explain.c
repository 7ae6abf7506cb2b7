/* explain: one packet in, the decision and its reasons out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/evidence.h>
#include <sallyport/memory.h>
#include <sallyport/explanation_report.h>
#include <sallyport/limits.h>
#include <sallyport/transaction.h>

#include "policy.h"

struct question {
	struct sp_intervals from, to;
	struct sp_inquiry inquiry;
};

/* Logs write IPv4 addresses so, and an answer about no packet would mislead. */
static bool is_of_packets(const char *option, const struct sp_range *range)
{
	struct sp_range meant;
	char mapped[SP_ADDRESS_TEXT], ipv4[SP_ADDRESS_TEXT];

	if (!sp_range_is_mapped(range, &meant))
		return true;
	fprintf(stderr,
	    "sallyport: --%s %s: IPv4-mapped, which no packet's address is: write %s\n",
	    option, sp_address_print(&range->first, mapped),
	    sp_address_print(&meant.first, ipv4));
	return false;
}

static bool read_address(const char *option, const char *text, struct sp_intervals *ret)
{
	struct sp_range range;

	if (!sp_address_parse(text, strlen(text), &range.first)) {
		fprintf(stderr, "sallyport: --%s %s: want an IPv4 or IPv6 address\n",
		    option, text);
		return false;
	}
	range.last = range.first;
	if (!is_of_packets(option, &range))
		return false;
	if (sp_intervals_add(ret, &range))
		return true;
	fputs("sallyport: error: out of memory\n", stderr);
	return false;
}

static bool read_port(const char *text, struct sp_inquiry *ret)
{
	char *end;
	unsigned long port;

	errno = 0;
	port = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !errno && port && port <= UINT16_MAX &&
	    (!strcmp(end, "/tcp") || !strcmp(end, "/udp"))) {
		ret->port = (uint16_t)port;
		ret->protocol = strcmp(end, "/tcp") ? SP_UDP : SP_TCP;
		return true;
	}
	fprintf(stderr, "sallyport: --port %s: want a port and its protocol: 443/tcp\n",
	    text);
	return false;
}

/* One cut short would be another interface's. */
static bool read_interface(const char *text)
{
	if (*text && strlen(text) <= SP_MAX_INTERFACE_NAME && !strchr(text, '*'))
		return true;
	fprintf(stderr,
	    "sallyport: --interface wants one interface's name, of at most %d bytes\n",
	    SP_MAX_INTERFACE_NAME);
	return false;
}

static bool read_question(const struct sp_options *options, struct question *ret)
{
	*ret = (struct question){ 0 };
	if (!options->from || !options->port) {
		fputs("sallyport: explain wants --from ADDRESS and --port 443/tcp\n",
		    stderr);
		return false;
	}
	if (!read_address("from", options->from, &ret->from) ||
	    !read_port(options->port, &ret->inquiry) ||
	    (options->to && !read_address("to", options->to, &ret->to)))
		return false;
	if (options->to && !ret->from.v4.length != !ret->to.v4.length) {
		fputs("sallyport: --from and --to are not of one family\n", stderr);
		return false;
	}
	if (options->interface && !read_interface(options->interface))
		return false;
	ret->inquiry.sources = &ret->from;
	ret->inquiry.destinations = options->to ? &ret->to : NULL;
	ret->inquiry.interface = options->interface;
	return true;
}

/* The lease, where the kernel can be read; who may not, is not told off. */
static void ask_kernel(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_inquiry *inquiry,
    struct sp_proof_shown *proof)
{
	struct sp_directories directories = sp_directories_of(options);
	struct sp_diag diag = { 0 };
	struct sp_kernel kernel = { 0 };

	proof->kernel_read =
	    sp_read_kernel(&directories, compiled->ruleset, false, &kernel, &diag) &&
	    kernel.present;
	for (size_t s = 0; proof->kernel_read && s < kernel.held->sets.length; s++) {
		const struct sp_set *set = &kernel.held->sets.items[s];

		for (size_t i = 0;
		     !strcmp(set->name, SP_SET_VERIFIED) && i < set->elements.length;
		     i++) {
			const struct sp_element *element = &set->elements.items[i];

			if (element->protocol == (uint8_t)inquiry->protocol &&
			    element->ports.first == inquiry->port) {
				proof->stands = true;
				proof->left_ms = element->expires_ms;
			}
		}
	}
	sp_kernel_free(&kernel);
	sp_diag_free(&diag);
}

static bool print(const struct sp_options *options, const struct sp_compiled *compiled,
    const struct sp_explanation *explanation, const struct sp_inquiry *inquiry)
{
	const struct sp_policy *policy = compiled->policy;
	struct sp_proof_shown proof = { 0 };
	struct sp_evidence evidence = { 0 };
	bool done;

	ask_kernel(options, compiled, inquiry, &proof);
	if (sp_evidence_load(
		options->state_directory, inquiry->protocol, inquiry->port, &evidence)) {
		proof.outcome = evidence.outcome;
		proof.reason = evidence.reason;
		proof.checked = evidence.checked;
	}
	done = options->format == SP_FORMAT_JSON
		   ? sp_report_explanation_json(stdout, policy, explanation, &proof)
		   : sp_report_explanation_text(stdout, policy, explanation, &proof);
	sp_evidence_clear(&evidence);
	return sp_printed(done);
}

static enum sp_exit explain(const struct sp_options *options,
    const struct sp_compiled *compiled, const struct sp_inquiry *inquiry)
{
	struct sp_explanation explanation = { 0 };
	struct sp_diag diag = { 0 };
	enum sp_exit status = SP_EXIT_SYSTEM;

	if (sp_explain(
		compiled->policy, compiled->ruleset, inquiry, &explanation, &diag) &&
	    print(options, compiled, &explanation, inquiry))
		status = explanation.accepted ? SP_EXIT_DONE : SP_EXIT_NO;
	sp_show_diagnostics(options, &diag);
	sp_explanation_free(&explanation);
	return status;
}

enum sp_exit sp_command_explain(const struct sp_options *options)
{
	struct question question;
	struct sp_compiled compiled = { 0 };
	enum sp_exit status = SP_EXIT_USAGE;

	if (read_question(options, &question))
		status =
		    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);
	if (status == SP_EXIT_DONE)
		status = explain(options, &compiled, &question.inquiry);
	sp_compiled_free(&compiled);
	sp_intervals_free(&question.from);
	sp_intervals_free(&question.to);
	return status;
}
