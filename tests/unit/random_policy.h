/* Random policies that the language accepts more often than not, in a small
 * world: a few addresses, ports and interfaces, so that everything overlaps. */
#ifndef TESTS_UNIT_RANDOM_POLICY_H
#define TESTS_UNIT_RANDOM_POLICY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <sallyport/array.h>

static uint64_t random_state = 1;

static inline uint32_t random_number(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % below);
}

static inline bool chance(uint32_t percent)
{
	return random_number(100) < percent;
}

/* Prefixes and ranges of 10.0.0.0/27 and fd00::/123. */
static inline void random_range(struct sp_text *text)
{
	bool v6 = chance(40);
	unsigned bits = random_number(6), base = random_number(32) >> bits << bits;
	const char *stem = v6 ? "fd00::" : "10.0.0.";

	if (chance(20)) {
		unsigned last = base + random_number(32 - base);

		sp_text_add(
		    text, v6 ? "%s%x - %s%x" : "%s%u - %s%u", stem, base, stem, last);
	} else {
		sp_text_add(
		    text, v6 ? "%s%x/%u" : "%s%u/%u", stem, base, (v6 ? 128 : 32) - bits);
	}
}

static inline void random_ranges(struct sp_text *text, unsigned most)
{
	unsigned count = 1 + random_number(most);

	for (unsigned i = 0; i < count; i++) {
		sp_text_add(text, "%s", i ? ", " : "");
		random_range(text);
	}
}

static inline void random_ports(struct sp_text *text, unsigned base)
{
	unsigned count = 1 + random_number(3);

	for (unsigned i = 0; i < count; i++) {
		unsigned first = base + random_number(8);

		sp_text_add(text, "%s%u", i ? ", " : "", first);
		if (chance(40))
			sp_text_add(text, "-%u", first + 1 + random_number(6));
	}
}

static inline void random_service(struct sp_text *text, unsigned index, unsigned sets)
{
	static const char *const actions[] = { "allow", "allow", "allow", "block",
		"reject" };
	static const char *const interfaces[] = { "eth0", "eth1", "eth*", "wg0", "w*" };
	/* Services on one port have to agree about TLS: each pool of ports has its own.
	 */
	static const char *const tls[] = { "tls = none\n", "tls = none\n",
		"tls = required\nname = none\n",
		"tls = required\nname = none\nrevoke = cut\n",
		"tls = required\nname = none\non_fail = warn\n" };
	unsigned pool = random_number(5);
	const char *action = actions[random_number(5)];

	sp_text_add(text, "\n[service s%u]\nport = ", index);
	random_ports(text, 1000 + 100 * pool);
	sp_text_add(text, "\n%saction = %s\n", tls[pool], action);
	sp_text_add(text, "protocol = %s\n",
	    chance(50)		     ? "tcp"
	    : pool < 2 && chance(50) ? "udp"
				     : "tcp, udp");
	if (chance(70)) {
		sp_text_add(text, "from = ");
		if (sets && chance(40))
			sp_text_add(text, "@a%u%s", random_number(sets),
			    chance(50) ? ", " : "\n");
		if (text->bytes[text->length - 1] != '\n') {
			random_ranges(text, 3);
			sp_text_add(text, "\n");
		}
	}
	if (chance(25)) {
		sp_text_add(text, "to = ");
		random_ranges(text, 2);
		sp_text_add(text, "\n");
	}
	if (chance(30)) {
		sp_text_add(text, "interface = %s", interfaces[random_number(5)]);
		if (chance(30))
			sp_text_add(text, ", ppp%u", random_number(2));
		sp_text_add(text, "\n");
	}
	if (chance(20))
		sp_text_add(text, "rate = %u/minute burst %u\n", 1 + random_number(3),
		    1 + random_number(2));
	if (chance(10))
		sp_text_add(text, "log = yes\n");
}

static inline void random_policy(struct sp_text *text)
{
	unsigned sets = random_number(4), services = 1 + random_number(6);

	sp_text_add(text, "[policy]\nversion = 1\ndefault = %s\nicmp = %s\n",
	    chance(70) ? "drop" : "reject", chance(80) ? "ping" : "all");
	if (chance(8))
		sp_text_add(text, "mode = audit\n");
	for (unsigned i = 0; i < sets; i++) {
		sp_text_add(text, "\n[addresses a%u]\nelements = ", i);
		random_ranges(text, 4);
		sp_text_add(text, "\n%s", chance(30) ? "action = block\n" : "");
	}
	for (unsigned i = 0; i < services; i++)
		random_service(text, i, sets);
}

#endif
