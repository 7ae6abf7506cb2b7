#include <sallyport/state.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "directory.h"

/* How often a waiting command asks again; milliseconds. */
#define ASK_MS 50

static bool take(int file, uint32_t wait_ms, void (*waiting)(void))
{
	bool said = false;

	for (;;) {
		if (flock(file, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || wait_ms == 0)
			return false;
		if (!said && waiting)
			waiting();
		said = true;
		nanosleep(&(struct timespec){ .tv_nsec = ASK_MS * 1000000L }, NULL);
		wait_ms -= wait_ms < ASK_MS ? wait_ms : ASK_MS;
	}
}

int sp_state_lock(const char *run_directory, uint32_t wait_ms, void (*waiting)(void),
    struct sp_diag *diag)
{
	int directory = sp_state_directory_open(run_directory, diag), file;

	if (directory < 0)
		return -1;
	file = openat(directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (file >= 0 && !sp_state_give(directory, file)) {
		close(file);
		file = -1;
	}
	close(directory);
	if (file < 0) {
		sp_error(diag, NULL, "cannot open %s/lock: %s", run_directory,
		    strerror(errno));
		return -1;
	}
	if (take(file, wait_ms, waiting))
		return file;
	if (errno == EWOULDBLOCK)
		sp_error(diag, NULL, "another sallyport is applying (%s/lock is held)",
		    run_directory);
	else
		sp_error(diag, NULL, "cannot lock %s/lock: %s", run_directory,
		    strerror(errno));
	close(file);
	return -1;
}

void sp_state_unlock(int lock)
{
	/* Closing alone would leave it to whoever has the descriptor from a fork. */
	(void)flock(lock, LOCK_UN);
	close(lock);
}
