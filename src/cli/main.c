#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/suggest.h>

#include "command.h"
#include "options.h"

#ifndef SALLYPORT_VERSION
#define SALLYPORT_VERSION "unknown"
#endif

static const struct sp_command commands[] = {
	{ "check", "[POLICY]", "Check a policy: syntax, names, contradictions", "fSkpe",
	    "Every mistake is reported in one run, with file, line and column. With\n"
	    "--kernel the real kernel judges the compiled ruleset too, in a network\n"
	    "namespace that is thrown away: no privilege needed, the host untouched.\n"
	    "Lints are warnings with an identifier in brackets: --explain ID says what\n"
	    "is behind one, allow_lint = ID in its section silences it. Exit status: 0\n"
	    "good, 1 an expectation does not hold (with --strict: or a warning), 2 a\n"
	    "mistake.\n",
	    0, 1, sp_command_check },
	{ "compile", "[POLICY]", "Print the ruleset that a policy compiles to", "f",
	    "Prints nft(8) syntax, every gate shut. --format json prints the same as\n"
	    "data, --format netlink the batch's bytes in hexadecimal.\n",
	    0, 1, sp_command_compile },
	{ "diff", "[OLD] [POLICY]", "Show which packets a change lets in or shuts out",
	    "fFR",
	    "Of two policies, offline; of one, against what the kernel holds. Says for\n"
	    "which sources, ports, interfaces and local addresses what happens to a new\n"
	    "connection changes, with an example and the policy's line: what opens\n"
	    "first. Policies that decide the same are no difference however they are\n"
	    "written. Exit status: 0 no difference, 1 differences (with --fail-on opens\n"
	    "only if something opens), 2 a policy is wrong, 3 the kernel cannot be\n"
	    "read.\n",
	    0, 2, sp_command_diff },
	{ "explain", "[POLICY]", "Say what happens to one packet, and why", "falbi",
	    "Says which line decides, which element of which set matched, what is known\n"
	    "of the port's proof, and what would let the packet in. Where it depends on\n"
	    "the interface or the local address, every case is listed. Exit status: 0\n"
	    "let in in every case (once verified), 1 not.\n",
	    0, 1, sp_command_explain },
	{ "verify", "[POLICY]", "Ask every TLS service what it serves, and judge it",
	    "fTUP",
	    "Asks at every address that listens, as a client would, and says for each\n"
	    "port whether its gate may open. Nobody listening is no pass. A port that\n"
	    "the policy calls plain gets one hello: TLS there is told, and counts as "
	    "the\n"
	    "profile weighs undeclared_tls; it has no gate to shut. Exit status:\n"
	    "0 every TLS service passes, 1 one does not or could not be asked.\n",
	    0, 1, sp_command_verify },
	{ "probe", "HOST:PORT", "The same for one endpoint, anywhere, without a policy",
	    "fTUPnCtI",
	    "HOST is a name or an address, [ADDRESS]:PORT for IPv6. Every address of a\n"
	    "name is asked. The certificate must be for HOST unless --name says "
	    "another;\n"
	    "--name none looks at the chain alone. --intrusive asks for Heartbleed, CCS\n"
	    "injection and ROBOT too, in bytes that no client sends: on some 30 "
	    "connections,\n"
	    "which the server logs as errors, and which have crashed old ones. Exit\n"
	    "status as of verify.\n",
	    1, 1, sp_command_probe },
	{ "apply", "[POLICY]", "Verify, compile, commit", "fSdVTUwXWBy",
	    "Verifies every TLS service, compiles the policy and commits what differs "
	    "in\n"
	    "one atomic batch. A port whose proof fails stays shut; that is exit status\n"
	    "0, and 1 with --strict. Becomes the snapshot for the next boot; with\n"
	    "--confirm only once `sallyport confirm` says so, else it is undone by "
	    "itself.\n"
	    "Whoever is logged in and could not log in again is asked first, or --yes.\n",
	    0, 1, sp_command_apply },
	{ "confirm", "", "Keep an apply made with --confirm", "w",
	    "The policy in force becomes the snapshot for the next boot.\n", 0, 0,
	    sp_command_confirm },
	{ "rollback", "", "Undo the last apply", "wOy",
	    "Undoes what waits for `confirm`; otherwise the snapshot before the active\n"
	    "one is in force again. Never grants a lease. --to-open removes the table.\n",
	    0, 0, sp_command_rollback },
	{ "lockdown", "", "Only the floor: what `lockdown` in the policy names", "w",
	    "Everything else is shut, established connections included are let end.\n"
	    "`sallyport apply` ends it.\n",
	    0, 0, sp_command_lockdown },
	{ "override", "SERVICE", "Break-glass: open a gate without proof, for a while",
	    "woYE",
	    "Needs --for and --reason. Logged, shown by `status`, ends by itself;\n"
	    "--end ends it now. The service's `from` still holds.\n",
	    1, 1, sp_command_override },
	{ "recheck", "SERVICE...", "Prove services of the active snapshot again, now",
	    "TUw",
	    "For certificate-renewal hooks. Exit status 1 when one does not pass.\n", 1,
	    64, sp_command_recheck },
	{ "watch", "[POLICY]", "Enforce the active snapshot from now on", "TUw",
	    "Proves gates again before their leases end, shuts those that fail or\n"
	    "change hands, follows `apply`, puts back what others change. With POLICY,\n"
	    "applies that first. Stopping it leaves the ruleset in place; gates shut\n"
	    "when their leases end.\n",
	    0, 1, sp_command_watch },
	{ "status", "", "Show what is open, for whom, why and until when", "fAv",
	    "Reads the kernel and the active snapshot. A shut gate says why.\n", 0, 0,
	    sp_command_status },
	{ "audit", "[POLICY]", "Is there a rule for every open port, and each port fit?",
	    "fTU",
	    "Joins what listens with the policy, the kernel's rules and what the ports\n"
	    "serve now; each row passes or fails and says why. Other tables at our hook\n"
	    "and rules that send packets elsewhere are named as not covered. Who may "
	    "not\n"
	    "read the kernel or sockets' owners gets the rest, and is told. Exit "
	    "status:\n"
	    "0 all pass, 1 something fails, 3 nothing fails and the kernel was not "
	    "read.\n",
	    0, 1, sp_command_audit },
	{ "discover", "", "Write a policy that describes what listens here", "TUC",
	    "Asks every socket that can be reached from outside for TLS, or for the\n"
	    "upgrade that the catalogue knows for its port, and prints a policy that\n"
	    "keeps exactly those reachable. What fails is opened with on_fail = warn "
	    "and\n"
	    "a comment that says why. Never applies anything. With --ca, certificates\n"
	    "are held against those authorities, and the policy says so.\n",
	    0, 0, sp_command_discover },
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

const char *sp_program_version(void)
{
	return SALLYPORT_VERSION;
}

static void usage(FILE *stream)
{
	fputs("usage: sallyport COMMAND [options] [POLICY]\n\n"
	      "A firewall that opens a TLS port only while it proves itself.\n\n",
	    stream);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stream, "  %-10s%s\n", commands[i].name, commands[i].summary);
	fputs("\nPOLICY is /etc/sallyport/policy.ini unless it is named.\n"
	      "sallyport COMMAND --help says more; sallyport --version which one this "
	      "is.\n",
	    stream);
}

static const struct sp_command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static enum sp_exit no_command(const char *name)
{
	const char *names[COMMANDS + 3] = { "help", "--help", "--version" }, *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i + 3] = commands[i].name;
	near = sp_suggested(name, names, COMMANDS + 3);
	fprintf(stderr, "sallyport: there is no command '%s'", name);
	if (near)
		fprintf(stderr, ": did you mean '%s'?", near);
	fputs("\ntry: sallyport --help\n", stderr);
	return SP_EXIT_USAGE;
}

/* What was printed has to have arrived. */
static enum sp_exit flushed(enum sp_exit status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "sallyport: standard output: %s\n", strerror(errno));
	return status > SP_EXIT_SYSTEM ? status : SP_EXIT_SYSTEM;
}

static enum sp_exit run(const struct sp_command *command, int argc, char **argv)
{
	struct sp_options options;

	if (!sp_options_parse(command, argc, argv, &options))
		return SP_EXIT_USAGE;
	if (!options.help)
		return command->run(&options);
	sp_options_help(command);
	return SP_EXIT_DONE;
}

/* A standard stream that is closed would be the next file or socket that is opened,
 * and what is printed would go there. In its place nothing can be written, which is
 * then said. */
static bool hold_standard_streams(void)
{
	/* Inherited, as standard streams are: the prober has the same need. The lowest
	 * free number is the one that is missing. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) {
			fprintf(stderr,
			    "sallyport: a standard stream is closed, and /dev/null "
			    "cannot be opened: %s\n",
			    strerror(errno));
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	const struct sp_command *command;

	if (!hold_standard_streams())
		return SP_EXIT_SYSTEM;
	setlocale(LC_CTYPE, "");
	/* A closed standard output is an error to report, not a reason to die
	 * between commit and snapshot. */
	signal(SIGPIPE, SIG_IGN);
	/* Ignored by whoever started us, it would take our children from us. */
	signal(SIGCHLD, SIG_DFL);
	if (argc < 2) {
		usage(stderr);
		return SP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2 && (command = find(argv[2]))) {
		sp_options_help(command);
		return (int)flushed(SP_EXIT_DONE);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    (!strcmp(argv[1], "help") && argc == 2)) {
		usage(stdout);
		return (int)flushed(SP_EXIT_DONE);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("sallyport " SALLYPORT_VERSION);
		return (int)flushed(SP_EXIT_DONE);
	}
	command = find(argv[1]);
	if (!command)
		return (int)no_command(argv[strcmp(argv[1], "help") ? 1 : 2]);
	return (int)flushed(run(command, argc - 1, argv + 1));
}
