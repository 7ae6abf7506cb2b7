#include "session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"

void session_note(struct session *session, const char *text)
{
	size_t length = strnlen(text, sizeof(session->text) - 1);

	memmove(session->text, text, length);
	session->text[length] = '\0';
}

static enum sp_upgrade wait_on(struct session *session, short events)
{
	return wait_for(session->fd, events, session->deadline_ms) ? SP_UPGRADE_DONE
								   : SP_UPGRADE_TIMEOUT;
}

/* What a failed SSL_read or SSL_write means. */
static enum sp_upgrade after_ssl(struct session *session, int result)
{
	switch (SSL_get_error(session->ssl, result)) {
	case SSL_ERROR_WANT_READ: return wait_on(session, POLLIN);
	case SSL_ERROR_WANT_WRITE: return wait_on(session, POLLOUT);
	default: return SP_UPGRADE_CLOSED;
	}
}

static enum sp_upgrade after_errno(struct session *session, short events)
{
	if (errno == EINTR)
		return SP_UPGRADE_DONE;
	if (errno == EAGAIN)
		return wait_on(session, events);
	return SP_UPGRADE_RESET;
}

enum sp_upgrade session_send(struct session *session, const void *bytes, size_t length)
{
	const uint8_t *next = bytes;
	enum sp_upgrade how = SP_UPGRADE_DONE;

	while (length && how == SP_UPGRADE_DONE) {
		ssize_t sent = session->ssl
				   ? SSL_write(session->ssl, next, (int)length)
				   : send(session->fd, next, length, MSG_NOSIGNAL);

		if (sent > 0) {
			next += sent;
			length -= (size_t)sent;
		} else {
			how = session->ssl ? after_ssl(session, (int)sent)
					   : after_errno(session, POLLOUT);
		}
	}
	return how;
}

/* Reads once, behind what is buffered; there is room. */
static enum sp_upgrade fill(struct session *session)
{
	uint8_t *end = session->bytes + session->first + session->length;
	size_t room = sizeof(session->bytes) - session->first - session->length;
	ssize_t got;

	if (room > SP_MAX_STARTTLS_BYTES - session->heard)
		room = SP_MAX_STARTTLS_BYTES - session->heard;
	if (room == 0) {
		session_note(session, "said more than any session may");
		return SP_UPGRADE_TOO_LONG;
	}
	got = session->ssl ? SSL_read(session->ssl, end, (int)room)
			   : recv(session->fd, end, room, 0);
	if (got > 0) {
		session->length += (size_t)got;
		session->heard += (size_t)got;
		return SP_UPGRADE_DONE;
	}
	if (session->ssl)
		return after_ssl(session, (int)got);
	return got == 0 ? SP_UPGRADE_CLOSED : after_errno(session, POLLIN);
}

/* What is buffered goes to the front, so that all the room is behind it. */
static void make_room(struct session *session)
{
	memmove(session->bytes, session->bytes + session->first, session->length);
	session->first = 0;
}

static void take(struct session *session, size_t length)
{
	session->first += length;
	session->length -= length;
}

enum sp_upgrade session_line(
    struct session *session, char delimiter, const char **ret_line)
{
	size_t looked_at = 0;

	make_room(session);
	for (;;) {
		uint8_t *end = memchr(
		    session->bytes + looked_at, delimiter, session->length - looked_at);
		enum sp_upgrade how;

		if (end) {
			*end = '\0';
			if (end > session->bytes && end[-1] == '\r')
				end[-1] = '\0';
			*ret_line = (const char *)session->bytes;
			take(session, (size_t)(end - session->bytes) + 1);
			return SP_UPGRADE_DONE;
		}
		looked_at = session->length;
		if (session->length == sizeof(session->bytes)) {
			session_note(session, "a line beyond any length");
			return SP_UPGRADE_TOO_LONG;
		}
		how = fill(session);
		if (how != SP_UPGRADE_DONE)
			return how;
	}
}

enum sp_upgrade session_take(
    struct session *session, size_t length, const uint8_t **ret_bytes)
{
	if (length > sizeof(session->bytes)) {
		session_note(session, "a message beyond any length");
		return SP_UPGRADE_TOO_LONG;
	}
	make_room(session);
	while (session->length < length) {
		enum sp_upgrade how = fill(session);

		if (how != SP_UPGRADE_DONE)
			return how;
	}
	*ret_bytes = session->bytes;
	take(session, length);
	return SP_UPGRADE_DONE;
}

/* The beginning of an alert: whoever took our bytes for a hello says so at once.
 * RFC 8446 section 5.1. */
static bool is_alert(const struct session *session)
{
	const uint8_t *bytes = session->bytes + session->first;

	return session->length > 1 && bytes[0] == 21 && bytes[1] == 3;
}

bool session_has_more(struct session *session)
{
	char text[sizeof(session->text)] = "";
	bool buffered = session->length > 0;

	if (!buffered) {
		ssize_t got = recv(session->fd, session->bytes, sizeof(text) - 1,
		    MSG_DONTWAIT | MSG_PEEK);

		session->first = 0;
		session->length = got > 0 ? (size_t)got : 0;
	}
	if (session->length == 0 || is_alert(session)) {
		session->length = 0;
		return false;
	}
	/* Plain text is dropped, so that TLS begins where the server thinks it does. */
	if (!buffered)
		(void)!recv(session->fd, session->bytes, session->length, MSG_DONTWAIT);
	memcpy(text, session->bytes + session->first,
	    session->length < sizeof(text) - 1 ? session->length : sizeof(text) - 1);
	text[strcspn(text, "\r\n")] = '\0';
	session_note(session, text);
	return true;
}

void session_forget(struct session *session)
{
	session->first = session->length = 0;
}
