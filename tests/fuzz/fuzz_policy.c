/* A policy from its text: what is accepted prints, and reads as the same again.
 * That is what a snapshot lives on. */
#include "fuzz.h"

#include <sallyport/policy.h>

static struct sp_policy *read_policy(int slot, const void *bytes, size_t length)
{
	struct sp_policy_source source = { fuzz_file(slot, bytes, length), "/nonexistent",
		false };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);

	FUZZ_CHECK(policy ? diag.errors == 0 : diag.errors > 0);
	sp_diag_free(&diag);
	return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_policy *policy = read_policy(0, bytes, length), *again;
	char *text, *twice;
	size_t printed;

	if (!policy)
		return 0;
	text = sp_policy_print(policy, true, &printed);
	FUZZ_CHECK(text);
	again = read_policy(1, text, printed);
	FUZZ_CHECK(again);
	FUZZ_CHECK(!memcmp(policy->digest, again->digest, sizeof(policy->digest)));
	twice = sp_policy_print(again, true, NULL);
	FUZZ_CHECK(twice && !strcmp(text, twice));
	sp_policy_free(again);
	sp_policy_free(policy);
	free(text);
	free(twice);
	return 0;
}
