#ifndef SALLYPORT_CLI_NOTIFY_H
#define SALLYPORT_CLI_NOTIFY_H

/* Tells the service manager, sd_notify(3)'s protocol: one datagram to
 * $NOTIFY_SOCKET. Nothing happens when there is none. */
void sp_notify(const char *state);

#endif
