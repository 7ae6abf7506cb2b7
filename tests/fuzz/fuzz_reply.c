/* What a server answers to a hello: the same whatever pieces it comes in, and once
 * something was decided, more bytes do not change it. */
#include "fuzz.h"

#include "reply.h"

static bool same(const struct reply *a, const struct reply *b)
{
	return a->kind == b->kind && a->alert == b->alert &&
	       a->hello.version == b->hello.version && a->hello.suite == b->hello.suite &&
	       a->hello.group == b->hello.group &&
	       a->hello.compression == b->hello.compression &&
	       a->hello.retry == b->hello.retry;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reply whole = reply_read(bytes, length), decided = { .kind = REPLY_MORE };
	struct server_hello hello;
	char line[64];

	for (size_t i = 0; i <= length && length < 512; i++) {
		struct reply part = reply_read(bytes, i);

		if (decided.kind != REPLY_MORE && decided.kind != REPLY_CLEAR_TEXT)
			FUZZ_CHECK(same(&part, &decided));
		decided = part;
	}
	if (length < 512)
		FUZZ_CHECK(same(&whole, &decided));
	FUZZ_CHECK((whole.kind == REPLY_MALFORMED) == (whole.why != NULL));
	if (whole.kind == REPLY_SERVER_HELLO)
		FUZZ_CHECK(whole.hello.version >= 0x0300);
	reply_read_server_hello(bytes, length, &hello);
	reply_first_line(bytes, length, line, sizeof(line));
	FUZZ_CHECK(memchr(line, '\0', sizeof(line)));
	return 0;
}
