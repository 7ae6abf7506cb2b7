/* Questions about the plain session itself. */
#include "starttls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/address.h>

#include "handshake.h"
#include "starttls_dialect.h"

static void conclude(
    struct sp_observation *observation, enum sp_reply reply, const char *text)
{
	observation->reply = reply;
	free(observation->text);
	observation->text = *text ? strdup(text) : NULL;
}

/* The session ended before the question was answered. */
static void conclude_ended(struct sp_observation *observation,
    const struct session *session, enum sp_upgrade how)
{
	conclude(observation, SP_REPLY_NO_UPGRADE, "");
	observation->upgrade = how;
	free(observation->upgrade_text);
	observation->upgrade_text = *session->text ? strdup(session->text) : NULL;
}

static void say_farewell(struct session *session, const struct lines *lines)
{
	session_send(session, lines->farewell.say, strlen(lines->farewell.say));
}

/* --- are passwords taken before the upgrade? ---------------------------------- */

static void conclude_tried(struct sp_observation *observation,
    const struct session *session, enum sp_upgrade how)
{
	if (how == SP_UPGRADE_DONE)
		conclude(observation, SP_REPLY_YES, session->text);
	else if (how == SP_UPGRADE_REFUSED)
		conclude(observation, SP_REPLY_NO, session->text);
	else
		conclude_ended(observation, session, how);
}

static void conclude_listed(struct sp_observation *observation, const struct lines *lines,
    const struct listed *listed)
{
	if (listed->secrets)
		conclude(observation, SP_REPLY_YES, listed->shown);
	else if (lines->unless.key && !listed->no_secrets)
		conclude(observation, SP_REPLY_YES, "no LOGINDISABLED");
	else
		conclude(observation, SP_REPLY_NO, "");
}

static void ask_lines(struct session *session, const struct lines *lines,
    const char *name, struct sp_observation *observation)
{
	struct listed listed;
	enum sp_upgrade how = lines_begin(session, lines, name, &listed);

	if (how != SP_UPGRADE_DONE) {
		conclude_ended(observation, session, how);
		return;
	}
	if (listed.whole)
		conclude_listed(observation, lines, &listed);
	else if (lines->user.say)
		conclude_tried(
		    observation, session, lines_step(session, lines, &lines->user, name));
	else
		conclude_ended(observation, session, SP_UPGRADE_REFUSED);
	say_farewell(session, lines);
}

/* --- does it run what stood behind the upgrade? (CVE-2011-0411) ---------------- */

/* NULL: memory is out. Whoever it is: the certificate is another question. */
static SSL *open_within(
    SSL_CTX *context, int fd, const char *name, struct handshake_intake *intake)
{
	SSL *ssl = SSL_new(context);
	struct sp_address address;
	bool named = name && !sp_address_parse(name, strlen(name), &address);

	if (ssl && handshake_attach(ssl, fd, intake) &&
	    (!named || SSL_set_tlsext_host_name(ssl, name) == 1))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* We say goodbye, once: more than one answer until it hangs up is one too many. */
static void count_answers(struct session *session, const struct lines *lines,
    struct sp_observation *observation)
{
	unsigned count = 0, expected = lines->greetings + 1;
	enum sp_upgrade how =
	    session_send(session, lines->farewell.say, strlen(lines->farewell.say));

	while (how == SP_UPGRADE_DONE) {
		how = lines_answer(session, lines, &lines->farewell);
		if (how == SP_UPGRADE_REFUSED || how == SP_UPGRADE_LATER)
			how = SP_UPGRADE_DONE;
		count += how == SP_UPGRADE_DONE;
		if (count > expected) {
			conclude(observation, SP_REPLY_YES,
			    "ran a command that stood behind it within TLS");
			return;
		}
	}
	if (how == SP_UPGRADE_CLOSED || how == SP_UPGRADE_RESET)
		conclude(observation, SP_REPLY_NO, "");
	else
		conclude_ended(observation, session, how);
}

static void look_at_message(struct session *session, struct sp_observation *observation)
{
	enum sp_upgrade how = postgresql_was_injected(session);

	if (how == SP_UPGRADE_DONE)
		conclude(observation, SP_REPLY_YES,
		    "ran a message that stood behind it within TLS");
	else if (how == SP_UPGRADE_REFUSED || how == SP_UPGRADE_CLOSED ||
		 how == SP_UPGRADE_RESET)
		conclude(observation, SP_REPLY_NO, "");
	else
		conclude_ended(observation, session, how);
}

/* `lines` NULL: PostgreSQL. */
static void go_on_within(struct session *session, const struct lines *lines,
    SSL_CTX *context, const char *name, struct sp_observation *observation)
{
	struct handshake_intake intake = { .deadline_ms = session->deadline_ms };
	SSL *ssl = open_within(context, session->fd, name, &intake);
	int error;

	if (!ssl) {
		conclude(
		    observation, SP_REPLY_FAILED, "OpenSSL could not set up a session");
		return;
	}
	switch (handshake_drive(ssl, session->fd, session->deadline_ms, &error)) {
	case 1:
		session_forget(session);
		session->ssl = ssl;
		if (lines)
			count_answers(session, lines, observation);
		else
			look_at_message(session, observation);
		break;
	case 0:
		/* It took the command for a part of TLS, or will not go on. */
		conclude(observation, SP_REPLY_NO, "");
		break;
	default: conclude_ended(observation, session, SP_UPGRADE_TIMEOUT); break;
	}
	SSL_free(ssl);
}

/* The answer to an upgrade that more stood behind. */
static void go_on(struct session *session, const struct lines *lines, enum sp_upgrade how,
    SSL_CTX *context, const char *name, struct sp_observation *observation)
{
	switch (how) {
	case SP_UPGRADE_DONE:
		/* What it says now, it does not say within TLS (vsftpd tells its
		 * error in plain text). */
		(void)session_has_more(session);
		go_on_within(session, lines, context, name, observation);
		break;
	case SP_UPGRADE_REFUSED:
	case SP_UPGRADE_CLOSED:
	case SP_UPGRADE_RESET: conclude(observation, SP_REPLY_NO, ""); break;
	case SP_UPGRADE_NONE:
	case SP_UPGRADE_NOT_OFFERED:
	case SP_UPGRADE_LATER:
	case SP_UPGRADE_TIMEOUT:
	case SP_UPGRADE_MALFORMED:
	case SP_UPGRADE_TOO_LONG: conclude_ended(observation, session, how); break;
	}
}

/* What the list says, or what is said to a user, before the upgrade that follows. */
static enum sp_upgrade ask_on_the_way(struct session *session, const struct lines *lines,
    const char *name, const struct listed *listed, struct sp_observation *passwords)
{
	enum sp_upgrade how = SP_UPGRADE_DONE;

	if (listed->whole) {
		conclude_listed(passwords, lines, listed);
	} else if (lines->user.say) {
		how = lines_step(session, lines, &lines->user, name);
		if (how != SP_UPGRADE_DONE && how != SP_UPGRADE_REFUSED)
			return how;
		conclude_tried(passwords, session, how);
	}
	return SP_UPGRADE_DONE;
}

static void ask_injection(struct session *session, const struct lines *lines,
    SSL_CTX *context, const char *name, struct sp_observation *observation,
    struct sp_observation *passwords)
{
	struct listed listed;
	char both[64];
	int length =
	    snprintf(both, sizeof(both), "%s%s", lines->upgrade.say, lines->injected);
	enum sp_upgrade how = lines_begin(session, lines, name, &listed);

	if (how == SP_UPGRADE_DONE && listed.whole && !listed.offered)
		how = SP_UPGRADE_NOT_OFFERED;
	if (how == SP_UPGRADE_DONE && passwords)
		how = ask_on_the_way(session, lines, name, &listed, passwords);
	if (how != SP_UPGRADE_DONE) {
		conclude_ended(observation, session, how);
		return;
	}
	how = session_send(session, both, (size_t)length);
	if (how == SP_UPGRADE_DONE)
		how = lines_answer(session, lines, &lines->upgrade);
	go_on(session, lines, how, context, name, observation);
}

void starttls_ask(enum sp_dialect dialect, SSL_CTX *context, int fd, const char *name,
    int64_t deadline_ms, struct sp_observation *observation,
    struct sp_observation *passwords)
{
	struct session session = { .fd = fd, .deadline_ms = deadline_ms };
	const struct lines *lines = lines_of(dialect);

	if (observation->question == SP_ASK_STARTTLS_INJECTION && lines)
		ask_injection(&session, lines, context, name, observation, passwords);
	else if (dialect == SP_DIALECT_POSTGRESQL)
		go_on(&session, NULL, postgresql_inject(&session), context, name,
		    observation);
	else if (lines)
		ask_lines(&session, lines, name, observation);
	else if (dialect == SP_DIALECT_LDAP)
		conclude_tried(observation, &session, ldap_bind(&session));
	else
		conclude(observation, SP_REPLY_FAILED, "this cannot be asked there");
}
