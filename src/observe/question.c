#include <sallyport/observation.h>

#include <stdio.h>

static const struct sp_question_entry questions[SP_QUESTIONS] = {
	[SP_ASK_TLS13] = { "tls13", "TLS 1.3", SP_KIND_HANDSHAKE, 0x0304 },
	[SP_ASK_TLS12] = { "tls12", "TLS 1.2", SP_KIND_HANDSHAKE, 0x0303 },
	[SP_ASK_TLS11] = { "tls11", "TLS 1.1", SP_KIND_HELLO, 0x0302 },
	[SP_ASK_TLS10] = { "tls10", "TLS 1.0", SP_KIND_HELLO, 0x0301 },
	[SP_ASK_SSL3] = { "sslv3", "SSLv3", SP_KIND_HELLO, 0x0300 },
};

const struct sp_question_entry *sp_question(enum sp_question question)
{
	return &questions[question];
}

const char *sp_version_name(uint16_t version, char text[16])
{
	for (size_t i = 0; i < SP_QUESTIONS; i++)
		if (questions[i].version == version)
			return questions[i].title;
	snprintf(text, 16, "version 0x%04x", version);
	return text;
}
