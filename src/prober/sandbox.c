#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sallyport/filter.h>
#include <sallyport/limits.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Written once: a child only loads it. */
static struct sp_filter filter;

static const int allowed[] = {
	/* the descriptors it holds */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(shutdown), SCMP_SYS(close),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(futex),
	/* time, randomness (OpenSSL reseeds after a fork), and its own number */
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getrandom), SCMP_SYS(getpid),
	/* signals and the end */
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group)
};

static void write_filter(void)
{
	sp_filter_begin(&filter);
	sp_filter_calls(
	    &filter, SECCOMP_RET_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	/* Memory may be mapped and protected, but never made executable. */
	sp_filter_without(&filter, SCMP_SYS(mmap), 2, PROT_EXEC);
	sp_filter_without(&filter, SCMP_SYS(mprotect), 2, PROT_EXEC);
}

/* The bounding set can only be emptied by who may change it (CAP_SETPCAP);
 * without that, no_new_privs makes what is left in it worthless. */
static bool drop_capabilities(void)
{
	capng_select_t sets = CAPNG_SELECT_CAPS;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return false;
	if (capng_get_caps_process() < 0)
		return false;
	/* Under the enforcer's unit capset() is refused, and not needed: whoever
	 * started us lets nothing be inherited, so that nothing is permitted, and
	 * with no_new_privs nothing can be. */
	if (capng_have_permitted_capabilities() == CAPNG_NONE)
		return true;
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets = CAPNG_SELECT_BOTH;
	capng_clear(sets);
	if (capng_apply(sets) != 0)
		return false;
	return capng_get_caps_process() == 0 &&
	       capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE;
}

bool sandbox_prepare(const char **ret_step)
{
	*ret_step = "no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	*ret_step = "dropping capabilities";
	if (!drop_capabilities())
		return false;
	write_filter();
	return true;
}

/* linux/landlock.h as of ABI 6; what a kernel does not know has to be zero. */
struct domain {
	uint64_t files, network, scopes;
};

/* Every right that this ABI knows is handled, and none is granted. */
static struct domain nothing_allowed(long abi)
{
	static const struct {
		long abi;
		struct domain rights;
	} since[] = {
		{ 1, { .files = 0x1fff } }, /* execute to make_sym */
		{ 2, { .files = 0x2000 } }, /* refer */
		{ 3, { .files = 0x4000 } }, /* truncate */
		{ 4, { .network = 0x3 } },  /* bind, connect TCP */
		{ 5, { .files = 0x8000 } }, /* ioctl of devices */
		{ 6, { .scopes = 0x3 } },   /* abstract sockets, signals */
	};
	struct domain domain = { 0 };

	for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
		if (since[i].abi > abi)
			break;
		domain.files |= since[i].rights.files;
		domain.network |= since[i].rights.network;
		domain.scopes |= since[i].rights.scopes;
	}
	return domain;
}

/* A second wall behind the filter, where the kernel has it: should one of the calls
 * that are allowed ever lead to a file or to a connection, it ends here. */
static bool enter_landlock(void)
{
	long abi = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct domain domain = nothing_allowed(abi);
	int ruleset;
	bool done;

	if (abi < 1)
		return errno == ENOSYS || errno == EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &domain, sizeof(domain), 0);
	if (ruleset < 0)
		return false;
	done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return done;
}

static bool limit(int resource, rlim_t value)
{
	struct rlimit wanted = { value, value }, now;

	/* A hard limit that is lower already stays. */
	if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

bool sandbox_enter(const char **ret_step)
{
	*ret_step = "resource limits";
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
	    !limit(RLIMIT_NOFILE, 16) || !limit(RLIMIT_CPU, SP_MAX_CHILD_CPU_SECONDS))
		return false;
	if (!SANITIZED && !limit(RLIMIT_AS, SP_MAX_CHILD_MEMORY_BYTES))
		return false;
	*ret_step = "Landlock";
	if (!enter_landlock())
		return false;
	*ret_step = "loading the system call filter";
	return SANITIZED || sp_filter_enter(&filter, SECCOMP_RET_KILL_PROCESS);
}

bool sandbox_is_whole(void)
{
	return !SANITIZED;
}

size_t sandbox_allowed_calls(void)
{
	/* And two for memory, with their arguments looked at. */
	return sizeof(allowed) / sizeof(allowed[0]) + 2;
}
