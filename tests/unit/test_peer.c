/* What peers say, byte by byte, to the readers behind it: what each answer is taken for,
 * and that a peer which ends, stalls or says nonsense is never taken for one that
 * agrees. All that it will ever say is there before it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "certificate.h"
#include "channel.h"
#include "described.h"
#include "failing.h"
#include "flight.h"
#include "handshake.h"
#include "raw.h"
#include "starttls.h"
#include "starttls_dialect.h"

FAILING(void *, malloc, NULL, ENOMEM, (size_t size), (size))
FAILING(void *, calloc, NULL, ENOMEM, (size_t count, size_t size), (count, size))
FAILING(void *, realloc, NULL, ENOMEM, (void *old, size_t size), (old, size))
FAILING(char *, strdup, NULL, ENOMEM, (const char *text), (text))
FAILING(ssize_t, getrandom, -1, failing_with, (void *bytes, size_t size, unsigned flags),
    (bytes, size, flags))

/* ---- a peer ---- */

struct peer {
	int ours, theirs;
};

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t length = 0;

	for (; *text; text++) {
		unsigned value = 0;

		if (*text == ' ')
			continue;
		assert_int_equal(sscanf(text, "%2x", &value), 1);
		bytes[length++] = (uint8_t)value;
		text++;
	}
	return length;
}

/* `stays`: it says no more, and does not hang up. */
static struct peer peer_that_says(const void *bytes, size_t length, bool stays)
{
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(send(pair[1], bytes, length, MSG_NOSIGNAL), (ssize_t)length);
	if (!stays)
		shutdown(pair[1], SHUT_WR);
	return (struct peer){ pair[0], pair[1] };
}

static void end(struct peer *peer)
{
	close(peer->ours);
	close(peer->theirs);
}

/* "x:" and bytes in hexadecimal, or text. */
static struct peer peer_of(const char *said, bool stays)
{
	uint8_t bytes[1024];
	size_t length = strlen(said);

	assert_true(length <= sizeof(bytes));
	memcpy(bytes, said, length);
	if (!strncmp(said, "x:", 2))
		length = unhex(said + 2, bytes);
	return peer_that_says(bytes, length, stays);
}

static int64_t soon(void)
{
	return clock_ms() + 40;
}

static bool is_text(const char *found, const char *wanted)
{
	return wanted ? found && !strcmp(found, wanted) : !found;
}

/* ---- upgrades ---- */

#define LDAP(result) "x:30 0c 02 01 01 78 07 0a 01 " result " 04 00 04 00"
#define CONFIRM(type, length, value) \
	"x:03000013 0e d0 0000 0000 00 " type " 00 " length " " value
#define MYSQL(capabilities) \
	"x:13000000 0a 3500 01000000 0102030405060708 00 " capabilities " 00"

static const struct {
	enum sp_dialect dialect;
	const char *said;
	enum sp_upgrade how;
	const char *text;
} upgrades[] = {
	{ SP_DIALECT_LDAP, LDAP("00"), SP_UPGRADE_DONE, "result 0" },
	{ SP_DIALECT_LDAP, LDAP("02"), SP_UPGRADE_NOT_OFFERED, "result 2" },
	{ SP_DIALECT_LDAP, LDAP("33"), SP_UPGRADE_LATER, "result 51" },
	{ SP_DIALECT_LDAP, LDAP("34"), SP_UPGRADE_LATER, "result 52" },
	{ SP_DIALECT_LDAP, LDAP("35"), SP_UPGRADE_REFUSED, "result 53" },
	/* Lengths as Active Directory writes them, and within. */
	{ SP_DIALECT_LDAP, "x:30 84 0000000c 02 01 01 78 07 0a 01 00 04 00 04 00",
	    SP_UPGRADE_DONE, "result 0" },
	{ SP_DIALECT_LDAP, "x:30 0e 02 01 01 78 82 0007 0a 01 00 04 00 04 00",
	    SP_UPGRADE_DONE, "result 0" },
	{ SP_DIALECT_LDAP, "x:30 0d 02 01 01 78 08 0a 01 35 04 00 04 01 6e",
	    SP_UPGRADE_REFUSED, "result 53: n" },
	/* No length, a longer one than it has, another number, another tag. */
	{ SP_DIALECT_LDAP, "x:30 80 02 01 01", SP_UPGRADE_MALFORMED,
	    "an LDAP message without a length" },
	{ SP_DIALECT_LDAP, "x:30 85 0000000001", SP_UPGRADE_MALFORMED,
	    "an LDAP message without a length" },
	{ SP_DIALECT_LDAP, "x:30 84 0000", SP_UPGRADE_CLOSED, NULL },
	{ SP_DIALECT_LDAP, "x:30 84 7fffffff", SP_UPGRADE_TOO_LONG,
	    "a message beyond any length" },
	{ SP_DIALECT_LDAP, "x:31 00", SP_UPGRADE_MALFORMED, "no LDAP message" },
	{ SP_DIALECT_LDAP, "x:30 05 02 01 01 78 07", SP_UPGRADE_MALFORMED,
	    "no answer of LDAP" },
	{ SP_DIALECT_LDAP, "x:30 05 02 01 01 78 80", SP_UPGRADE_MALFORMED,
	    "no answer of LDAP" },
	{ SP_DIALECT_LDAP, "x:30 05 02 01 01 78 85", SP_UPGRADE_MALFORMED,
	    "no answer of LDAP" },
	{ SP_DIALECT_LDAP, "x:30 0c 02 01 00 78 07 0a 01 00 04 00 04 00",
	    SP_UPGRADE_MALFORMED, "no answer of LDAP" },
	{ SP_DIALECT_LDAP, "x:30 0c 02 01 01 79 07 0a 01 00 04 00 04 00",
	    SP_UPGRADE_MALFORMED, "no answer of LDAP" },

	{ SP_DIALECT_RDP, CONFIRM("02", "0800", "01000000"), SP_UPGRADE_DONE, NULL },
	{ SP_DIALECT_RDP, CONFIRM("02", "0800", "02000000"), SP_UPGRADE_DONE, NULL },
	{ SP_DIALECT_RDP, CONFIRM("02", "0800", "00000000"), SP_UPGRADE_NOT_OFFERED,
	    NULL },
	{ SP_DIALECT_RDP, CONFIRM("02", "0800", "04000000"), SP_UPGRADE_MALFORMED,
	    "chose a protocol that was not offered" },
	{ SP_DIALECT_RDP, CONFIRM("03", "0800", "02000000"), SP_UPGRADE_NOT_OFFERED,
	    "SSL_NOT_ALLOWED_BY_SERVER" },
	{ SP_DIALECT_RDP, CONFIRM("03", "0800", "05000000"), SP_UPGRADE_REFUSED,
	    "HYBRID_REQUIRED_BY_SERVER" },
	{ SP_DIALECT_RDP, CONFIRM("03", "0800", "63000000"), SP_UPGRADE_MALFORMED,
	    "a negotiation failure that nobody knows" },
	{ SP_DIALECT_RDP, CONFIRM("05", "0800", "01000000"), SP_UPGRADE_MALFORMED,
	    "a broken negotiation" },
	{ SP_DIALECT_RDP, CONFIRM("02", "0900", "01000000"), SP_UPGRADE_MALFORMED,
	    "a broken negotiation" },
	{ SP_DIALECT_RDP, "x:0300000b 06 d0 0000 0000 00", SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_RDP, "x:0300000b 06 80 0000 0000 00", SP_UPGRADE_MALFORMED,
	    "no X.224 connection confirm" },
	{ SP_DIALECT_RDP, "x:0200000b 06 d0 0000 0000 00", SP_UPGRADE_MALFORMED,
	    "no TPKT" },
	{ SP_DIALECT_RDP, "x:0300000b 06 d0", SP_UPGRADE_CLOSED, NULL },

	{ SP_DIALECT_POSTGRESQL, "S", SP_UPGRADE_DONE, NULL },
	{ SP_DIALECT_POSTGRESQL, "N", SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_POSTGRESQL, "E", SP_UPGRADE_LATER, "ErrorResponse" },
	{ SP_DIALECT_POSTGRESQL, "H", SP_UPGRADE_MALFORMED, "neither S nor N" },

	{ SP_DIALECT_MYSQL, MYSQL("0008"), SP_UPGRADE_DONE, NULL },
	{ SP_DIALECT_MYSQL, MYSQL("00f7"), SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_MYSQL, "x:05000000 ff 1004 6e6f", SP_UPGRADE_LATER,
	    "error 1040: no" },
	{ SP_DIALECT_MYSQL, "x:01000000 ff", SP_UPGRADE_LATER, "error 0: " },
	{ SP_DIALECT_MYSQL, "x:00000000", SP_UPGRADE_MALFORMED, "an empty packet" },
	{ SP_DIALECT_MYSQL, "x:04000000 0a 350000", SP_UPGRADE_MALFORMED,
	    "no HandshakeV10" },
	{ SP_DIALECT_MYSQL, "x:04000000 09 350000", SP_UPGRADE_MALFORMED,
	    "no HandshakeV10" },

	{ SP_DIALECT_SMTP, "220 mail\r\n250-STARTTLS\r\n250 end\r\n220 go\r\n",
	    SP_UPGRADE_DONE, "220 go" },
	{ SP_DIALECT_SMTP, "220 mail\r\n250 end\r\n", SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_SMTP, "22x mail\r\n", SP_UPGRADE_MALFORMED, "22x mail" },
	{ SP_DIALECT_SMTP, "220.mail\r\n", SP_UPGRADE_MALFORMED, "220.mail" },
	{ SP_DIALECT_SMTP, "220-mail\r\n221 server\r\n", SP_UPGRADE_MALFORMED,
	    "221 server" },
	{ SP_DIALECT_NNTP, "200 news\r\n101-list\r\n", SP_UPGRADE_MALFORMED, "101-list" },
	{ SP_DIALECT_NNTP, "200 news\r\n500 what?\r\n382 go\r\n", SP_UPGRADE_DONE,
	    "382 go" },
	{ SP_DIALECT_POP3, "+OK\r\n-ERR what?\r\n+OK go\r\n", SP_UPGRADE_DONE, "+OK go" },
	{ SP_DIALECT_IMAP, "* OK\r\n* CAPABILITY STARTTLS\r\nA OK\r\n",
	    SP_UPGRADE_MALFORMED, "A OK" },
	{ SP_DIALECT_IMAP, "OK\r\n", SP_UPGRADE_MALFORMED, "OK" },
	{ SP_DIALECT_SIEVE, "\"STARTTLS\"\r\nhello\r\n", SP_UPGRADE_MALFORMED, "hello" },
	{ SP_DIALECT_XMPP_CLIENT, "hello>", SP_UPGRADE_MALFORMED, "hello" },
	{ SP_DIALECT_XMPP_CLIENT,
	    "<stream:stream><stream:features><starttls/></stream:features>go>",
	    SP_UPGRADE_MALFORMED, "go" },
	{ SP_DIALECT_XMPP_CLIENT,
	    "<stream:stream><stream:features><starttls/></stream:features>"
	    "<proceed></proceed>",
	    SP_UPGRADE_DONE, "<proceed" },
};

static void upgrades_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(upgrades) / sizeof(*upgrades); i++) {
		struct sp_observation seen = { .question = SP_ASK_TLS13 };
		struct peer peer = peer_of(upgrades[i].said, false);
		bool upgraded = starttls_upgrade(
		    upgrades[i].dialect, peer.ours, "a.example", soon(), &seen);

		if (seen.upgrade != upgrades[i].how ||
		    !is_text(seen.upgrade_text, upgrades[i].text) ||
		    upgraded != (upgrades[i].how == SP_UPGRADE_DONE) || seen.injected)
			fail_msg("%zu: %d, %s", i, (int)seen.upgrade, seen.upgrade_text);
		assert_int_equal(
		    seen.reply, upgraded ? SP_REPLY_NOT_ASKED : SP_REPLY_NO_UPGRADE);
		sp_observation_free(&seen);
		end(&peer);
	}
}

/* However an agreement is cut short, it is none. */
static void a_part_of_an_agreement_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(upgrades) / sizeof(*upgrades); i++) {
		uint8_t bytes[1024];
		const char *said = upgrades[i].said;
		size_t length = strlen(said);

		if (upgrades[i].how != SP_UPGRADE_DONE)
			continue;
		memcpy(bytes, said, length);
		if (!strncmp(said, "x:", 2))
			length = unhex(said + 2, bytes);
		for (size_t cut = 0; cut < length; cut++) {
			struct sp_observation seen = { .question = SP_ASK_TLS13 };
			struct peer peer = peer_that_says(bytes, cut, false);

			assert_false(starttls_upgrade(
			    upgrades[i].dialect, peer.ours, NULL, soon(), &seen));
			assert_int_equal(seen.upgrade, SP_UPGRADE_CLOSED);
			sp_observation_free(&seen);
			end(&peer);
		}
	}
}

/* ---- the plain session ---- */

#define BIND(result) "30 0c 02 01 01 61 07 0a 01 " result " 04 00 04 00"
#define FOUND "30 0c 02 01 01 65 07 0a 01 00 04 00 04 00"
#define ENTRY "30 13 02 01 01 64 0e 04 00 30 0a 30 08 04 01 6e 31 03 04 01 63"

static const struct {
	enum sp_dialect dialect;
	enum sp_question question;
	const char *said;
	enum sp_reply reply;
	enum sp_upgrade how;
	const char *text;
} questions[] = {
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "x:" FOUND BIND("31"), SP_REPLY_YES, 0,
	    "a simple bind's, result 49" },
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "x:" ENTRY FOUND BIND("31"),
	    SP_REPLY_YES, 0, "a simple bind's, result 49" },
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "x:" FOUND BIND("08"), SP_REPLY_NO, 0,
	    "result 8" },
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "x:" FOUND BIND("33"),
	    SP_REPLY_NO_UPGRADE, SP_UPGRADE_LATER, NULL },
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "x:" FOUND, SP_REPLY_NO_UPGRADE,
	    SP_UPGRADE_CLOSED, NULL },
	{ SP_DIALECT_LDAP, SP_ASK_PLAINTEXT_AUTH, "", SP_REPLY_NO_UPGRADE,
	    SP_UPGRADE_CLOSED, NULL },

	{ SP_DIALECT_SMTP, SP_ASK_PLAINTEXT_AUTH, "220 mail\r\n250 AUTH PLAIN\r\n",
	    SP_REPLY_YES, 0, "AUTH PLAIN" },
	{ SP_DIALECT_SMTP, SP_ASK_PLAINTEXT_AUTH, "220 mail\r\n250 AUTH CRAM-MD5\r\n",
	    SP_REPLY_NO, 0, NULL },
	{ SP_DIALECT_SMTP, SP_ASK_PLAINTEXT_AUTH, "220 mail\r\n", SP_REPLY_NO_UPGRADE,
	    SP_UPGRADE_CLOSED, NULL },
	{ SP_DIALECT_IMAP, SP_ASK_PLAINTEXT_AUTH,
	    "* OK\r\n* CAPABILITY IMAP4rev1\r\na OK\r\n", SP_REPLY_YES, 0,
	    "no LOGINDISABLED" },
	{ SP_DIALECT_IMAP, SP_ASK_PLAINTEXT_AUTH,
	    "* OK\r\n* CAPABILITY LOGINDISABLED\r\na OK\r\n", SP_REPLY_NO, 0, NULL },
	{ SP_DIALECT_FTP, SP_ASK_PLAINTEXT_AUTH, "220 files\r\n331 your password\r\n",
	    SP_REPLY_YES, 0, "331 your password" },
	{ SP_DIALECT_FTP, SP_ASK_PLAINTEXT_AUTH, "220 files\r\n530 first TLS\r\n",
	    SP_REPLY_NO, 0, "530 first TLS" },
	{ SP_DIALECT_FTP, SP_ASK_PLAINTEXT_AUTH, "220 files\r\nwhat\r\n",
	    SP_REPLY_NO_UPGRADE, SP_UPGRADE_MALFORMED, NULL },
	{ SP_DIALECT_NNTP, SP_ASK_PLAINTEXT_AUTH, "200 news\r\n500 what?\r\n",
	    SP_REPLY_NO_UPGRADE, SP_UPGRADE_REFUSED, NULL },
	{ SP_DIALECT_MYSQL, SP_ASK_PLAINTEXT_AUTH, "", SP_REPLY_FAILED, 0,
	    "this cannot be asked there" },

	{ SP_DIALECT_SMTP, SP_ASK_STARTTLS_INJECTION,
	    "220 mail\r\n250 STARTTLS\r\n554 no\r\n", SP_REPLY_NO, 0, NULL },
	{ SP_DIALECT_SMTP, SP_ASK_STARTTLS_INJECTION,
	    "220 mail\r\n250 STARTTLS\r\n454 later\r\n", SP_REPLY_NO_UPGRADE,
	    SP_UPGRADE_LATER, NULL },
	{ SP_DIALECT_SMTP, SP_ASK_STARTTLS_INJECTION, "220 mail\r\n250 STARTTLS\r\n",
	    SP_REPLY_NO, 0, NULL },
	{ SP_DIALECT_SMTP, SP_ASK_STARTTLS_INJECTION, "220 mail\r\n250 AUTH\r\n",
	    SP_REPLY_NO_UPGRADE, SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_SMTP, SP_ASK_STARTTLS_INJECTION,
	    "220 mail\r\n250 STARTTLS\r\n220 go\r\n", SP_REPLY_NO, 0, NULL },
	{ SP_DIALECT_POSTGRESQL, SP_ASK_STARTTLS_INJECTION, "N", SP_REPLY_NO_UPGRADE,
	    SP_UPGRADE_NOT_OFFERED, NULL },
	{ SP_DIALECT_POSTGRESQL, SP_ASK_STARTTLS_INJECTION, "S", SP_REPLY_NO, 0, NULL },
};

static void questions_are_answered(void **state)
{
	SSL_CTX *context = handshake_context();

	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		struct sp_observation seen = { .question = questions[i].question };
		struct peer peer = peer_of(questions[i].said, false);

		starttls_ask(questions[i].dialect, context, peer.ours, "a.example",
		    soon(), &seen, NULL);
		if (seen.reply != questions[i].reply ||
		    seen.upgrade != questions[i].how ||
		    !is_text(seen.text, questions[i].text))
			fail_msg("%zu: %d, %d, %s", i, (int)seen.reply, (int)seen.upgrade,
			    seen.text);
		sp_observation_free(&seen);
		end(&peer);
	}
	SSL_CTX_free(context);
}

/* Who takes the upgrade and says nothing within TLS has not answered. */
static void silence_within_is_no_answer(void **state)
{
	SSL_CTX *context = handshake_context();
	struct sp_observation seen = { .question = SP_ASK_STARTTLS_INJECTION },
			      passwords = { .question = SP_ASK_PLAINTEXT_AUTH };
	struct peer peer = peer_of("220 mail\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n"
				   "220 go\r\n",
	    true);

	(void)state;
	starttls_ask(
	    SP_DIALECT_SMTP, context, peer.ours, "192.0.2.1", soon(), &seen, &passwords);
	assert_int_equal(seen.reply, SP_REPLY_NO_UPGRADE);
	assert_int_equal(seen.upgrade, SP_UPGRADE_TIMEOUT);
	/* What was heard on the way is known. */
	assert_int_equal(passwords.reply, SP_REPLY_YES);
	assert_string_equal(passwords.text, "AUTH LOGIN");
	sp_observation_free(&seen);
	sp_observation_free(&passwords);
	end(&peer);
	SSL_CTX_free(context);
}

/* On the way to the upgrade a user is named; who answers that with nonsense has
 * answered neither. */
static void users_on_the_way(void **state)
{
	static const struct {
		const char *said;
		enum sp_reply passwords;
	} cases[] = { { "220 files\r\n331 go on\r\n500 no\r\n", SP_REPLY_YES },
		{ "220 files\r\n530 no\r\n500 no\r\n", SP_REPLY_NO },
		{ "220 files\r\nwhat\r\n", SP_REPLY_NOT_ASKED } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_observation seen = { .question = SP_ASK_STARTTLS_INJECTION },
				      passwords = { .question = SP_ASK_PLAINTEXT_AUTH };
		struct peer peer = peer_of(cases[i].said, false);

		starttls_ask(
		    SP_DIALECT_FTP, NULL, peer.ours, NULL, soon(), &seen, &passwords);
		assert_int_equal(passwords.reply, cases[i].passwords);
		assert_int_equal(
		    seen.reply, passwords.reply ? SP_REPLY_NO : SP_REPLY_NO_UPGRADE);
		sp_observation_free(&seen);
		sp_observation_free(&passwords);
		end(&peer);
	}
}

/* ---- PostgreSQL and MySQL within TLS, which is left out here ---- */

static void messages_within(void **state)
{
	static const struct {
		const char *said;
		bool stays;
		enum sp_upgrade how;
		const char *text;
	} cases[] = {
		/* "SERROR", "C0A000": the version that stood behind was refused. */
		{ "x:45 00000013 53455252 4f5200 43304130303000 00", false,
		    SP_UPGRADE_DONE, "" },
		{ "x:45 00000013 53455252 4f5200 43303850303100 00", false,
		    SP_UPGRADE_REFUSED, "" },
		{ "x:45 00000013 53455252 4f5200 43303430303000 00", false,
		    SP_UPGRADE_MALFORMED, "another error within TLS" },
		{ "x:45 0000000c 5345525245525252", false, SP_UPGRADE_MALFORMED,
		    "another error within TLS" },
		{ "x:52 00000008 00000000", false, SP_UPGRADE_MALFORMED,
		    "no ErrorResponse within TLS" },
		{ "x:45 00000004", false, SP_UPGRADE_MALFORMED,
		    "no ErrorResponse within TLS" },
		{ "x:45 00000014 53", false, SP_UPGRADE_REFUSED, "" },
		{ "", false, SP_UPGRADE_REFUSED, "" },
		{ "", true, SP_UPGRADE_TIMEOUT, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct peer peer = peer_of(cases[i].said, cases[i].stays);
		struct session session = { .fd = peer.ours, .deadline_ms = soon() };
		enum sp_upgrade how = postgresql_was_injected(&session);

		if (how != cases[i].how || strcmp(session.text, cases[i].text) != 0)
			fail_msg("%zu: %d, %s", i, (int)how, session.text);
		end(&peer);
	}
}

/* COM_QUIT is said to who still listens, and to nobody else. */
static void farewells_of_mysql(void **state)
{
	static const struct {
		const char *said;
		size_t heard;
	} cases[] = { { "x:02000003 ff 01", 0 }, { "", 0 }, { "x:01000003 00", 5 },
		{ "x:01000003 fe 01000005 ff", 4 },
		{ "x:01000003 fe 01000005 00", 4 + 5 }, { "x:01000003 fe", 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct peer peer = peer_of(cases[i].said, false);
		struct session session = { .fd = peer.ours, .deadline_ms = soon() };
		uint8_t bytes[256];
		ssize_t length;

		mysql_end(&session);
		length = recv(peer.theirs, bytes, sizeof(bytes), 0);
		/* The login says how long it is. */
		assert_true(length > 4 + 32);
		assert_int_equal(length - 4 - bytes[0], cases[i].heard);
		end(&peer);
	}
}

/* ---- flights and hellos ---- */

#define ZEROS "00000000000000000000000000000000 00000000000000000000000000000000"
#define SERVER_HELLO "02 000026 0303" ZEROS "00 002f 00"
#define RECORD(length) "16 0303 " length " "

static const struct {
	const char *said;
	enum sp_reply reply;
	const char *text;
} flights[] = {
	{ "", SP_REPLY_CLOSED, NULL },
	{ "17 0303 0001 00", SP_REPLY_MALFORMED, NULL },
	{ "ff 0303 0001 00", SP_REPLY_MALFORMED, NULL },
	{ "15 0303 0002 0228", SP_REPLY_ALERT, NULL },
	/* A warning comes first. */
	{ "15 0303 0002 0170 15 0303 0002 0228", SP_REPLY_ALERT, NULL },
	{ RECORD("002a") SERVER_HELLO, SP_REPLY_MALFORMED,
	    "ended within its first flight" },
	{ RECORD("0005") "02 000026 03", SP_REPLY_MALFORMED,
	    "ended within its first flight" },
	{ RECORD("0006") "02 000002 0303", SP_REPLY_MALFORMED,
	    "ended within its first flight" },
	{ RECORD("0007") "0b 000003 000000", SP_REPLY_MALFORMED,
	    "ended within its first flight" },
	/* Suite 002f is none that was offered. */
	{ RECORD("002e") SERVER_HELLO "0e 000000", SP_REPLY_MALFORMED,
	    "chose what was not offered" },
	{ RECORD("0035") SERVER_HELLO "0b 000003 000000 0e 000000", SP_REPLY_MALFORMED,
	    "chose what was not offered" },
};

static const uint16_t offered[] = { 0xc02f };

static const struct hello hello = {
	.version = 0x0303, .name = "a.example", .suites = offered, .suite_count = 1
};

static void flights_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flights) / sizeof(*flights); i++) {
		struct sp_observation seen = { .question = SP_ASK_ROBOT };
		uint8_t bytes[512];
		struct peer peer =
		    peer_that_says(bytes, unhex(flights[i].said, bytes), false);
		struct flight flight = { .fd = -2 };

		assert_false(flight_begin(peer.ours, &hello, soon(), &flight, &seen));
		if (seen.reply != flights[i].reply ||
		    !is_text(seen.text, flights[i].text))
			fail_msg("%zu: %d, %s", i, (int)seen.reply, seen.text);
		assert_null(flight.key);
		sp_observation_free(&seen);
		end(&peer);
	}
}

static void flights_that_stall(void **state)
{
	static const char *const texts[] = { NULL, "silent within its first flight" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sp_observation seen = { .question = SP_ASK_ROBOT };
		uint8_t bytes[512];
		size_t length = unhex(RECORD("002a") SERVER_HELLO, bytes);
		struct peer peer = peer_that_says(bytes, i ? length : 0, true);
		struct flight flight;

		assert_false(flight_begin(peer.ours, &hello, soon(), &flight, &seen));
		assert_int_equal(seen.reply, SP_REPLY_TIMEOUT);
		assert_true(is_text(seen.text, texts[i]));
		sp_observation_free(&seen);
		end(&peer);
	}
}

/* Without memory, or without random bytes: its own failure, never the peer's. */
static void flights_that_fail(void **state)
{
	(void)state;
	FOR_EACH_FAILURE(EAGAIN)
	{
		struct sp_observation seen = { .question = SP_ASK_ROBOT };
		struct peer peer = peer_of("", false);
		struct flight flight;

		BEGIN_FAILING();
		assert_false(flight_begin(peer.ours, &hello, soon(), &flight, &seen));
		END_FAILING();
		assert_int_equal(
		    seen.reply, failing_was_met ? SP_REPLY_FAILED : SP_REPLY_CLOSED);
		if (failing_was_met)
			assert_string_equal(seen.text,
			    failing_number == 1 ? "no random bytes" : "out of memory");
		sp_observation_free(&seen);
		end(&peer);
	}
}

static void hellos_are_answered(void **state)
{
	static const struct {
		bool ssl2;
		const char *said;
		bool stays;
		enum sp_reply reply;
		const char *text;
	} cases[] = {
		{ true, "80", false, SP_REPLY_MALFORMED, "ended within its answer" },
		{ true, "80", true, SP_REPLY_TIMEOUT, "stopped within its answer" },
		{ true, "", false, SP_REPLY_CLOSED, NULL },
		{ true, "80 0b 04 00 01 0002 0000 0000 0000", false,
		    SP_REPLY_SERVER_HELLO, NULL },
		{ true, RECORD("002a") SERVER_HELLO, false, SP_REPLY_MALFORMED,
		    "chose cipher suite 0x002f, which was not offered" },
		{ false, RECORD("002a") SERVER_HELLO, false, SP_REPLY_MALFORMED,
		    "chose cipher suite 0x002f, which was not offered" },
		{ false, "15 0303 0002 0170", false, SP_REPLY_CLOSED, NULL },
		{ false, "15 0303 0002 0170", true, SP_REPLY_TIMEOUT,
		    "stopped within its answer" },
		{ false, "485454502f", false, SP_REPLY_CLEAR_TEXT, "HTTP/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct raw_question question = { .ssl2 = cases[i].ssl2, .hello = hello };
		struct sp_observation seen = { .question = SP_ASK_TLS12 };
		uint8_t bytes[512];
		struct peer peer =
		    peer_that_says(bytes, unhex(cases[i].said, bytes), cases[i].stays);

		assert_true(raw_say(peer.ours, &question, soon(), &seen));
		raw_hear(peer.ours, &question, soon(), &seen);
		if (seen.reply != cases[i].reply || !is_text(seen.text, cases[i].text))
			fail_msg("%zu: %d, %s", i, (int)seen.reply, seen.text);
		sp_observation_free(&seen);
		end(&peer);
	}
}

/* A hello that cannot be said: nobody reads it, nobody is there, nothing is random. */
static void hellos_that_are_not_said(void **state)
{
	struct raw_question question = { .hello = hello };
	struct sp_observation seen = { .question = SP_ASK_TLS12 };
	struct peer peer = peer_of("", true);
	uint8_t bytes[4096] = { 0 };

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	failing_with = EAGAIN;
	failing_at = 1;
	assert_false(raw_say(peer.ours, &question, soon(), &seen));
	failing_at = 0;
	assert_int_equal(seen.reply, SP_REPLY_FAILED);
	assert_string_equal(seen.text, "no random bytes");
	while (send(peer.ours, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
	while (send(peer.ours, bytes, 1, MSG_NOSIGNAL) > 0)
		;
	assert_false(raw_say(peer.ours, &question, soon(), &seen));
	assert_int_equal(seen.reply, SP_REPLY_TIMEOUT);
	close(peer.theirs);
	assert_false(raw_say(peer.ours, &question, soon(), &seen));
	assert_int_equal(seen.reply, SP_REPLY_MALFORMED);
	assert_string_equal(seen.text, "ended before our hello was sent");
	close(peer.ours);
	sp_observation_free(&seen);
}

/* ---- certificates ---- */

static X509 *certificate(EVP_PKEY *key, const char *names)
{
	X509 *made = X509_new();
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(made);
	assert_non_null(extension);
	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 0x1234);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
	    (const unsigned char *)"a.example", -1, -1, 0);
	X509_set_issuer_name(made, X509_get_subject_name(made));
	ASN1_TIME_set(X509_getm_notBefore(made), 1000000000);
	ASN1_TIME_set(X509_getm_notAfter(made), 2000000000);
	X509_set_pubkey(made, key);
	X509_add_ext(made, extension, -1);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	X509_EXTENSION_free(extension);
	return made;
}

static void check_certificate(const struct sp_certificate *described)
{
	assert_string_equal(described->subject, "CN=a.example");
	assert_string_equal(described->issuer, "CN=a.example");
	assert_string_equal(described->serial, "1234");
	assert_int_equal(described->not_after, 2000000000);
	assert_int_equal(described->name_count, 5);
	assert_string_equal(described->names[0], "DNS:a.example");
	assert_string_equal(described->names[1], "IP:192.0.2.1");
	assert_string_equal(described->names[2], "IP:2001:db8::1");
	assert_string_equal(described->names[3], "email:root@a.example");
	assert_string_equal(described->names[4], "other");
	assert_int_equal(described->key_type, SP_KEY_EC);
	assert_int_equal(described->key_bits, 256);
	assert_true(described->self_signed);
}

/* Whatever allocation of our own fails: nothing, and never a part. */
static void certificates_are_whole_or_none(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = certificate(key,
	    "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,email:root@a.example,"
	    "RID:1.2.3.4");

	(void)state;
	FOR_EACH_FAILURE(0)
	{
		struct sp_certificate described = { 0 };
		bool done;

		BEGIN_FAILING();
		done = certificate_describe(made, &described);
		END_FAILING();
		assert_int_equal(done, !failing_was_met);
		if (done) {
			assert_true(failing_number > 10);
			check_certificate(&described);
		} else {
			assert_null(described.subject);
		}
		sp_certificate_free(&described);
	}
	X509_free(made);
	EVP_PKEY_free(key);
}

static void keys_have_their_types(void **state)
{
	static const struct {
		int id;
		enum sp_key_type type;
	} types[] = { { EVP_PKEY_RSA, SP_KEY_RSA }, { EVP_PKEY_RSA_PSS, SP_KEY_RSA },
		{ EVP_PKEY_EC, SP_KEY_EC }, { EVP_PKEY_ED25519, SP_KEY_EDWARDS },
		{ EVP_PKEY_ED448, SP_KEY_EDWARDS }, { EVP_PKEY_DSA, SP_KEY_DSA },
		{ EVP_PKEY_X25519, SP_KEY_OTHER } };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		EVP_PKEY *key = EVP_PKEY_new();

		assert_int_equal(EVP_PKEY_set_type(key, types[i].id), 1);
		assert_int_equal(certificate_key_type(key), types[i].type);
		EVP_PKEY_free(key);
	}
}

/* A chain is told whole, or the observation says what of it was. */
static void chains_are_told(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *one = certificate(key, "DNS:a.example"),
	     *two = certificate(key, "DNS:b.example");
	struct described described = { .count = 0 };
	struct handshake_chain chain = { .sent = sk_X509_new_null() };
	struct sp_observation seen = { .question = SP_ASK_TLS13 };
	struct channel channel = { .fd = -1 };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	channel.fd = pair[0];
	sk_X509_push(chain.sent, one);
	sk_X509_push(chain.sent, two);
	sk_X509_push(chain.sent, one);
	/* Memory is out for the first one. */
	failing_with = 0;
	failing_at = 1;
	assert_false(described_chain(&described, &channel, &chain, &seen));
	assert_int_equal(failing_at, 0);
	assert_int_equal(seen.sent_total, 3);
	assert_int_equal(seen.sent_count, 2);
	assert_int_equal(described.count, 2);
	/* Each has one number, now and later. */
	assert_true(described_chain(&described, &channel, &chain, &seen));
	assert_int_equal(seen.sent_count, 3);
	assert_int_equal(seen.sent[0], seen.sent[2]);
	assert_int_equal(described.count, 2);
	/* The caller is gone. */
	close(pair[1]);
	described.count = 0;
	assert_false(described_chain(&described, &channel, &chain, &seen));
	assert_int_equal(seen.sent_count, 0);
	assert_int_equal(described.count, 0);
	/* No room for more of them. */
	described.count = SP_MAX_TESTIMONY_CERTIFICATES;
	memset(described.digests, 0, sizeof(described.digests));
	assert_false(described_chain(&described, &channel, &chain, &seen));
	assert_int_equal(described.count, SP_MAX_TESTIMONY_CERTIFICATES);
	close(pair[0]);
	sk_X509_free(chain.sent);
	X509_free(one);
	X509_free(two);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upgrades_are_read),
		cmocka_unit_test(a_part_of_an_agreement_is_none),
		cmocka_unit_test(questions_are_answered),
		cmocka_unit_test(silence_within_is_no_answer),
		cmocka_unit_test(users_on_the_way),
		cmocka_unit_test(messages_within),
		cmocka_unit_test(farewells_of_mysql),
		cmocka_unit_test(flights_are_read),
		cmocka_unit_test(flights_that_stall),
		cmocka_unit_test(flights_that_fail),
		cmocka_unit_test(hellos_are_answered),
		cmocka_unit_test(hellos_that_are_not_said),
		cmocka_unit_test(certificates_are_whole_or_none),
		cmocka_unit_test(keys_have_their_types),
		cmocka_unit_test(chains_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
