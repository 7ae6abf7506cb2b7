/* Linked into builds that count lines, and only there: whoever ends by _exit keeps what
 * was counted, and the walls that keep a process from writing the counters' files are
 * not put up. (The walls themselves are tested by builds that have them.) */
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (resource == RLIMIT_FSIZE || resource == RLIMIT_NOFILE)
		return 0;
	return __real_setrlimit(resource, limit);
}

long __wrap_syscall(long number, ...)
{
	long arguments[6];
	va_list list;

	if (number == SYS_landlock_restrict_self || number == SYS_seccomp)
		return 0;
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	return __real_syscall(number, arguments[0], arguments[1], arguments[2],
	    arguments[3], arguments[4], arguments[5]);
}
