/* Listening sockets × policy × kernel × verdicts: the rows of an audit. */
#ifndef SALLYPORT_CLI_AUDIT_JOIN_H
#define SALLYPORT_CLI_AUDIT_JOIN_H

#include <sallyport/audit.h>
#include <sallyport/ruleset.h>
#include <sallyport/verdict.h>

#include "sockets.h"

struct sp_audited {
	const struct sp_policy *policy;
	const struct sp_ruleset *wanted; /* the policy's */
	const struct sp_ruleset *held;	 /* the kernel's; NULL: not read */
	bool loaded;
	const struct sp_sockets *sockets;
	const struct sp_verdicts *verdicts;
};

/* Adds the rows to `ret`. False: memory is out. Pure. */
bool sp_audit_join(const struct sp_audited *audited, struct sp_audit *ret);

#endif
