/* What a good server answers to the questions that are not about versions: it
 * refuses what is forbidden, and takes the controls of the versions it speaks. */
#ifndef SALLYPORT_TESTS_GOOD_ANSWERS_H
#define SALLYPORT_TESTS_GOOD_ANSWERS_H

#include <sallyport/observation.h>

static void answer(struct sp_testimony *testimony, const struct sp_request *request,
    enum sp_question question, uint16_t name, uint16_t version)
{
	struct sp_observation observation = { .question = question,
		.name = name,
		.tries = 1,
		.reply = version ? SP_REPLY_SERVER_HELLO : SP_REPLY_ALERT,
		.alert = version ? 256 : 40,
		.version = version,
		.suite = version == SP_TLS13 ? 0x1301
			 : version	     ? 0xc02f
					     : 0,
		.secure_renegotiation = true,
		.sha1_offered = true,
		.upgrade = request->dialect ? SP_UPGRADE_DONE : SP_UPGRADE_NONE };

	assert_true(sp_testimony_add_observation(testimony, request, &observation));
}

static void answer_the_rest(struct sp_testimony *testimony,
    const struct sp_request *request, uint16_t name, bool speaks13, bool speaks12)
{
	answer(testimony, request, SP_ASK_SSL2, name, 0);
	answer(testimony, request, SP_ASK_SUITES13, name, 0);
	answer(testimony, request, SP_ASK_SUITES12_A, name, 0);
	if (speaks13) {
		answer(testimony, request, SP_ASK_TLS13_OTHER, name, 0);
		answer(testimony, request, SP_ASK_CONTROL13, name, SP_TLS13);
	}
	if (speaks12) {
		answer(testimony, request, SP_ASK_TLS12_OTHER, name, 0);
		answer(testimony, request, SP_ASK_CONTROL12, name, SP_TLS12);
		answer(testimony, request, SP_ASK_SCHEMES12, name, 0);
		answer(testimony, request, SP_ASK_GROUPS12, name, 0);
	}
}

#endif
