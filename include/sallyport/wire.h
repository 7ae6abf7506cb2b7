/* Frames over a SOCK_SEQPACKET socket that the caller owns: both ends' half of
 * the channel, and all that the prober shares with the other sockets. */
#ifndef SALLYPORT_WIRE_H
#define SALLYPORT_WIRE_H

#include <sallyport/frame.h>

/* Sends a frame, and with it `descriptor` unless that is -1 (it stays the
 * caller's). False: it does not fit, or errno. */
bool sp_frame_send(int fd, const struct sp_frame *frame, int descriptor);

enum sp_received {
	SP_RECEIVED_FRAME,
	SP_RECEIVED_NOTHING, /* a non-blocking socket has nothing yet */
	SP_RECEIVED_END,     /* the peer hung up */
	SP_RECEIVED_BROKEN,  /* not a frame, an error of the socket, or (errno is
			      * ENOMEM) no memory to read it into */
};

/* Receives one frame (to be freed) and the descriptor that came with it, else
 * -1; with a descriptor, it is the caller's even when the frame is broken. */
enum sp_received sp_frame_receive(
    int fd, struct sp_frame *ret, int *ret_descriptor, size_t *ret_length);

#endif
