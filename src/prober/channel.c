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

int channel_connect(struct channel *channel, int64_t deadline_ms, uint32_t *ret_error)
{
	struct sp_frame frame = { .type = SP_FRAME_CONNECT,
		.connect.sequence = ++channel->sequence };
	size_t length;
	int fd;

	*ret_error = EPROTO;
	if (!channel_send(channel, &frame))
		return -1;
	for (;;) {
		if (!wait_for(channel->fd, POLLIN, deadline_ms)) {
			*ret_error = ETIMEDOUT;
			return -1;
		}
		if (sp_frame_receive(channel->fd, &frame, &fd, &length) !=
			SP_RECEIVED_FRAME ||
		    frame.type != SP_FRAME_CONNECTED)
			break;
		if (frame.connected.sequence == channel->sequence) {
			*ret_error = frame.connected.error;
			return fd;
		}
		/* An answer to what we gave up on is skipped. */
		if (fd >= 0)
			close(fd);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}
