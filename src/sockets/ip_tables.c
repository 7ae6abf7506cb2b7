#include <sallyport/ip_tables.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>

/* A handful of names of up to 32 bytes: the kernel has five tables. */
#define NAMES_BYTES 1024

/* Both families ask alike: struct ipt_getinfo and ip6t_getinfo, ipt_get_entries and
 * ip6t_get_entries have the same layout. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "getinfo");
_Static_assert(
    sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "get_entries");
_Static_assert(NF_INET_NUMHOOKS == SP_IP_TABLE_HOOKS, "hooks");

static const struct kind {
	enum sp_family family;
	const char *names; /* the file that lists the namespace's tables */
	int domain, level, info, entries;
} kinds[] = {
	{ SP_IPV4, "/proc/thread-self/net/ip_tables_names", AF_INET, IPPROTO_IP,
	    IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES },
	{ SP_IPV6, "/proc/thread-self/net/ip6_tables_names", AF_INET6, IPPROTO_IPV6,
	    IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES },
};

/* One name a line; empty where the module is not loaded, and so has no tables. */
static bool read_names(const struct kind *kind, char names[NAMES_BYTES])
{
	int fd = open(kind->names, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	if (fd >= 0) {
		while (length < NAMES_BYTES - 1 &&
		       (got = read(fd, names + length, NAMES_BYTES - 1 - length)) > 0)
			length += (size_t)got;
		close(fd);
	} else if (errno != ENOENT) {
		got = -1;
	}
	names[length] = '\0';
	return got >= 0;
}

static bool ask_entries(int fd, const struct kind *kind, const struct ipt_getinfo *info,
    struct sp_ip_table *table)
{
	socklen_t length = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	struct ipt_get_entries *answer;

	if (info->size > SP_MAX_IP_TABLE_BYTES) {
		errno = EFBIG;
		return false;
	}
	answer = calloc(1, length);
	if (!answer)
		return false;
	memcpy(answer->name, info->name, sizeof(answer->name));
	answer->size = info->size;
	if (getsockopt(fd, kind->level, kind->entries, answer, &length) < 0) {
		free(answer);
		return false;
	}
	/* The entries stand at the end of what was allocated for both. */
	memmove(answer, answer->entrytable, info->size);
	table->entries = (unsigned char *)answer;
	table->length = info->size;
	return true;
}

static bool ask_once(
    int fd, const struct kind *kind, const char *name, struct sp_ip_table *table)
{
	struct ipt_getinfo info = { 0 };
	socklen_t length = sizeof(info);

	memcpy(info.name, name, strlen(name) + 1);
	if (getsockopt(fd, kind->level, kind->info, &info, &length) < 0)
		return false;
	table->hooks = info.valid_hooks;
	memcpy(table->first, info.hook_entry, sizeof(table->first));
	memcpy(table->policy, info.underflow, sizeof(table->policy));
	return ask_entries(fd, kind, &info, table);
}

/* EAGAIN: the table changed between its size and its entries. */
static bool ask(
    int fd, const struct kind *kind, const char *name, struct sp_ip_tables *found)
{
	struct sp_ip_table table = { .family = kind->family };
	bool asked = false;

	memcpy(table.name, name, strlen(name) + 1);
	for (int i = 0; i < SP_MAX_DUMP_TRIES && !asked; i++) {
		asked = ask_once(fd, kind, name, &table);
		if (!asked && errno != EAGAIN)
			break;
	}
	if (!asked)
		return errno == ENOENT; /* gone meanwhile */
	if (sp_array_push(found, table))
		return true;
	free(table.entries);
	errno = ENOMEM;
	return false;
}

static bool read_kind(const struct kind *kind, struct sp_ip_tables *found)
{
	char names[NAMES_BYTES], *rest = NULL;
	bool done = true;
	int fd;

	if (!read_names(kind, names))
		return false;
	if (!names[0])
		return true;
	fd = socket(kind->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	for (char *name = strtok_r(names, "\n", &rest); name && done;
	     name = strtok_r(NULL, "\n", &rest))
		if (strlen(name) < XT_TABLE_MAXNAMELEN)
			done = ask(fd, kind, name, found);
	close(fd);
	return done;
}

bool sp_ip_tables_read(struct sp_ip_tables *ret, struct sp_diag *diag)
{
	struct sp_ip_tables found = { 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (read_kind(&kinds[i], &found))
			continue;
		sp_ip_tables_free(&found);
		return sp_error(diag, NULL,
		    "the tables of iptables-legacy cannot be read: %s", strerror(errno));
	}
	*ret = found;
	return true;
}

void sp_ip_tables_free(struct sp_ip_tables *tables)
{
	for (size_t i = 0; i < tables->length; i++)
		free(tables->items[i].entries);
	sp_array_free(tables);
}
