/* Frames of a prober that a hostile server may have taken over: what is accepted is
 * exactly what its encoding is, and what a testimony makes of it stays in bounds. */
#include "fuzz.h"

#include <sallyport/frame.h>

static void testify(struct sp_frame *frame)
{
	static char *names[] = { (char *)"www.example.com" };
	struct sp_request request = {
		.names = names, .name_count = 1, .questions = UINT64_MAX
	};
	struct sp_testimony testimony = { 0 };

	if (frame->type == SP_FRAME_CERTIFICATE)
		sp_testimony_add_certificate(&testimony, &frame->certificate);
	if (frame->type == SP_FRAME_OBSERVATION &&
	    sp_testimony_add_observation(&testimony, &request, &frame->observation)) {
		const struct sp_observation *kept = &testimony.observations[0];

		for (size_t i = 0; i < kept->chain_count; i++)
			FUZZ_CHECK(kept->chain[i] < testimony.certificate_count);
		for (size_t i = 0; i < kept->sent_count; i++)
			FUZZ_CHECK(kept->sent[i] < testimony.certificate_count);
	}
	sp_testimony_free(&testimony);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static uint8_t again[SP_MAX_FRAME_BYTES];
	struct sp_frame frame;

	if (!sp_frame_decode(bytes, length, &frame))
		return 0;
	FUZZ_CHECK(sp_frame_encode(&frame, again) == length);
	FUZZ_CHECK(!memcmp(bytes, again, length));
	testify(&frame);
	sp_frame_free(&frame);
	return 0;
}
