/* A session that is not TLS yet, or is text within TLS: read in lines or bytes,
 * within limits of size and time, from one buffer that never grows. */
#ifndef SALLYPORT_PROBER_SESSION_H
#define SALLYPORT_PROBER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <sallyport/limits.h>
#include <sallyport/observation.h>

struct session {
	int fd;	  /* non-blocking; the caller's */
	SSL *ssl; /* NULL: plain; the caller's */
	int64_t deadline_ms;
	uint8_t bytes[SP_MAX_STARTTLS_LINE_BYTES];
	size_t first, length; /* what is buffered and not taken yet */
	size_t heard;	      /* in all */
	char text[100];	      /* what decided, of the peer's or of ours; no NUL within */
};

/* Every function that talks: SP_UPGRADE_DONE, or how the session ended. */

/* All of it in one write, as far as the kernel takes it. */
enum sp_upgrade session_send(struct session *session, const void *bytes, size_t length);

/* The next line, or whatever `delimiter` ends, without it and without a CR before
 * it. *ret_line is NUL-terminated and stands until the next call. */
enum sp_upgrade session_line(
    struct session *session, char delimiter, const char **ret_line);

/* Exactly `length` bytes, at most the buffer's size; stand until the next call. */
enum sp_upgrade session_take(
    struct session *session, size_t length, const uint8_t **ret_bytes);

/* Is there plain text beyond what was taken, here or in the kernel? It is dropped
 * and becomes the text. */
bool session_has_more(struct session *session);

/* Drops what is buffered: a new session begins on the same connection. */
void session_forget(struct session *session);

/* Keeps what decided: printable bytes of a line. */
void session_note(struct session *session, const char *text);

#endif
