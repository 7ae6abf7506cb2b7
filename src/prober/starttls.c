#include "starttls.h"

#include <stdlib.h>
#include <string.h>

#include "starttls_dialect.h"

/* What does not speak in lines. */
static enum sp_upgrade (*const binaries[SP_DIALECTS])(struct session *session) = {
	[SP_DIALECT_LDAP] = ldap_upgrade,
	[SP_DIALECT_RDP] = rdp_upgrade,
	[SP_DIALECT_POSTGRESQL] = postgresql_upgrade,
	[SP_DIALECT_MYSQL] = mysql_upgrade,
};

static void keep(char **text, const char *value)
{
	free(*text);
	*text = *value ? strdup(value) : NULL;
}

bool starttls_upgrade(enum sp_dialect dialect, int fd, const char *name,
    int64_t deadline_ms, struct sp_observation *observation)
{
	struct session session = { .fd = fd, .deadline_ms = deadline_ms };
	const struct lines *lines = lines_of(dialect);

	if (dialect == SP_DIALECT_NONE)
		return true;
	observation->upgrade =
	    lines ? lines_upgrade(&session, lines, name) : binaries[dialect](&session);
	if (observation->upgrade == SP_UPGRADE_DONE)
		observation->injected = session_has_more(&session);
	else
		observation->reply = SP_REPLY_NO_UPGRADE;
	keep(&observation->upgrade_text, session.text);
	return observation->upgrade == SP_UPGRADE_DONE;
}

void starttls_end(enum sp_dialect dialect, SSL *ssl, int fd, int64_t deadline_ms)
{
	struct session session = { .fd = fd, .ssl = ssl, .deadline_ms = deadline_ms };

	if (dialect == SP_DIALECT_MYSQL)
		mysql_end(&session);
}
