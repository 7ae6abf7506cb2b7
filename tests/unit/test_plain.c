/* Ports that the policy calls plain: which are asked, what, and what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/array.h>
#include <sallyport/verdict.h>

#define NOW INT64_C(1700000000)

static struct sp_profile profile = { .name = (char *)"mine", .source = (char *)"test" };
static struct sp_ports many = { 8080, 8090 }, https = { 443, 443 }, smtp = { 25, 25 };
static struct sp_service services[] = {
	{ .name = (char *)"https",
	    .ports = &https,
	    .port_count = 1,
	    .tcp = true,
	    .tls = SP_TLS_REQUIRED,
	    .lease = 60 },
	{ .name = (char *)"plain", .ports = &many, .port_count = 1, .tcp = true },
	{ .name = (char *)"again", .ports = &many, .port_count = 1, .tcp = true },
	{ .name = (char *)"smtp",
	    .ports = &smtp,
	    .port_count = 1,
	    .tcp = true,
	    .plain_dialect = SP_DIALECT_SMTP },
	{ .name = (char *)"shut",
	    .ports = &https,
	    .port_count = 1,
	    .tcp = true,
	    .action = SP_BLOCK },
	{ .name = (char *)"udp", .ports = &smtp, .port_count = 1, .udp = true },
};
static const struct sp_policy policy = { .services = services,
	.service_count = sizeof(services) / sizeof(services[0]),
	.profiles = &profile,
	.profile_count = 1 };

static void listen_at(struct sp_listeners *listeners, enum sp_protocol protocol,
    const char *address, uint16_t port)
{
	struct sp_listener listener = { .protocol = protocol, .port = port };

	assert_true(sp_address_parse(address, strlen(address), &listener.address));
	assert_true(sp_array_push(listeners, listener));
}

static void have(struct sp_local_addresses *addresses, const char *address)
{
	struct sp_local_address local = { .interface = 2 };

	assert_true(sp_address_parse(address, strlen(address), &local.address));
	assert_true(sp_array_push(addresses, local));
}

static struct sp_plan planned(enum sp_stance stance)
{
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };
	struct sp_plan plan;
	struct sp_diag diag = { 0 };

	profile.weaknesses[SP_WEAK_UNDECLARED_TLS] = stance;
	have(&addresses, "192.0.2.1");
	have(&addresses, "192.0.2.2");
	listen_at(&listeners, SP_TCP, "192.0.2.1", 8085);
	listen_at(&listeners, SP_TCP, "192.0.2.2", 8085);
	listen_at(&listeners, SP_TCP, "127.0.0.1", 8085);
	listen_at(&listeners, SP_TCP, "127.0.0.1", 8086);
	listen_at(&listeners, SP_UDP, "192.0.2.1", 8087);
	listen_at(&listeners, SP_TCP, "192.0.2.1", 8091);
	listen_at(&listeners, SP_TCP, "192.0.2.1", 443);
	listen_at(&listeners, SP_TCP, "192.0.2.1", 25);
	listen_at(&listeners, SP_TCP, "192.0.2.1", 8080);
	assert_true(sp_plan_make(&policy, &listeners, &addresses, NULL, &plan, &diag));
	assert_int_equal(plan.target_count, 1);
	assert_true(
	    sp_plan_add_plain(&plan, &policy, &listeners, &addresses, NULL, &diag));
	sp_listeners_free(&listeners);
	sp_local_addresses_free(&addresses);
	return plan;
}

static void every_port_that_somebody_can_reach_is_asked(void **state)
{
	static const struct {
		uint16_t port;
		enum sp_tls tls;
		enum sp_dialect dialect;
		size_t endpoints, services;
	} wanted[] = {
		{ 25, SP_TLS_NONE, SP_DIALECT_SMTP, 1, 1 },
		{ 443, SP_TLS_REQUIRED, SP_DIALECT_NONE, 1, 1 },
		{ 8080, SP_TLS_NONE, SP_DIALECT_NONE, 1, 2 },
		{ 8085, SP_TLS_NONE, SP_DIALECT_NONE, 2, 2 },
	};
	struct sp_plan plan = planned(SP_STANCE_FAIL);

	(void)state;
	assert_int_equal(plan.target_count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < plan.target_count; i++) {
		const struct sp_target *target = &plan.targets[i];

		assert_int_equal(target->port, wanted[i].port);
		assert_int_equal(target->tls, wanted[i].tls);
		assert_int_equal(target->dialect, wanted[i].dialect);
		assert_int_equal(target->endpoint_count, wanted[i].endpoints);
		assert_int_equal(target->service_count, wanted[i].services);
	}
	sp_plan_free(&plan);
}

static void one_hello_is_all(void **state)
{
	struct sp_plan plan = planned(SP_STANCE_WARN);
	struct sp_request plain = sp_target_request(&plan.targets[0], 5000, 30000, NOW);
	struct sp_request gate = sp_target_request(&plan.targets[1], 5000, 30000, NOW);
	struct sp_request hasty = sp_target_request(&plan.targets[0], 200, 300, NOW);

	(void)state;
	assert_int_equal(plain.questions, UINT64_C(1) << SP_ASK_UNDECLARED);
	assert_int_equal(plain.offer_count, 0);
	assert_true(plain.connection_ms < 5000 && plain.port_ms < 30000);
	assert_int_equal(hasty.connection_ms, 200);
	assert_int_equal(hasty.port_ms, 300);
	/* Neither this nor what disturbs a server is ever asked of a gate. */
	assert_false(gate.questions >> SP_ASK_UNDECLARED & 1);
	assert_false(gate.questions >> SP_ASK_HEARTBLEED & 7);
	plan.targets[1].intrusive = true;
	gate = sp_target_request(&plan.targets[1], 5000, 30000, NOW);
	assert_int_equal(gate.questions >> SP_ASK_HEARTBLEED & 7, 7);
	sp_plan_free(&plan);
}

static void what_is_ignored_is_not_asked(void **state)
{
	struct sp_plan plan = planned(SP_STANCE_IGNORE);

	(void)state;
	assert_int_equal(plan.target_count, 1);
	assert_int_equal(plan.targets[0].port, 443);
	sp_plan_free(&plan);
}

enum seen { NO_TLS, TLS, UNKNOWN };

static const enum seen seen[SP_REPLIES] = {
	[SP_REPLY_NOT_ASKED] = UNKNOWN,
	[SP_REPLY_HANDSHAKE] = TLS,
	[SP_REPLY_SERVER_HELLO] = TLS,
	[SP_REPLY_ALERT] = TLS,
	[SP_REPLY_CLOSED] = NO_TLS,
	[SP_REPLY_RESET] = NO_TLS,
	[SP_REPLY_TIMEOUT] = NO_TLS,
	[SP_REPLY_CLEAR_TEXT] = NO_TLS,
	[SP_REPLY_MALFORMED] = NO_TLS,
	[SP_REPLY_NO_CONNECTION] = UNKNOWN,
	[SP_REPLY_FAILED] = UNKNOWN,
	[SP_REPLY_NO_UPGRADE] = NO_TLS,
	[SP_REPLY_YES] = UNKNOWN,
	[SP_REPLY_NO] = UNKNOWN,
};

static void judge_reply(enum sp_reply reply, enum sp_stance stance)
{
	static const enum sp_outcome of_tls[] = {
		[SP_STANCE_FAIL] = SP_FAIL, [SP_STANCE_WARN] = SP_PASS
	};
	struct sp_plan plan = planned(stance);
	struct sp_verdicts verdicts = { .now = NOW, .plan = plan };
	struct sp_target *target = &verdicts.plan.targets[2];
	struct sp_request request = sp_target_request(target, 0, 0, NOW);
	struct sp_observation observation = { .question = SP_ASK_UNDECLARED,
		.name = SP_NO_NAME,
		.reply = reply,
		.tries = 1,
		.alert = 40,
		.version = reply == SP_REPLY_SERVER_HELLO ? SP_TLS12 : 0 };
	struct sp_diag diag = { 0 };
	const struct sp_verdict *verdict;

	target->endpoints[0].local = true;
	target->endpoints[0].testimony.ended = SP_ENDED_DONE;
	assert_true(sp_testimony_add_observation(
	    &target->endpoints[0].testimony, &request, &observation));
	assert_true(sp_judge(&verdicts, &diag));
	verdict = &verdicts.items[2];
	assert_null(verdict->lease);
	switch (seen[reply]) {
	case TLS:
		assert_int_equal(verdict->outcome, of_tls[stance]);
		assert_int_equal(
		    verdict->endpoints[0].findings[0].id, SP_FINDING_UNDECLARED_TLS);
		assert_int_equal(strncmp(verdict->reason, "speaks TLS", 10), 0);
		break;
	case NO_TLS:
		assert_int_equal(verdict->outcome, SP_PASS);
		assert_int_equal(verdict->endpoints[0].finding_count, 0);
		break;
	case UNKNOWN: assert_int_equal(verdict->outcome, SP_INCONCLUSIVE); break;
	}
	sp_verdicts_free(&verdicts);
}

static void every_reply_is_judged(void **state)
{
	(void)state;
	for (unsigned reply = 0; reply < SP_REPLIES; reply++) {
		judge_reply((enum sp_reply)reply, SP_STANCE_FAIL);
		judge_reply((enum sp_reply)reply, SP_STANCE_WARN);
	}
}

static void a_prober_that_fails_is_no_answer(void **state)
{
	struct sp_verdicts verdicts = { .now = NOW, .plan = planned(SP_STANCE_WARN) };
	struct sp_target *target = &verdicts.plan.targets[2];
	struct sp_diag diag = { 0 };

	(void)state;
	target->endpoints[0].testimony.ended = SP_ENDED_SIGNAL;
	target->endpoints[0].testimony.code = 11;
	assert_true(sp_judge(&verdicts, &diag));
	assert_int_equal(verdicts.items[2].outcome, SP_INCONCLUSIVE);
	assert_int_equal(verdicts.items[2].endpoints[0].finding_count, 1);
	assert_false(sp_verdicts_pass(&verdicts));
	sp_verdicts_free(&verdicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_that_somebody_can_reach_is_asked),
		cmocka_unit_test(one_hello_is_all),
		cmocka_unit_test(what_is_ignored_is_not_asked),
		cmocka_unit_test(every_reply_is_judged),
		cmocka_unit_test(a_prober_that_fails_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
