/* The one table of options: parsing, --help and (by a test) the manual. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/suggest.h>

#include "page.h"

#define MOST_OPTIONS 32
#define TIMEOUT_MS 5000
#define PORT_TIMEOUT_MS 30000
#define LOCK_WAIT_MS 60000
/* The longest timeout that makes sense on a command line; seconds. */
#define MOST_SECONDS 3600
#define MOST_DURATION_SECONDS (7ul * 86400)

static const struct option_entry entries[] = {
	{ 's', "state", "DIR", "snapshots and evidence (/var/lib/sallyport)" },
	{ 'r', "run", "DIR", "lock and what is running (/run/sallyport)" },
	{ 'c', "config", "DIR", "services.d and profiles.d (/etc/sallyport)" },
	{ 'f', "format", "FORMAT", "how results are printed" },
	{ 'S', "strict", NULL, "exit 1 for warnings or shut gates too" },
	{ 'd', "dry-run", NULL, "let the kernel check everything, change nothing" },
	{ 'V', "no-verify", NULL, "ask no server; gates keep the leases they have" },
	{ 'k', "kernel", NULL, "load into a throw-away network namespace too" },
	{ 'p', "print", NULL, "print the policy in canonical form" },
	{ 'P', "profile", "NAME", "judge by this TLS profile" },
	{ 'n', "name", "NAME", "a host name the certificate must have; repeatable" },
	{ 't', "starttls", "DIALECT", "upgrade a plain session first" },
	{ 'I', "intrusive", NULL, "ask too what may disturb the server (probe alone)" },
	{ 'C', "ca", "FILE", "trust these authorities instead of the system's" },
	{ 'T', "timeout", "SECONDS", "for one connection (5)" },
	{ 'U', "port-timeout", "SECONDS", "for all connections to one port (30)" },
	{ 'w', "lock-wait", "SECONDS", "for another sallyport to finish (60)" },
	{ 'X', "confirm", "TIME", "undo it after TIME (60s, 5m) unless confirmed" },
	{ 'W', "wait", NULL, "wait until it is confirmed (0) or undone (4)" },
	{ 'B', "boot", NULL, "floor first, then the active snapshot; ask no server" },
	{ 'O', "to-open", NULL, "remove the whole ruleset: nothing is blocked" },
	{ 'y', "yes", NULL, "do not ask" },
	{ 'o', "for", "TIME", "how long: 30m, 1h" },
	{ 'Y', "reason", "TEXT", "why; logged and shown" },
	{ 'A', "watch", NULL, "show it again every 2 seconds" },
	{ 'E', "end", NULL, "end it now" },
	{ 'v', "verify", NULL, "read every element, take none from memory" },
	{ 'F', "fail-on", "WHAT",
	    "exit 1 for any difference or only for what opens (any)" },
	{ 'R', "rules", NULL, "what the kernel would be sent, rule by rule" },
	{ 'a', "from", "ADDRESS", "the packet's source" },
	{ 'l', "to", "ADDRESS", "the local address that it is sent to (any)" },
	{ 'b', "port", "PORT", "with its protocol, 443/tcp" },
	{ 'i', "interface", "NAME", "by which it comes in (any but lo)" },
	{ 'e', "explain", "ID", "explain one lint, or list all" },
	{ 'q', "quiet", NULL, "results and errors only" },
	{ 'h', "help", NULL, "this text" },
};

/* root's and the enforcer's alone where the package made it. */
static const char own_config[] = "/etc/sallyport";

#define ENTRIES (sizeof(entries) / sizeof(*entries))

/* On every command. */
#define COMMON "srcqh"

static bool takes(const struct sp_command *command, char letter)
{
	return strchr(COMMON, letter) || strchr(command->options, letter);
}

static const struct {
	const char *name;
	enum sp_format format;
} formats[] = {
	{ "text", SP_FORMAT_TEXT },
	{ "json", SP_FORMAT_JSON },
	{ "markdown", SP_FORMAT_MARKDOWN },
	{ "sarif", SP_FORMAT_SARIF },
	{ "nft", SP_FORMAT_NFT },
	{ "netlink", SP_FORMAT_NETLINK },
	{ "prometheus", SP_FORMAT_PROMETHEUS },
};

#define REPORTS                                                                   \
	(1u << SP_FORMAT_TEXT | 1u << SP_FORMAT_JSON | 1u << SP_FORMAT_MARKDOWN | \
	    1u << SP_FORMAT_SARIF)

/* What --format takes, command by command; the others print text and json. */
static const struct {
	const char *command, *words;
	unsigned formats; /* bits */
} printed[] = {
	{ "compile", "nft, json or netlink",
	    1u << SP_FORMAT_TEXT | 1u << SP_FORMAT_JSON | 1u << SP_FORMAT_NFT |
		1u << SP_FORMAT_NETLINK },
	{ "audit", "text, json, markdown or sarif", REPORTS },
	{ "diff", "text, json, markdown or sarif", REPORTS },
	{ "verify", "text, json, markdown or sarif", REPORTS },
	{ "probe", "text, json, markdown or sarif", REPORTS },
	{ "status", "text, json or prometheus",
	    1u << SP_FORMAT_TEXT | 1u << SP_FORMAT_JSON | 1u << SP_FORMAT_PROMETHEUS },
	{ "", "text or json", 1u << SP_FORMAT_TEXT | 1u << SP_FORMAT_JSON },
};

static bool set_format(
    const struct sp_command *command, const char *text, struct sp_options *options)
{
	size_t of = 0;

	while (*printed[of].command && strcmp(printed[of].command, command->name))
		of++;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i].name, text) &&
		    (printed[of].formats >> formats[i].format & 1)) {
			options->format = formats[i].format;
			return true;
		}
	fprintf(stderr, "sallyport: --format %s: %s prints %s\n", text, command->name,
	    printed[of].words);
	return false;
}

static bool set_fail_on(const char *text, struct sp_options *options)
{
	if (!strcmp(text, "any"))
		options->fail_on = SP_FAIL_ON_ANY;
	else if (!strcmp(text, "opens"))
		options->fail_on = SP_FAIL_ON_OPENS;
	else {
		fprintf(stderr, "sallyport: --fail-on %s: want any or opens\n", text);
		return false;
	}
	return true;
}

/* Seconds with an optional fraction, to milliseconds. */
static bool set_seconds(const char *name, const char *text, uint32_t *ret_ms)
{
	char *end = NULL;
	double seconds;

	errno = 0;
	seconds = isdigit((unsigned char)text[0]) ? strtod(text, &end) : -1;
	if (end && *end == 's' && end[1] == '\0')
		end++;
	if (!end || *end || errno || !(seconds >= 0 && seconds <= MOST_SECONDS)) {
		fprintf(stderr,
		    "sallyport: --%s %s: want seconds from 0 to %d, as in 2.5\n", name,
		    text, MOST_SECONDS);
		return false;
	}
	*ret_ms = (uint32_t)(seconds * 1000);
	return true;
}

/* A number and its unit, as the policy writes durations. */
static bool set_duration(const char *name, const char *text, uint32_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint32_t seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	unsigned long number;
	char *end = NULL;

	errno = 0;
	number = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
	for (size_t i = 0; end && !errno && number && i < sizeof(units) / sizeof(*units);
	     i++)
		if (!strcmp(end, units[i].unit) &&
		    number <= MOST_DURATION_SECONDS / units[i].seconds) {
			*ret_ms = (uint32_t)(number * units[i].seconds * 1000);
			return true;
		}
	fprintf(stderr, "sallyport: --%s %s: want a time up to 7d, as in 60s, 5m, 1h\n",
	    name, text);
	return false;
}

static bool add_name(const char *text, struct sp_options *options)
{
	size_t most = sizeof(options->names) / sizeof(*options->names);

	if (options->name_count == most) {
		fprintf(stderr, "sallyport: at most %zu --name\n", most);
		return false;
	}
	options->names[options->name_count++] = text;
	return true;
}

/* Every command knows the word, so that all but one can say why not. */
static bool set_intrusive(const struct sp_command *command, struct sp_options *options)
{
	options->intrusive = true;
	if (strchr(command->options, 'I'))
		return true;
	sp_page_sayf(stderr,
	    "sallyport: --intrusive is for probe alone: what it asks may disturb a "
	    "server, and %s may run again and again against one at work\n",
	    command->name);
	return false;
}

static bool set(const struct sp_command *command, int letter, struct sp_options *options)
{
	switch (letter) {
	case 's': options->state_directory = optarg; break;
	case 'r': options->run_directory = optarg; break;
	case 'c': options->config_directory = optarg; break;
	case 'f': return set_format(command, optarg, options);
	case 'S': options->strict = true; break;
	case 'd': options->dry_run = true; break;
	case 'V': options->verify_none = true; break;
	case 'v': options->verify_all = true; break;
	case 'k': options->kernel = true; break;
	case 'p': options->print = true; break;
	case 'P': options->profile = optarg; break;
	case 'n': return add_name(optarg, options);
	case 't': options->starttls = optarg; break;
	case 'I': return set_intrusive(command, options);
	case 'C': options->ca = optarg; break;
	case 'T': return set_seconds("timeout", optarg, &options->timeout_ms);
	case 'U': return set_seconds("port-timeout", optarg, &options->port_timeout_ms);
	case 'w': return set_seconds("lock-wait", optarg, &options->lock_wait_ms);
	case 'X': return set_duration("confirm", optarg, &options->confirm_ms);
	case 'W': options->wait = true; break;
	case 'B': options->boot = true; break;
	case 'O': options->to_open = true; break;
	case 'y': options->yes = true; break;
	case 'o': return set_duration("for", optarg, &options->for_ms);
	case 'Y': options->reason = optarg; break;
	case 'A': options->watch = true; break;
	case 'E': options->end = true; break;
	case 'F': return set_fail_on(optarg, options);
	case 'R': options->rules = true; break;
	case 'a': options->from = optarg; break;
	case 'l': options->to = optarg; break;
	case 'b': options->port = optarg; break;
	case 'i': options->interface = optarg; break;
	case 'e': options->explain = optarg; break;
	case 'q': options->quiet = true; break;
	case 'h': options->help = true; break;
	default: return false;
	}
	return true;
}

static void defaults(struct sp_options *options)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool plain = (no_colour && *no_colour) || (terminal && !strcmp(terminal, "dumb"));

	memset(options, 0, sizeof(*options));
	options->state_directory = "/var/lib/sallyport";
	options->run_directory = "/run/sallyport";
	options->config_directory = own_config;
	options->timeout_ms = TIMEOUT_MS;
	options->port_timeout_ms = PORT_TIMEOUT_MS;
	options->lock_wait_ms = LOCK_WAIT_MS;
	options->colour = !plain && isatty(STDOUT_FILENO);
	options->progress = !plain && isatty(STDERR_FILENO);
}

static bool check_operands(
    const struct sp_command *command, const struct sp_options *options)
{
	if (options->operand_count < command->least_operands ||
	    options->operand_count > command->most_operands) {
		fprintf(stderr,
		    "usage: sallyport %s [options]%s%s\ntry: sallyport %s --help\n",
		    command->name, *command->operands ? " " : "", command->operands,
		    command->name);
		return false;
	}
	return true;
}

/* After getopt's own message: `written` is what it was about. */
static void suggest_option(const struct sp_command *command, const struct option *table,
    size_t count, const char *written)
{
	const char *names[MOST_OPTIONS], *near = NULL;
	char word[32];

	for (size_t i = 0; i < count; i++)
		names[i] = table[i].name;
	/* Without its dashes and its value. */
	if (sscanf(written, "--%31[^=]", word) == 1)
		near = sp_suggested(word, names, count);
	/* Of several that begin like that getopt has named each. */
	if (near && strncmp(near, word, strlen(word)) != 0)
		fprintf(stderr, "did you mean --%s? ", near);
	fprintf(stderr, "try: sallyport %s --help\n", command->name);
}

bool sp_config_is_shut(const struct sp_options *options)
{
	return options->config_directory == own_config && access(own_config, X_OK) < 0 &&
	       errno == EACCES;
}

/* Of who may not look there, a command that changes nothing works with what is
 * shipped, and says so. What commits, takes --lock-wait; it must know everything. */
static void leave_config_out(const struct sp_command *command, struct sp_options *options)
{
	if (takes(command, 'w') || !sp_config_is_shut(options))
		return;
	if (!options->quiet)
		sp_page_sayf(stderr,
		    "sallyport: note: %s is not for you to read: services and "
		    "profiles that it adds are left out\n",
		    own_config);
	options->config_directory = "/dev/null"; /* nothing is below it */
}

bool sp_options_parse(
    const struct sp_command *command, int argc, char **argv, struct sp_options *ret)
{
	struct option table[MOST_OPTIONS] = { 0 };
	size_t count = 0;
	char name[32], *own = argv[0];
	int letter;

	/* getopt's own messages begin with it. */
	snprintf(name, sizeof(name), "sallyport %s", command->name);
	argv[0] = name;
	for (size_t i = 0; i < ENTRIES && count < MOST_OPTIONS - 1; i++)
		if (takes(command, entries[i].letter) || entries[i].letter == 'I')
			table[count++] = (struct option){ entries[i].name,
				entries[i].argument ? required_argument : no_argument,
				NULL, entries[i].letter };
	defaults(ret);
	optind = 1;
	while ((letter = getopt_long(argc, argv, "hq", table, NULL)) != -1)
		if (!set(command, letter, ret)) {
			suggest_option(command, table,
			    letter == '?' && !optopt ? count : 0, argv[optind - 1]);
			argv[0] = own;
			return false;
		}
	ret->operands = (const char *const *)argv + optind;
	ret->operand_count = (size_t)(argc - optind);
	argv[0] = own;
	if (ret->help)
		return true;
	if (!check_operands(command, ret))
		return false;
	leave_config_out(command, ret);
	return true;
}

/* The folders and words that every command takes stand in one line: with what they
 * mean they would push a screen's first lines out. sallyport(8) has that. */
static void print_common(void)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (strchr(COMMON, entries[i].letter))
			printf("  --%s%s%s", entries[i].name,
			    entries[i].argument ? " " : "",
			    entries[i].argument ? entries[i].argument : "");
	putchar('\n');
}

void sp_options_help(const struct sp_command *command)
{
	bool asks = command->summary[strlen(command->summary) - 1] == '?';

	printf("usage: sallyport %s [options]%s%s\n\n%s%s\n\n%s\nOptions:\n",
	    command->name, *command->operands ? " " : "", command->operands,
	    command->summary, asks ? "" : ".", command->details);
	for (size_t i = 0; i < ENTRIES; i++) {
		char left[32];

		if (!takes(command, entries[i].letter) ||
		    strchr(COMMON, entries[i].letter))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", entries[i].name,
		    entries[i].argument ? " " : "",
		    entries[i].argument ? entries[i].argument : "");
		printf("  %-24s%s\n", left, entries[i].help);
	}
	print_common();
}
