/* Private to the two files that make up the channel. */
#ifndef SALLYPORT_SOCKETS_PROBER_CHANNEL_H
#define SALLYPORT_SOCKETS_PROBER_CHANNEL_H

#include <sallyport/prober_channel.h>

#include <sys/types.h>

#include <sallyport/frame.h>

struct sp_prober {
	pid_t pid;	  /* 0: none */
	int control;	  /* -1: none */
	bool ready;	  /* said that it is; nothing is asked of it before */
	int64_t deadline; /* for saying so */
	char *failure;
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t sp_prober_clock_ms(void);

/* The prober is of no use any more, for this reason: ends it. */
void sp_prober_fail(struct sp_prober *prober, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits until it is sealed; false: it has failed. */
bool sp_prober_wait(struct sp_prober *prober);

/* It hung up: finds out how it ended, and fails it with that. */
void sp_prober_hung_up(struct sp_prober *prober);

#endif
