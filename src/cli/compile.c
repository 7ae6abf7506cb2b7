#include <stdio.h>
#include <stdlib.h>

#include <sallyport/nft.h>
#include <sallyport/ruleset_json.h>

#include "policy.h"

/* The batch that an empty kernel would get. */
static void add_netlink(
    const struct sp_compiled *compiled, struct sp_text *text, struct sp_diag *diag)
{
	struct sp_kernel empty = { 0 };
	struct sp_batch batch;
	struct sp_delta *delta =
	    sp_delta_make(compiled->ruleset, &compiled->gates, &empty, NULL, diag);

	if (delta && sp_batch_make(delta, 0, true, &batch, diag)) {
		sp_batch_print_hex(&batch, text);
		sp_batch_free(&batch);
	}
	sp_delta_free(delta);
}

static void add_json(const struct sp_compiled *compiled, struct sp_text *text)
{
	char *json = sp_ruleset_json(compiled->ruleset);

	if (json)
		sp_text_add(text, "%s\n", json);
	else
		text->failed = true;
	free(json);
}

enum sp_exit sp_command_compile(const struct sp_options *options)
{
	struct sp_text text = { 0 };
	struct sp_diag diag = { 0 };
	struct sp_compiled compiled;
	enum sp_exit status =
	    sp_compile_policy(options, sp_policy_operand(options, 0), &compiled);

	if (status == SP_EXIT_DONE) {
		switch (options->format) {
		case SP_FORMAT_JSON: add_json(&compiled, &text); break;
		case SP_FORMAT_NETLINK: add_netlink(&compiled, &text, &diag); break;
		case SP_FORMAT_PROMETHEUS:
		case SP_FORMAT_TEXT:
		case SP_FORMAT_MARKDOWN:
		case SP_FORMAT_SARIF:
		case SP_FORMAT_NFT: sp_ruleset_print(compiled.ruleset, &text); break;
		}
		if (text.failed)
			sp_out_of_memory(&diag);
		if (!sp_show_diagnostics(options, &diag))
			status = SP_EXIT_SYSTEM;
		else
			fwrite(text.bytes, 1, text.length, stdout);
	}
	sp_text_free(&text);
	sp_compiled_free(&compiled);
	return status;
}
