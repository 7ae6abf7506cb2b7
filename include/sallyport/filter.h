/* A filter of system calls, written where the caller keeps it. libseccomp (2.5.4)
 * loads, and calls a success, the part of one that it had memory for. */
#ifndef SALLYPORT_FILTER_H
#define SALLYPORT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

/* Two instructions for each call and for each value of an argument. */
#define FILTER_INSTRUCTIONS 512

struct sp_filter {
	struct sock_filter code[FILTER_INSTRUCTIONS];
	unsigned short length;
	bool full; /* and then it is not entered */
};

/* Calls of another architecture end the process. */
void sp_filter_begin(struct sp_filter *to);
/* SCMP_SYS numbers (those that this architecture lacks are below zero) end with
 * `action` (SECCOMP_RET_*). */
void sp_filter_calls(
    struct sp_filter *to, uint32_t action, const int *calls, size_t count);
/* The call is allowed with one of the values as its argument, and otherwise ends with
 * `action`. */
void sp_filter_argument(struct sp_filter *to, uint32_t action, int call,
    unsigned argument, const uint32_t *values, size_t count);
/* The call is allowed with none of the bits in its argument's lower half. */
void sp_filter_without(struct sp_filter *to, int call, unsigned argument, uint32_t bits);
/* Every other call ends with `action`. False: errno says why. */
bool sp_filter_enter(struct sp_filter *filter, uint32_t action);

#endif
