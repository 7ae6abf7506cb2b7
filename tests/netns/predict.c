/* What explain predicts, for many packets at once. Reads lines "tcp|udp SOURCE
 * DESTINATION PORT INTERFACE" and prints "UNVERIFIED VERIFIED", each accept, drop
 * or reject, for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/explanation.h>

/* A first packet is under every rate. */
static const char *fate_of(const struct sp_decision *decision)
{
	return sp_fate_name(
	    decision->limit_count ? decision->limits[0].fate : decision->fate);
}

static void add_address(struct sp_intervals *set, const char *text)
{
	struct sp_range range;

	if (!sp_address_parse(text, strlen(text), &range.first))
		exit(65);
	range.last = range.first;
	if (!sp_intervals_add(set, &range))
		exit(71);
}

static void answer(const struct sp_policy *policy, const struct sp_ruleset *ruleset,
    const char *words[5])
{
	struct sp_intervals from = { 0 }, to = { 0 };
	struct sp_inquiry inquiry = { strcmp(words[0], "udp") ? SP_TCP : SP_UDP,
		(uint16_t)atoi(words[3]), &from, &to, words[4] };
	struct sp_explanation explanation;
	struct sp_diag diag = { 0 };

	add_address(&from, words[1]);
	add_address(&to, words[2]);
	if (!sp_explain(policy, ruleset, &inquiry, &explanation, &diag) ||
	    explanation.cases.length != 1)
		exit(70);
	printf("%s %s\n",
	    fate_of(explanation.cases.items[0].region->outcomes[SP_NEW][SP_UNVERIFIED]),
	    fate_of(explanation.cases.items[0].region->outcomes[SP_NEW][SP_VERIFIED]));
	sp_explanation_free(&explanation);
	sp_intervals_free(&from);
	sp_intervals_free(&to);
}

int main(int count, char **arguments)
{
	struct sp_policy_source source = { count > 1 ? arguments[1] : "", "/nonexistent",
		false };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);
	struct sp_ruleset *ruleset = policy ? sp_ruleset_compile(policy, &diag) : NULL;
	char line[256];

	if (!ruleset)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		const char *words[5];
		char *rest = line;

		for (size_t i = 0; i < 5; i++)
			if (!(words[i] = strsep(&rest, " \n")))
				return 65;
		answer(policy, ruleset, words);
	}
	sp_ruleset_free(ruleset);
	sp_policy_free(policy);
	sp_diag_free(&diag);
	return 0;
}
