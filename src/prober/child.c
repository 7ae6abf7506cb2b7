#include "child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "certificate.h"
#include "channel.h"
#include "handshake.h"
#include "raw.h"
#include "sandbox.h"
#include "starttls.h"

/* A peer that lets this many questions in a row end in nothing, and answered
 * none before, is not asked the rest. */
#define SILENT_QUESTIONS 2

struct conversation {
	struct channel channel;
	const struct sp_request *request;
	const struct trust *trust;
	uint8_t described[SP_MAX_TESTIMONY_CERTIFICATES][32];
	uint16_t described_count;
	/* Of the name that is being asked. */
	unsigned asked;
	enum sp_key_type key_types[SP_QUESTIONS]; /* of the leaf shown first */
	struct chosen {
		uint16_t suite, group;
	} chosen[SP_QUESTIONS];
	uint64_t spoken; /* versions that answered, bit 1 << enum sp_question */
	uint16_t fallback;
	bool answered;
	unsigned silent;
	bool broken; /* the caller is gone, or memory is out */
};

static const char *name_of(const struct conversation *conversation, uint16_t name)
{
	return name == SP_NO_NAME ? NULL : conversation->request->names[name];
}

/* The certificate's number; described to the caller when it is new. */
static bool number_of(
    struct conversation *conversation, X509 *certificate, uint16_t *ret_number)
{
	struct sp_frame frame = { .type = SP_FRAME_CERTIFICATE };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	bool sent;

	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return false;
	for (uint16_t i = 0; i < conversation->described_count; i++) {
		if (memcmp(conversation->described[i], digest, 32) == 0) {
			*ret_number = i;
			return true;
		}
	}
	if (conversation->described_count >= SP_MAX_TESTIMONY_CERTIFICATES ||
	    !certificate_describe(certificate, &frame.certificate))
		return false;
	sent = channel_send(&conversation->channel, &frame);
	sp_frame_free(&frame);
	if (!sent)
		return false;
	memcpy(conversation->described[conversation->described_count], digest, 32);
	*ret_number = conversation->described_count++;
	return true;
}

static size_t number_all(struct conversation *conversation, STACK_OF(X509) * certificates,
    uint16_t numbers[SP_MAX_CHAIN_CERTIFICATES])
{
	size_t count = 0;

	for (int i = 0;
	     i < sk_X509_num(certificates) && count < SP_MAX_CHAIN_CERTIFICATES; i++) {
		if (number_of(
			conversation, sk_X509_value(certificates, i), &numbers[count]))
			count++;
		else
			conversation->broken = true;
	}
	return count;
}

static void tell_chain(struct conversation *conversation,
    const struct handshake_chain *chain, struct sp_observation *observation)
{
	int total = sk_X509_num(chain->sent);

	observation->sent_total = (uint16_t)(total > 0 ? total : 0);
	observation->sent_count =
	    number_all(conversation, chain->sent, observation->sent);
	observation->chain_count =
	    number_all(conversation, chain->built, observation->chain);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The other type than that of the certificate that this version showed first. */
static enum handshake_certificates certificates_for(
    const struct conversation *conversation, enum sp_question question)
{
	enum sp_key_type first =
	    conversation
		->key_types[question == SP_ASK_TLS13_OTHER ? SP_ASK_TLS13 : SP_ASK_TLS12];

	if (sp_question(question)->purpose != SP_PURPOSE_CERTIFICATE)
		return HANDSHAKE_ANY;
	return first == SP_KEY_RSA ? HANDSHAKE_NOT_RSA : HANDSHAKE_RSA;
}

static void remember_key(
    struct conversation *conversation, enum sp_question question, STACK_OF(X509) * sent)
{
	EVP_PKEY *key =
	    sk_X509_num(sent) > 0 ? X509_get0_pubkey(sk_X509_value(sent, 0)) : NULL;

	if (key)
		conversation->key_types[question] = certificate_key_type(key);
}

static void ask_handshake(struct conversation *conversation, int fd, int64_t deadline_ms,
    struct sp_observation *observation)
{
	struct handshake handshake = { .trust = conversation->trust,
		.alpn = conversation->request->alpn,
		.alpn_count = conversation->request->alpn_count,
		.version = sp_question(observation->question)->version,
		.certificates = certificates_for(conversation, observation->question),
		.name = name_of(conversation, observation->name),
		.now = conversation->request->now,
		.dialect = conversation->request->dialect,
		.deadline_ms = deadline_ms };
	struct handshake_chain chain = { 0 };

	handshake_ask(&handshake, fd, observation, &chain);
	remember_key(conversation, observation->question, chain.sent);
	tell_chain(conversation, &chain, observation);
	handshake_chain_free(&chain);
}

static const struct sp_offer *offer_for(
    const struct sp_request *request, enum sp_question question)
{
	for (size_t i = 0; i < request->offer_count; i++)
		if (request->offers[i].question == question)
			return &request->offers[i];
	return NULL;
}

/* The first chunk of what is forbidden, and what a handshake of this version chose:
 * a control differs from what it stands for by one suite and one group. */
static void offer_control(const struct conversation *conversation,
    enum sp_question question, struct sp_offer *control)
{
	bool tls13 = question == SP_ASK_CONTROL13;
	const struct sp_offer *forbidden =
	    offer_for(conversation->request, tls13 ? SP_ASK_SUITES13 : SP_ASK_SUITES12_A);
	const struct chosen *chosen =
	    &conversation->chosen[tls13 ? SP_ASK_TLS13 : SP_ASK_TLS12];

	if (forbidden)
		*control = *forbidden;
	control->suites[control->suite_count++] = chosen->suite;
	/* In TLS 1.3 the usual ones are meant where there are none. */
	if (control->group_count && chosen->group)
		control->groups[control->group_count++] = chosen->group;
}

static void ask_hello(struct conversation *conversation, int fd, enum hello_shape shape,
    int64_t deadline_ms, struct sp_observation *observation)
{
	const struct sp_offer *offer =
	    offer_for(conversation->request, observation->question);
	struct hello hello = { .version = sp_question(observation->question)->version,
		.shape = shape,
		.name = name_of(conversation, observation->name) };
	enum reply_depth depth = REPLY_TO_SERVER_HELLO;
	struct sp_offer control = { .question = observation->question };

	if (observation->question == SP_ASK_SSL2) {
		raw_ask_ssl2(fd, deadline_ms, observation);
		return;
	}
	if (observation->question == SP_ASK_FALLBACK) {
		hello.version = conversation->fallback;
		hello.fallback = true;
	}
	if (sp_question(observation->question)->purpose == SP_PURPOSE_CONTROL) {
		offer_control(conversation, observation->question, &control);
		offer = &control;
	}
	if (offer) {
		hello.suites = offer->suites;
		hello.suite_count = offer->suite_count;
		hello.groups = offer->group_count ? offer->groups : NULL;
		hello.group_count = offer->group_count;
		hello.schemes = offer->scheme_count ? offer->schemes : NULL;
		hello.scheme_count = offer->scheme_count;
		hello.extras = hello.version == SP_TLS12;
		depth = REPLY_TO_KEY_EXCHANGE;
	}
	raw_ask(fd, &hello, depth, deadline_ms, observation);
}

/* One connection, upgraded where it has to be, and one question. */
static void ask_once(struct conversation *conversation, enum hello_shape shape,
    struct sp_observation *observation)
{
	const struct sp_request *request = conversation->request;
	const char *name = name_of(conversation, observation->name);
	int64_t deadline = earlier(
	    clock_ms() + request->connection_ms, conversation->channel.deadline_ms);
	int fd = channel_connect(&conversation->channel, deadline, &observation->error);

	if (fd < 0) {
		observation->reply = SP_REPLY_NO_CONNECTION;
		return;
	}
	switch (sp_question(observation->question)->kind) {
	case SP_KIND_SESSION:
		starttls_ask(request->dialect, conversation->trust->context, fd, name,
		    deadline, observation);
		break;
	case SP_KIND_HELLO:
		if (starttls_upgrade(request->dialect, fd, name, deadline, observation))
			ask_hello(conversation, fd, shape, deadline, observation);
		break;
	case SP_KIND_HANDSHAKE:
		if (starttls_upgrade(request->dialect, fd, name, deadline, observation))
			ask_handshake(conversation, fd, deadline, observation);
		break;
	}
	close(fd);
}

static void forget(struct sp_observation *observation)
{
	struct sp_observation fresh = { .question = observation->question,
		.name = observation->name,
		.tries = observation->tries,
		.alert = 256 };

	sp_observation_free(observation);
	*observation = fresh;
}

/* Silence after a raw hello may be the hello's fault: shorter ones follow, while
 * there is time, at a server that is known to speak. */
static bool worth_another_try(
    const struct conversation *conversation, const struct sp_observation *observation)
{
	return observation->reply == SP_REPLY_TIMEOUT && conversation->answered &&
	       sp_question(observation->question)->kind == SP_KIND_HELLO &&
	       observation->question != SP_ASK_SSL2 &&
	       observation->tries < HELLO_SHAPES &&
	       clock_ms() < conversation->channel.deadline_ms;
}

static bool is_silence(enum sp_reply reply)
{
	return reply == SP_REPLY_TIMEOUT || reply == SP_REPLY_NO_CONNECTION ||
	       reply == SP_REPLY_NO_UPGRADE;
}

static bool is_yes(const struct sp_observation *observation)
{
	return (observation->reply == SP_REPLY_HANDSHAKE ||
		   observation->reply == SP_REPLY_SERVER_HELLO) &&
	       observation->version == sp_question(observation->question)->version;
}

static void ask(
    struct conversation *conversation, enum sp_question question, uint16_t name)
{
	struct sp_frame frame = { .type = SP_FRAME_OBSERVATION };
	struct sp_observation *observation = &frame.observation;

	observation->question = question;
	observation->name = name;
	do {
		forget(observation);
		ask_once(conversation, (enum hello_shape)observation->tries, observation);
		observation->tries++;
	} while (worth_another_try(conversation, observation));
	if (is_silence(observation->reply)) {
		conversation->silent++;
	} else {
		conversation->silent = 0;
		conversation->answered = true;
	}
	if (is_yes(observation)) {
		conversation->spoken |= UINT64_C(1) << question;
		conversation->chosen[question] =
		    (struct chosen){ observation->suite, observation->group };
	}
	conversation->asked++;
	if (!channel_send(&conversation->channel, &frame))
		conversation->broken = true;
	sp_frame_free(&frame);
}

static bool goes_on(const struct conversation *conversation)
{
	if (conversation->broken || clock_ms() >= conversation->channel.deadline_ms)
		return false;
	return conversation->answered || conversation->silent < SILENT_QUESTIONS;
}

static bool speaks(const struct conversation *conversation, enum sp_question question)
{
	return conversation->spoken >> question & 1;
}

/* The version that a client falls back to: an older one of two that are spoken, TLS
 * 1.2 the newest that RFC 8446's sentinel does not guard. 0: none. */
static uint16_t fallback_of(const struct conversation *conversation)
{
	static const enum sp_question older[] = { SP_ASK_TLS11, SP_ASK_TLS10,
		SP_ASK_SSL3 };
	bool newer =
	    speaks(conversation, SP_ASK_TLS13) || speaks(conversation, SP_ASK_TLS12);

	for (size_t i = 0; i < sizeof(older) / sizeof(older[0]); i++) {
		if (!speaks(conversation, older[i]))
			continue;
		if (newer)
			return sp_question(older[i])->version;
		newer = true;
	}
	return 0;
}

/* Would the answer say anything, after what was answered before? */
static bool makes_sense(
    const struct conversation *conversation, enum sp_question question, uint16_t name)
{
	const struct sp_question_entry *entry = sp_question(question);
	enum sp_question version =
	    entry->version == SP_TLS13 ? SP_ASK_TLS13 : SP_ASK_TLS12;

	switch (entry->purpose) {
	case SP_PURPOSE_VERSION: return true;
	case SP_PURPOSE_CERTIFICATE:
		return conversation->key_types[version] != SP_KEY_OTHER;
	case SP_PURPOSE_COMPLEMENT:
		/* Forbidden suites may be all that a version has. */
		return question <= SP_ASK_SUITES11 || speaks(conversation, version);
	case SP_PURPOSE_CONTROL:
	case SP_PURPOSE_WARNING: return speaks(conversation, version);
	case SP_PURPOSE_FALLBACK: return conversation->fallback != 0;
	/* The plain session is the same for every name. */
	case SP_PURPOSE_SESSION: return name == SP_NO_NAME || name == 0;
	}
	return false;
}

static void ask_name(struct conversation *conversation, uint16_t name)
{
	memset(conversation->key_types, 0, sizeof(conversation->key_types));
	conversation->asked = 0;
	conversation->spoken = 0;
	for (unsigned i = 0; i < SP_QUESTIONS; i++) {
		enum sp_question question = (enum sp_question)i;

		conversation->fallback = fallback_of(conversation);
		if (conversation->request->questions >> i & 1 && goes_on(conversation) &&
		    conversation->asked < SP_MAX_QUESTIONS_PER_NAME &&
		    makes_sense(conversation, question, name))
			ask(conversation, question, name);
	}
}

static void ask_all(struct conversation *conversation)
{
	const struct sp_request *request = conversation->request;
	size_t rounds = request->name_count ? request->name_count : 1;

	for (size_t round = 0; round < rounds; round++)
		ask_name(
		    conversation, request->name_count ? (uint16_t)round : SP_NO_NAME);
}

static int finish(struct conversation *conversation, const char *failure)
{
	struct sp_frame frame = { .type = SP_FRAME_DONE,
		.done.sandboxed = !failure && sandbox_is_whole(),
		.done.failure = (char *)failure };

	return channel_send(&conversation->channel, &frame) ? 0 : 1;
}

int child_run(int fd, const struct sp_request *request, const struct trust *trust)
{
	struct conversation *conversation = calloc(1, sizeof(*conversation));
	const char *step = NULL;
	int status;

	if (!conversation)
		return 1;
	conversation->channel.fd = fd;
	conversation->channel.deadline_ms = clock_ms() + request->port_ms;
	conversation->request = request;
	conversation->trust = trust;
	if (!sandbox_enter(&step)) {
		status = finish(conversation, step);
	} else {
		ask_all(conversation);
		status = conversation->broken ? 1 : finish(conversation, NULL);
	}
	free(conversation);
	return status;
}
