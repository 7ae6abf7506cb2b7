#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

#define ALERT_INTERNAL_ERROR 80
#define ALERT_INAPPROPRIATE_FALLBACK 86
#define ALERT_NONE 256

static const struct {
	uint16_t code;
	const char *name;
} alerts[] = {
	/* RFC 8446 section 6, and RFC 5246 section 7.2 for what it dropped. */
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 22, "record_overflow" },
	{ 30, "decompression_failure" },
	{ 40, "handshake_failure" },
	{ 41, "no_certificate" },
	{ 42, "bad_certificate" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 112, "unrecognized_name" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
};

static const char *alert_name(uint16_t code)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].code == code)
			return alerts[i].name;
	return "unknown";
}

const char *sp_answer_how(const struct sp_observation *observation, char text[160])
{
	const char *more =
	    observation->text && *observation->text ? observation->text : NULL;
	char suite[16];

	if (more && sp_question(observation->question)->kind == SP_KIND_INTRUSIVE) {
		snprintf(text, 160, "%.150s", more);
		return text;
	}
	switch (observation->reply) {
	case SP_REPLY_NOT_ASKED: return "not asked";
	case SP_REPLY_HANDSHAKE: return "handshake completed";
	case SP_REPLY_SERVER_HELLO:
		snprintf(text, 160, "ServerHello %04x%s%.60s%s%.80s",
		    observation->version, observation->suite ? ", " : "",
		    observation->suite ? sp_suite_name(observation->suite, suite) : "",
		    more ? ", then " : "", more ? more : "");
		break;
	case SP_REPLY_ALERT:
		snprintf(text, 160, "alert %u (%s)", observation->alert,
		    alert_name(observation->alert));
		break;
	case SP_REPLY_CLOSED: return "closed the connection";
	case SP_REPLY_RESET: return "reset the connection";
	case SP_REPLY_TIMEOUT:
		snprintf(text, 160, "%.100s until the deadline", more ? more : "silent");
		break;
	case SP_REPLY_CLEAR_TEXT:
		snprintf(text, 160, "plain text: %.100s", more ? more : "");
		break;
	case SP_REPLY_MALFORMED:
		snprintf(text, 160, "not TLS: %.100s", more ? more : "garbage");
		break;
	case SP_REPLY_NO_CONNECTION:
		snprintf(
		    text, 160, "no connection: %s", strerror((int)observation->error));
		break;
	case SP_REPLY_FAILED:
		snprintf(text, 160, "the prober failed: %.100s", more ? more : "?");
		break;
	case SP_REPLY_NO_UPGRADE: return sp_upgrade_how(observation, text);
	case SP_REPLY_YES:
	case SP_REPLY_NO:
		snprintf(text, 160, "%.150s", more ? more : "asked in the plain session");
		break;
	}
	return text;
}

/* A handshake under the same name that was proven in this run: without one, a
 * refusal says only that something is wrong. */
static bool has_control(const struct judging *judging, uint16_t name)
{
	for (size_t i = 0; i < judging->testimony->observation_count; i++) {
		const struct sp_observation *other = &judging->testimony->observations[i];

		if (other->name == name && other->proven)
			return true;
	}
	return false;
}

static bool is_refusal(const struct sp_observation *observation)
{
	switch (observation->reply) {
	case SP_REPLY_ALERT:
		/* OpenSSL says internal_error where no signature scheme fits. */
		return observation->alert != ALERT_INTERNAL_ERROR ||
		       observation->sha1_offered;
	case SP_REPLY_CLOSED:
	case SP_REPLY_RESET: return true;
	case SP_REPLY_NOT_ASKED:
	case SP_REPLY_HANDSHAKE:
	case SP_REPLY_SERVER_HELLO:
	case SP_REPLY_TIMEOUT:
	case SP_REPLY_CLEAR_TEXT:
	case SP_REPLY_MALFORMED:
	case SP_REPLY_NO_CONNECTION:
	case SP_REPLY_FAILED:
	case SP_REPLY_NO_UPGRADE:
	case SP_REPLY_YES:
	case SP_REPLY_NO: return false;
	}
	return false;
}

/* A ServerHello of another version than the one offered is no "yes": what it does say
 * is found by whoever looks at versions. */
static bool is_yes(const struct sp_observation *observation)
{
	return (observation->reply == SP_REPLY_HANDSHAKE ||
		   observation->reply == SP_REPLY_SERVER_HELLO) &&
	       observation->version == sp_question(observation->question)->version;
}

/* RFC 5246 section 7.4.1.3: the highest version of the server's that the client takes,
 * so an older one means that this one is not there. Nothing of the kind in TLS 1.3,
 * which was offered alone. */
static bool is_negotiated_down(const struct sp_observation *observation)
{
	uint16_t asked = sp_question(observation->question)->version;

	return observation->reply == SP_REPLY_SERVER_HELLO && asked <= SP_TLS12 &&
	       observation->version >= SP_SSL3 && observation->version < asked;
}

static enum sp_answer answer_of_version(
    const struct judging *judging, const struct sp_observation *observation)
{
	if (is_yes(observation))
		return SP_ANSWER_YES;
	if ((is_refusal(observation) || is_negotiated_down(observation)) &&
	    has_control(judging, observation->name))
		return SP_ANSWER_NO;
	return SP_ANSWER_INCONCLUSIVE;
}

const struct sp_observation *sp_first_certificate(
    const struct judging *judging, enum sp_question other, uint16_t name)
{
	static const enum sp_question older[] = { SP_ASK_TLS12, SP_ASK_TLS11,
		SP_ASK_TLS10 };
	const struct sp_observation *first =
	    other == SP_ASK_TLS13_OTHER
		? sp_testimony_find(judging->testimony, SP_ASK_TLS13, name)
		: NULL;

	for (size_t i = 0; other != SP_ASK_TLS13_OTHER && i < 3; i++) {
		first = sp_testimony_find(judging->testimony, older[i], name);
		if (first && first->sent_count)
			return first;
	}
	return first && first->sent_count ? first : NULL;
}

/* Shown already, under the same name, by the first handshake of this version? */
static bool is_first_certificate(
    const struct judging *judging, const struct sp_observation *observation)
{
	const struct sp_observation *first =
	    sp_first_certificate(judging, observation->question, observation->name);

	return first && observation->sent_count && first->sent[0] == observation->sent[0];
}

/* Asked in the version that showed the first: TLS 1.2, or what is left of older ones. */
static bool is_in_its_version(
    const struct judging *judging, const struct sp_observation *observation)
{
	const struct sp_observation *first =
	    sp_first_certificate(judging, observation->question, observation->name);

	return first &&
	       (observation->reply == SP_REPLY_HANDSHAKE ||
		   observation->reply == SP_REPLY_SERVER_HELLO) &&
	       observation->version == sp_question(first->question)->version;
}

/* Java 17 chooses version and suite before it looks for a certificate, and BoringSSL
 * sends the one it has before it looks for a signature scheme: their refusal comes
 * after a ServerHello, and nobody is shown another certificate that way. */
static bool lacks_certificate(
    const struct judging *judging, const struct sp_observation *observation)
{
	return observation->reply == SP_REPLY_SERVER_HELLO &&
	       observation->alert < ALERT_NONE &&
	       (observation->sent_total == 0 ||
		   is_first_certificate(judging, observation));
}

static enum sp_answer answer_of_certificate(
    const struct judging *judging, const struct sp_observation *observation)
{
	if (lacks_certificate(judging, observation) &&
	    has_control(judging, observation->name))
		return SP_ANSWER_NO;
	if (is_in_its_version(judging, observation))
		return SP_ANSWER_YES;
	return answer_of_version(judging, observation);
}

/* Whatever the version: an older one may be all that the server has. */
static bool chose(const struct sp_observation *observation)
{
	return observation && observation->reply == SP_REPLY_SERVER_HELLO;
}

/* Was a hello like this one, but with something allowed in it, taken in this run?
 * Or is the version refused whatever a hello carries? */
static bool has_hello_control(
    const struct judging *judging, const struct sp_observation *observation)
{
	uint16_t name = observation->name;

	switch (sp_question(observation->question)->version) {
	case SP_TLS13:
		return chose(sp_testimony_find(
			   judging->testimony, SP_ASK_CONTROL13, name)) ||
		       sp_answer_of(judging, SP_ASK_TLS13, name) == SP_ANSWER_NO;
	case SP_TLS12:
		return chose(sp_testimony_find(
			   judging->testimony, SP_ASK_CONTROL12, name)) ||
		       sp_answer_of(judging, SP_ASK_TLS12, name) == SP_ANSWER_NO;
	default:
		/* TLS 1.0 and 1.1 were asked in bytes with every suite of their time. */
		return sp_answer_of(judging, SP_ASK_TLS11, name) <= SP_ANSWER_NO &&
		       sp_answer_of(judging, SP_ASK_TLS10, name) <= SP_ANSWER_NO;
	}
}

static enum sp_answer answer_of_hello(
    const struct judging *judging, const struct sp_observation *observation)
{
	if (chose(observation))
		return SP_ANSWER_YES;
	if (is_refusal(observation) && has_hello_control(judging, observation))
		return SP_ANSWER_NO;
	return SP_ANSWER_INCONCLUSIVE;
}

static enum sp_answer answer_of_fallback(const struct sp_observation *observation)
{
	if (chose(observation))
		return SP_ANSWER_YES;
	return observation->reply == SP_REPLY_ALERT &&
		       observation->alert == ALERT_INAPPROPRIATE_FALLBACK
		   ? SP_ANSWER_NO
		   : SP_ANSWER_INCONCLUSIVE;
}

/* A version or an exchange of keys that is refused is not vulnerable. */
static enum sp_answer answer_of_intrusion(
    const struct judging *judging, const struct sp_observation *observation)
{
	if (observation->reply == SP_REPLY_YES)
		return SP_ANSWER_YES;
	if (observation->reply == SP_REPLY_NO ||
	    (is_refusal(observation) && has_control(judging, observation->name)))
		return SP_ANSWER_NO;
	return SP_ANSWER_INCONCLUSIVE;
}

enum sp_answer sp_answer_of(
    const struct judging *judging, enum sp_question question, uint16_t name)
{
	const struct sp_observation *observation =
	    sp_testimony_find(judging->testimony, question, name);

	if (!observation || observation->reply == SP_REPLY_NOT_ASKED)
		return SP_ANSWER_NOT_ASKED;
	switch (sp_question(question)->purpose) {
	case SP_PURPOSE_VERSION: return answer_of_version(judging, observation);
	case SP_PURPOSE_CERTIFICATE: return answer_of_certificate(judging, observation);
	case SP_PURPOSE_COMPLEMENT:
	case SP_PURPOSE_WARNING: return answer_of_hello(judging, observation);
	case SP_PURPOSE_CONTROL:
		/* Its refusal speaks of the hello, not of what is in it. */
		return chose(observation) ? SP_ANSWER_YES : SP_ANSWER_INCONCLUSIVE;
	case SP_PURPOSE_FALLBACK: return answer_of_fallback(observation);
	case SP_PURPOSE_SESSION: return sp_upgrade_answer(judging, observation);
	case SP_PURPOSE_INTRUSIVE: return answer_of_intrusion(judging, observation);
	case SP_PURPOSE_PLAIN: return sp_plain_answer(observation);
	}
	return SP_ANSWER_INCONCLUSIVE;
}

/* What is asked about the software is asked under the first name alone. */
static bool is_of_name(
    const struct judging *judging, enum sp_question question, uint16_t name)
{
	enum sp_question_kind kind = sp_question(question)->kind;

	return (kind != SP_KIND_SESSION && kind != SP_KIND_INTRUSIVE) ||
	       judging->target->name_count == 0 || name == 0;
}

void sp_answers_find(struct judging *judging, uint16_t name)
{
	struct sp_endpoint_verdict *verdict = judging->verdict;

	for (unsigned i = 0; i < SP_QUESTIONS; i++) {
		enum sp_question question = (enum sp_question)i;
		const struct sp_observation *observation =
		    sp_testimony_find(judging->testimony, question, name);
		char text[160];
		struct sp_answered answered = { .question = question,
			.name = name,
			.answer = sp_answer_of(judging, question, name) };

		if (!(judging->questions >> i & 1) ||
		    (!observation && !is_of_name(judging, question, name)))
			continue;
		answered.how =
		    strdup(observation ? sp_answer_how(observation, text) : "not asked");
		if (!answered.how ||
		    !sp_array_grow((void **)&verdict->answers, &verdict->answer_capacity,
			verdict->answer_count, 1, sizeof(*verdict->answers))) {
			free(answered.how);
			judging->out_of_memory = true;
			return;
		}
		verdict->answers[verdict->answer_count++] = answered;
	}
}
