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

static void read_in_pieces(const uint8_t *bytes, size_t length, enum reply_depth depth)
{
	struct reply whole = reply_read(bytes, length, depth);
	struct reply decided = { .kind = REPLY_MORE };

	for (size_t i = 0; i <= length && length < 512; i++) {
		struct reply part = reply_read(bytes, i, depth);

		if (decided.kind != REPLY_MORE && decided.kind != REPLY_CLEAR_TEXT)
			FUZZ_CHECK(same(&part, &decided));
		decided = part;
	}
	if (length < 512)
		FUZZ_CHECK(same(&whole, &decided));
	FUZZ_CHECK((whole.kind == REPLY_MALFORMED) == (whole.why != NULL));
	if (whole.kind == REPLY_SERVER_HELLO)
		FUZZ_CHECK(whole.hello.version >= 0x0300);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct server_hello hello;
	char line[64];

	read_in_pieces(bytes, length, REPLY_TO_SERVER_HELLO);
	read_in_pieces(bytes, length, REPLY_TO_KEY_EXCHANGE);
	reply_read_server_hello(bytes, length, &hello);
	reply_first_line(bytes, length, line, sizeof(line));
	FUZZ_CHECK(memchr(line, '\0', sizeof(line)));
	return 0;
}
