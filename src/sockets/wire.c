#include <sallyport/wire.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for exactly one descriptor. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool sp_frame_send(int fd, const struct sp_frame *frame, int descriptor)
{
	uint8_t bytes[SP_MAX_FRAME_BYTES];
	struct iovec vector = { bytes, sp_frame_encode(frame, bytes) };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	union control control;
	ssize_t sent;

	if (vector.iov_len == 0) {
		errno = EMSGSIZE;
		return false;
	}
	if (descriptor >= 0) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.align), &descriptor, sizeof(int));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)vector.iov_len;
}

/* The one descriptor of a message, or -1. More than one does not fit `control`:
 * the kernel closes the rest and sets MSG_CTRUNC. */
static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int descriptor = -1;

	if (header && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
	return descriptor;
}

enum sp_received sp_frame_receive(
    int fd, struct sp_frame *ret, int *ret_descriptor, size_t *ret_length)
{
	uint8_t bytes[SP_MAX_FRAME_BYTES];
	union control control;
	struct iovec vector = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	bool decoded;
	ssize_t length;

	*ret_descriptor = -1;
	*ret_length = 0;
	do
		length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return SP_RECEIVED_NOTHING;
	if (length < 0)
		return errno == ECONNRESET ? SP_RECEIVED_END : SP_RECEIVED_BROKEN;
	if (length == 0)
		return SP_RECEIVED_END;
	*ret_descriptor = descriptor_of(&message);
	*ret_length = (size_t)length;
	errno = 0;
	decoded = !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
		  sp_frame_decode(bytes, (size_t)length, ret);
	/* Children are forked from who receives keys: no copy stays on its stack. */
	explicit_bzero(bytes, (size_t)length);
	return decoded ? SP_RECEIVED_FRAME : SP_RECEIVED_BROKEN;
}
