/* What the enforcer knows of each gate: when it asks again, and of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sallyport/limits.h>

#include "gates.h"

#define NOW 1000

static struct sp_service service = { .name = (char *)"https", .tls = SP_TLS_REQUIRED };
static struct sp_policy policy = { .services = &service, .service_count = 1 };

static void follow(struct sp_watch *watch, uint32_t recheck, uint16_t first, size_t count)
{
	struct sp_gates gates = { 0 };

	service.recheck = recheck;
	for (size_t i = 0; i < count; i++)
		assert_true(sp_array_push(
		    &gates, ((struct sp_gate){ SP_TCP, (uint16_t)(first + i), 0 })));
	assert_true(sp_array_push(&gates, ((struct sp_gate){ SP_UDP, first, 0 })));
	assert_true(sp_watch_follow(watch, &policy, &gates, NOW));
	sp_array_free(&gates);
}

/* A proof is asked for again when the policy says, also where that is further off
 * than 32 bits of milliseconds. */
static void test_recheck(void **state)
{
	static const uint32_t seconds[] = { 1, 6 * 3600, 50 * 86400, 91 * 86400,
		SP_MAX_DURATION };
	struct sp_watch watch = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		struct sp_watched *gate;

		follow(&watch, seconds[i], 443, 1);
		gate = sp_watch_find(&watch, 443);
		assert_non_null(gate);
		assert_int_equal(gate->due, NOW);
		sp_watched_schedule(gate, SP_PASS, INT64_MAX / 4, NOW);
		assert_int_equal(gate->due, NOW + (int64_t)seconds[i] * 1000);
		/* …and never later than at a quarter of a shorter proof: only half of
		 * it is sure to stand. */
		sp_watched_schedule(gate, SP_PASS, 2000, NOW);
		assert_int_equal(gate->due, NOW + 500);
		/* …so early that an answer twice as slow as the last is in time. */
		gate->took_ms = 300;
		sp_watched_schedule(gate, SP_PASS, 2000, NOW);
		assert_int_equal(gate->due, NOW + 400);
		/* And no more often than there is time for. */
		sp_watched_schedule(gate, SP_PASS, INT64_MAX / 4, NOW);
		assert_int_equal(gate->due, NOW + (int64_t)seconds[i] * 1000);
		gate->took_ms = 600;
		sp_watched_schedule(gate, SP_PASS, INT64_MAX / 4, NOW);
		assert_int_equal(gate->due,
		    NOW + (seconds[i] == 1 ? 1200 : (int64_t)seconds[i] * 1000));
		gate->took_ms = 0;
	}
	sp_watch_free(&watch);
}

/* An answer that says nothing is asked for again before the lease ends, not after a
 * back-off that is longer than what is left of it. */
static void test_back_off(void **state)
{
	static const struct {
		int64_t at, wait;
	} unsure[] = { { 1000, 750 }, { 2000, 500 }, { 3600, 200 }, { 3990, 200 },
		{ 4000, 1000 }, { 5000, 2000 } };
	struct sp_watch watch = { 0 };
	struct sp_watched *gate;

	(void)state;
	follow(&watch, 3600, 443, 1);
	gate = sp_watch_find(&watch, 443);
	assert_non_null(gate);
	sp_watched_schedule(gate, SP_PASS, 8000, NOW);
	for (size_t i = 0; i < sizeof(unsure) / sizeof(*unsure); i++) {
		sp_watched_schedule(gate, SP_INCONCLUSIVE, 0, NOW + unsure[i].at);
		assert_int_equal(gate->due, NOW + unsure[i].at + unsure[i].wait);
	}
	/* A long lease waits as ever; one that was refused has none. */
	sp_watched_schedule(gate, SP_PASS, 86400000, NOW);
	sp_watched_schedule(gate, SP_INCONCLUSIVE, 0, NOW);
	assert_int_equal(gate->due, NOW + 1000);
	sp_watched_schedule(gate, SP_PASS, 8000, NOW);
	sp_watched_schedule(gate, SP_FAIL, 0, NOW + 1000);
	assert_int_equal(gate->due, NOW + 2000);
	sp_watched_schedule(gate, SP_INCONCLUSIVE, 0, NOW + 2000);
	assert_int_equal(gate->due, NOW + 4000);
	sp_watch_free(&watch);
}

/* Each port is found, and what is known of it stays over a new policy. */
static void test_find(void **state)
{
	struct sp_watch watch = { 0 };

	(void)state;
	assert_null(sp_watch_find(&watch, 443));
	follow(&watch, 1, 9000, 3000);
	assert_int_equal(watch.gates.length, 3000);
	for (uint16_t port = 9000; port < 12000; port++)
		assert_int_equal(sp_watch_find(&watch, port)->port, port);
	assert_null(sp_watch_find(&watch, 8999));
	assert_null(sp_watch_find(&watch, 12000));
	sp_watch_find(&watch, 9005)->open = true;
	follow(&watch, 1, 9005, 2);
	assert_true(sp_watch_find(&watch, 9005)->open);
	assert_false(sp_watch_find(&watch, 9006)->open);
	assert_null(sp_watch_find(&watch, 9004));
	sp_watch_free(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_recheck),
		cmocka_unit_test(test_back_off), cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
