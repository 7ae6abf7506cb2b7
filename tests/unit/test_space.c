/* The packet space against a brute-force evaluator: random policies, packets at
 * every boundary there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include <sallyport/difference.h>
#include <sallyport/policy.h>

#include "pieces.h"
#include "random_policy.h"
#include "walk.h"

struct side {
	struct sp_policy *policy;
	struct sp_ruleset *ruleset;
};

/* Sets this small do not occur: half of all rulesets are split as if, into pieces or
 * into blocks alone. */
static void maybe_split(struct sp_ruleset *ruleset)
{
	struct sp_build build = { .ruleset = ruleset };

	if (!ruleset || chance(50))
		return;
	sp_split_sets(&build, chance(50) ? 1 + random_number(2) : 1000, 1);
	assert_false(build.failed);
}

static bool side_read(const char *bytes, size_t length, struct side *ret)
{
	char path[] = "/tmp/sallyport-space.XXXXXX";
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };
	int file = mkstemp(path);

	*ret = (struct side){ 0 };
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, length), (ssize_t)length);
	close(file);
	ret->policy = sp_policy_read(&source, &diag);
	unlink(path);
	if (ret->policy)
		ret->ruleset = sp_ruleset_compile(ret->policy, &diag);
	maybe_split(ret->ruleset);
	sp_diag_free(&diag);
	return ret->ruleset != NULL;
}

static void side_free(struct side *side)
{
	sp_ruleset_free(side->ruleset);
	sp_policy_free(side->policy);
}

static void random_side(struct side *side, struct sp_text *ret_text)
{
	for (;;) {
		struct sp_text text = { 0 };

		random_policy(&text);
		assert_false(text.failed);
		if (side_read(text.bytes, text.length, side)) {
			*ret_text = text;
			return;
		}
		side_free(side);
		sp_text_free(&text);
	}
}

/* --- packets ------------------------------------------------------------- */

/* All of the small world and what lies right outside it. */
static struct sp_address some_address(bool v6)
{
	uint32_t low = random_number(35);

	if (v6)
		return (struct sp_address){ SP_IPV6, UINT64_C(0xfd00) << 48,
			low == 34 ? UINT64_MAX : low };
	return (
	    struct sp_address){ SP_IPV4, 0, low == 33 ? 0x09ffffff : 0x0a000000 + low };
}

static struct sp_packet some_packet(void)
{
	static const char *const interfaces[] = { "eth0", "eth1", "eth7", "wg0", "wlan0",
		"ppp0", "ppp1", "br0", "eth", "w", "lo" };
	bool v6 = chance(40);
	struct sp_packet packet = { .source = some_address(v6),
		.destination = some_address(v6),
		.protocol = chance(50) ? SP_TCP : SP_UDP,
		.port = (uint16_t)(999 + 100 * random_number(5) + random_number(18)) };

	if (chance(5))
		packet.port = (uint16_t)random_number(65536);
	strcpy(packet.interface, interfaces[random_number(11)]);
	return packet;
}

static bool has_pattern(
    char *const *patterns, size_t count, const char *name, size_t *longest, bool *ret)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(patterns[i]);
		bool wild = patterns[i][length - 1] == '*';

		if (wild ? strncmp(patterns[i], name, length - 1)
			 : strcmp(patterns[i], name))
			continue;
		if (length + !wild > *longest) {
			*longest = length + !wild;
			*ret = true;
		}
	}
	return *ret;
}

static bool on_interface(const struct sp_interfaces *interfaces, const char *name)
{
	size_t longest = 0, length;
	bool named = false, except = false;

	has_pattern(interfaces->names, interfaces->name_count, name, &longest, &named);
	length = longest;
	has_pattern(
	    interfaces->except, interfaces->except_count, name, &longest, &except);
	if (longest > length)
		return false;
	return named || (interfaces->any && strcmp(name, "lo"));
}

static bool in_region(const struct sp_region *region, const struct sp_packet *packet)
{
	bool port = false;

	for (size_t i = 0; i < region->port_count; i++)
		port = port || (packet->port >= region->ports[i].first &&
				   packet->port <= region->ports[i].last);
	return port && region->protocol == packet->protocol &&
	       sp_intervals_contain(&region->sources, &packet->source) &&
	       sp_intervals_contain(&region->destinations, &packet->destination) &&
	       on_interface(region->interfaces, packet->interface);
}

static void describe(const struct sp_decision *decision, char text[512])
{
	size_t length = 0;

	for (size_t i = 0; i < decision->limit_count; i++) {
		const struct sp_limit *limit = &decision->limits[i];

		length += (size_t)snprintf(text + length, 512 - length, "<%u/%u/%u %s ",
		    limit->rate.count, limit->rate.seconds, limit->rate.burst,
		    sp_fate_name(limit->fate));
	}
	snprintf(text + length, 512 - length, "%s", sp_fate_name(decision->fate));
}

/* The default is the default, whichever it is. */
static bool by_default(const struct sp_ruleset *ruleset, const struct walk_fate *fate)
{
	return ruleset && !strchr(fate->text, '<') &&
	       (!fate->service || !strcmp(fate->service, "blocked")) &&
	       strcmp(fate->text, "accept");
}

/* A cut port's drop has no counter either. */
static bool is_cut(const struct sp_ruleset *ruleset, const struct sp_packet *packet)
{
	return ruleset && walk_element(walk_set(ruleset, SP_SET_CUT), packet);
}

static bool alike(const struct sp_ruleset *const rulesets[2],
    const struct walk_fate fates[2], const struct sp_packet *packet, bool verified)
{
	bool defaults = true;

	for (size_t side = 0; side < 2; side++)
		defaults = defaults && by_default(rulesets[side], &fates[side]) &&
			   (verified || !is_cut(rulesets[side], packet));
	return defaults || !strcmp(fates[0].text, fates[1].text);
}

static void check_packet(const struct sp_space *space,
    const struct sp_ruleset *const rulesets[2], const struct sp_packet *packet)
{
	const struct sp_region *found = NULL;
	bool differs = false;

	for (size_t i = 0; i < space->regions.length; i++)
		if (in_region(&space->regions.items[i], packet)) {
			assert_null(found); /* regions share no packet */
			found = &space->regions.items[i];
		}
	for (size_t state = 0; state < SP_STATES; state++) {
		struct walk_fate fates[2];

		for (size_t side = 0; side < 2; side++) {
			char text[512];

			walk(rulesets[side], packet, state == SP_VERIFIED, &fates[side]);
			if (!found)
				continue;
			describe(found->outcomes[side][state], text);
			assert_string_equal(text, fates[side].text);
		}
		differs =
		    differs || !alike(rulesets, fates, packet, state == SP_VERIFIED);
	}
	assert_int_equal(differs, found != NULL);
}

/* A region's witness is in it, and differs where it says so. */
static void check_witness(
    const struct sp_region *region, const struct sp_ruleset *const rulesets[2])
{
	struct sp_packet packet = region->witness;
	struct walk_fate fates[2];

	if (!packet.interface[0])
		strcpy(packet.interface, "zz9");
	assert_true(in_region(region, &packet));
	for (size_t side = 0; side < 2; side++)
		walk(rulesets[side], &packet, region->witness_state == SP_VERIFIED,
		    &fates[side]);
	assert_false(
	    alike(rulesets, fates, &packet, region->witness_state == SP_VERIFIED));
}

static unsigned rounds(unsigned few, unsigned many)
{
	const char *ci = getenv("SP_LONG");

	return ci && *ci ? many : few;
}

static void compare_random(void **state)
{
	unsigned count = rounds(200, 4000);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		struct side sides[2];
		struct sp_text texts[2] = { 0 };
		struct sp_space space;
		struct sp_diag diag = { 0 };
		uint64_t seed = random_state;
		const struct sp_ruleset *rulesets[2];

		random_side(&sides[0], &texts[0]);
		random_side(&sides[1], &texts[1]);
		rulesets[0] = chance(3) ? NULL : sides[0].ruleset;
		rulesets[1] = sides[1].ruleset;
		if (getenv("SP_SHOW"))
			print_message("seed %llu\n%s\n=====\n%s\n",
			    (unsigned long long)seed, texts[0].bytes, texts[1].bytes);
		assert_true(sp_space_compare(rulesets[0], rulesets[1], &space, &diag));
		for (size_t r = 0; r < space.regions.length; r++)
			check_witness(&space.regions.items[r], rulesets);
		for (unsigned p = 0; p < 400; p++) {
			struct sp_packet packet = some_packet();

			check_packet(&space, rulesets, &packet);
		}
		sp_space_free(&space);
		sp_diag_free(&diag);
		for (size_t side = 0; side < 2; side++) {
			side_free(&sides[side]);
			sp_text_free(&texts[side]);
		}
	}
}

/* --- questions ----------------------------------------------------------- */

static struct sp_intervals only(const struct sp_address *address)
{
	struct sp_intervals set = { 0 };
	struct sp_range range = { *address, *address };

	assert_true(sp_intervals_add(&set, &range));
	return set;
}

static void check_answer(const struct sp_ruleset *ruleset, const struct sp_packet *packet)
{
	struct sp_intervals from = only(&packet->source), to = only(&packet->destination);
	struct sp_inquiry inquiry = { packet->protocol, packet->port, &from, &to,
		packet->interface };
	struct sp_space answer;
	struct sp_diag diag = { 0 };

	assert_true(sp_space_ask(ruleset, &inquiry, &answer, &diag));
	assert_int_equal(answer.regions.length, 1);
	for (size_t state = 0; state < SP_STATES; state++) {
		struct walk_fate fate;
		char text[512];

		walk(ruleset, packet, state == SP_VERIFIED, &fate);
		describe(answer.regions.items[0].outcomes[SP_NEW][state], text);
		assert_string_equal(text, fate.text);
	}
	sp_space_free(&answer);
	sp_intervals_free(&from);
	sp_intervals_free(&to);
}

/* Every packet of an open question is in exactly one case, and treated so. */
static void check_cases(const struct sp_ruleset *ruleset)
{
	struct sp_intervals any = { 0 };
	struct sp_packet about = some_packet();
	struct sp_inquiry inquiry = { about.protocol, about.port, &any, NULL, NULL };
	struct sp_space answer;
	struct sp_diag diag = { 0 };

	assert_true(sp_intervals_add_any(&any));
	assert_true(sp_space_ask(ruleset, &inquiry, &answer, &diag));
	for (unsigned p = 0; p < 50; p++) {
		struct sp_packet packet = some_packet();
		const struct sp_region *found = NULL;

		if (!strcmp(packet.interface, "lo"))
			continue;
		packet.protocol = about.protocol;
		packet.port = about.port;
		for (size_t i = 0; i < answer.regions.length; i++)
			if (in_region(&answer.regions.items[i], &packet)) {
				assert_null(found);
				found = &answer.regions.items[i];
			}
		assert_non_null(found);
		for (size_t state = 0; state < SP_STATES; state++) {
			struct walk_fate fate;
			char text[512];

			walk(ruleset, &packet, state == SP_VERIFIED, &fate);
			describe(found->outcomes[SP_NEW][state], text);
			assert_string_equal(text, fate.text);
		}
	}
	sp_space_free(&answer);
	sp_intervals_free(&any);
}

/* Split, into pieces or into blocks alone, or whole, a ruleset treats every packet
 * alike. Returns what splitting made: chains, or sets of blocks. */
static size_t check_split(const struct side *whole, size_t most)
{
	struct sp_diag diag = { 0 };
	struct sp_build build = { .ruleset = sp_ruleset_compile(whole->policy, &diag) };
	size_t chains, blocks = 0;

	assert_non_null(build.ruleset);
	sp_split_sets(&build, most, 1);
	assert_false(build.failed);
	chains = build.ruleset->chains.length - whole->ruleset->chains.length;
	for (size_t i = 0; i < build.ruleset->sets.length; i++)
		blocks += build.ruleset->sets.items[i].prefix != 0;
	for (unsigned p = 0; p < 200; p++) {
		struct sp_packet packet = some_packet();
		struct walk_fate entire, split;

		walk(build.ruleset, &packet, true, &split);
		walk(whole->ruleset, &packet, true, &entire);
		assert_string_equal(split.text, entire.text);
	}
	sp_ruleset_free(build.ruleset);
	return most == 1 ? chains : blocks;
}

static void split_random(void **state)
{
	unsigned count = rounds(100, 2000);
	size_t chains = 0, blocks = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		struct sp_text text;
		struct side side;
		struct sp_diag diag = { 0 };

		random_side(&side, &text);
		sp_ruleset_free(side.ruleset);
		side.ruleset = sp_ruleset_compile(side.policy, &diag);
		assert_non_null(side.ruleset);
		chains += check_split(&side, 1);
		blocks += check_split(&side, 1000);
		side_free(&side);
		sp_text_free(&text);
	}
	/* Most policies have a list that a rule matches. */
	assert_true(chains > count / 2 && blocks > count / 2);
}

/* "::1.2.0.0" and "::1:2:0:0" are two addresses, and nft's names know no colon. */
static void pieces_have_names_of_their_own(void **state)
{
	static const char text[] =
	    "[policy]\nversion = 1\n[addresses bad]\naction = block\n"
	    "elements = ::1.2.0.0, ::1.2.0.2, ::1:2:0:0, ::1:2:0:2\n";
	struct sp_diag diag = { 0 };
	struct sp_build build = { 0 };
	struct side side;
	size_t pieces = 0;

	(void)state;
	assert_true(side_read(text, strlen(text), &side));
	build.ruleset = sp_ruleset_compile(side.policy, &diag);
	assert_non_null(build.ruleset);
	sp_split_sets(&build, 1, 1);
	assert_false(build.failed);
	for (size_t i = 0; i < build.ruleset->sets.length; i++) {
		const char *name = build.ruleset->sets.items[i].name;

		pieces += !strncmp(name, "addr-bad-6/", 11);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(build.ruleset->sets.items[j].name, name);
	}
	assert_int_equal(pieces, 4);
	for (size_t i = 0; i < build.ruleset->chains.length; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(build.ruleset->chains.items[j].name,
			    build.ruleset->chains.items[i].name);
	sp_ruleset_free(build.ruleset);
	side_free(&side);
}

static void ask_random(void **state)
{
	unsigned count = rounds(100, 2000);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		struct side side;
		struct sp_text text;

		random_side(&side, &text);
		for (unsigned p = 0; p < 60; p++) {
			struct sp_packet packet = some_packet();

			check_answer(side.ruleset, &packet);
		}
		check_cases(side.ruleset);
		side_free(&side);
		sp_text_free(&text);
	}
}

/* --- written differently ------------------------------------------------- */

/* The same sections in another order, lists of addresses taken apart. */
static void rewrite(const char *text, struct sp_text *ret)
{
	const char *sections[32];
	size_t count = 0, head = (size_t)(strstr(text, "\n[") + 1 - text);

	for (const char *at = text + head; at && count < 32; count++) {
		sections[count] = at;
		at = strstr(at, "\n[");
		at = at ? at + 1 : NULL;
	}
	for (size_t i = count; i > 1; i--) {
		size_t other = random_number((uint32_t)i);
		const char *swapped = sections[i - 1];

		sections[i - 1] = sections[other];
		sections[other] = swapped;
	}
	sp_text_add_bytes(ret, text, head);
	for (size_t i = 0; i < count; i++) {
		const char *end = strstr(sections[i], "\n[");
		size_t length =
		    end ? (size_t)(end + 1 - sections[i]) : strlen(sections[i]);

		sp_text_add_bytes(ret, sections[i], length);
	}
}

/* Every prefix of 10.0.0.x/n that is not a single address as its two halves. */
static void split_prefixes(const char *text, struct sp_text *ret)
{
	while (*text) {
		unsigned base, bits;
		int length = 0;

		if (sscanf(text, "10.0.0.%u/%u%n", &base, &bits, &length) == 2 &&
		    length && bits < 32) {
			unsigned half = 1u << (31 - bits);

			sp_text_add(ret, "10.0.0.%u/%u, 10.0.0.%u/%u", base, bits + 1,
			    base + half, bits + 1);
			text += length;
		} else {
			sp_text_add_bytes(ret, text++, 1);
		}
	}
}

static void check_same(const struct side *old, const char *text, size_t length)
{
	struct side new;
	struct sp_difference difference;
	struct sp_diag diag = { 0 };
	struct sp_compared before = { .name = "old",
		.policy = old->policy,
		.ruleset = old->ruleset },
			   after;

	assert_true(side_read(text, length, &new));
	after = (struct sp_compared){
		.name = "new", .policy = new.policy, .ruleset = new.ruleset
	};
	assert_true(sp_difference_make(&before, &after, &difference, &diag));
	assert_true(sp_difference_is_empty(&difference));
	sp_difference_free(&difference);
	side_free(&new);
}

/* Limits of services are tried in the order of the text: theirs is kept. */
static bool order_matters(const char *text)
{
	return strstr(text, "\nrate = ") != NULL;
}

static void same_however_written(void **state)
{
	unsigned count = rounds(100, 2000);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		struct side side;
		struct sp_text text, shuffled = { 0 }, split = { 0 };
		size_t length;
		char *printed;

		random_side(&side, &text);
		check_same(&side, text.bytes, text.length);
		printed = sp_policy_print(side.policy, i % 2, &length);
		assert_non_null(printed);
		check_same(&side, printed, length);
		split_prefixes(text.bytes, &split);
		check_same(&side, split.bytes, split.length);
		if (strstr(text.bytes, "\n[") && !order_matters(text.bytes)) {
			rewrite(split.bytes, &shuffled);
			check_same(&side, shuffled.bytes, shuffled.length);
		}
		free(printed);
		sp_text_free(&text);
		sp_text_free(&split);
		sp_text_free(&shuffled);
		side_free(&side);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compare_random),
		cmocka_unit_test(split_random),
		cmocka_unit_test(pieces_have_names_of_their_own),
		cmocka_unit_test(ask_random),
		cmocka_unit_test(same_however_written),
	};

	if (getenv("SP_SEED"))
		random_state = strtoull(getenv("SP_SEED"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
