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
	SSL_CTX *context;
	uint8_t described[SP_MAX_TESTIMONY_CERTIFICATES][32];
	uint16_t described_count;
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

static void shake_hands(struct conversation *conversation, int fd, const char *name,
    int64_t deadline, struct sp_observation *observation)
{
	struct handshake_chain chain = { 0 };

	handshake_ask(conversation->context, fd,
	    sp_question(observation->question)->version, name, conversation->request->now,
	    deadline, observation, &chain);
	tell_chain(conversation, &chain, observation);
	handshake_chain_free(&chain);
}

/* One connection, upgraded where it has to be, and one question. */
static void ask_once(struct conversation *conversation, enum hello_shape shape,
    struct sp_observation *observation)
{
	const struct sp_request *request = conversation->request;
	const struct sp_question_entry *entry = sp_question(observation->question);
	const char *name = name_of(conversation, observation->name);
	int64_t deadline = earlier(
	    clock_ms() + request->connection_ms, conversation->channel.deadline_ms);
	int fd = channel_connect(&conversation->channel, deadline, &observation->error);

	if (fd < 0) {
		observation->reply = SP_REPLY_NO_CONNECTION;
		return;
	}
	switch (entry->kind) {
	case SP_KIND_SESSION:
		starttls_ask(request->dialect, conversation->context, fd, name, deadline,
		    observation);
		break;
	case SP_KIND_HELLO:
		if (starttls_upgrade(request->dialect, fd, name, deadline, observation))
			raw_ask(fd, entry->version, name, shape, deadline, observation);
		break;
	case SP_KIND_HANDSHAKE:
		if (starttls_upgrade(request->dialect, fd, name, deadline, observation))
			shake_hands(conversation, fd, name, deadline, observation);
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
	       observation->tries < HELLO_SHAPES &&
	       clock_ms() < conversation->channel.deadline_ms;
}

static bool is_silence(enum sp_reply reply)
{
	return reply == SP_REPLY_TIMEOUT || reply == SP_REPLY_NO_CONNECTION ||
	       reply == SP_REPLY_NO_UPGRADE;
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

/* The plain session is the same for every name. */
static bool is_asked_in(size_t round, enum sp_question question)
{
	return round == 0 || sp_question(question)->kind != SP_KIND_SESSION;
}

static void ask_all(struct conversation *conversation)
{
	const struct sp_request *request = conversation->request;
	size_t rounds = request->name_count ? request->name_count : 1;

	for (size_t round = 0; round < rounds; round++) {
		uint16_t name = request->name_count ? (uint16_t)round : SP_NO_NAME;

		for (unsigned question = 0; question < SP_QUESTIONS; question++)
			if (request->questions >> question & 1 && goes_on(conversation) &&
			    is_asked_in(round, (enum sp_question)question))
				ask(conversation, (enum sp_question)question, name);
	}
}

static int finish(struct conversation *conversation, const char *failure)
{
	struct sp_frame frame = { .type = SP_FRAME_DONE,
		.done.sandboxed = !failure && sandbox_is_whole(),
		.done.failure = (char *)failure };

	return channel_send(&conversation->channel, &frame) ? 0 : 1;
}

int child_run(int fd, const struct sp_request *request, SSL_CTX *context)
{
	struct conversation *conversation = calloc(1, sizeof(*conversation));
	const char *step = NULL;
	int status;

	if (!conversation)
		return 1;
	conversation->channel.fd = fd;
	conversation->channel.deadline_ms = clock_ms() + request->port_ms;
	conversation->request = request;
	conversation->context = context;
	if (!sandbox_enter(&step)) {
		status = finish(conversation, step);
	} else {
		ask_all(conversation);
		status = conversation->broken ? 1 : finish(conversation, NULL);
	}
	free(conversation);
	return status;
}
