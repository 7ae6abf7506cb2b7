/* The reader: what it takes apart lies within the text, in order, and inih has no
 * other opinion. */
#include "fuzz.h"

#include "document.h"

static void check_slice(const struct sp_document *document, struct sp_slice slice)
{
	FUZZ_CHECK(slice.text >= document->bytes);
	FUZZ_CHECK(slice.text + slice.length <= document->bytes + document->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_document document = {
		.file = "fuzz", .bytes = (const char *)bytes, .length = length
	};
	struct sp_diag diag = { 0 };
	size_t keys = 0;

	sp_document_read(&document, &diag);
	for (size_t i = 0; i < document.sections.length; i++) {
		const struct sp_section *section = &document.sections.items[i];

		check_slice(&document, section->kind);
		FUZZ_CHECK(section->first == keys);
		keys += section->count;
	}
	FUZZ_CHECK(keys == document.keys.length);
	for (size_t i = 0; i < document.keys.length; i++) {
		const struct sp_key *key = &document.keys.items[i];

		check_slice(&document, key->name);
		FUZZ_CHECK(key->count || diag.errors);
		FUZZ_CHECK(key->first + key->count <= document.items.length);
	}
	for (size_t i = 0; i < document.items.length; i++) {
		check_slice(&document, document.items.items[i].text);
		FUZZ_CHECK(document.items.items[i].text.length);
	}
	for (size_t i = 0; i < diag.length; i++)
		FUZZ_CHECK(!strstr(diag.items[i].message, "inih reads this line"));
	sp_diag_free(&diag);
	sp_document_free(&document);
	return 0;
}
