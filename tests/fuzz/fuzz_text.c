/* What a peer sent, made fit for a terminal and for Markdown. */
#include "fuzz.h"

#include <sallyport/escape.h>

#include "markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = strndup((const char *)bytes, length), *escaped;
	struct sp_text code = { 0 };
	size_t fence;

	FUZZ_CHECK(text);
	escaped = sp_escape(text);
	FUZZ_CHECK(escaped);
	for (const char *at = escaped; *at; at++)
		FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
	/* A code span ends where it was meant to, and nowhere else. */
	sp_markdown_code(&code, text, false);
	FUZZ_CHECK(!code.failed);
	if (*text) {
		fence = strspn(code.bytes, "`");
		FUZZ_CHECK(fence > 0 && code.length > 2 * fence);
		for (const char *at = code.bytes + fence;
		     at < code.bytes + code.length - fence;) {
			size_t run = strspn(at, "`");

			FUZZ_CHECK(run != fence);
			at += run ? run : 1;
		}
	}
	sp_text_free(&code);
	free(escaped);
	free(text);
	return 0;
}
