#include "child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <sallyport/wire.h>

#include "certificate.h"
#include "channel.h"
#include "described.h"
#include "handshake.h"
#include "intrusive.h"
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
	struct described described;
	/* Of the name that is being asked. */
	unsigned asked;
	enum sp_key_type key_types[SP_QUESTIONS]; /* of the leaf shown first */
	struct chosen {
		uint16_t suite, group;
	} chosen[SP_QUESTIONS];
	uint64_t spoken; /* versions that answered, bit 1 << enum sp_question */
	struct sp_observation passwords; /* answered on the way, or not asked */
	uint16_t fallback;
	bool answered;
	unsigned silent;
	bool together; /* several hellos at a time are answered well */
	int broken;    /* the exit status once the caller is gone, or memory is out */
};

/* A question under way. */
struct asking {
	struct sp_observation observation;
	struct connected connection;
	bool said; /* the hello is */
	struct raw_question raw;
	struct sp_offer control; /* of it, where it is a control */
};

/* A version that may have to be proven is no question for a hello. */
static enum sp_question_kind kind_of(
    const struct conversation *conversation, enum sp_question question)
{
	return conversation->request->handshakes >> question & 1
		   ? SP_KIND_HANDSHAKE
		   : sp_question(question)->kind;
}

static const char *name_of(const struct conversation *conversation, uint16_t name)
{
	return name == SP_NO_NAME ? NULL : conversation->request->names[name];
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The version whose first certificate has another beside it: TLS 1.2, or what is left
 * where it is not spoken and older ones are proven. */
static enum sp_question first_shown(
    const struct conversation *conversation, enum sp_question other)
{
	static const enum sp_question older[] = { SP_ASK_TLS12, SP_ASK_TLS11,
		SP_ASK_TLS10 };

	for (size_t i = 0; other != SP_ASK_TLS13_OTHER && i < 3; i++)
		if (conversation->key_types[older[i]] != SP_KEY_OTHER)
			return older[i];
	return other == SP_ASK_TLS13_OTHER ? SP_ASK_TLS13 : SP_ASK_TLS12;
}

/* The other type than that of the certificate that this version showed first. */
static enum handshake_certificates certificates_for(
    const struct conversation *conversation, enum sp_question question)
{
	enum sp_key_type first =
	    conversation->key_types[first_shown(conversation, question)];

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
	bool other =
	    sp_question(observation->question)->purpose == SP_PURPOSE_CERTIFICATE;
	enum sp_question version = other
				       ? first_shown(conversation, observation->question)
				       : observation->question;
	struct handshake handshake = { .trust = conversation->trust,
		.alpn = conversation->request->alpn,
		.alpn_count = conversation->request->alpn_count,
		.version = sp_question(version)->version,
		.certificates = certificates_for(conversation, observation->question),
		.name = name_of(conversation, observation->name),
		.now = conversation->request->now,
		.dialect = conversation->request->dialect,
		.plain = observation->tries > 0,
		.deadline_ms = deadline_ms };
	struct handshake_chain chain = { 0 };

	handshake_ask(&handshake, fd, observation, &chain);
	remember_key(conversation, observation->question, chain.sent);
	errno = 0;
	if (!described_chain(
		&conversation->described, &conversation->channel, &chain, observation))
		conversation->broken = errno == ENOMEM ? ENOMEM : 1;
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

static void offer(struct hello *hello, const struct sp_offer *offer)
{
	hello->suites = offer->suites;
	hello->suite_count = offer->suite_count;
	hello->groups = offer->group_count ? offer->groups : NULL;
	hello->group_count = offer->group_count;
	hello->schemes = offer->scheme_count ? offer->schemes : NULL;
	hello->scheme_count = offer->scheme_count;
	hello->extras = hello->version == SP_TLS12;
}

static void form_hello(const struct conversation *conversation, struct asking *asking)
{
	const struct sp_observation *observation = &asking->observation;
	const struct sp_offer *offered =
	    offer_for(conversation->request, observation->question);
	struct hello *hello = &asking->raw.hello;

	asking->raw.ssl2 = observation->question == SP_ASK_SSL2;
	asking->raw.depth = REPLY_TO_SERVER_HELLO;
	*hello = (struct hello){ .version = sp_question(observation->question)->version,
		.shape = (enum hello_shape)observation->tries,
		.name = name_of(conversation, observation->name) };
	if (observation->question == SP_ASK_FALLBACK) {
		hello->version = conversation->fallback;
		hello->fallback = true;
	}
	if (sp_question(observation->question)->purpose == SP_PURPOSE_CONTROL) {
		offer_control(conversation, observation->question, &asking->control);
		offered = &asking->control;
	}
	if (offered) {
		offer(hello, offered);
		asking->raw.depth = REPLY_TO_KEY_EXCHANGE;
	}
}

/* What is said before the first answer is read. */
static void begin(
    const struct conversation *conversation, struct asking *asking, int64_t deadline_ms)
{
	struct sp_observation *observation = &asking->observation;

	if (kind_of(conversation, observation->question) != SP_KIND_HELLO ||
	    !starttls_upgrade(conversation->request->dialect, asking->connection.fd,
		name_of(conversation, observation->name), deadline_ms, observation))
		return;
	form_hello(conversation, asking);
	asking->said =
	    raw_say(asking->connection.fd, &asking->raw, deadline_ms, observation);
}

/* Where passwords are asked about too. */
static struct sp_observation *passwords_aside(struct conversation *conversation)
{
	bool wanted = conversation->request->questions >> SP_ASK_PLAINTEXT_AUTH & 1;

	return wanted ? &conversation->passwords : NULL;
}

static void end(
    struct conversation *conversation, struct asking *asking, int64_t deadline_ms)
{
	const struct sp_request *request = conversation->request;
	struct sp_observation *observation = &asking->observation;
	const char *name = name_of(conversation, observation->name);
	int fd = asking->connection.fd;

	switch (kind_of(conversation, observation->question)) {
	case SP_KIND_SESSION:
		starttls_ask(request->dialect, conversation->trust->context, fd, name,
		    deadline_ms, observation, passwords_aside(conversation));
		break;
	case SP_KIND_HELLO:
		if (asking->said)
			raw_hear(fd, &asking->raw, deadline_ms, observation);
		break;
	case SP_KIND_HANDSHAKE:
		if (starttls_upgrade(
			request->dialect, fd, name, deadline_ms, observation))
			ask_handshake(conversation, fd, deadline_ms, observation);
		break;
	case SP_KIND_INTRUSIVE: break; /* opens its connections itself */
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

/* One connection for each, upgraded where it has to be. All is said before the first
 * answer is read; they are read in order, and each connection is closed before the
 * next is read: a server that serves one at a time gets on. */
static void ask_once(
    struct conversation *conversation, struct asking asking[], size_t count)
{
	struct connected connections[SP_MAX_ASKED_AT_ONCE];
	int64_t deadline = earlier(clock_ms() + conversation->request->connection_ms,
	    conversation->channel.deadline_ms);

	channel_connect(&conversation->channel, deadline, count, connections);
	for (size_t i = 0; i < count; i++) {
		forget(&asking[i].observation);
		asking[i].said = false;
		asking[i].connection = connections[i];
		asking[i].observation.error = connections[i].error;
		if (connections[i].fd < 0)
			asking[i].observation.reply = SP_REPLY_NO_CONNECTION;
	}
	for (size_t i = 0; i < count; i++)
		if (connections[i].fd >= 0)
			begin(conversation, &asking[i], deadline);
	for (size_t i = 0; i < count; i++) {
		if (connections[i].fd >= 0)
			end(conversation, &asking[i], deadline);
		asking[i].observation.tries++;
	}
}

/* Silence after a raw hello may be the hello's fault: shorter ones follow, at a server
 * that is known to speak. Hanging up on a handshake may be too: wolfSSL 5.5 does when a
 * staple is asked for that it cannot get, and a plain one follows. */
static bool worth_another_try(
    const struct conversation *conversation, const struct sp_observation *observation)
{
	if (clock_ms() >= conversation->channel.deadline_ms)
		return false;
	if (kind_of(conversation, observation->question) == SP_KIND_HANDSHAKE)
		return (observation->reply == SP_REPLY_CLOSED ||
			   observation->reply == SP_REPLY_RESET) &&
		       observation->tries < HANDSHAKE_SHAPES;
	return observation->reply == SP_REPLY_TIMEOUT && conversation->answered &&
	       kind_of(conversation, observation->question) == SP_KIND_HELLO &&
	       observation->question != SP_ASK_SSL2 && observation->tries < HELLO_SHAPES;
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

/* An answer in TLS. A server that hangs up or says nothing may do so because others
 * are being asked (a limit of connections), and is asked alone. */
static bool is_spoken(const struct sp_observation *observation)
{
	return observation->reply == SP_REPLY_ALERT ||
	       observation->reply == SP_REPLY_SERVER_HELLO;
}

static bool is_hello(const struct conversation *conversation, const struct asking *asking)
{
	return kind_of(conversation, asking->observation.question) == SP_KIND_HELLO;
}

static bool is_control(enum sp_question question)
{
	return sp_question(question)->purpose == SP_PURPOSE_CONTROL;
}

static void ask_alone(struct conversation *conversation, struct asking *asking)
{
	do
		ask_once(conversation, asking, 1);
	while (worth_another_try(conversation, &asking->observation));
}

static void tell(struct conversation *conversation, struct asking *asking)
{
	struct sp_frame frame = { .type = SP_FRAME_OBSERVATION,
		.observation = asking->observation };
	enum sp_question question = asking->observation.question;

	if (is_silence(asking->observation.reply)) {
		conversation->silent++;
	} else {
		conversation->silent = 0;
		conversation->answered = true;
	}
	if (is_yes(&asking->observation)) {
		conversation->spoken |= UINT64_C(1) << question;
		conversation->chosen[question] =
		    (struct chosen){ asking->observation.suite,
			    asking->observation.group };
	}
	conversation->asked++;
	if (!channel_send(&conversation->channel, &frame))
		conversation->broken = 1;
	sp_frame_free(&frame);
}

/* Without a connection of its own. */
static void tell_passwords(struct conversation *conversation, uint16_t name)
{
	struct sp_frame frame = { .type = SP_FRAME_OBSERVATION,
		.observation = conversation->passwords };

	/* That it is answered is all that is kept. */
	conversation->passwords =
	    (struct sp_observation){ .reply = frame.observation.reply };
	frame.observation.question = SP_ASK_PLAINTEXT_AUTH;
	frame.observation.name = name;
	frame.observation.tries = 1;
	frame.observation.alert = 256;
	if (!channel_send(&conversation->channel, &frame))
		conversation->broken = 1;
	sp_frame_free(&frame);
}

/* The last of those that go together is a control: who takes that one did not refuse the
 * others for being many. */
static bool is_taken(const struct asking *last)
{
	return is_control(last->observation.question) &&
	       last->observation.reply == SP_REPLY_SERVER_HELLO;
}

/* One question alone, or several hellos together. */
static void ask(struct conversation *conversation, struct asking asking[], size_t count)
{
	if (count == 1) {
		ask_alone(conversation, &asking[0]);
		conversation->together = is_hello(conversation, &asking[0])
					     ? is_spoken(&asking[0].observation)
					     : conversation->together;
	} else {
		bool taken;

		ask_once(conversation, asking, count);
		taken = is_taken(&asking[count - 1]);
		for (size_t i = 0; i < count; i++) {
			if (asking[i].observation.reply == SP_REPLY_SERVER_HELLO ||
			    (taken && is_spoken(&asking[i].observation)))
				continue;
			asking[i].observation.tries = 0;
			ask_alone(conversation, &asking[i]);
			conversation->together = false;
		}
	}
	for (size_t i = 0; i < count; i++)
		tell(conversation, &asking[i]);
	if (asking[0].observation.question == SP_ASK_STARTTLS_INJECTION &&
	    conversation->passwords.reply != SP_REPLY_NOT_ASKED)
		tell_passwords(conversation, asking[0].observation.name);
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
	case SP_PURPOSE_VERSION:
	case SP_PURPOSE_PLAIN: return true;
	case SP_PURPOSE_CERTIFICATE:
		return conversation->key_types[first_shown(conversation, question)] !=
		       SP_KEY_OTHER;
	case SP_PURPOSE_COMPLEMENT:
		/* Forbidden suites may be all that a version has. */
		return question <= SP_ASK_SUITES11 || speaks(conversation, version);
	case SP_PURPOSE_CONTROL:
	case SP_PURPOSE_WARNING: return speaks(conversation, version);
	case SP_PURPOSE_FALLBACK: return conversation->fallback != 0;
	/* The plain session is the same for every name. */
	case SP_PURPOSE_SESSION:
		return (name == SP_NO_NAME || name == 0) &&
		       (question != SP_ASK_PLAINTEXT_AUTH ||
			   conversation->passwords.reply == SP_REPLY_NOT_ASKED);
	case SP_PURPOSE_INTRUSIVE: return false; /* at the end */
	}
	return false;
}

/* Hellos that say nothing about whether to ask one another, and that a control stands
 * for: those of old versions go alone. So do plain sessions, their servers count them. */
static bool goes_together(
    const struct conversation *conversation, enum sp_question a, enum sp_question b)
{
	const struct sp_question_entry *first = sp_question(a), *second = sp_question(b);

	return conversation->together &&
	       conversation->request->dialect == SP_DIALECT_NONE &&
	       kind_of(conversation, a) == SP_KIND_HELLO &&
	       kind_of(conversation, b) == SP_KIND_HELLO &&
	       first->purpose != SP_PURPOSE_VERSION &&
	       second->purpose != SP_PURPOSE_VERSION &&
	       second->purpose != SP_PURPOSE_FALLBACK;
}

/* Puts a control last. Without one the first goes alone; how many are left. */
static size_t end_with_control(struct asking asking[], size_t count, unsigned *from)
{
	for (size_t i = count; i-- > 0;) {
		struct asking control = asking[i];

		if (!is_control(control.observation.question))
			continue;
		asking[i] = asking[count - 1];
		asking[count - 1] = control;
		return count;
	}
	if (count)
		*from = (unsigned)asking[0].observation.question + 1;
	return count ? 1 : 0;
}

/* The next questions from `*from` on that may be asked together; 0: no more. */
static size_t gather(const struct conversation *conversation, uint16_t name,
    unsigned *from, struct asking asking[SP_MAX_ASKED_AT_ONCE])
{
	size_t count = 0, most = SP_MAX_QUESTIONS_PER_NAME - conversation->asked;

	if (most > SP_MAX_ASKED_AT_ONCE)
		most = SP_MAX_ASKED_AT_ONCE;
	for (; *from < SP_QUESTIONS && count < most; (*from)++) {
		enum sp_question question = (enum sp_question) * from;

		if (!(conversation->request->questions >> question & 1) ||
		    !makes_sense(conversation, question, name) ||
		    /* from there on they only warn */
		    (question >= SP_ASK_WARN12 &&
			conversation->asked + count >= SP_MAX_USUAL_QUESTIONS))
			continue;
		if (count && !goes_together(conversation,
				 asking[count - 1].observation.question, question))
			break;
		memset(&asking[count], 0, sizeof(asking[count]));
		asking[count].observation =
		    (struct sp_observation){ .question = question, .name = name };
		count++;
	}
	return end_with_control(asking, count, from);
}

static void ask_name(struct conversation *conversation, uint16_t name)
{
	struct asking asking[SP_MAX_ASKED_AT_ONCE];
	unsigned next = 0;
	size_t count;

	memset(conversation->key_types, 0, sizeof(conversation->key_types));
	conversation->asked = 0;
	conversation->spoken = 0;
	while (goes_on(conversation)) {
		conversation->fallback = fallback_of(conversation);
		count = gather(conversation, name, &next, asking);
		if (!count)
			return;
		ask(conversation, asking, count);
	}
}

/* Once, under the first name: the same software answers for all. */
static void ask_intrusively(struct conversation *conversation)
{
	const struct sp_request *request = conversation->request;
	uint16_t name = request->name_count ? 0 : SP_NO_NAME;

	for (unsigned i = 0; i < SP_QUESTIONS; i++) {
		struct asking asking = { .observation = { .question = (enum sp_question)i,
					     .name = name,
					     .tries = 1,
					     .alert = 256 } };

		if (!(request->questions >> i & 1) || !goes_on(conversation) ||
		    sp_question((enum sp_question)i)->kind != SP_KIND_INTRUSIVE)
			continue;
		intrusive_ask(&conversation->channel, request, &asking.observation);
		tell(conversation, &asking);
	}
}

static void ask_all(struct conversation *conversation)
{
	const struct sp_request *request = conversation->request;
	size_t rounds = request->name_count ? request->name_count : 1;

	for (size_t round = 0; round < rounds; round++)
		ask_name(
		    conversation, request->name_count ? (uint16_t)round : SP_NO_NAME);
	ask_intrusively(conversation);
}

static int finish(struct conversation *conversation, const char *failure)
{
	struct sp_frame frame = { .type = SP_FRAME_DONE,
		.done.sandboxed = !failure && sandbox_is_whole(),
		.done.failure = (char *)failure };

	return channel_send(&conversation->channel, &frame) ? 0 : 1;
}

static int converse(
    int fd, const struct sp_request *request, const struct trust *trust, const char *step)
{
	struct conversation *conversation = calloc(1, sizeof(*conversation));
	int status = 1;

	if (!conversation)
		return ENOMEM;
	conversation->channel.fd = fd;
	conversation->channel.deadline_ms = clock_ms() + request->port_ms;
	conversation->request = request;
	conversation->trust = trust;
	if (step) {
		status = finish(conversation, step);
	} else if (trust) {
		ask_all(conversation);
		status = conversation->broken;
		if (!status)
			status = finish(conversation, NULL);
	}
	free(conversation);
	return status;
}

int child_run(int fd, child_trust *trust_of, const void *context)
{
	struct sp_frame frame;
	const char *step = NULL;
	size_t length;
	int channel, status = 1;
	bool sealed = sandbox_enter(&step);

	if (sp_frame_receive(fd, &frame, &channel, &length) != SP_RECEIVED_FRAME)
		return errno == ENOMEM ? ENOMEM : 1;
	close(fd);
	if (frame.type == SP_FRAME_ENDPOINT && channel >= 0)
		status = converse(channel, &frame.endpoint.request,
		    trust_of(context, frame.endpoint.request.store),
		    sealed ? NULL : step);
	sp_frame_free(&frame);
	return status;
}
