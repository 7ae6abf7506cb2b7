/* The judge on ports whose TLS begins with an upgrade. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sallyport/verdict.h>

#include "good_answers.h"

#define NOW INT64_C(1700000000)
#define DAY 86400

static struct sp_profile baseline = { .name = "baseline",
	.min_version = 0x0303,
	.min_rsa_bits = 2048,
	.min_ec_bits = 256,
	.min_dh_bits = 2048,
	.ocsp = SP_STANCE_IGNORE,
	.source = (char *)"the test",
	.signature = 1u << SP_HASH_SHA256,
	.weaknesses = { [SP_WEAK_LUCKY13] = SP_STANCE_WARN,
	    [SP_WEAK_NO_FORWARD_SECRECY] = SP_STANCE_WARN } };
static char *names[] = { (char *)"mail.example.com", (char *)"two.example.com" };

/* A good chain, described once per testimony. */
static void add_chain(struct sp_testimony *testimony, struct sp_observation *observation)
{
	if (testimony->certificate_count == 0) {
		struct sp_certificate leaf = { .subject = strdup("CN=leaf"),
			.issuer = strdup("CN=root"),
			.serial = strdup("01"),
			.key = strdup("prime256v1"),
			.signature = strdup("ecdsa-with-SHA256"),
			.key_type = SP_KEY_EC,
			.key_bits = 256,
			.signature_hash = SP_HASH_SHA256,
			.not_before = NOW - DAY,
			.not_after = NOW + DAY };

		assert_true(sp_testimony_add_certificate(testimony, &leaf));
	}
	observation->chain_checked = observation->proven = true;
	observation->chain_count = observation->sent_count = 1;
	observation->sent_total = 1;
}

/* hs: upgraded, then a good handshake; ij: the same after injected text;
 * a70: upgraded, then the alert; yes, no: about the plain session; else how the
 * upgrade failed. */
static const struct {
	const char *word;
	enum sp_reply reply;
	enum sp_upgrade upgrade;
	const char *text;
} words[] = {
	{ "hs", SP_REPLY_HANDSHAKE, SP_UPGRADE_DONE, NULL },
	{ "ij", SP_REPLY_HANDSHAKE, SP_UPGRADE_DONE, "250 injected" },
	{ "a70", SP_REPLY_ALERT, SP_UPGRADE_DONE, NULL },
	{ "yes", SP_REPLY_YES, SP_UPGRADE_NONE, NULL },
	{ "no", SP_REPLY_NO, SP_UPGRADE_NONE, NULL },
	{ "unoffered", SP_REPLY_NO_UPGRADE, SP_UPGRADE_NOT_OFFERED, NULL },
	{ "refused", SP_REPLY_NO_UPGRADE, SP_UPGRADE_REFUSED, "502 never heard of it" },
	{ "later", SP_REPLY_NO_UPGRADE, SP_UPGRADE_LATER, "454 not now" },
	{ "closed", SP_REPLY_NO_UPGRADE, SP_UPGRADE_CLOSED, NULL },
	{ "reset", SP_REPLY_NO_UPGRADE, SP_UPGRADE_RESET, NULL },
	{ "mute", SP_REPLY_NO_UPGRADE, SP_UPGRADE_TIMEOUT, NULL },
	{ "other", SP_REPLY_NO_UPGRADE, SP_UPGRADE_MALFORMED, "HTTP/1.1 400" },
	{ "long", SP_REPLY_NO_UPGRADE, SP_UPGRADE_TOO_LONG, "a line beyond any length" },
};

static void say(struct sp_testimony *testimony, const struct sp_request *request,
    enum sp_question question, const char *word)
{
	struct sp_observation observation = { .question = question,
		.name = request->name_count ? 0 : SP_NO_NAME,
		.tries = 1,
		.alert = 256 };
	size_t i = 0;

	while (strcmp(words[i].word, word))
		assert_true(++i < sizeof(words) / sizeof(words[0]));
	observation.reply = words[i].reply;
	observation.upgrade = words[i].upgrade;
	observation.upgrade_text = words[i].text ? strdup(words[i].text) : NULL;
	observation.injected = !strcmp(word, "ij");
	if (words[i].reply == SP_REPLY_HANDSHAKE) {
		observation.version = sp_question(question)->version;
		observation.suite = observation.version == SP_TLS13 ? 0x1301 : 0xc02f;
		observation.secure_renegotiation = true;
		add_chain(testimony, &observation);
	}
	if (words[i].reply == SP_REPLY_ALERT)
		observation.alert = 70;
	if (words[i].reply == SP_REPLY_YES)
		observation.text = strdup("AUTH PLAIN");
	assert_true(sp_testimony_add_observation(testimony, request, &observation));
}

static struct sp_verdicts one_target(enum sp_dialect dialect, uint16_t port)
{
	struct sp_verdicts verdicts = { .now = NOW };
	struct sp_target *target = calloc(1, sizeof(*target));
	struct sp_endpoint endpoint = {
		.address = { SP_IPV4, 0, 0x0a000001 }, .listening = true, .local = true
	};

	*target = (struct sp_target){ .protocol = SP_TCP,
		.port = port,
		.tls = SP_TLS_STARTTLS,
		.dialect = dialect,
		.profile = &baseline,
		.lease = DAY,
		.names = calloc(SP_MAX_NAMES, sizeof(char *)) };
	target->names[0] = names[0];
	target->name_count = 1;
	endpoint.testimony.ended = SP_ENDED_DONE;
	assert_true(sp_target_add_endpoint(target, &endpoint));
	verdicts.plan = (struct sp_plan){ .targets = target, .target_count = 1 };
	return verdicts;
}

static const struct {
	enum sp_dialect dialect;
	uint16_t port;
	/* TLS 1.3, 1.2, 1.1, 1.0, SSLv3, passwords, injection; "-": not asked */
	const char *said;
	enum sp_outcome outcome;
	const char *reason; /* begins with */
} rows[] = {
	{ SP_DIALECT_SMTP, 587, "hs hs a70 a70 a70 no no", SP_PASS, "TLS 1.2, TLS 1.3;" },
	/* between mail servers nobody is asked about passwords */
	{ SP_DIALECT_SMTP, 25, "hs hs a70 a70 a70 - no", SP_PASS, "TLS 1.2, TLS 1.3;" },
	{ SP_DIALECT_SMTP, 25, "hs hs a70 a70 a70 - -", SP_INCONCLUSIVE,
	    "injection: was not asked" },
	{ SP_DIALECT_SMTP, 587, "hs hs a70 a70 a70 - no", SP_INCONCLUSIVE,
	    "passwords: was not asked" },
	{ SP_DIALECT_RDP, 3389, "hs hs a70 a70 a70 - -", SP_PASS, "TLS 1.2, TLS 1.3;" },
	{ SP_DIALECT_LDAP, 389, "hs hs a70 a70 a70 no -", SP_PASS, "TLS 1.2, TLS 1.3;" },
	{ SP_DIALECT_POSTGRESQL, 5432, "hs hs a70 a70 a70 - no", SP_PASS, "TLS 1.2" },
	{ SP_DIALECT_POSTGRESQL, 5432, "hs hs a70 a70 a70 - yes", SP_FAIL, "AUTH PLAIN" },
	{ SP_DIALECT_POSTGRESQL, 5432, "hs hs a70 a70 a70 - -", SP_INCONCLUSIVE,
	    "injection: was not asked" },
	/* passwords before the upgrade */
	{ SP_DIALECT_SMTP, 587, "hs hs a70 a70 a70 yes no", SP_FAIL,
	    "takes passwords before TLS: AUTH PLAIN (10.0.0.1:587)" },
	{ SP_DIALECT_IMAP, 143, "hs hs a70 a70 a70 yes no", SP_FAIL,
	    "takes passwords before TLS" },
	{ SP_DIALECT_POP3, 110, "hs hs a70 a70 a70 yes no", SP_FAIL,
	    "takes passwords before TLS" },
	{ SP_DIALECT_LDAP, 389, "hs hs a70 a70 a70 yes -", SP_FAIL,
	    "takes passwords before TLS" },
	/* injection, both ways */
	{ SP_DIALECT_SMTP, 25, "hs hs a70 a70 a70 - yes", SP_FAIL, "AUTH PLAIN (10." },
	{ SP_DIALECT_POSTGRESQL, 5432, "ij hs a70 a70 a70 - no", SP_FAIL,
	    "says more before TLS begins: 250 injected" },
	/* no TLS, for good */
	{ SP_DIALECT_SMTP, 25, "unoffered unoffered - - - - -", SP_FAIL,
	    "does not offer STARTTLS (10.0.0.1:25)" },
	{ SP_DIALECT_POP3, 110, "unoffered unoffered - - - - -", SP_FAIL,
	    "does not offer STLS" },
	{ SP_DIALECT_FTP, 21, "refused refused - - - - -", SP_FAIL,
	    "refuses AUTH TLS: 502 never heard of it" },
	/* no TLS, and who knows why */
	{ SP_DIALECT_SMTP, 25, "later later - - - - -", SP_INCONCLUSIVE,
	    "no TLS: the upgrade is refused for now: 454 not now" },
	{ SP_DIALECT_SMTP, 25, "unoffered later - - - - -", SP_INCONCLUSIVE,
	    "no TLS: the upgrade is refused for now" },
	{ SP_DIALECT_SMTP, 25, "closed closed - - - - -", SP_INCONCLUSIVE,
	    "no TLS: closed the connection before the upgrade" },
	{ SP_DIALECT_SMTP, 25, "reset reset - - - - -", SP_INCONCLUSIVE,
	    "no TLS: reset the connection before the upgrade" },
	{ SP_DIALECT_SMTP, 25, "mute mute - - - - -", SP_INCONCLUSIVE,
	    "no TLS: no whole answer before the upgrade" },
	{ SP_DIALECT_SMTP, 25, "other other - - - - -", SP_INCONCLUSIVE,
	    "no TLS: speaks something else: HTTP/1.1 400" },
	{ SP_DIALECT_SMTP, 25, "long long - - - - -", SP_INCONCLUSIVE,
	    "no TLS: before the upgrade: a line beyond any length" },
	/* a failed upgrade is no refusal of a version */
	{ SP_DIALECT_SMTP, 25, "hs hs a70 a70 later - no", SP_INCONCLUSIVE,
	    "SSLv3: the upgrade is refused for now" },
	{ SP_DIALECT_SMTP, 25, "hs hs a70 a70 unoffered - no", SP_INCONCLUSIVE,
	    "SSLv3: the upgrade is not offered" },
	{ SP_DIALECT_SMTP, 25, "hs hs closed a70 a70 - no", SP_INCONCLUSIVE,
	    "TLS 1.1: closed the connection before the upgrade" },
	{ SP_DIALECT_SMTP, 587, "hs hs a70 a70 a70 mute no", SP_INCONCLUSIVE,
	    "passwords: no whole answer" },
	{ SP_DIALECT_SMTP, 587, "hs hs a70 a70 a70 no later", SP_INCONCLUSIVE,
	    "injection: the upgrade is refused for now" },
	/* silence of a session that was never upgraded proves nothing */
	{ SP_DIALECT_SMTP, 25, "- - - - - - no", SP_INCONCLUSIVE, "TLS 1.3 was not" },
};

static void upgrades_become_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_verdicts verdicts = one_target(rows[i].dialect, rows[i].port);
		struct sp_target *target = &verdicts.plan.targets[0];
		struct sp_request request = sp_target_request(target, 0, 0, NOW);
		struct sp_diag diag = { 0 };
		static const enum sp_question asked[] = { SP_ASK_TLS13, SP_ASK_TLS12,
			SP_ASK_TLS11, SP_ASK_TLS10, SP_ASK_SSL3, SP_ASK_PLAINTEXT_AUTH,
			SP_ASK_STARTTLS_INJECTION };
		char copy[100], *rest = NULL;
		unsigned question = 0;

		snprintf(copy, sizeof(copy), "%s", rows[i].said);
		for (char *word = strtok_r(copy, " ", &rest); word;
		     word = strtok_r(NULL, " ", &rest), question++)
			if (strcmp(word, "-"))
				say(&target->endpoints[0].testimony, &request,
				    asked[question], word);
		assert_int_equal(question, 7);
		if (strstr(rows[i].said, "hs"))
			answer_the_rest(
			    &target->endpoints[0].testimony, &request, 0, true, true);
		assert_true(sp_judge(&verdicts, &diag));
		if (verdicts.items[0].outcome != rows[i].outcome ||
		    strncmp(verdicts.items[0].reason, rows[i].reason,
			strlen(rows[i].reason)) != 0)
			fail_msg("%s: %s: %s", rows[i].said,
			    sp_outcome_name(verdicts.items[0].outcome),
			    verdicts.items[0].reason);
		assert_int_equal(
		    verdicts.items[0].lease != NULL, rows[i].outcome == SP_PASS);
		sp_verdicts_free(&verdicts);
	}
}

static void questions_are_of_their_dialects(void **state)
{
	struct sp_target target = { .tls = SP_TLS_REQUIRED, .port = 443 };

	(void)state;
	assert_false(sp_target_asks(&target, SP_ASK_PLAINTEXT_AUTH));
	assert_false(sp_target_asks(&target, SP_ASK_STARTTLS_INJECTION));
	assert_true(sp_target_asks(&target, SP_ASK_TLS13));
	target = (struct sp_target){
		.tls = SP_TLS_STARTTLS, .dialect = SP_DIALECT_SMTP, .port = 587
	};
	assert_true(sp_target_asks(&target, SP_ASK_PLAINTEXT_AUTH));
	target.port = 25;
	assert_false(sp_target_asks(&target, SP_ASK_PLAINTEXT_AUTH));
	target.dialect = SP_DIALECT_LMTP;
	assert_true(sp_target_asks(&target, SP_ASK_PLAINTEXT_AUTH));
	target.dialect = SP_DIALECT_MYSQL;
	assert_false(sp_target_asks(&target, SP_ASK_PLAINTEXT_AUTH));
	assert_false(sp_target_asks(&target, SP_ASK_STARTTLS_INJECTION));
}

static void dialects_have_names(void **state)
{
	enum sp_dialect dialect;

	(void)state;
	for (unsigned i = SP_DIALECT_NONE + 1; i < SP_DIALECTS; i++) {
		assert_true(
		    sp_dialect_parse(sp_dialect_name((enum sp_dialect)i), &dialect));
		assert_int_equal(dialect, i);
		assert_true(*sp_dialect_upgrade(dialect));
	}
	assert_false(sp_dialect_parse("gopher", &dialect));
	assert_false(sp_dialect_parse("", &dialect));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upgrades_become_verdicts),
		cmocka_unit_test(questions_are_of_their_dialects),
		cmocka_unit_test(dialects_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
