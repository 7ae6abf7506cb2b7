/* What certificates are judged by beside their chain: how long they live, how long
 * they still do, and whether there is another one. The chain itself, and names, are
 * judged on real ones in tests/tls/chains.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/verdict.h>

#include "good_answers.h"

#define DAY INT64_C(86400)
#define NAME "www.example.com"

/* Days on which the schedule of public authorities changes, at 00:00 UTC. */
#define MARCH_2026 INT64_C(1773532800)
#define MARCH_2027 INT64_C(1805068800)
#define MARCH_2029 INT64_C(1868227200)

static struct sp_profile profile = { .name = "baseline",
	.min_version = SP_TLS12,
	.min_rsa_bits = 2048,
	.min_ec_bits = 256,
	.min_dh_bits = 2048,
	.ocsp = SP_STANCE_IGNORE,
	.signature = 1u << SP_HASH_SHA256,
	.public_lifetime = SP_STANCE_WARN,
	.expire_warn = 14 * DAY,
	.source = "the test",
	.weaknesses = { [SP_WEAK_LUCKY13] = SP_STANCE_WARN,
	    [SP_WEAK_NO_FORWARD_SECRECY] = SP_STANCE_WARN } };

static char *names[] = { (char *)NAME };

static const struct sp_request request = {
	.questions = UINT64_MAX, .names = names, .name_count = 1
};

static uint16_t add_certificate(struct sp_testimony *testimony, const char *subject,
    int64_t not_before, int64_t not_after)
{
	struct sp_certificate made = { .subject = strdup(subject),
		.issuer = strdup("CN=root"),
		.serial = strdup("01"),
		.key = strdup("prime256v1"),
		.signature = strdup("ecdsa-with-SHA256"),
		.key_type = SP_KEY_EC,
		.key_bits = 256,
		.signature_hash = SP_HASH_SHA256,
		.not_before = not_before,
		.not_after = not_after,
		.authority = !strcmp(subject, "CN=root"),
		.self_signed = !strcmp(subject, "CN=root") };

	assert_true(sp_testimony_add_certificate(testimony, &made));
	return (uint16_t)(testimony->certificate_count - 1);
}

/* A handshake that completes, with a leaf of these dates. */
static void add_handshake(struct sp_testimony *testimony, int64_t not_before,
    int64_t not_after, bool public_anchor)
{
	struct sp_observation observation = { .question = SP_ASK_TLS13,
		.tries = 1,
		.alert = 256,
		.reply = SP_REPLY_HANDSHAKE,
		.version = SP_TLS13,
		.suite = 0x1301,
		.proven = true,
		.public_anchor = public_anchor,
		.chain_checked = true,
		.chain_count = 2,
		.sent_count = 1,
		.sent_total = 1 };

	observation.chain[0] = observation.sent[0] =
	    add_certificate(testimony, "CN=leaf", not_before, not_after);
	observation.chain[1] = add_certificate(
	    testimony, "CN=root", not_before - DAY, not_after + 4000 * DAY);
	assert_true(sp_testimony_add_observation(testimony, &request, &observation));
}

static void add_refusals(struct sp_testimony *testimony)
{
	static const enum sp_question versions[] = { SP_ASK_TLS12, SP_ASK_TLS11,
		SP_ASK_TLS10, SP_ASK_SSL3 };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		answer(testimony, &request, versions[i], 0, 0);
	answer_the_rest(testimony, &request, 0, false, false);
	answer(testimony, &request, SP_ASK_CONTROL13, 0, SP_TLS13);
}

static struct sp_target *one_target(struct sp_verdicts *verdicts)
{
	struct sp_target *target = calloc(1, sizeof(*target));
	struct sp_endpoint endpoint = { .address = { SP_IPV4, 0, 0x0a000001 },
		.listening = true,
		.local = true,
		.testimony = { .ended = SP_ENDED_DONE } };

	*target = (struct sp_target){ .protocol = SP_TCP,
		.port = 443,
		.tls = SP_TLS_REQUIRED,
		.profile = &profile,
		.lease = (uint32_t)DAY,
		.names = calloc(SP_MAX_NAMES, sizeof(char *)),
		.name_count = 1 };
	target->names[0] = (char *)NAME;
	assert_true(sp_target_add_endpoint(target, &endpoint));
	verdicts->plan = (struct sp_plan){ .targets = target, .target_count = 1 };
	return target;
}

static const char *text_of(const struct sp_verdicts *verdicts, enum sp_finding_id id)
{
	const struct sp_endpoint_verdict *endpoint = verdicts->items[0].endpoints;

	for (size_t i = 0; i < endpoint->finding_count; i++)
		if (endpoint->findings[i].id == id)
			return endpoint->findings[i].text;
	return NULL;
}

static void judge(struct sp_verdicts *verdicts, enum sp_outcome outcome)
{
	struct sp_diag diag = { 0 };

	assert_true(sp_judge(verdicts, &diag));
	if (verdicts->items[0].outcome != outcome)
		fail_msg("%s, not %s: %s", sp_outcome_name(verdicts->items[0].outcome),
		    sp_outcome_name(outcome), verdicts->items[0].reason);
}

/* Of one leaf: the finding's text, or none. */
static void check_leaf(int64_t not_before, int64_t not_after, bool public_anchor,
    int64_t now, enum sp_finding_id id, const char *wanted)
{
	struct sp_verdicts verdicts = { .now = now };
	struct sp_target *target = one_target(&verdicts);
	const char *text;

	add_handshake(
	    &target->endpoints[0].testimony, not_before, not_after, public_anchor);
	add_refusals(&target->endpoints[0].testimony);
	answer(&target->endpoints[0].testimony, &request, SP_ASK_TLS13_OTHER, 0, 0);
	judge(&verdicts, SP_PASS);
	text = text_of(&verdicts, id);
	if (wanted && !text)
		fail_msg("no finding: %s", wanted);
	if (!wanted && text)
		fail_msg("a finding: %s", text);
	if (wanted)
		assert_string_equal(text, wanted);
	sp_verdicts_free(&verdicts);
}

/* CA/Browser Forum Baseline Requirements section 6.3.2. A day has 86,400 seconds, both
 * ends count, and a second more is another day. */
static void public_authorities_have_a_schedule(void **state)
{
	static const struct {
		int64_t issued;
		int days;
		int64_t seconds_more;
		const char *wanted;
	} rows[] = {
		{ MARCH_2026 - DAY, 398, -1, NULL },
		{ MARCH_2026 - DAY, 398, 0,
		    "certificate of a public authority is valid for 399 days, not 398" },
		{ MARCH_2026 - 1, 398, -1, NULL },
		{ MARCH_2026, 200, -1, NULL },
		{ MARCH_2026, 201, -1,
		    "certificate of a public authority is valid for 201 days, not 200" },
		{ MARCH_2026, 398, -1,
		    "certificate of a public authority is valid for 398 days, not 200" },
		{ MARCH_2027 - 1, 200, -1, NULL },
		{ MARCH_2027, 100, -1, NULL },
		{ MARCH_2027, 101, -1,
		    "certificate of a public authority is valid for 101 days, not 100" },
		{ MARCH_2029 - 1, 100, -1, NULL },
		{ MARCH_2029, 47, -1, NULL },
		{ MARCH_2029, 48, -1,
		    "certificate of a public authority is valid for 48 days, not 47" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t end = rows[i].issued + rows[i].days * DAY + rows[i].seconds_more;
		int64_t now = rows[i].issued + DAY;

		check_leaf(
		    rows[i].issued, end, true, now, SP_FINDING_LIFETIME, rows[i].wanted);
		/* Authorities of one's own follow no schedule. */
		check_leaf(rows[i].issued, end, false, now, SP_FINDING_LIFETIME, NULL);
	}
}

static void what_ends_soon_warns(void **state)
{
	static const struct {
		int64_t left;
		const char *wanted;
	} rows[] = {
		{ 60 * DAY, NULL },
		{ 14 * DAY, NULL },
		{ 14 * DAY - 1, "certificate expires in 13 days, on 2026-03-28" },
		{ 7 * DAY + 5, "certificate expires in 7 days, on 2026-03-22" },
		{ DAY - 1, "certificate expires in 0 days, on 2026-03-15" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_leaf(MARCH_2026 - 10 * DAY, MARCH_2026 + rows[i].left, false,
		    MARCH_2026, SP_FINDING_EXPIRES_SOON, rows[i].wanted);
}

/* An answer to the question for a certificate of the other type: a ServerHello of
 * TLS 1.3, and then this alert (256: none) after the certificate of this number, if
 * any (-1). */
static void say_other(struct sp_testimony *testimony, uint16_t alert, int sent)
{
	struct sp_observation observation = { .question = SP_ASK_TLS13_OTHER,
		.tries = 1,
		.alert = alert,
		.reply = SP_REPLY_SERVER_HELLO,
		.version = SP_TLS13,
		.suite = 0x1301,
		.sent_total = sent >= 0,
		.sent_count = sent >= 0,
		.sent = { sent >= 0 ? (uint16_t)sent : 0 } };

	assert_true(sp_testimony_add_observation(testimony, &request, &observation));
}

/* Java 17 and BoringSSL answer so when they have none. */
static void no_other_certificate_may_come_late(void **state)
{
	static const struct {
		uint16_t alert;
		int sent;
		bool proven;
		enum sp_outcome outcome;
	} rows[] = {
		{ 40, -1, true, SP_PASS },
		{ 40, 0, true, SP_PASS }, /* the one that was shown first */
		{ 40, 1, true, SP_FAIL }, /* another */
		{ 256, -1, true, SP_FAIL },
		{ 256, 0, true, SP_FAIL },
		{ 40, -1, false, SP_FAIL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_verdicts verdicts = { .now = MARCH_2026 };
		struct sp_target *target = one_target(&verdicts);
		struct sp_testimony *testimony = &target->endpoints[0].testimony;

		add_handshake(testimony, MARCH_2026 - DAY, MARCH_2026 + 60 * DAY, false);
		testimony->observations[0].proven = rows[i].proven;
		add_refusals(testimony);
		say_other(testimony, rows[i].alert, rows[i].sent);
		judge(&verdicts, rows[i].outcome);
		if (rows[i].outcome == SP_FAIL)
			assert_non_null(text_of(&verdicts, SP_FINDING_INCOMPLETE));
		sp_verdicts_free(&verdicts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_authorities_have_a_schedule),
		cmocka_unit_test(what_ends_soon_warns),
		cmocka_unit_test(no_other_certificate_may_come_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
