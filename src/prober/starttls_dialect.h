/* The machines behind starttls.h: text in lines, and binary messages. */
#ifndef SALLYPORT_PROBER_STARTTLS_DIALECT_H
#define SALLYPORT_PROBER_STARTTLS_DIALECT_H

#include <stdbool.h>

#include "session.h"

/* Text: one table per dialect, starttls_lines.c. */

enum ending {
	ENDING_CODE,	 /* 220-one, 220 two: RFC 5321 section 4.2.1 */
	ENDING_FTP,	 /* the same with free text between: RFC 959 section 4.2 */
	ENDING_LIST,	 /* a code; after 1xx lines up to ".": RFC 3977 section 3.1 */
	ENDING_UNTAGGED, /* a line with "*": RFC 9051 section 2.2.2 */
	ENDING_TAGGED,	 /* untagged lines, then one with a tag */
	ENDING_STATUS,	 /* +OK or -ERR: RFC 1939 section 3 */
	ENDING_STATUSES, /* after +OK lines up to ".": RFC 2449 section 5 */
	ENDING_SIEVE,	 /* lines, then OK, NO or BYE: RFC 5804 section 1.3 */
	ENDING_FEATURES, /* </stream:features>: RFC 6120 section 4.3 */
	ENDING_ELEMENT,	 /* <proceed/> or <failure/>: RFC 6120 section 5.4.2 */
};

struct step {
	const char *say; /* NULL: the server speaks first */
	enum ending ending;
	const char *good; /* what the line that decides begins with */
	bool addressed;	  /* " to='NAME'>" follows what is said */
};

/* A line of the server's list: its first word, and one of these after it. */
struct sign {
	const char *key;
	const char *members[3];
};

struct lines {
	char delimiter;
	bool prefixed; /* lines of the list begin with a code and its separator */
	const char *separators;
	struct step greeting, list, upgrade; /* no list: the greeting is one */
	bool list_may_fail;	/* older servers have none: the upgrade is asked for */
	struct sign offer;	/* no key: asked for without looking */
	struct sign secrets[2]; /* passwords are taken before the upgrade … */
	struct sign unless;	/* … but not where this is listed */
	struct step user;	/* where the list says nothing: a user that nobody is */
	const char *injected;	/* a command that does nothing */
	struct step farewell;	/* as it ends within TLS */
	unsigned greetings;	/* answers within TLS that nobody asked for */
};

/* What the server's list said. */
struct listed {
	bool whole; /* there was a list */
	bool offered, secrets, no_secrets;
	char shown[80]; /* the line that lists secrets */
};

/* NULL: not a dialect of lines. */
const struct lines *lines_of(enum sp_dialect dialect);

/* Greeting and list. */
enum sp_upgrade lines_begin(struct session *session, const struct lines *lines,
    const char *name, struct listed *ret_listed);
/* Says a step's words and reads the answer: SP_UPGRADE_DONE when it is good. */
enum sp_upgrade lines_step(struct session *session, const struct lines *lines,
    const struct step *step, const char *name);
/* Reads one whole answer without saying anything. */
enum sp_upgrade lines_answer(
    struct session *session, const struct lines *lines, const struct step *step);
/* The whole upgrade. */
enum sp_upgrade lines_upgrade(
    struct session *session, const struct lines *lines, const char *name);

/* Binary: starttls_ldap.c, starttls_binary.c. */

enum sp_upgrade ldap_upgrade(struct session *session);
/* Binds with a password as a user that nobody is: DONE when passwords are taken,
 * REFUSED when not before the upgrade. */
enum sp_upgrade ldap_bind(struct session *session);
enum sp_upgrade rdp_upgrade(struct session *session);
enum sp_upgrade postgresql_upgrade(struct session *session);
/* The upgrade with a message behind the request, in one write (CVE-2021-23214); and once
 * TLS stands: DONE when that message was run, REFUSED when it was not. */
enum sp_upgrade postgresql_inject(struct session *session);
enum sp_upgrade postgresql_was_injected(struct session *session);
enum sp_upgrade mysql_upgrade(struct session *session);
void mysql_end(struct session *session);

#endif
