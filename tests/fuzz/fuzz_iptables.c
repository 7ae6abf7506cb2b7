/* Tables of iptables-legacy: family, hooks, each hook's first rule and policy, then
 * the entries. Whatever stands there, every rule that is told has a chain and a
 * number in it, and no more are told than there are entries. */
#include "fuzz.h"

#include <sallyport/foreign.h>

/* The smallest entry: struct ipt_entry and a target's head. */
#define LEAST_ENTRY (112 + 32)

struct header {
	uint8_t family, hooks, unused[2];
	uint32_t first[SP_IP_TABLE_HOOKS], policy[SP_IP_TABLE_HOOKS];
};

static void check_item(const struct sp_foreign *item)
{
	FUZZ_CHECK(item->legacy && item->family && !strcmp(item->table, "fuzz"));
	FUZZ_CHECK(strlen(item->chain) < 30);
	switch (item->kind) {
	case SP_FOREIGN_INPUT:
	case SP_FOREIGN_FORWARD: FUZZ_CHECK(!item->handle); break;
	case SP_FOREIGN_DNAT:
	case SP_FOREIGN_REDIRECT:
	case SP_FOREIGN_TPROXY: FUZZ_CHECK(item->handle); break;
	case SP_FOREIGN_INGRESS: FUZZ_CHECK(false);
	}
	if (item->has_to)
		FUZZ_CHECK(item->to.family == SP_IPV4 || item->to.family == SP_IPV6);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct header header;
	struct sp_ip_table table = { .name = "fuzz" };
	struct sp_ip_tables tables = { &table, 1, 1 };
	struct sp_foreigns found = { 0 };

	if (length < sizeof(header))
		return 0;
	memcpy(&header, bytes, sizeof(header));
	table.family = header.family % 2 ? SP_IPV6 : SP_IPV4;
	table.hooks = header.hooks;
	memcpy(table.first, header.first, sizeof(table.first));
	memcpy(table.policy, header.policy, sizeof(table.policy));
	/* Of exactly that length, so that reading behind it is seen. */
	table.length = length - sizeof(header);
	table.entries = malloc(table.length + !table.length);
	FUZZ_CHECK(table.entries);
	memcpy(table.entries, bytes + sizeof(header), table.length);
	FUZZ_CHECK(sp_foreign_add_ip_tables(&tables, &found));
	FUZZ_CHECK(found.length <= 2 + table.length / LEAST_ENTRY);
	for (size_t i = 0; i < found.length; i++)
		check_item(&found.items[i]);
	sp_foreigns_free(&found);
	free(table.entries);
	return 0;
}
