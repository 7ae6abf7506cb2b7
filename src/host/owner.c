#include <sallyport/owner.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/array.h>

/* Documentation/networking/ip-sysctl.rst. */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST 60999

static int compare_owners(const void *left, const void *right)
{
	const struct sp_owner *a = left, *b = right;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static int compare_inodes(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

struct search {
	uint32_t *inodes; /* sorted */
	size_t count;
	struct sp_owners found;
};

/* "socket:[12345]", proc(5); 0: something else. */
static uint32_t socket_inode(int directory, const char *name)
{
	char link[64];
	ssize_t length = readlinkat(directory, name, link, sizeof(link) - 1);

	if (length <= 0)
		return 0;
	link[length] = '\0';
	if (strncmp(link, "socket:[", 8))
		return 0;
	return (uint32_t)strtoul(link + 8, NULL, 10);
}

/* Without its line break; empty when the process is gone. */
static void read_command(int process, char ret[SP_COMMAND_TEXT])
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, ret, SP_COMMAND_TEXT);

	if (fd >= 0)
		close(fd);
	/* The last one ends the file; those before it are the name's. */
	ret[length > 0 ? length - 1 : 0] = '\0';
}

static bool look_at_descriptors(
    struct search *search, int process, int32_t pid, DIR *descriptors)
{
	struct sp_owner owner = { .pid = pid };
	const struct dirent *entry;

	while ((entry = readdir(descriptors))) {
		owner.inode = socket_inode(dirfd(descriptors), entry->d_name);
		if (!owner.inode || !bsearch(&owner.inode, search->inodes, search->count,
					sizeof(*search->inodes), compare_inodes))
			continue;
		if (!*owner.command)
			read_command(process, owner.command);
		if (!sp_array_push(&search->found, owner))
			return false;
	}
	return true;
}

/* A process that has gone meanwhile is none; false: memory is out. */
static bool look_at_process(struct search *search, int proc, const char *name)
{
	int process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd =
	    process < 0 ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *descriptors = fd < 0 ? NULL : fdopendir(fd);
	bool fine = true;

	if (descriptors)
		fine = look_at_descriptors(
		    search, process, (int32_t)strtol(name, NULL, 10), descriptors);
	else if (errno == EACCES || errno == EPERM)
		search->found.closed++;
	else
		fine = errno != ENOMEM;
	if (descriptors)
		closedir(descriptors);
	else if (fd >= 0)
		close(fd);
	if (process >= 0)
		close(process);
	return fine;
}

static void keep_lowest(struct sp_owners *owners)
{
	size_t kept = 0;

	if (owners->length)
		qsort(owners->items, owners->length, sizeof(*owners->items),
		    compare_owners);
	for (size_t i = 0; i < owners->length; i++)
		if (!kept || owners->items[kept - 1].inode != owners->items[i].inode)
			owners->items[kept++] = owners->items[i];
	owners->length = kept;
}

static bool list_inodes(const struct sp_listeners *listeners, struct search *search)
{
	search->inodes = calloc(listeners->length + 1, sizeof(*search->inodes));
	if (!search->inodes)
		return false;
	for (size_t i = 0; i < listeners->length; i++)
		search->inodes[search->count++] = listeners->items[i].inode;
	qsort(search->inodes, search->count, sizeof(*search->inodes), compare_inodes);
	return true;
}

bool sp_owners_read(
    const struct sp_listeners *listeners, struct sp_owners *ret, struct sp_diag *diag)
{
	struct search search = { 0 };
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool fine;

	if (!proc)
		return sp_error(diag, NULL, "cannot read /proc: %s", strerror(errno));
	fine = list_inodes(listeners, &search);
	while (fine && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			fine = look_at_process(&search, dirfd(proc), entry->d_name);
	closedir(proc);
	free(search.inodes);
	keep_lowest(&search.found);
	if (!fine) {
		sp_owners_free(&search.found);
		return sp_out_of_memory(diag);
	}
	*ret = search.found;
	return true;
}

const struct sp_owner *sp_owners_find(const struct sp_owners *owners, uint32_t inode)
{
	size_t low = 0, high = owners->length;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->items[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return inode && low < owners->length && owners->items[low].inode == inode
		   ? &owners->items[low]
		   : NULL;
}

void sp_owners_free(struct sp_owners *owners)
{
	sp_array_free(owners);
}

struct sp_ports sp_ephemeral_ports(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
	struct sp_ports ports = { EPHEMERAL_FIRST, EPHEMERAL_LAST };
	char text[64] = { 0 };
	unsigned first, last;

	if (fd < 0)
		return ports;
	if (read(fd, text, sizeof(text) - 1) > 0 &&
	    sscanf(text, "%u %u", &first, &last) == 2 && first <= last &&
	    last <= UINT16_MAX)
		ports = (struct sp_ports){ (uint16_t)first, (uint16_t)last };
	close(fd);
	return ports;
}
