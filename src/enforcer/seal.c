/* The enforcer's own walls. It is not ended for a call that it must not make, but
 * refused: each error has its way through the code (tests/fault tries them all), while
 * a dead enforcer lets leases run out. Only for what no mistake would ever ask, and
 * whoever took it over would, it ends: the service manager starts it again. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sallyport/enforcer.h>
#include <sallyport/filter.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* What the enforcer does, and what the prober does until it has sealed itself, for
 * what is refused here stays refused there. Measured on the tests of the enforcer;
 * the rest are the ways that errors take. */
static const int allowed[] = {
	/* descriptors */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(close_range),
	SCMP_SYS(lseek), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(fcntl), SCMP_SYS(dup),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
	SCMP_SYS(signalfd4), SCMP_SYS(memfd_create),
	/* files: the snapshot, evidence, trust stores, /proc, the loader's */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs),
	SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir),
	SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(fchown),
	SCMP_SYS(fchmod), SCMP_SYS(flock), SCMP_SYS(umask),
	/* sockets; of which families is said below */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(membarrier),
	/* a thread for each round, the prober, and its children */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(execve), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(kill),
	SCMP_SYS(tgkill), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(set_tid_address),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(arch_prctl),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	/* how they seal themselves */
	SCMP_SYS(prctl), SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(seccomp),
	SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit),
	SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self),
	/* signals, time, randomness, numbers of one's own */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(sysinfo), SCMP_SYS(uname)
};

static const uint32_t families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

/* isatty(3) and the names of interfaces. */
static const uint32_t requests[] = { TCGETS, SIOCGIFINDEX, SIOCGIFNAME };

/* Another process, the kernel, or walls to look behind. */
static const int hostile[] = { SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(mount),
	SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
	SCMP_SYS(unshare), SCMP_SYS(execveat), SCMP_SYS(add_key), SCMP_SYS(keyctl),
	SCMP_SYS(request_key), SCMP_SYS(open_by_handle_at), SCMP_SYS(personality) };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static bool enter_filter(void)
{
	static const uint32_t refused = SECCOMP_RET_ERRNO | EPERM;
	struct sp_filter filter;

	sp_filter_begin(&filter);
	sp_filter_calls(&filter, SECCOMP_RET_ALLOW, allowed, COUNT(allowed));
	sp_filter_calls(&filter, SECCOMP_RET_KILL_PROCESS, hostile, COUNT(hostile));
	sp_filter_argument(
	    &filter, refused, SCMP_SYS(socket), 0, families, COUNT(families));
	sp_filter_argument(
	    &filter, refused, SCMP_SYS(socketpair), 0, families, COUNT(families));
	sp_filter_argument(
	    &filter, refused, SCMP_SYS(ioctl), 1, requests, COUNT(requests));
	return sp_filter_enter(&filter, refused);
}

/* Of `permitted` one is left: for its own files root needs none. Where they are the
 * service's user's, and root runs it by hand, these two. The bounding set, which no
 * program that is started gets over, can only be lowered by CAP_SETPCAP; as the unit
 * has it, it is low already, and capset() is refused, and not needed. */
static bool drop_capabilities(bool files_are_anothers)
{
	static const unsigned kept[] = { CAP_NET_ADMIN, CAP_DAC_OVERRIDE, CAP_CHOWN };
	bool has[COUNT(kept)], bounds, more = false;

	if (capng_get_caps_process() < 0)
		return false;
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (size_t i = 0; i < COUNT(kept); i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) &&
			 (i == 0 || files_are_anothers);
	for (unsigned one = 0; one <= (unsigned)CAP_LAST_CAP; one++)
		more |=
		    one != CAP_NET_ADMIN && capng_have_capability(CAPNG_PERMITTED, one);
	if (!more)
		return true;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < COUNT(kept); i++)
		if (has[i])
			capng_update(
			    CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, CAP_NET_ADMIN);
	return capng_apply(bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0;
}

/* The loader that this program itself was started by starts the prober too. */
static int find_loader(struct dl_phdr_info *program, size_t size, void *ret)
{
	(void)size;
	for (size_t i = 0; i < program->dlpi_phnum; i++)
		if (program->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)ret =
			    (const char *)(program->dlpi_addr +
					   program->dlpi_phdr[i].p_vaddr);
	return 1; /* the program is the first; no library has an answer */
}

/* What is not there cannot be started, then or later. */
static bool allow_start(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access =
						       LANDLOCK_ACCESS_FS_EXECUTE,
		.parent_fd = open(path, O_PATH | O_CLOEXEC) };
	bool added = rule.parent_fd < 0 || syscall(SYS_landlock_add_rule, ruleset,
					       LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;

	if (rule.parent_fd >= 0)
		close(rule.parent_fd);
	return added;
}

/* No program but the prober, where the kernel has Landlock. */
static bool enter_landlock(const char *prober)
{
	struct landlock_ruleset_attr handled = { .handled_access_fs =
						     LANDLOCK_ACCESS_FS_EXECUTE };
	long made = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	const char *loader = NULL;
	bool entered;

	if (made < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP;
	dl_iterate_phdr(find_loader, &loader);
	entered = allow_start((int)made, prober) &&
		  (!loader || allow_start((int)made, loader)) &&
		  syscall(SYS_landlock_restrict_self, (int)made, 0) == 0;
	close((int)made);
	return entered;
}

bool sp_enforcer_seal(const char *prober, const char *state, struct sp_diag *diag)
{
	struct stat files;
	bool anothers = geteuid() == 0 && stat(state, &files) == 0 && files.st_uid != 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sp_error(diag, NULL, "no_new_privs: %s", strerror(errno));
	/* Kernels without ambient capabilities say EINVAL. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return sp_error(diag, NULL, "ambient capabilities: %s", strerror(errno));
	if (!drop_capabilities(anothers))
		return sp_error(diag, NULL, "dropping capabilities: %s", strerror(errno));
	if (!enter_landlock(prober))
		return sp_error(diag, NULL, "Landlock: %s", strerror(errno));
	/* LeakSanitizer traces its own process, from a clone that has to be allowed to.
	 */
	if (SANITIZED)
		return true;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return sp_error(diag, NULL, "not dumpable: %s", strerror(errno));
	return enter_filter() ||
	       sp_error(
		   diag, NULL, "loading the system call filter: %s", strerror(errno));
}

size_t sp_enforcer_allowed_calls(void)
{
	/* And socket, socketpair and ioctl, with their arguments looked at. */
	return SANITIZED ? 0 : COUNT(allowed) + 3;
}
