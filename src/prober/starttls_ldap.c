/* LDAP: the extended request, and whether a simple bind is looked at, in BER
 * (ITU-T X.690). */
#include "starttls_dialect.h"

#include <stdio.h>
#include <string.h>

static enum sp_upgrade malformed(struct session *session, const char *why)
{
	session_note(session, why);
	return SP_UPGRADE_MALFORMED;
}

#define LDAP_SUCCESS 0
#define LDAP_PROTOCOL_ERROR 2 /* does not know the request: RFC 4511 section 4.14.2 */
#define LDAP_STRONGER_AUTH 8
#define LDAP_CONFIDENTIALITY 13
#define LDAP_BUSY 51
#define LDAP_UNAVAILABLE 52
#define LDAP_NO_RESULT 0x10000u
#define LDAP_NUMBER 1 /* of our one request */

#define BER_INTEGER 0x02
#define BER_ENUMERATED 0x0a
#define BER_SEQUENCE 0x30
#define LDAP_BIND_RESPONSE 0x61
#define LDAP_EXTENDED_RESPONSE 0x78
#define LDAP_SEARCH_ENTRY 0x64
#define LDAP_SEARCH_DONE 0x65
/* Of a DN that a user's is made under; longer ones are left out. */
#define LDAP_MAX_CONTEXT 256

/* A value within a message; past the end everything is empty. */
struct ber {
	const uint8_t *bytes;
	size_t length;
	bool broken;
};

/* The contents of the next element, which must have this tag. */
static struct ber ber_open(struct ber *in, uint8_t tag)
{
	struct ber inside = { in->bytes, 0, true };
	size_t header = 2, length;

	if (in->length < 2 || in->bytes[0] != tag)
		goto broken;
	length = in->bytes[1];
	if (length & 0x80) {
		size_t octets = length & 0x7f;

		/* The long form, padded to four by Active Directory. */
		if (octets == 0 || octets > 4 || in->length < 2 + octets)
			goto broken;
		for (length = 0; header < 2 + octets; header++)
			length = length << 8 | in->bytes[header];
	}
	if (length > in->length - header)
		goto broken;
	inside = (struct ber){ in->bytes + header, length, false };
	in->bytes += header + length;
	in->length -= header + length;
	return inside;
broken:
	in->broken = true;
	in->length = 0;
	return inside;
}

/* One whole LDAPMessage: its header says how long it is. */
static enum sp_upgrade ldap_message(struct session *session, struct ber *ret)
{
	uint8_t header[6];
	const uint8_t *taken;
	size_t size = 0, octets;
	enum sp_upgrade how = session_take(session, 2, &taken);

	if (how != SP_UPGRADE_DONE)
		return how;
	if (taken[0] != BER_SEQUENCE)
		return malformed(session, "no LDAP message");
	octets = taken[1] & 0x80 ? taken[1] & 0x7f : 0;
	if (octets > 4 || taken[1] == 0x80)
		return malformed(session, "an LDAP message without a length");
	memcpy(header, taken, 2);
	if (octets) {
		how = session_take(session, octets, &taken);
		if (how != SP_UPGRADE_DONE)
			return how;
		for (size_t i = 0; i < octets; i++)
			size = size << 8 | taken[i];
	} else {
		size = header[1];
	}
	how = session_take(session, size, &taken);
	*ret = (struct ber){ taken, size, false };
	return how;
}

/* The resultCode of an answer (RFC 4511 section 4.1.9); its diagnosticMessage
 * becomes the text. LDAP_NO_RESULT: it is none. */
static unsigned ldap_result(struct session *session, struct ber message, uint8_t tag)
{
	struct ber number = ber_open(&message, BER_INTEGER), response, code, text;
	char line[80];

	response = ber_open(&message, tag);
	code = ber_open(&response, BER_ENUMERATED);
	ber_open(&response, 0x04); /* matchedDN */
	text = ber_open(&response, 0x04);
	if (message.broken || response.broken || code.length != 1)
		return LDAP_NO_RESULT;
	/* Number 0 is a notice of disconnection, and no answer. */
	if (number.length != 1 || number.bytes[0] != LDAP_NUMBER)
		return LDAP_NO_RESULT;
	snprintf(line, sizeof(line), "result %u%s%.*s", code.bytes[0],
	    text.length ? ": " : "", (int)strnlen((const char *)text.bytes, text.length),
	    (const char *)text.bytes);
	session_note(session, line);
	return code.bytes[0];
}

static enum sp_upgrade ldap_ask(struct session *session, const uint8_t *request,
    size_t length, uint8_t tag, unsigned *ret_result)
{
	struct ber message = { 0 };
	enum sp_upgrade how = session_send(session, request, length);

	if (how == SP_UPGRADE_DONE)
		how = ldap_message(session, &message);
	if (how != SP_UPGRADE_DONE)
		return how;
	*ret_result = ldap_result(session, message, tag);
	return *ret_result == LDAP_NO_RESULT ? malformed(session, "no answer of LDAP")
					     : SP_UPGRADE_DONE;
}

enum sp_upgrade ldap_upgrade(struct session *session)
{
	/* LDAPMessage { 1, [APPLICATION 23] { [0] the OID } } */
	static const uint8_t request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
					 "1.3.6.1.4.1.1466.20037";
	unsigned result = 0;
	enum sp_upgrade how = ldap_ask(
	    session, request, sizeof(request) - 1, LDAP_EXTENDED_RESPONSE, &result);

	if (how != SP_UPGRADE_DONE)
		return how;
	switch (result) {
	case LDAP_SUCCESS: return SP_UPGRADE_DONE;
	case LDAP_PROTOCOL_ERROR: return SP_UPGRADE_NOT_OFFERED;
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE: return SP_UPGRADE_LATER;
	default: return SP_UPGRADE_REFUSED;
	}
}

/* --- does a simple bind's password get looked at? ---------------------------- */

/* A request being written from its end to its beginning, where lengths are known. */
struct reversed {
	uint8_t bytes[512];
	size_t left; /* free ones, at the beginning */
};

static void prepend(struct reversed *out, const void *bytes, size_t length)
{
	if (length > out->left)
		length = 0; /* cannot be: the one long part is bounded below */
	out->left -= length;
	memcpy(out->bytes + out->left, bytes, length);
}

/* The header of what was written since `end` bytes were left. */
static void wrap(struct reversed *out, uint8_t tag, size_t end)
{
	size_t length = end - out->left;
	uint8_t header[] = { tag, 0x82, (uint8_t)(length >> 8), (uint8_t)length };

	prepend(out, header, sizeof(header));
}

/* LDAPMessage { 1, [APPLICATION 0] { 3, the DN, [0] a password } }. The user is
 * nobody, but of the server's own tree: others it turns away unseen. With an empty
 * password it would answer something else (RFC 4513 section 5.1.2). */
static enum sp_upgrade ldap_try_bind(
    struct session *session, const char *context, unsigned *ret_result)
{
	struct reversed out = { .left = sizeof(out.bytes) };
	size_t end = out.left, name_end;

	prepend(&out, "\x80\x02no", 4);
	name_end = out.left;
	prepend(&out, context, strnlen(context, LDAP_MAX_CONTEXT));
	prepend(&out, "cn=sallyport-probe,", *context ? 19 : 18);
	wrap(&out, 0x04, name_end);
	prepend(&out, "\x02\x01\x03", 3);
	wrap(&out, 0x60, end);
	prepend(&out, "\x02\x01\x01", 3);
	wrap(&out, BER_SEQUENCE, end);
	return ldap_ask(session, out.bytes + out.left, sizeof(out.bytes) - out.left,
	    LDAP_BIND_RESPONSE, ret_result);
}

/* The first value of the first attribute of an entry (RFC 4511 section 4.5.2). */
static void first_value(struct ber message, char value[LDAP_MAX_CONTEXT + 1])
{
	struct ber entry, attributes, attribute, values, first;

	ber_open(&message, BER_INTEGER);
	entry = ber_open(&message, LDAP_SEARCH_ENTRY);
	ber_open(&entry, 0x04);
	attributes = ber_open(&entry, BER_SEQUENCE);
	attribute = ber_open(&attributes, BER_SEQUENCE);
	ber_open(&attribute, 0x04);
	values = ber_open(&attribute, 0x31);
	first = ber_open(&values, 0x04);
	if (first.length > LDAP_MAX_CONTEXT)
		return;
	memcpy(value, first.bytes, first.length);
	value[first.length] = '\0';
}

/* Asks the root DSE for namingContexts (RFC 4512 section 5.1). */
static enum sp_upgrade ldap_find_context(
    struct session *session, char context[LDAP_MAX_CONTEXT + 1], unsigned *ret_result)
{
	static const uint8_t request[] =
	    "\x30\x35\x02\x01\x01\x63\x30\x04\x00" /* base "" */
	    "\x0a\x01\x00\x0a\x01\x00"		   /* itself */
	    "\x02\x01\x01\x02\x01\x05\x01\x01\x00" /* 1, 5 s */
	    "\x87\x0b"
	    "objectClass" /* present */
	    "\x30\x10\x04\x0e"
	    "namingContexts";
	enum sp_upgrade how = session_send(session, request, sizeof(request) - 1);

	*context = '\0';
	while (how == SP_UPGRADE_DONE) {
		struct ber message = { 0 };

		how = ldap_message(session, &message);
		if (how != SP_UPGRADE_DONE)
			break;
		*ret_result = ldap_result(session, message, LDAP_SEARCH_DONE);
		if (*ret_result != LDAP_NO_RESULT)
			break;
		first_value(message, context);
	}
	return how;
}

static bool wants_tls(unsigned result)
{
	return result == LDAP_STRONGER_AUTH || result == LDAP_CONFIDENTIALITY;
}

enum sp_upgrade ldap_bind(struct session *session)
{
	static const uint8_t unbind[] = { BER_SEQUENCE, 5, BER_INTEGER, 1, 2, 0x42, 0 };
	char context[LDAP_MAX_CONTEXT + 1], text[80];
	unsigned result = 0;
	enum sp_upgrade how = ldap_find_context(session, context, &result);

	if (how == SP_UPGRADE_DONE && !wants_tls(result))
		how = ldap_try_bind(session, context, &result);
	session_send(session, unbind, sizeof(unbind));
	if (how != SP_UPGRADE_DONE)
		return how;
	if (wants_tls(result))
		return SP_UPGRADE_REFUSED;
	if (result == LDAP_BUSY || result == LDAP_UNAVAILABLE)
		return SP_UPGRADE_LATER;
	/* 49, 32 and the like: it was looked at. */
	snprintf(text, sizeof(text), "a simple bind's, %.60s", session->text);
	session_note(session, text);
	return SP_UPGRADE_DONE;
}
