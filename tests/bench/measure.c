/* Runs a command and prints its wall time in seconds and its peak resident
 * memory in KiB, and its user and system time in seconds. Its own memory is small on
 * purpose: the peak that the kernel reports starts from what the process had before it
 * executed the command (getrusage(2), ru_maxrss), so a large parent would be measured
 * instead. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void run(char **command)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(127);
	execvp(*command, command);
	_exit(127);
}

int main(int count, char **arguments)
{
	struct rusage usage;
	double begin;
	pid_t child;
	int status;

	if (count < 2)
		return 2;
	begin = seconds();
	child = fork();
	if (child == 0)
		run(arguments + 1);
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return 3;
	printf("%.6f %ld %.6f %.6f\n", seconds() - begin, usage.ru_maxrss,
	    time_of(usage.ru_utime), time_of(usage.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
