#include "starttls_dialect.h"

#include <stdio.h>
#include <string.h>

#include "channel.h"

/* For an answer to what nobody said within TLS: there is none at a server that drops
 * it. */
#define INJECTED_WAIT_MS 1000

static enum sp_upgrade malformed(struct session *session, const char *why)
{
	session_note(session, why);
	return SP_UPGRADE_MALFORMED;
}

/* --- PostgreSQL: SSLRequest, and exactly one byte ---------------------------- */

/* Length, and 1234.5679 where a version would be; then a StartupMessage of a version
 * that there is not. */
#define SSL_REQUEST 0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f
#define STARTUP(version) 0, 0, 0, 8, 0, version, 0, 0

static enum sp_upgrade postgresql_answer(struct session *session)
{
	const uint8_t *answer;
	enum sp_upgrade how = session_take(session, 1, &answer);

	if (how != SP_UPGRADE_DONE)
		return how;
	switch (*answer) {
	case 'S': return SP_UPGRADE_DONE;
	case 'N': return SP_UPGRADE_NOT_OFFERED;
	case 'E': /* ErrorResponse: before 7.3, or no room for one more backend */
		session_note(session, "ErrorResponse");
		return SP_UPGRADE_LATER;
	default: return malformed(session, "neither S nor N");
	}
}

enum sp_upgrade postgresql_upgrade(struct session *session)
{
	static const uint8_t request[] = { SSL_REQUEST };
	enum sp_upgrade how = session_send(session, request, sizeof(request));

	return how == SP_UPGRADE_DONE ? postgresql_answer(session) : how;
}

enum sp_upgrade postgresql_inject(struct session *session)
{
	static const uint8_t both[] = { SSL_REQUEST, STARTUP(9) };
	enum sp_upgrade how = session_send(session, both, sizeof(both));

	return how == SP_UPGRADE_DONE ? postgresql_answer(session) : how;
}

/* An ErrorResponse whose SQLSTATE is this one: the field "C", five characters, NUL. */
static bool has_state(const uint8_t *body, size_t length, const char *state)
{
	for (size_t i = 0; i + 6 < length;) {
		const uint8_t *end = memchr(body + i, '\0', length - i);

		if (body[i] == 'C' && !memcmp(body + i + 1, state, 6))
			return true;
		if (!end)
			return false;
		i = (size_t)(end - body) + 1;
	}
	return false;
}

/* The next message within TLS: REFUSED when it is about the version. */
static enum sp_upgrade postgresql_error(struct session *session)
{
	const uint8_t *taken;
	enum sp_upgrade how = session_take(session, 5, &taken);
	size_t length;

	if (how != SP_UPGRADE_DONE)
		return how;
	length = (size_t)taken[1] << 24 | (size_t)taken[2] << 16 | (size_t)taken[3] << 8 |
		 taken[4];
	if (*taken != 'E' || length < 5)
		return malformed(session, "no ErrorResponse within TLS");
	how = session_take(session, length - 4, &taken);
	if (how != SP_UPGRADE_DONE)
		return how;
	/* feature_not_supported, protocol_violation: errcodes.txt of PostgreSQL. */
	if (has_state(taken, length - 4, "0A000"))
		return SP_UPGRADE_REFUSED;
	if (has_state(taken, length - 4, "08P01"))
		return SP_UPGRADE_CLOSED;
	return malformed(session, "another error within TLS");
}

enum sp_upgrade postgresql_was_injected(struct session *session)
{
	static const uint8_t own[] = { STARTUP(8) };
	int64_t deadline = session->deadline_ms;
	enum sp_upgrade how;

	if (deadline - clock_ms() > INJECTED_WAIT_MS)
		session->deadline_ms = clock_ms() + INJECTED_WAIT_MS;
	how = postgresql_error(session);
	session->deadline_ms = deadline;
	if (how == SP_UPGRADE_REFUSED)
		return SP_UPGRADE_DONE;
	if (how != SP_UPGRADE_TIMEOUT)
		return how == SP_UPGRADE_CLOSED ? SP_UPGRADE_REFUSED : how;
	/* Silence says nothing; an answer to our own that comes now says all. */
	how = session_send(session, own, sizeof(own));
	return how == SP_UPGRADE_DONE ? postgresql_error(session) : how;
}

/* --- MySQL: HandshakeV10, SSLRequest ----------------------------------------- */

#define MYSQL_SSL 0x0800u
#define MYSQL_PROTOCOL_41 0x0200u
#define MYSQL_SECURE_CONNECTION 0x8000u
#define MYSQL_PLUGIN_AUTH 0x80000u
#define MYSQL_CAPABILITIES \
	(MYSQL_SSL | MYSQL_PROTOCOL_41 | MYSQL_SECURE_CONNECTION | MYSQL_PLUGIN_AUTH)

/* A packet: length (24 bits, little-endian), number, body. */
static enum sp_upgrade mysql_packet(
    struct session *session, const uint8_t **ret_body, size_t *ret_length)
{
	const uint8_t *header;
	enum sp_upgrade how = session_take(session, 4, &header);

	if (how != SP_UPGRADE_DONE)
		return how;
	*ret_length = header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16;
	if (*ret_length == 0)
		return malformed(session, "an empty packet");
	return session_take(session, *ret_length, ret_body);
}

/* ERR_Packet: 0xff, code, perhaps "#" and a state, a text. 1040, 1129 and the
 * like say that there is no connection now, not that there is no TLS. */
static enum sp_upgrade mysql_error(
    struct session *session, const uint8_t *body, size_t length)
{
	char text[80];

	snprintf(text, sizeof(text), "error %u: %.*s",
	    length > 2 ? body[1] | (unsigned)body[2] << 8 : 0,
	    length > 3 ? (int)(length - 3) : 0, length > 3 ? (const char *)body + 3 : "");
	session_note(session, text);
	return SP_UPGRADE_LATER;
}

/* The low half of the server's capabilities; 0x10000: no HandshakeV10. */
static unsigned mysql_capabilities(const uint8_t *body, size_t length)
{
	const uint8_t *end = memchr(body, '\0', length);
	/* Behind the version's NUL: thread (4), first part of the salt (8), 0. */
	size_t at = end ? (size_t)(end - body) + 1 + 4 + 8 + 1 : length;

	if (*body != 10 || at + 2 > length)
		return 0x10000;
	return body[at] | (unsigned)body[at + 1] << 8;
}

/* The head of a HandshakeResponse41, which alone is an SSLRequest. */
static void mysql_put_login(uint8_t bytes[36], uint8_t length, uint8_t number)
{
	memset(bytes, 0, 36);
	bytes[0] = length;
	bytes[3] = number;
	for (unsigned i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t)(MYSQL_CAPABILITIES >> (8 * i));
	bytes[11] = 1;	/* largest packet: 2^24 */
	bytes[12] = 33; /* utf8_general_ci */
}

enum sp_upgrade mysql_upgrade(struct session *session)
{
	const uint8_t *body;
	uint8_t request[36];
	size_t length;
	unsigned capabilities;
	enum sp_upgrade how = mysql_packet(session, &body, &length);

	if (how != SP_UPGRADE_DONE)
		return how;
	if (*body == 0xff)
		return mysql_error(session, body, length);
	capabilities = mysql_capabilities(body, length);
	if (capabilities > 0xffff)
		return malformed(session, "no HandshakeV10");
	if (!(capabilities & MYSQL_SSL))
		return SP_UPGRADE_NOT_OFFERED;
	mysql_put_login(request, 32, 1);
	return session_send(session, request, sizeof(request));
}

/* A login, refused, is an end that MySQL does not count (max_connect_errors): one
 * that just leaves is. Nobody of that name is known, and no password is said. */
void mysql_end(struct session *session)
{
	static const char rest[] = "sallyport-probe\0" /* the user */
				   "\0"		       /* no answer to the salt */
				   "mysql_native_password";
	/* An answer of no bytes to a question for another one; then COM_QUIT. */
	static const uint8_t quit[] = { 1, 0, 0, 0, 1 };
	uint8_t login[36 + sizeof(rest)], empty[4] = { 0 };
	const uint8_t *body;
	size_t length;

	mysql_put_login(login, 32 + sizeof(rest), 2);
	memcpy(login + 36, rest, sizeof(rest));
	if (session_send(session, login, sizeof(login)) != SP_UPGRADE_DONE ||
	    mysql_packet(session, &body, &length) != SP_UPGRADE_DONE || *body == 0xff)
		return;
	empty[3] = 4;
	if (*body == 0xfe &&
	    (session_send(session, empty, sizeof(empty)) != SP_UPGRADE_DONE ||
		mysql_packet(session, &body, &length) != SP_UPGRADE_DONE ||
		*body == 0xff))
		return;
	session_send(session, quit, sizeof(quit));
}

/* --- RDP: an X.224 connection request (MS-RDPBCGR section 2.2.1.1) ------------- */

#define X224_CONFIRM 0xd0
#define RDP_NEG_RSP 2
#define RDP_NEG_FAILURE 3
#define RDP_TLS 1u    /* PROTOCOL_SSL */
#define RDP_HYBRID 2u /* CredSSP: TLS as well, then NLA */

/* [MS-RDPBCGR] section 2.2.1.2.2 */
static const struct {
	unsigned code;
	enum sp_upgrade how;
	const char *text;
} rdp_failures[] = {
	{ 1, SP_UPGRADE_REFUSED, "SSL_REQUIRED_BY_SERVER" },
	{ 2, SP_UPGRADE_NOT_OFFERED, "SSL_NOT_ALLOWED_BY_SERVER" },
	{ 3, SP_UPGRADE_REFUSED, "SSL_CERT_NOT_ON_SERVER" },
	{ 4, SP_UPGRADE_REFUSED, "INCONSISTENT_FLAGS" },
	{ 5, SP_UPGRADE_REFUSED, "HYBRID_REQUIRED_BY_SERVER" },
	{ 6, SP_UPGRADE_REFUSED, "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER" },
};

static enum sp_upgrade rdp_failure(struct session *session, unsigned code)
{
	for (size_t i = 0; i < sizeof(rdp_failures) / sizeof(rdp_failures[0]); i++) {
		if (rdp_failures[i].code == code) {
			session_note(session, rdp_failures[i].text);
			return rdp_failures[i].how;
		}
	}
	return malformed(session, "a negotiation failure that nobody knows");
}

/* The body of a connection confirm, behind the TPKT header. */
static enum sp_upgrade rdp_confirm(
    struct session *session, const uint8_t *body, size_t length)
{
	unsigned value;

	if (length < 7 || body[0] != length - 1 || (body[1] & 0xf0) != X224_CONFIRM)
		return malformed(session, "no X.224 connection confirm");
	/* Without a negotiation: a server that has only RDP's own security. */
	if (length == 7)
		return SP_UPGRADE_NOT_OFFERED;
	if (length != 15 || body[9] != 8 || body[10] != 0)
		return malformed(session, "a broken negotiation");
	value = body[11] | (unsigned)body[12] << 8 | (unsigned)body[13] << 16 |
		(unsigned)body[14] << 24;
	if (body[7] == RDP_NEG_FAILURE)
		return rdp_failure(session, value);
	if (body[7] != RDP_NEG_RSP)
		return malformed(session, "a broken negotiation");
	if (value == 0)
		return SP_UPGRADE_NOT_OFFERED;
	if (value != RDP_TLS && value != RDP_HYBRID)
		return malformed(session, "chose a protocol that was not offered");
	return SP_UPGRADE_DONE;
}

enum sp_upgrade rdp_upgrade(struct session *session)
{
	/* TPKT (RFC 1006), X.224 connection request, RDP_NEG_REQ. */
	static const uint8_t request[] = { 3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8,
		0, RDP_TLS | RDP_HYBRID, 0, 0, 0 };
	enum sp_upgrade how = session_send(session, request, sizeof(request));
	const uint8_t *taken;
	size_t length;

	if (how == SP_UPGRADE_DONE)
		how = session_take(session, 4, &taken);
	if (how != SP_UPGRADE_DONE)
		return how;
	length = (size_t)taken[2] << 8 | taken[3];
	if (taken[0] != 3 || length < 4 + 7)
		return malformed(session, "no TPKT");
	how = session_take(session, length - 4, &taken);
	return how == SP_UPGRADE_DONE ? rdp_confirm(session, taken, length - 4) : how;
}
