#include "starttls_dialect.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whom we say we are: a name that nobody has (RFC 6761 section 6.4). */
#define SELF "probe.invalid"
/* A user that nobody is. No password follows. */
#define NOBODY "sallyport-probe"

#define PASSWORDS                \
	{                        \
		"PLAIN", "LOGIN" \
	}

#define STREAM_OF(namespace)                                                             \
	"<?xml version='1.0'?><stream:stream xmlns='" namespace "'"                      \
								" xmlns:stream='http://" \
								"etherx.jabber.org/"     \
								"streams' version='1.0'"

/* SMTP and LMTP differ in one word. */
#define MAIL(hello)                                                                      \
	{                                                                                \
		.delimiter = '\n', .prefixed = true,                                     \
		.separators = " \t=", .greeting = { NULL, ENDING_CODE, "220", false },   \
		.list = { hello " " SELF "\r\n", ENDING_CODE, "250", false },            \
		.upgrade = { "STARTTLS\r\n", ENDING_CODE, "220", false },                \
		.offer = { "STARTTLS", { NULL } }, .secrets = { { "AUTH", PASSWORDS } }, \
		.injected = "NOOP\r\n",                                                  \
		.farewell = { "QUIT\r\n", ENDING_CODE, "221", false },                   \
	}

#define XMPP(namespace)                                                             \
	{                                                                           \
		.delimiter = '>', .separators = " \t\r\n<>/='\"",                   \
		.greeting = { STREAM_OF(namespace), ENDING_FEATURES,                \
			"</stream:features", true },                                \
		.upgrade = { "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", \
			ENDING_ELEMENT, "<proceed", false },                        \
		.offer = { "starttls", { NULL } },                                  \
		.secrets = { { "PLAIN", { "mechanism" } },                          \
			{ "LOGIN", { "mechanism" } } },                             \
		.farewell = { "</stream:stream>", ENDING_ELEMENT, "", false },      \
	}

static const struct lines dialects[SP_DIALECTS] = {
	[SP_DIALECT_SMTP] = MAIL("EHLO"),
	[SP_DIALECT_LMTP] = MAIL("LHLO"),
	[SP_DIALECT_IMAP] = {
		.delimiter = '\n', .separators = " \t*",
		.greeting = { NULL, ENDING_UNTAGGED, "* OK", false },
		.list = { "a CAPABILITY\r\n", ENDING_TAGGED, "a OK", false },
		.upgrade = { "b STARTTLS\r\n", ENDING_TAGGED, "b OK", false },
		.offer = { "CAPABILITY", { "STARTTLS" } },
		.secrets = { { "CAPABILITY", { "AUTH=PLAIN", "AUTH=LOGIN" } } },
		.unless = { "CAPABILITY", { "LOGINDISABLED" } },
		.injected = "c NOOP\r\n",
		.farewell = { "d LOGOUT\r\n", ENDING_TAGGED, "d OK", false },
	},
	[SP_DIALECT_POP3] = {
		.delimiter = '\n', .separators = " \t", .list_may_fail = true,
		.greeting = { NULL, ENDING_STATUS, "+OK", false },
		.list = { "CAPA\r\n", ENDING_STATUSES, "+OK", false },
		.upgrade = { "STLS\r\n", ENDING_STATUS, "+OK", false },
		.offer = { "STLS", { NULL } },
		.secrets = { { "USER", { NULL } }, { "SASL", PASSWORDS } },
		.user = { "USER " NOBODY "\r\n", ENDING_STATUS, "+OK", false },
		.injected = "NOOP\r\n",
		.farewell = { "QUIT\r\n", ENDING_STATUS, "+OK", false },
	},
	[SP_DIALECT_FTP] = {
		.delimiter = '\n', .separators = " \t",
		.greeting = { NULL, ENDING_FTP, "220", false },
		.upgrade = { "AUTH TLS\r\n", ENDING_FTP, "234", false },
		/* 331 and 332 want the rest of a login. */
		.user = { "USER " NOBODY "\r\n", ENDING_FTP, "33", false },
		.injected = "NOOP\r\n",
		.farewell = { "QUIT\r\n", ENDING_FTP, "221", false },
	},
	[SP_DIALECT_NNTP] = {
		.delimiter = '\n', .separators = " \t", .list_may_fail = true,
		.greeting = { NULL, ENDING_CODE, "20", false },
		.list = { "CAPABILITIES\r\n", ENDING_LIST, "101", false },
		.upgrade = { "STARTTLS\r\n", ENDING_CODE, "382", false },
		.offer = { "STARTTLS", { NULL } },
		.secrets = { { "AUTHINFO", { "USER" } }, { "SASL", PASSWORDS } },
		.injected = "DATE\r\n",
		.farewell = { "QUIT\r\n", ENDING_CODE, "205", false },
	},
	[SP_DIALECT_SIEVE] = {
		.delimiter = '\n', .separators = " \t\"", .greetings = 1,
		.greeting = { NULL, ENDING_SIEVE, "OK", false },
		.upgrade = { "STARTTLS\r\n", ENDING_SIEVE, "OK", false },
		.offer = { "STARTTLS", { NULL } },
		.secrets = { { "SASL", PASSWORDS } },
		.injected = "NOOP\r\n",
		.farewell = { "LOGOUT\r\n", ENDING_SIEVE, "OK", false },
	},
	[SP_DIALECT_XMPP_CLIENT] = XMPP("jabber:client"),
	[SP_DIALECT_XMPP_SERVER] = XMPP("jabber:server"),
};

const struct lines *lines_of(enum sp_dialect dialect)
{
	return dialects[dialect].delimiter ? &dialects[dialect] : NULL;
}

/* --- answers --------------------------------------------------------------- */

enum part { PART_MORE, PART_LAST, PART_WRONG };

/* An answer while it is read. */
struct answer {
	unsigned lines; /* before this one */
	char code[3];	/* of the first line */
	bool error;	/* a stream's; the element within it says which */
};

static bool begins(const char *line, const char *with)
{
	return strncasecmp(line, with, strlen(with)) == 0;
}

static bool has_code(const char *line)
{
	for (unsigned i = 0; i < 3; i++)
		if (line[i] < '0' || line[i] > '9')
			return false;
	return line[3] == '\0' || line[3] == ' ' || line[3] == '-';
}

static enum part read_code(struct answer *answer, const char *line)
{
	if (!has_code(line))
		return PART_WRONG;
	if (answer->lines == 0)
		memcpy(answer->code, line, sizeof(answer->code));
	if (memcmp(line, answer->code, sizeof(answer->code)) != 0)
		return PART_WRONG;
	return line[3] == '-' ? PART_MORE : PART_LAST;
}

static enum part read_ftp(struct answer *answer, const char *line)
{
	enum part part = read_code(answer, line);

	return part == PART_WRONG && answer->lines ? PART_MORE : part;
}

static enum part read_list(struct answer *answer, const char *line)
{
	if (answer->lines)
		return strcmp(line, ".") == 0 ? PART_LAST : PART_MORE;
	if (!has_code(line) || line[3] == '-')
		return PART_WRONG;
	return *line == '1' ? PART_MORE : PART_LAST;
}

static enum part read_untagged(struct answer *answer, const char *line)
{
	(void)answer;
	return begins(line, "* ") ? PART_LAST : PART_WRONG;
}

static enum part read_tagged(struct answer *answer, const char *line)
{
	(void)answer;
	if (begins(line, "* "))
		return PART_MORE;
	/* Our tags are one letter. */
	return *line >= 'a' && *line <= 'z' && line[1] == ' ' ? PART_LAST : PART_WRONG;
}

static enum part read_status(struct answer *answer, const char *line)
{
	(void)answer;
	return begins(line, "+OK") || begins(line, "-ERR") ? PART_LAST : PART_WRONG;
}

static enum part read_statuses(struct answer *answer, const char *line)
{
	if (answer->lines)
		return strcmp(line, ".") == 0 ? PART_LAST : PART_MORE;
	return begins(line, "+OK") ? PART_MORE : read_status(answer, line);
}

static enum part read_sieve(struct answer *answer, const char *line)
{
	(void)answer;
	if (begins(line, "OK") || begins(line, "NO") || begins(line, "BYE"))
		return PART_LAST;
	return *line == '"' ? PART_MORE : PART_WRONG;
}

static enum part read_features(struct answer *answer, const char *line)
{
	if (answer->error || begins(line, "</stream:") ||
	    begins(line, "<stream:features/"))
		return PART_LAST;
	answer->error = begins(line, "<stream:error");
	return answer->lines || *line == '<' ? PART_MORE : PART_WRONG;
}

/* <proceed/>, or <proceed> and its end. */
static enum part read_element(struct answer *answer, const char *line)
{
	size_t length = strlen(line);

	if (answer->lines)
		return PART_LAST;
	if (*line != '<')
		return PART_WRONG;
	return begins(line, "<proceed") && line[length - 1] != '/' ? PART_MORE
								   : PART_LAST;
}

static const struct {
	enum part (*read)(struct answer *answer, const char *line);
	bool first_decides;   /* not the last line */
	bool codes;	      /* 4xx: not now */
	const char *later[3]; /* in a refusal: not now */
} endings[] = {
	[ENDING_CODE] = { read_code, false, true, { NULL } },
	[ENDING_FTP] = { read_ftp, false, true, { NULL } },
	[ENDING_LIST] = { read_list, true, true, { NULL } },
	/* RFC 5530 section 3. */
	[ENDING_UNTAGGED] = { read_untagged, false, false,
	    { "[UNAVAILABLE]", "[INUSE]" } },
	[ENDING_TAGGED] = { read_tagged, false, false, { "[UNAVAILABLE]", "[INUSE]" } },
	/* RFC 2449 section 8.1, RFC 3206. */
	[ENDING_STATUS] = { read_status, false, false,
	    { "[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]" } },
	[ENDING_STATUSES] = { read_statuses, true, false,
	    { "[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]" } },
	/* RFC 5804 section 1.3. */
	[ENDING_SIEVE] = { read_sieve, false, false, { "(TRYLATER" } },
	[ENDING_FEATURES] = { read_features, false, false, { NULL } },
	[ENDING_ELEMENT] = { read_element, true, false, { NULL } },
};

static bool is_later(enum ending ending, const char *line)
{
	if (endings[ending].codes)
		return *line == '4';
	for (size_t i = 0; i < 3 && endings[ending].later[i]; i++)
		if (strcasestr(line, endings[ending].later[i]))
			return true;
	return false;
}

static enum sp_upgrade decide(
    struct session *session, const struct step *step, const char *line)
{
	session_note(session, line);
	if (begins(line, step->good))
		return SP_UPGRADE_DONE;
	return is_later(step->ending, line) ? SP_UPGRADE_LATER : SP_UPGRADE_REFUSED;
}

/* --- the server's list ------------------------------------------------------ */

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(const char **line, const char *separators)
{
	*line += strspn(*line, separators);
	return strcspn(*line, separators);
}

static bool is_word(const char *word, size_t length, const char *wanted)
{
	return strlen(wanted) == length && strncasecmp(word, wanted, length) == 0;
}

static bool is_member(const struct sign *sign, const char *word, size_t length)
{
	for (unsigned i = 0; i < 3 && sign->members[i]; i++)
		if (is_word(word, length, sign->members[i]))
			return true;
	return false;
}

static bool shows(const struct sign *sign, const struct lines *lines, const char *line)
{
	size_t length = next_word(&line, lines->separators);

	if (!sign->key || !is_word(line, length, sign->key))
		return false;
	if (!sign->members[0])
		return true;
	while (line += length, (length = next_word(&line, lines->separators)) > 0)
		if (is_member(sign, line, length))
			return true;
	return false;
}

static void list(struct listed *listed, const struct lines *lines, const char *line)
{
	if (lines->prefixed && has_code(line))
		line += line[3] ? 4 : 3;
	listed->offered |= shows(&lines->offer, lines, line);
	if (shows(&lines->secrets[0], lines, line) ||
	    shows(&lines->secrets[1], lines, line)) {
		listed->secrets = true;
		snprintf(listed->shown, sizeof(listed->shown), "%.*s",
		    (int)strcspn(line, "<"), line);
	}
	listed->no_secrets |= shows(&lines->unless, lines, line);
}

/* --- the machine ------------------------------------------------------------- */

static enum sp_upgrade read_answer(struct session *session, const struct lines *lines,
    const struct step *step, struct listed *listed)
{
	struct answer answer = { 0 };
	enum sp_upgrade decided = SP_UPGRADE_DONE, how;
	enum part part;
	const char *line;

	do {
		how = session_line(session, lines->delimiter, &line);
		if (how != SP_UPGRADE_DONE)
			return how;
		if (lines->delimiter != '\n')
			line += strspn(line, " \t\r\n");
		part = endings[step->ending].read(&answer, line);
		if (part == PART_WRONG) {
			session_note(session, line);
			return SP_UPGRADE_MALFORMED;
		}
		if (listed)
			list(listed, lines, line);
		if (endings[step->ending].first_decides ? answer.lines == 0
							: part == PART_LAST)
			decided = decide(session, step, line);
		answer.lines++;
	} while (part == PART_MORE);
	return decided;
}

enum sp_upgrade lines_answer(
    struct session *session, const struct lines *lines, const struct step *step)
{
	return read_answer(session, lines, step, NULL);
}

/* Letters, digits, "-", ".", ":" alone: a host name or an address, nothing that
 * XML would take for its own. */
static bool is_plain_name(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")] == '\0' &&
	       strlen(name) <= SP_MAX_HOST_NAME;
}

static enum sp_upgrade say(
    struct session *session, const struct step *step, const char *name)
{
	char words[256 + SP_MAX_HOST_NAME];
	bool named = step->addressed && name && is_plain_name(name);
	int length =
	    snprintf(words, sizeof(words), "%s%s%s%s%s", step->say, named ? " to='" : "",
		named ? name : "", named ? "'" : "", step->addressed ? ">" : "");

	return session_send(session, words, (size_t)length);
}

static enum sp_upgrade do_step(struct session *session, const struct lines *lines,
    const struct step *step, const char *name, struct listed *listed)
{
	enum sp_upgrade how = step->say ? say(session, step, name) : SP_UPGRADE_DONE;

	return how == SP_UPGRADE_DONE ? read_answer(session, lines, step, listed) : how;
}

enum sp_upgrade lines_step(struct session *session, const struct lines *lines,
    const struct step *step, const char *name)
{
	return do_step(session, lines, step, name, NULL);
}

enum sp_upgrade lines_begin(struct session *session, const struct lines *lines,
    const char *name, struct listed *ret_listed)
{
	bool greeting_lists = lines->list.good == NULL;
	enum sp_upgrade how;

	memset(ret_listed, 0, sizeof(*ret_listed));
	how = do_step(
	    session, lines, &lines->greeting, name, greeting_lists ? ret_listed : NULL);
	ret_listed->whole = greeting_lists && lines->offer.key;
	if (how != SP_UPGRADE_DONE || greeting_lists)
		return how;
	how = do_step(session, lines, &lines->list, name, ret_listed);
	ret_listed->whole = how == SP_UPGRADE_DONE;
	if (how == SP_UPGRADE_REFUSED && lines->list_may_fail)
		return SP_UPGRADE_DONE;
	return how;
}

enum sp_upgrade lines_upgrade(
    struct session *session, const struct lines *lines, const char *name)
{
	struct listed listed;
	enum sp_upgrade how = lines_begin(session, lines, name, &listed);

	if (how != SP_UPGRADE_DONE)
		return how;
	if (listed.whole && !listed.offered) {
		session_note(session, "");
		session_send(session, lines->farewell.say, strlen(lines->farewell.say));
		return SP_UPGRADE_NOT_OFFERED;
	}
	return lines_step(session, lines, &lines->upgrade, name);
}
