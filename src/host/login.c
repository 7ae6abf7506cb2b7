#include <sallyport/login.h>

#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utmpx.h>

#include <sallyport/limits.h>

#define VARIABLE "SSH_CONNECTION="
#define SSH_PORT 22

/* --- what sshd says ------------------------------------------------------ */

/* An address, an IPv6 one perhaps with a zone, which is an interface. */
static bool parse_address(
    const char *text, size_t length, struct sp_address *ret, char interface[16])
{
	const char *zone = memchr(text, '%', length);
	size_t rest = zone ? length - (size_t)(zone - text) - 1 : 0;

	if (zone && (rest == 0 || rest > SP_MAX_INTERFACE_NAME))
		return false;
	if (zone) {
		memcpy(interface, zone + 1, rest);
		interface[rest] = '\0';
		length = (size_t)(zone - text);
	}
	return sp_address_parse(text, length, ret);
}

bool sp_login_parse(const char *text, struct sp_login *ret)
{
	struct sp_login login = { .has_to = true };
	char client[96], server[96], zone[16];
	unsigned client_port, port;
	int end = 0;

	if (sscanf(text, "%95s %5u %95s %5u%n", client, &client_port, server, &port,
		&end) != 4 ||
	    text[end] || !port || port > UINT16_MAX)
		return false;
	if (!parse_address(client, strlen(client), &login.from, login.interface) ||
	    !parse_address(server, strlen(server), &login.to, zone) ||
	    login.from.family != login.to.family)
		return false;
	login.port = (uint16_t)port;
	*ret = login;
	return true;
}

/* --- processes ----------------------------------------------------------- */

/* A process's parent and controlling terminal (proc(5), stat, fields 4 and 7). */
struct process {
	long parent;
	dev_t terminal; /* 0: none */
};

static ssize_t read_file(const char *path, char *bytes, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got = 1;

	if (file < 0)
		return -1;
	while (got > 0 && (size_t)length < size - 1) {
		got = read(file, bytes + length, size - 1 - (size_t)length);
		length += got > 0 ? got : 0;
	}
	close(file);
	bytes[length] = '\0';
	return length;
}

static bool read_process(long id, struct process *ret)
{
	char path[40], bytes[1024];
	const char *after;
	int terminal;

	snprintf(path, sizeof(path), "/proc/%ld/stat", id);
	if (read_file(path, bytes, sizeof(bytes)) <= 0)
		return false;
	/* The command's name may hold anything, a ')' too. */
	after = strrchr(bytes, ')');
	if (!after ||
	    sscanf(after + 1, " %*c %ld %*d %*d %d", &ret->parent, &terminal) != 2)
		return false;
	/* The kernel's own packing of a device number in 32 bits. */
	ret->terminal = terminal ? makedev(((unsigned)terminal >> 8) & 0xfff,
				       ((unsigned)terminal & 0xff) |
					   (((unsigned)terminal >> 12) & 0xfff00))
				 : 0;
	return true;
}

/* This process, its parent and so on. */
struct ancestry {
	long ids[SP_MAX_ANCESTORS];
	struct process processes[SP_MAX_ANCESTORS];
	size_t count;
};

static void read_ancestry(struct ancestry *ret)
{
	ret->count = 0;
	for (long id = getpid(); id > 1 && ret->count < SP_MAX_ANCESTORS &&
				 read_process(id, &ret->processes[ret->count]);
	     id = ret->processes[ret->count++].parent)
		ret->ids[ret->count] = id;
}

/* Whoever logged in to another network namespace is not cut off by what happens
 * in this one. What cannot be seen is taken for the same. */
static bool shares_network(long id)
{
	struct stat mine, its;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", id);
	return stat("/proc/self/ns/net", &mine) != 0 || stat(path, &its) != 0 ||
	       (mine.st_ino == its.st_ino && mine.st_dev == its.st_dev);
}

/* The variable's value, to be freed. Another's environment is readable for root,
 * and of one's own processes. */
static char *environment_of(long id)
{
	char path[40], *value = NULL;
	char *bytes = malloc(SP_MAX_ENVIRONMENT_BYTES);
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%ld/environ", id);
	length = bytes ? read_file(path, bytes, SP_MAX_ENVIRONMENT_BYTES) : -1;
	for (ssize_t at = 0; at < length && !value; at += (ssize_t)strlen(bytes + at) + 1)
		if (!strncmp(bytes + at, VARIABLE, strlen(VARIABLE)))
			value = strdup(bytes + at + strlen(VARIABLE));
	free(bytes);
	return value;
}

/* The nearest one that has the variable says it; the outermost with the same
 * value is where it was set. */
static bool ask_environments(const struct ancestry *ancestry, struct sp_login *ret)
{
	char *value = NULL;
	size_t nearest = 0, set_by = 0;
	bool found = false;

	for (size_t i = 0; i < ancestry->count; i++) {
		char *its = environment_of(ancestry->ids[i]);

		if (its && !value) {
			value = its;
			nearest = set_by = i;
			continue;
		}
		if (its && !strcmp(its, value))
			set_by = i;
		free(its);
	}
	if (value && shares_network(ancestry->ids[set_by]))
		found = sp_login_parse(value, ret);
	if (found && nearest)
		snprintf(ret->source, sizeof(ret->source),
		    "SSH_CONNECTION of process %ld", ancestry->ids[nearest]);
	else if (found)
		snprintf(ret->source, sizeof(ret->source), "SSH_CONNECTION");
	free(value);
	return found;
}

/* --- utmp ---------------------------------------------------------------- */

/* IPv4 stands in the first of four words; an IPv4-mapped IPv6 address is IPv4
 * (RFC 4291 section 2.5.5.2). */
static bool utmp_address(const int32_t words[4], struct sp_address *ret)
{
	uint8_t bytes[16];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(bytes, words, sizeof(bytes));
	if (!words[0] && !words[1] && !words[2] && !words[3])
		return false;
	if (!words[1] && !words[2] && !words[3])
		*ret = sp_address_of(SP_IPV4, bytes);
	else if (!memcmp(bytes, mapped, sizeof(mapped)))
		*ret = sp_address_of(SP_IPV4, bytes + sizeof(mapped));
	else
		*ret = sp_address_of(SP_IPV6, bytes);
	return true;
}

static bool is_terminal(const char line[__UT_LINESIZE], dev_t terminal)
{
	char path[sizeof("/dev/") + __UT_LINESIZE];
	struct stat status;

	snprintf(path, sizeof(path), "/dev/%.*s", __UT_LINESIZE, line);
	return stat(path, &status) == 0 && S_ISCHR(status.st_mode) &&
	       status.st_rdev == terminal;
}

static bool ask_utmp(dev_t terminal, struct sp_login *ret)
{
	const struct utmpx *entry;
	bool found = false;

	setutxent();
	while (!found && (entry = getutxent())) {
		struct sp_login login = { .port = SSH_PORT };

		if (entry->ut_type != USER_PROCESS ||
		    !is_terminal(entry->ut_line, terminal) ||
		    !utmp_address(entry->ut_addr_v6, &login.from))
			continue;
		snprintf(login.source, sizeof(login.source), "utmp, %.*s", __UT_LINESIZE,
		    entry->ut_line);
		*ret = login;
		found = true;
	}
	endutxent();
	return found;
}

/* --- all of it ----------------------------------------------------------- */

static bool holds(const struct ifaddrs *entry, const struct sp_address *address)
{
	struct sp_address held;

	if (!entry->ifa_addr)
		return false;
	if (entry->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, entry->ifa_addr, sizeof(in));
		held = sp_address_of(SP_IPV4, (const uint8_t *)&in.sin_addr);
	} else if (entry->ifa_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, entry->ifa_addr, sizeof(in6));
		held = sp_address_of(SP_IPV6, (const uint8_t *)&in6.sin6_addr);
	} else {
		return false;
	}
	return !sp_address_compare(&held, address);
}

/* The interface that has the local address is nearly always the one that packets
 * to it come by. */
static void find_interface(struct sp_login *login)
{
	struct ifaddrs *all, *entry;

	if (login->interface[0] || !login->has_to || getifaddrs(&all) != 0)
		return;
	for (entry = all; entry; entry = entry->ifa_next)
		if (holds(entry, &login->to)) {
			snprintf(login->interface, sizeof(login->interface), "%.15s",
			    entry->ifa_name);
			break;
		}
	freeifaddrs(all);
}

/* sudo may give its command a terminal of its own: that of whoever called it is
 * further out. */
static bool ask_terminals(const struct ancestry *ancestry, struct sp_login *ret)
{
	dev_t asked = 0;

	for (size_t i = 0; i < ancestry->count; i++) {
		dev_t terminal = ancestry->processes[i].terminal;

		if (terminal && terminal != asked && ask_utmp(terminal, ret))
			return shares_network(ancestry->ids[i]);
		asked = terminal;
	}
	return false;
}

bool sp_login_find(struct sp_login *ret)
{
	struct ancestry ancestry;

	read_ancestry(&ancestry);
	if (!ask_environments(&ancestry, ret) && !ask_terminals(&ancestry, ret))
		return false;
	find_interface(ret);
	return true;
}
