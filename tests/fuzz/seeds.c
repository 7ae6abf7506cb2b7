/* seeds DIRECTORY POLICY...: what our own code writes, as first inputs for the
 * targets that read binary: DIRECTORY/TARGET/NAME. */
#include <stdarg.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <sallyport/frame.h>
#include <sallyport/nft.h>
#include <sallyport/policy.h>

#include "fuzz.h"

static const char *directory;

static void save(const char *target, const char *name, const void *bytes, size_t length)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, target, name);
	file = fopen(path, "wb");
	FUZZ_CHECK(file && fwrite(bytes, 1, length, file) == length);
	FUZZ_CHECK(fclose(file) == 0);
}

/* --- frames -------------------------------------------------------------- */

static void save_frame(const char *name, const struct sp_frame *frame)
{
	static uint8_t bytes[SP_MAX_FRAME_BYTES];
	size_t length = sp_frame_encode(frame, bytes);

	FUZZ_CHECK(length);
	save("frames", name, bytes, length);
}

static void save_frames(void)
{
	char *names[] = { (char *)"DNS:www.example.com", (char *)"IP:192.0.2.1" };
	uint8_t pem[] = "-----BEGIN CERTIFICATE-----\n";
	struct sp_observation observation = { .question = SP_ASK_TLS12,
		.reply = SP_REPLY_HANDSHAKE,
		.version = 0x0303,
		.suite = 0xc02f,
		.sent = { 0, 1 },
		.sent_count = 2,
		.chain = { 0, 1 },
		.chain_count = 2,
		.errors = { { 10, 0, (char *)"certificate has expired" } },
		.error_count = 1,
		.text = (char *)"" };

	observation.upgrade_text = (char *)"220 ready";
	save_frame("observation", &(struct sp_frame){ .type = SP_FRAME_OBSERVATION,
				      .observation = observation });
	save_frame("certificate", &(struct sp_frame){ .type = SP_FRAME_CERTIFICATE,
				      .certificate = { .subject = (char *)"CN=a",
					  .issuer = (char *)"CN=b",
					  .serial = (char *)"01",
					  .names = names,
					  .name_count = 2,
					  .name_total = 2,
					  .key = (char *)"prime256v1",
					  .signature = (char *)"ecdsa-with-SHA256" } });
	save_frame(
	    "endpoint", &(struct sp_frame){ .type = SP_FRAME_ENDPOINT,
			    .endpoint = { 1, { .names = names, .name_count = 1 } } });
	save_frame("store",
	    &(struct sp_frame){ .type = SP_FRAME_STORE,
		.store = { .last = true, .bytes = pem, .length = sizeof(pem) - 1 } });
	save_frame("done",
	    &(struct sp_frame){ .type = SP_FRAME_DONE, .done = { true, (char *)"" } });
	save_frame("connect", &(struct sp_frame){ .type = SP_FRAME_CONNECT });
	save_frame("connected", &(struct sp_frame){ .type = SP_FRAME_CONNECTED });
	save_frame("ended", &(struct sp_frame){ .type = SP_FRAME_ENDED });
	save_frame("stored", &(struct sp_frame){ .type = SP_FRAME_STORED });
	save_frame("ready", &(struct sp_frame){ .type = SP_FRAME_READY });
}

/* --- netlink ------------------------------------------------------------- */

/* The batch that loads a policy: the same messages, attributes and expressions as
 * a dump's. */
static void save_batch(const char *path)
{
	struct sp_policy_source source = { .path = path,
		.config_directory = "/nonexistent" };
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_policy_read(&source, &diag);
	struct sp_ruleset *ruleset = policy ? sp_ruleset_compile(policy, &diag) : NULL;
	struct sp_kernel kernel = { 0 };
	struct sp_gates gates = { 0 };
	struct sp_delta *delta = NULL;
	struct sp_batch batch = { 0 };
	const char *name = strrchr(path, '/');

	FUZZ_CHECK(ruleset && sp_policy_gates(policy, &gates));
	delta = sp_delta_make(ruleset, &gates, &kernel, NULL, &diag);
	FUZZ_CHECK(delta && sp_batch_make(delta, 0, true, &batch, &diag));
	save("netlink", name ? name + 1 : path, batch.bytes, batch.length);
	sp_batch_free(&batch);
	sp_delta_free(delta);
	sp_array_free(&gates);
	sp_ruleset_free(ruleset);
	sp_policy_free(policy);
	sp_diag_free(&diag);
}

/* --- servers ------------------------------------------------------------- */

static void save_replies(void)
{
	static const uint8_t hello12[] = { 0x16, 3, 3, 0, 49, 2, 0, 0, 45, 3, 3, 1, 2, 3,
		4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
		24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0xc0, 0x2f, 0, 0, 5, 0xff, 1, 0, 1,
		0 };
	static const uint8_t hello13[] = { 0x16, 3, 3, 0, 56, 2, 0, 0, 52, 3, 3, 1, 2, 3,
		4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
		24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0x13, 1, 0, 0, 12, 0, 0x2b, 0, 2,
		3, 4, 0, 0x33, 0, 2, 0, 0x17 };
	static const uint8_t hello30[] = { 0x16, 3, 0, 0, 42, 2, 0, 0, 38, 3, 0, 1, 2, 3,
		4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
		24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 5, 0 };
	static const uint8_t alert[] = { 0x15, 3, 0, 0, 2, 1, 0, 0x15, 3, 0, 0, 2, 2,
		40 };
	static const uint8_t ssl2[] = { 0x80, 17, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 3, 7, 0,
		0xc0, 1, 2, 3 };
	/* hello12 again, a certificate that is none, ServerHelloDone. */
	static const uint8_t rest[] = { 0x16, 3, 3, 0, 18, 11, 0, 0, 10, 0, 0, 7, 0, 0, 4,
		0x30, 2, 5, 0, 14, 0, 0, 0 };
	uint8_t flight[sizeof(hello12) + sizeof(rest)];
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	memcpy(flight, hello12, sizeof(hello12));
	memcpy(flight + sizeof(hello12), rest, sizeof(rest));
	save("flight", "whole", flight, sizeof(flight));
	save("reply", "tls12", hello12, sizeof(hello12));
	save("reply", "tls13", hello13, sizeof(hello13));
	save("reply", "ssl3", hello30, sizeof(hello30));
	save("reply", "alerts", alert, sizeof(alert));
	save("reply", "ssl2", ssl2, sizeof(ssl2));
	save("reply", "http", http, sizeof(http) - 1);
}

/* The whole of what a good server says before TLS; the first byte is its dialect's
 * number from SMTP on. */
static void save_dialogues(void)
{
	static const struct {
		const char *name, *says;
	} dialogues[] = {
		{ "smtp", "220 mx ESMTP\r\n250-mx\r\n250-SIZE 1\r\n250 STARTTLS\r\n220 "
			  "go\r\n" },
		{ "lmtp", "220 mx LMTP\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n" },
		{ "imap",
		    "* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n"
		    "a1 OK\r\na2 OK begin\r\n" },
		{ "pop3", "+OK ready\r\n+OK\r\nSTLS\r\n.\r\n+OK begin\r\n" },
		{ "ftp",
		    "220 ready\r\n211-Features:\r\n AUTH TLS\r\n211 End\r\n234 go\r\n" },
		{ "ldap", "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01" },
		{ "rdp", "\x03" },
		{ "postgresql", "S" },
		{ "mysql", "J" },
		{ "xmpp-client",
		    "<?xml version='1.0'?><stream:stream><stream:features><starttls "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
		    "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" },
		{ "xmpp-server",
		    "<stream:stream><stream:features><starttls "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
		    "</stream:features><failure/>" },
		{ "sieve",
		    "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\nOK \"go\"\r\n" },
		{ "nntp", "200 ready\r\n101 list\r\nSTARTTLS\r\n.\r\n382 go\r\n" },
	};
	static const uint8_t rdp[] = { 6, 3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2,
		0, 8, 0, 1, 0, 0, 0 };
	static const uint8_t mysql[] = { 8, 0x4a, 0, 0, 0, 10, '5', '.', '7', 0, 1, 0, 0,
		0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 0, 0xff, 0xff, 8, 2, 0, 0xff,
		0xc1, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f',
		'g', 'h', 'i', 'j', 'k', 'l', 0, 'm', 'y', 's', 'q', 'l', '_', 'n', 'a',
		't', 'i', 'v', 'e', '_', 'p', 'a', 's', 's', 'w', 'o', 'r', 'd', 0 };
	char text[1024];

	for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
		text[0] = (char)i;
		memcpy(text + 1, dialogues[i].says, strlen(dialogues[i].says));
		save("starttls", dialogues[i].name, text, strlen(dialogues[i].says) + 1);
	}
	save("starttls", "rdp-answer", rdp, sizeof(rdp));
	save("starttls", "mysql-greeting", mysql, sizeof(mysql));
}

/* --- certificates -------------------------------------------------------- */

static void extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	FUZZ_CHECK(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static void save_certificate(const char *name, EVP_PKEY *key, const EVP_MD *digest)
{
	X509 *certificate = X509_new();
	unsigned char *der = NULL;
	int length;

	FUZZ_CHECK(key && certificate && X509_set_version(certificate, 2) &&
		   ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7));
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
	    MBSTRING_UTF8, (const unsigned char *)"www.example.com", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_set_pubkey(certificate, key);
	extend(certificate, NID_subject_alt_name,
	    "DNS:www.example.com,IP:192.0.2.1,IP:2001:db8::1,URI:urn:x");
	extend(certificate, NID_ext_key_usage, "serverAuth");
	extend(certificate, NID_tlsfeature, "status_request");
	FUZZ_CHECK(X509_sign(certificate, key, digest) > 0);
	length = i2d_X509(certificate, &der);
	FUZZ_CHECK(length > 0);
	save("certificate", name, der, (size_t)length);
	OPENSSL_free(der);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void save_certificates(void)
{
	save_certificate("ec", EVP_EC_gen("P-256"), EVP_sha256());
	save_certificate("rsa", EVP_RSA_gen(2048), EVP_sha1());
	save_certificate("ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
}

/* --- text ---------------------------------------------------------------- */

static void save_texts(const char *target, int count, ...)
{
	va_list texts;

	va_start(texts, count);
	for (int i = 0; i < count; i++) {
		const char *text = va_arg(texts, const char *);
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		save(target, name, text, strlen(text));
	}
	va_end(texts);
}

int main(int count, char **arguments)
{
	FUZZ_CHECK(count > 1);
	directory = arguments[1];
	mkdir(directory, 0755);
	save_frames();
	for (int i = 2; i < count; i++)
		save_batch(arguments[i]);
	save_replies();
	save_dialogues();
	save_certificates();
	save_texts("state", 6,
	    "{\"version\": 1, \"protocol\": \"tcp\", \"port\": 443, \"outcome\": "
	    "\"pass\", "
	    "\"reason\": \"fine\", \"checked\": 1, \"not_after\": 2, "
	    "\"certificate_ends\": "
	    "3}",
	    "{\"version\": 1, \"port\": 443, \"reason\": \"night\", \"until\": 5, "
	    "\"uid\": 0}",
	    "{\"version\": 1, \"count\": 3, \"writer\": \"nft\", \"pid\": 7, \"at\": 9}",
	    "mode enforce\nicmp ping\nallow tcp 22-22 from 10.0.0.0/8 to any interface "
	    "any\n",
	    "123456 01234567-89ab-cdef-0123-456789abcdef first\n",
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	save_texts("text", 4, "CN=www.example.com, O=a|b", "``` a `` b ` c",
	    "\033[31m\xe2\x80\xae\xff\xc3\xa9", "<script>[x](y)\n| a |");
	save_texts("addresses", 6, "10.0.0.0/8\n192.0.2.1\n2001:db8::/32\n", "::/0",
	    "192.0.2.1 - 192.0.2.9", "::ffff:192.0.2.1", "fd00::1-fd00::ff",
	    "\xef\xbb\xbf# head\n10.0.0.1 # one\r\n");
	return 0;
}
