/* Whoever is logged in from afar and applies a policy under which they could not
 * log in again is asked first. */
#include "cutoff.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/login.h>
#include <sallyport/space.h>

#include "page.h"

static bool accepts(const struct sp_decision *decision)
{
	for (size_t i = 0; i < decision->limit_count; i++)
		if (decision->limits[i].fate == SP_FATE_ACCEPT)
			return true;
	return decision->fate == SP_FATE_ACCEPT;
}

/* Is a new connection like the one that we came by let in, wherever it arrives?
 * What needs a proof counts: verifying comes next. */
static bool lets_in(const struct sp_ruleset *ruleset, const struct sp_login *login,
    struct sp_diag *diag, bool *ret)
{
	struct sp_intervals from = { 0 }, to = { 0 };
	struct sp_range source = { login->from, login->from };
	struct sp_range target = { login->to, login->to };
	struct sp_inquiry inquiry = { SP_TCP, login->port, &from,
		login->has_to ? &to : NULL,
		login->interface[0] ? login->interface : NULL };
	struct sp_space cases = { 0 };
	bool done = sp_intervals_add(&from, &source) &&
		    (!login->has_to || sp_intervals_add(&to, &target)) &&
		    sp_space_ask(ruleset, &inquiry, &cases, diag);

	*ret = true;
	for (size_t i = 0; done && i < cases.regions.length; i++)
		*ret =
		    *ret && accepts(cases.regions.items[i].outcomes[SP_NEW][SP_VERIFIED]);
	sp_space_free(&cases);
	sp_intervals_free(&from);
	sp_intervals_free(&to);
	return done;
}

static bool ask(void)
{
	char answer[16] = "";

	fputs("Apply it all the same? [y/N] ", stderr);
	return fgets(answer, sizeof(answer), stdin) &&
	       (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n"));
}

enum sp_exit sp_check_cutoff(
    const struct sp_options *options, const struct sp_compiled *compiled)
{
	struct sp_login login;
	struct sp_diag diag = { 0 };
	char address[SP_ADDRESS_TEXT];
	bool fine;

	if (options->yes || options->dry_run || !sp_login_find(&login))
		return SP_EXIT_DONE;
	if (!lets_in(compiled->ruleset, &login, &diag, &fine)) {
		sp_show_diagnostics(options, &diag);
		return SP_EXIT_SYSTEM;
	}
	if (fine)
		return SP_EXIT_DONE;
	sp_page_sayf(stderr,
	    "sallyport: you are logged in from %s to port %u (%s), and this policy lets "
	    "no new connection of yours in; `sallyport explain --from %s --port %u/tcp` "
	    "says why\n",
	    sp_address_print(&login.from, address), login.port, login.source, address,
	    login.port);
	if (isatty(STDIN_FILENO) && ask())
		return SP_EXIT_DONE;
	sp_page_say(stderr,
	    "sallyport: nothing was changed; --yes applies it, --confirm 60s undoes it "
	    "unless you can still confirm\n");
	return SP_EXIT_USAGE;
}
