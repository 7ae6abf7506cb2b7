/* From where the user of this terminal is logged in. */
#ifndef SALLYPORT_LOGIN_H
#define SALLYPORT_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <sallyport/address.h>

struct sp_login {
	struct sp_address from;
	struct sp_address to; /* the local address, if `has_to` */
	bool has_to;
	uint16_t port;	    /* the local one; 22 where only utmp knows of the login */
	char interface[16]; /* that has the local address; "": not known */
	/* "SSH_CONNECTION", "SSH_CONNECTION of process 12", "utmp, pts/0" */
	char source[64];
};

/* sshd's SSH_CONNECTION (sshd(8)) in this process's environment, or in that of a
 * process it descends from: sudo and su take it away on the way. Else who is
 * registered in utmp(5) at the controlling terminal of this process or of one of
 * those. False: logged in at the machine itself, or nothing is known. */
bool sp_login_find(struct sp_login *ret);

/* One value of SSH_CONNECTION: "CLIENT PORT SERVER PORT". For tests too. */
bool sp_login_parse(const char *text, struct sp_login *ret);

#endif
