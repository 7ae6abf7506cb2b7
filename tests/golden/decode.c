/* POLICY -> the batch an empty kernel would get, as libnftnl prints it. */
#include <stdio.h>
#include <stdlib.h>

#include <sallyport/nft.h>

int main(int argc, char **argv)
{
	struct sp_policy_source source = { .path = argv[argc - 1],
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);
	struct sp_ruleset *ruleset = policy ? sp_ruleset_compile(policy, &diag) : NULL;
	struct sp_gates gates = { 0 };
	struct sp_kernel empty = { 0 };
	struct sp_delta *delta = NULL;
	struct sp_batch batch = { 0 };
	struct sp_text text = { 0 };
	bool decoded;

	if (ruleset && sp_policy_gates(policy, &gates))
		delta = sp_delta_make(ruleset, &gates, &empty, NULL, &diag);
	decoded = delta && sp_batch_make(delta, 0, true, &batch, &diag) &&
	    sp_batch_print_decoded(&batch, &text);
	if (decoded)
		fputs(text.bytes, stdout);
	sp_text_free(&text);
	sp_batch_free(&batch);
	sp_delta_free(delta);
	free(gates.items);
	sp_ruleset_free(ruleset);
	sp_policy_free(policy);
	sp_diag_free(&diag);
	return decoded ? 0 : 1;
}
