/* The judge, from answers written down as words, and the plan. */
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
	.signature = 1u << SP_HASH_SHA256 | 1u << SP_HASH_SHA384 | 1u << SP_HASH_SHA512 |
		     1u << SP_HASH_INTRINSIC,
	.source = "the test",
	.weaknesses = { [SP_WEAK_LUCKY13] = SP_STANCE_WARN,
	    [SP_WEAK_NO_FORWARD_SECRECY] = SP_STANCE_WARN,
	    [SP_WEAK_NO_EMS] = SP_STANCE_WARN,
	    [SP_WEAK_HEARTBEAT] = SP_STANCE_WARN,
	    [SP_WEAK_NO_FALLBACK_SCSV] = SP_STANCE_WARN } };

/* What a server's words say, in a row of a table:
 *   hs            the handshake completes, chain good
 *   hs:CODE@DEPTH … with this X509 error; hs!KEY where KEY spoils a certificate
 *   cc            client certificate wanted: alert after the proof
 *   half          ServerHello of the version asked, then an alert, no proof
 *   shVVVV        ServerHello of version VVVV
 *   aNN, a80-     fatal alert; with "-": SHA-1 schemes were not offered
 *   fin rst mute text junk none:ERRNO own */
static void say(struct sp_testimony *testimony, enum sp_question question, uint16_t name,
    const char *word);

static struct sp_certificate certificate(const char *subject, int64_t not_after)
{
	struct sp_certificate made = { .subject = strdup(subject),
		.issuer = strdup("CN=root"),
		.serial = strdup("01"),
		.key = strdup("prime256v1"),
		.signature = strdup("ecdsa-with-SHA256"),
		.key_type = SP_KEY_EC,
		.key_bits = 256,
		.signature_hash = SP_HASH_SHA256,
		.not_before = NOW - DAY,
		.not_after = not_after };

	return made;
}

static void spoil(
    struct sp_certificate *leaf, struct sp_certificate *root, const char *how)
{
	if (!strcmp(how, "expired"))
		leaf->not_after = NOW;
	else if (!strcmp(how, "future"))
		leaf->not_before = NOW + 1;
	else if (!strcmp(how, "root-expired"))
		root->not_after = NOW - 1;
	else if (!strcmp(how, "client"))
		leaf->purposes = true;
	else if (!strcmp(how, "rsa1024")) {
		leaf->key_type = SP_KEY_RSA;
		leaf->key_bits = 1024;
	} else if (!strcmp(how, "rsa2048")) {
		leaf->key_type = SP_KEY_RSA;
		leaf->key_bits = 2048;
	} else if (!strcmp(how, "ec192"))
		leaf->key_bits = 192;
	else if (!strcmp(how, "ed25519")) {
		leaf->key_type = SP_KEY_EDWARDS;
		leaf->key_bits = 253;
		leaf->signature_hash = SP_HASH_INTRINSIC;
	} else if (!strcmp(how, "dsa"))
		leaf->key_type = SP_KEY_DSA;
	else if (!strcmp(how, "odd"))
		leaf->key_type = SP_KEY_OTHER;
	else if (!strcmp(how, "sha1"))
		leaf->signature_hash = SP_HASH_SHA1;
	else if (!strcmp(how, "md5"))
		leaf->signature_hash = SP_HASH_MD5;
	else if (!strcmp(how, "root-sha1"))
		root->signature_hash = SP_HASH_SHA1;
	else
		fail_msg("no way to spoil: %s", how);
}

static void add_chain(
    struct sp_testimony *testimony, struct sp_observation *observation, const char *word)
{
	struct sp_certificate leaf = certificate("CN=leaf", NOW + 30 * DAY);
	struct sp_certificate root = certificate("CN=root", NOW + 300 * DAY);
	const char *colon = strchr(word, ':'), *bang = strchr(word, '!');
	uint16_t first = (uint16_t)testimony->certificate_count;

	root.self_signed = root.authority = true;
	leaf.names = calloc(1, sizeof(char *));
	leaf.names[0] = strdup("DNS:www.example.com");
	leaf.name_count = leaf.name_total = 1;
	if (bang)
		spoil(&leaf, &root, bang + 1);
	assert_true(sp_testimony_add_certificate(testimony, &leaf));
	assert_true(sp_testimony_add_certificate(testimony, &root));
	observation->chain_checked = true;
	observation->chain[0] = observation->sent[0] = first;
	observation->chain[1] = (uint16_t)(first + 1);
	observation->chain_count = 2;
	observation->sent_count = observation->sent_total = 1;
	if (colon) {
		unsigned code = 0, depth = 0;

		assert_int_equal(sscanf(colon, ":%u@%u", &code, &depth), 2);
		observation->errors[0] =
		    (struct sp_chain_error){ code, depth, strdup("as OpenSSL says it") };
		observation->error_count = 1;
	}
}

static void say_hello_word(struct sp_observation *observation, const char *word)
{
	static const struct {
		const char *word;
		enum sp_reply reply;
	} plain[] = { { "fin", SP_REPLY_CLOSED }, { "rst", SP_REPLY_RESET },
		{ "mute", SP_REPLY_TIMEOUT }, { "text", SP_REPLY_CLEAR_TEXT },
		{ "junk", SP_REPLY_MALFORMED }, { "own", SP_REPLY_FAILED } };
	unsigned number;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(plain[i].word, word))
			continue;
		observation->reply = plain[i].reply;
		observation->text = strdup("HTTP/1.1 400 Bad Request");
		return;
	}
	if (sscanf(word, "a%u", &number) == 1) {
		observation->reply = SP_REPLY_ALERT;
		observation->alert = (uint16_t)number;
		observation->sha1_offered = !strchr(word, '-');
	} else if (sscanf(word, "sh%4x", &number) == 1) {
		observation->reply = SP_REPLY_SERVER_HELLO;
		observation->version = (uint16_t)number;
		observation->suite = 0xc02f;
		observation->secure_renegotiation = true;
	} else if (sscanf(word, "none:%u", &number) == 1) {
		observation->reply = SP_REPLY_NO_CONNECTION;
		observation->error = number;
	} else {
		fail_msg("no such word: %s", word);
	}
}

static void say(struct sp_testimony *testimony, enum sp_question question, uint16_t name,
    const char *word)
{
	struct sp_observation observation = {
		.question = question, .name = name, .tries = 1, .alert = 256
	};
	char *names[] = { (char *)"www.example.com", (char *)"two.example.com" };
	struct sp_request request = { .questions = UINT64_MAX,
		.names = names,
		.name_count = name == SP_NO_NAME ? 0 : 2 };

	if (!strncmp(word, "hs", 2) || !strcmp(word, "cc") || !strcmp(word, "half")) {
		observation.version = sp_question(question)->version;
		observation.suite = observation.version == 0x0304 ? 0x1301 : 0xc02f;
		observation.secure_renegotiation = true;
		observation.reply = *word == 'h' && word[1] == 's'
					? SP_REPLY_HANDSHAKE
					: SP_REPLY_SERVER_HELLO;
		observation.proven = strcmp(word, "half") != 0;
		observation.client_certificate = !strcmp(word, "cc");
		if (strcmp(word, "half") && strcmp(word, "hs-nocert"))
			add_chain(testimony, &observation, word);
	} else {
		say_hello_word(&observation, word);
	}
	assert_true(sp_testimony_add_observation(testimony, &request, &observation));
}

static bool speaks(const char *word)
{
	return !strncmp(word, "hs", 2) || !strcmp(word, "cc") || !strcmp(word, "half");
}

/* "TLS13 TLS12 TLS11 TLS10 SSLv3", "-" for what was not asked. */
static void say_all(struct sp_testimony *testimony, uint16_t name, const char *words)
{
	char *names[] = { (char *)"www.example.com", (char *)"two.example.com" };
	struct sp_request request = {
		.questions = UINT64_MAX, .names = names, .name_count = 2
	};
	char copy[200], *rest = NULL, *all[5];
	unsigned question = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &rest); word && question < 5;
	     word = strtok_r(NULL, " ", &rest), question++) {
		all[question] = word;
		if (strcmp(word, "-"))
			say(testimony, (enum sp_question)question, name, word);
	}
	assert_int_equal(question, 5);
	if (strcmp(all[4], "-") && !strstr(words, "text"))
		answer_the_rest(
		    testimony, &request, name, speaks(all[0]), speaks(all[1]));
}

static struct sp_verdicts one_target(size_t endpoints)
{
	struct sp_verdicts verdicts = { .now = NOW };
	struct sp_target *target = calloc(1, sizeof(*target));

	*target = (struct sp_target){ .protocol = SP_TCP,
		.port = 443,
		.tls = SP_TLS_REQUIRED,
		.profile = &baseline,
		.lease = DAY,
		.names = calloc(SP_MAX_NAMES, sizeof(char *)) };
	target->names[0] = (char *)"www.example.com";
	target->name_count = 1;
	for (size_t i = 0; i < endpoints; i++) {
		struct sp_endpoint endpoint = { .address = { SP_IPV4, 0, 0x0a000001 + i },
			.listening = true,
			.local = true };

		endpoint.testimony.ended = SP_ENDED_DONE;
		assert_true(sp_target_add_endpoint(target, &endpoint));
	}
	verdicts.plan = (struct sp_plan){ .targets = target, .target_count = 1 };
	return verdicts;
}

static void judge(struct sp_verdicts *verdicts)
{
	struct sp_diag diag = { 0 };

	assert_true(sp_judge(verdicts, &diag));
	assert_int_equal(diag.errors, 0);
}

static bool found(const struct sp_verdict *verdict, enum sp_finding_id id)
{
	for (size_t e = 0; e < verdict->endpoint_count; e++)
		for (size_t i = 0; i < verdict->endpoints[e].finding_count; i++)
			if (verdict->endpoints[e].findings[i].id == id)
				return true;
	return false;
}

static const struct {
	const char *words; /* TLS 1.3, 1.2, 1.1, 1.0, SSLv3 */
	enum sp_outcome outcome;
	int finding;	    /* that must be there; -1: none may be */
	const char *reason; /* that it begins with */
} answers[] = {
	/* passes */
	{ "hs hs a70 a70 a40", SP_PASS, -1,
	    "TLS 1.2, TLS 1.3; certificate valid until 2023-12-14" },
	{ "hs a70 a70 a70 a40", SP_PASS, -1, "TLS 1.3;" },
	{ "a70 hs a80 a80 a40", SP_PASS, -1, "TLS 1.2;" },
	{ "hs hs fin rst fin", SP_PASS, -1, "TLS 1.2, TLS 1.3;" },
	{ "hs cc a70 a70 a40", SP_PASS, SP_FINDING_CLIENT_CERTIFICATE,
	    "TLS 1.2, TLS 1.3;" },
	{ "hs!rsa2048 hs a70 a70 a40", SP_PASS, -1, "TLS 1.2" },
	{ "hs!ed25519 hs a70 a70 a40", SP_PASS, -1, "TLS 1.2" },
	{ "hs!root-sha1 hs a70 a70 a40", SP_PASS, -1, "TLS 1.2" },
	/* forbidden versions */
	{ "hs hs a70 a70 sh0300", SP_FAIL, SP_FINDING_SSLV3,
	    "accepts SSLv3 (ServerHello 0300)" },
	{ "hs hs a70 sh0301 a40", SP_FAIL, SP_FINDING_TLS10,
	    "accepts TLS 1.0 (ServerHello 0301)" },
	{ "hs hs sh0302 a70 a40", SP_FAIL, SP_FINDING_TLS11,
	    "accepts TLS 1.1 (ServerHello 0302)" },
	{ "a70 sh0300 sh0300 sh0300 sh0300", SP_FAIL, SP_FINDING_SSLV3,
	    "speaks only SSLv3 (ServerHello 0300)" },
	{ "fin fin sh0300 fin sh0300", SP_FAIL, SP_FINDING_SSLV3, "speaks only SSLv3" },
	{ "a70 sh0301 sh0301 sh0301 a40", SP_FAIL, SP_FINDING_TLS10,
	    "speaks only TLS 1.0" },
	{ "hs hs sh0301 sh0301 a40", SP_FAIL, SP_FINDING_TLS10, "accepts TLS 1.0" },
	{ "hs hs a70 a70 sh0002", SP_FAIL, SP_FINDING_SSLV2, "accepts SSLv2" },
	{ "hs mute a70 a70 sh0300", SP_FAIL, SP_FINDING_SSLV3, "accepts SSLv3" },
	{ "mute mute mute mute sh0300", SP_FAIL, SP_FINDING_SSLV3, "speaks only SSLv3" },
	/* a refusal without a control says nothing */
	{ "a70 a70 a70 a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.3: alert 70 (protocol_version)" },
	{ "fin fin fin fin fin", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.3: closed" },
	{ "half a70 a70 a70 a40", SP_FAIL, SP_FINDING_INCOMPLETE,
	    "TLS 1.3 is offered and does not complete" },
	{ "hs half a70 a70 a40", SP_FAIL, SP_FINDING_INCOMPLETE,
	    "TLS 1.2 is offered and does not complete" },
	/* alert 80 counts only after SHA-1 schemes were offered */
	{ "hs hs a80- a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.1: alert 80" },
	{ "hs a80 a70 a70 a40", SP_PASS, -1, "TLS 1.3;" },
	/* what is not answered never passes */
	{ "hs hs mute a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.1: HTTP/1.1 400 Bad Request until" },
	{ "hs mute a70 a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED, "TLS 1.2: " },
	{ "hs hs a70 a70 junk", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "SSLv3: not TLS" },
	{ "hs hs a70 a70 text", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "SSLv3: plain text: HTTP" },
	{ "hs hs a70 none:111 a40", SP_INCONCLUSIVE, SP_FINDING_UNREACHABLE,
	    "no connection: Connection refused" },
	{ "hs hs a70 own a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.0: the prober failed" },
	{ "hs hs a70 a70 -", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "SSLv3 was not asked" },
	{ "- - - - -", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED, "TLS 1.3 was not asked" },
	{ "none:113 none:113 - - -", SP_INCONCLUSIVE, SP_FINDING_UNREACHABLE,
	    "no connection: No route to host (10.0.0.1:443)" },
	{ "mute mute - - -", SP_INCONCLUSIVE, SP_FINDING_UNPROVEN, "TLS 1.3: " },
	{ "text text text text text", SP_FAIL, SP_FINDING_PLAIN_TEXT,
	    "answers in plain text: HTTP/1.1 400" },
	{ "text text text text fin", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.3: plain text" },
	{ "junk junk junk junk junk", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.3: not TLS" },
	/* an answer to another question than the one asked */
	{ "sh0303 hs a70 a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.3: ServerHello 0303" },
	{ "hs hs sh0303 a70 a40", SP_INCONCLUSIVE, SP_FINDING_UNANSWERED,
	    "TLS 1.1: ServerHello 0303" },
	{ "hs hs sh0399 a70 a40", SP_FAIL, SP_FINDING_VERSION, "accepts version 0x0399" },
	/* certificates */
	{ "hs-nocert hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_MISSING,
	    "TLS 1.3 showed no certificate" },
	{ "hs:10@0!expired hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "certificate expired on 2023-11-14 (10.0.0.1:443)" },
	{ "hs hs:10@0!expired a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "certificate expired on 2023-11-14" },
	{ "hs hs!expired a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "certificate expired on 2023-11-14" },
	{ "hs!root-expired hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "CA certificate CN=root expired on 2023-11-14" },
	{ "hs:9@0!future hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_NOT_YET_VALID,
	    "certificate is valid only from 2023-11-14" },
	{ "hs!future hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_NOT_YET_VALID,
	    "certificate is valid only from" },
	{ "hs:62@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_NAME,
	    "certificate is not valid for www.example.com, but for www.example.com" },
	{ "hs:64@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_NAME,
	    "certificate is not valid for" },
	{ "hs:18@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_SELF_SIGNED,
	    "certificate is self-signed" },
	{ "hs:19@1 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_UNTRUSTED,
	    "certificate's root is not trusted: CN=root" },
	{ "hs:20@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_UNTRUSTED,
	    "certificate's" },
	{ "hs:26@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_PURPOSE,
	    "certificate is not for TLS servers" },
	{ "hs!client hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_PURPOSE,
	    "certificate is not for TLS servers" },
	{ "hs:7@1 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_CHAIN,
	    "certificate chain: as OpenSSL says it (X509 error 7, depth 1)" },
	{ "hs:10@9 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_CHAIN,
	    "certificate chain: as OpenSSL says it" },
	{ "hs:9999@0 hs a70 a70 a40", SP_FAIL, SP_FINDING_CERTIFICATE_CHAIN,
	    "certificate chain:" },
	{ "hs!rsa1024 hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_KEY,
	    "certificate has a weak key: RSA, 1024 bits" },
	{ "hs!ec192 hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_KEY,
	    "certificate has a weak key: EC, 192 bits" },
	{ "hs!dsa hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_KEY,
	    "certificate has a weak key: DSA" },
	{ "hs!odd hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_KEY,
	    "certificate has a weak key: unknown" },
	{ "hs!sha1 hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_SIGNATURE,
	    "certificate has a weak signature" },
	{ "hs!md5 hs a70 a70 a40", SP_FAIL, SP_FINDING_WEAK_SIGNATURE,
	    "certificate has a weak signature" },
	/* the worst is told first */
	{ "hs:10@0!expired hs a70 a70 sh0300", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "accepts SSLv3" },
	{ "hs:10@0!expired hs a70 a70 mute", SP_FAIL, SP_FINDING_CERTIFICATE_EXPIRED,
	    "certificate expired" },
};

static void answers_become_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct sp_verdicts verdicts = one_target(1);
		const struct sp_verdict *verdict;

		print_message("%s\n", answers[i].words);
		say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0,
		    answers[i].words);
		judge(&verdicts);
		verdict = &verdicts.items[0];
		assert_string_equal(sp_outcome_name(verdict->outcome),
		    sp_outcome_name(answers[i].outcome));
		assert_int_equal(
		    sp_verdicts_pass(&verdicts), answers[i].outcome == SP_PASS);
		assert_int_equal(verdict->lease != NULL, answers[i].outcome == SP_PASS);
		if (answers[i].finding < 0)
			assert_int_equal(verdict->endpoints[0].finding_count, 0);
		else
			assert_true(
			    found(verdict, (enum sp_finding_id)answers[i].finding));
		if (strncmp(
			verdict->reason, answers[i].reason, strlen(answers[i].reason)))
			fail_msg("reason: %s", verdict->reason);
		sp_verdicts_free(&verdicts);
	}
}

static const char good[] = "hs hs a70 a70 a40";

/* Each way a child can end but the good one spoils what would have passed. */
static void an_end_that_is_not_good_never_passes(void **state)
{
	(void)state;
	for (unsigned ended = 0; ended < SP_ENDS; ended++) {
		struct sp_verdicts verdicts = one_target(1);
		struct sp_testimony *testimony =
		    &verdicts.plan.targets[0].endpoints[0].testimony;

		say_all(testimony, 0, good);
		testimony->ended = (enum sp_ended)ended;
		testimony->code = 9;
		judge(&verdicts);
		assert_int_equal(verdicts.items[0].outcome,
		    ended == SP_ENDED_DONE ? SP_PASS : SP_INCONCLUSIVE);
		sp_verdicts_free(&verdicts);
	}
}

/* What was seen before a child was killed counts against the server all the same. */
static void evidence_outlives_the_child(void **state)
{
	struct sp_verdicts verdicts = one_target(1);
	struct sp_testimony *testimony = &verdicts.plan.targets[0].endpoints[0].testimony;

	(void)state;
	say_all(testimony, 0, "- - - - sh0300");
	testimony->ended = SP_ENDED_DEADLINE;
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_FAIL);
	sp_verdicts_free(&verdicts);
}

static void one_bad_address_spoils_the_port(void **state)
{
	static const struct {
		const char *other;
		enum sp_outcome outcome;
	} rows[] = { { good, SP_PASS }, { "a70 sh0300 sh0300 sh0300 sh0300", SP_FAIL },
		{ "mute mute - - -", SP_INCONCLUSIVE },
		{ "hs:10@0!expired hs a70 a70 a40", SP_FAIL } };

	(void)state;
	for (size_t place = 0; place < 3; place++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct sp_verdicts verdicts = one_target(3);

			for (size_t e = 0; e < 3; e++)
				say_all(&verdicts.plan.targets[0].endpoints[e].testimony,
				    0, e == place ? rows[i].other : good);
			judge(&verdicts);
			assert_int_equal(verdicts.items[0].outcome, rows[i].outcome);
			assert_int_equal(
			    verdicts.items[0].lease != NULL, rows[i].outcome == SP_PASS);
			sp_verdicts_free(&verdicts);
		}
	}
}

static void a_failure_outweighs_silence(void **state)
{
	struct sp_verdicts verdicts = one_target(2);

	(void)state;
	say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0, "mute mute - - -");
	say_all(
	    &verdicts.plan.targets[0].endpoints[1].testimony, 0, "hs hs a70 a70 sh0300");
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_FAIL);
	assert_non_null(strstr(verdicts.items[0].reason, "(10.0.0.2:443)"));
	sp_verdicts_free(&verdicts);
}

static void every_name_counts(void **state)
{
	static const struct {
		const char *second;
		enum sp_outcome outcome;
	} rows[] = { { good, SP_PASS }, { "hs:62@0 hs a70 a70 a40", SP_FAIL },
		{ "a112 a112 a112 a112 a112", SP_INCONCLUSIVE },
		{ "- - - - -", SP_INCONCLUSIVE }, { "hs hs a70 a70 sh0300", SP_FAIL } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_verdicts verdicts = one_target(1);
		struct sp_target *target = &verdicts.plan.targets[0];

		target->names[target->name_count++] = (char *)"two.example.com";
		say_all(&target->endpoints[0].testimony, 0, good);
		say_all(&target->endpoints[0].testimony, 1, rows[i].second);
		judge(&verdicts);
		assert_int_equal(verdicts.items[0].outcome, rows[i].outcome);
		sp_verdicts_free(&verdicts);
	}
}

/* A handshake under one name is no control for another. */
static void a_control_is_of_the_same_name(void **state)
{
	struct sp_verdicts verdicts = one_target(1);
	struct sp_target *target = &verdicts.plan.targets[0];

	(void)state;
	target->names[target->name_count++] = (char *)"two.example.com";
	say_all(&target->endpoints[0].testimony, 0, good);
	say_all(&target->endpoints[0].testimony, 1, "a70 a70 a70 a70 a40");
	judge(&verdicts);
	for (size_t i = 0; i < verdicts.items[0].endpoints[0].answer_count; i++) {
		const struct sp_answered *answered =
		    &verdicts.items[0].endpoints[0].answers[i];

		if (answered->name == 1)
			assert_true(answered->answer == SP_ANSWER_INCONCLUSIVE ||
				    answered->answer == SP_ANSWER_NOT_ASKED);
	}
	sp_verdicts_free(&verdicts);
}

static void leases_end_with_what_they_stand_on(void **state)
{
	static const struct {
		uint32_t lease;
		int64_t end;
	} rows[] = { { 60, NOW + 60 }, { DAY, NOW + DAY }, { 90 * DAY, NOW + 30 * DAY } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_verdicts verdicts = one_target(2);
		const struct sp_lease *lease;

		verdicts.plan.targets[0].lease = rows[i].lease;
		for (size_t e = 0; e < 2; e++)
			say_all(
			    &verdicts.plan.targets[0].endpoints[e].testimony, 0, good);
		judge(&verdicts);
		lease = verdicts.items[0].lease;
		assert_non_null(lease);
		assert_int_equal(sp_lease_not_after(lease), rows[i].end);
		assert_int_equal(sp_lease_port(lease), 443);
		assert_int_equal(sp_lease_protocol(lease), SP_TCP);
		sp_verdicts_free(&verdicts);
	}
}

/* The same evidence has the same digest; another certificate another one. */
static void evidence_has_a_digest(void **state)
{
	uint8_t first[SP_DIGEST_BYTES];

	(void)state;
	for (int round = 0; round < 3; round++) {
		struct sp_verdicts verdicts = one_target(1);

		say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0,
		    round < 2 ? good : "hs!rsa2048 hs a70 a70 a40");
		judge(&verdicts);
		if (round == 0)
			memcpy(first, sp_lease_evidence(verdicts.items[0].lease),
			    sizeof(first));
		else
			assert_int_equal(
			    memcmp(first, sp_lease_evidence(verdicts.items[0].lease),
				sizeof(first)) == 0,
			    round == 1);
		sp_verdicts_free(&verdicts);
	}
}

static void no_lease_where_none_is_due(void **state)
{
	struct sp_verdicts verdicts = one_target(1);

	(void)state;
	/* on_fail = warn: judged, reported, and no lease */
	verdicts.plan.targets[0].on_fail = SP_ON_FAIL_WARN;
	say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0, good);
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_PASS);
	assert_null(verdicts.items[0].lease);
	sp_verdicts_free(&verdicts);

	/* an address that is not this host's is report only */
	verdicts = one_target(1);
	verdicts.plan.targets[0].endpoints[0].local = false;
	say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0, good);
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_ABSENT);
	assert_null(verdicts.items[0].lease);
	sp_verdicts_free(&verdicts);

	/* nobody listens */
	verdicts = one_target(0);
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_ABSENT);
	assert_string_equal(verdicts.items[0].reason, "nobody listens");
	assert_false(sp_verdicts_pass(&verdicts));
	sp_verdicts_free(&verdicts);
}

static void a_required_version_is_required(void **state)
{
	struct sp_profile strict = baseline;
	struct sp_verdicts verdicts = one_target(1);

	(void)state;
	strict.required_version = 0x0304;
	verdicts.plan.targets[0].profile = &strict;
	say_all(
	    &verdicts.plan.targets[0].endpoints[0].testimony, 0, "a70 hs a70 a70 a40");
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_FAIL);
	assert_true(found(&verdicts.items[0], SP_FINDING_REQUIRED_VERSION));
	sp_verdicts_free(&verdicts);
}

static void a_profile_that_wants_tls13_refuses_tls12(void **state)
{
	struct sp_profile modern = baseline;
	struct sp_verdicts verdicts = one_target(1);

	(void)state;
	modern.min_version = 0x0304;
	verdicts.plan.targets[0].profile = &modern;
	say_all(&verdicts.plan.targets[0].endpoints[0].testimony, 0, good);
	judge(&verdicts);
	assert_int_equal(verdicts.items[0].outcome, SP_FAIL);
	assert_true(found(&verdicts.items[0], SP_FINDING_VERSION));
	sp_verdicts_free(&verdicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_become_verdicts),
		cmocka_unit_test(an_end_that_is_not_good_never_passes),
		cmocka_unit_test(evidence_outlives_the_child),
		cmocka_unit_test(one_bad_address_spoils_the_port),
		cmocka_unit_test(a_failure_outweighs_silence),
		cmocka_unit_test(every_name_counts),
		cmocka_unit_test(a_control_is_of_the_same_name),
		cmocka_unit_test(leases_end_with_what_they_stand_on),
		cmocka_unit_test(evidence_has_a_digest),
		cmocka_unit_test(no_lease_where_none_is_due),
		cmocka_unit_test(a_required_version_is_required),
		cmocka_unit_test(a_profile_that_wants_tls13_refuses_tls12),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
