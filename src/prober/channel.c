#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <sallyport/wire.h>

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool wait_for(int fd, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = events };
		int64_t left = deadline_ms - clock_ms();
		int ready;

		if (left <= 0)
			return false;
		ready = poll(&poll_fd, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

bool channel_send(const struct channel *channel, const struct sp_frame *frame)
{
	return sp_frame_send(channel->fd, frame, -1);
}

/* One answer; false: no more will come. One to what was given up on is skipped. */
static bool take_connection(struct channel *channel, uint32_t first, size_t count,
    struct connected connected[], size_t *missing)
{
	struct sp_frame frame;
	size_t length;
	uint32_t index;
	int fd = -1;

	if (sp_frame_receive(channel->fd, &frame, &fd, &length) != SP_RECEIVED_FRAME ||
	    frame.type != SP_FRAME_CONNECTED) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	index = frame.connected.sequence - first;
	if (index < count && connected[index].fd < 0) {
		connected[index] = (struct connected){ fd, frame.connected.error };
		(*missing)--;
	} else if (fd >= 0) {
		close(fd);
	}
	return true;
}

void channel_connect(struct channel *channel, int64_t deadline_ms, size_t count,
    struct connected connected[])
{
	uint32_t first = channel->sequence + 1;
	size_t missing = count;
	bool well = true;

	for (size_t i = 0; i < count; i++) {
		struct sp_frame frame = { .type = SP_FRAME_CONNECT,
			.connect.sequence = ++channel->sequence };

		connected[i] = (struct connected){ -1, EPROTO };
		well = well && channel_send(channel, &frame);
	}
	while (well && missing) {
		if (wait_for(channel->fd, POLLIN, deadline_ms)) {
			well =
			    take_connection(channel, first, count, connected, &missing);
			continue;
		}
		for (size_t i = 0; i < count; i++)
			if (connected[i].fd < 0 && connected[i].error == EPROTO)
				connected[i].error = ETIMEDOUT;
		return;
	}
}
