#include <sallyport/observation.h>

#include <stdlib.h>
#include <string.h>

#include <sallyport/array.h>

#include "codec.h"

static bool refuse(struct sp_testimony *testimony, const char *why)
{
	free(testimony->failure);
	testimony->failure = strdup(why);
	return false;
}

bool sp_testimony_add_certificate(
    struct sp_testimony *testimony, struct sp_certificate *certificate)
{
	if (testimony->certificate_count >= SP_MAX_TESTIMONY_CERTIFICATES)
		return refuse(testimony, "described too many certificates");
	if (!sp_array_grow((void **)&testimony->certificates,
		&testimony->certificate_capacity, testimony->certificate_count, 1,
		sizeof(*testimony->certificates)))
		return refuse(testimony, "out of memory");
	testimony->certificates[testimony->certificate_count++] = *certificate;
	memset(certificate, 0, sizeof(*certificate));
	return true;
}

static bool all_described(
    const struct sp_testimony *testimony, const uint16_t *indices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (indices[i] >= testimony->certificate_count)
			return false;
	return true;
}

bool sp_testimony_add_observation(struct sp_testimony *testimony,
    const struct sp_request *request, struct sp_observation *observation)
{
	bool no_name = observation->name == SP_NO_NAME;

	if (!(request->questions >> observation->question & 1))
		return refuse(testimony, "answered a question that was not asked");
	if (no_name != (request->name_count == 0) ||
	    (!no_name && observation->name >= request->name_count))
		return refuse(testimony, "answered for a name that was not asked");
	if (sp_testimony_find(testimony, observation->question, observation->name))
		return refuse(testimony, "answered one question twice");
	if (!all_described(testimony, observation->sent, observation->sent_count) ||
	    !all_described(testimony, observation->chain, observation->chain_count))
		return refuse(
		    testimony, "spoke of a certificate that it did not describe");
	if (!sp_array_grow((void **)&testimony->observations,
		&testimony->observation_capacity, testimony->observation_count, 1,
		sizeof(*testimony->observations)))
		return refuse(testimony, "out of memory");
	testimony->observations[testimony->observation_count++] = *observation;
	memset(observation, 0, sizeof(*observation));
	return true;
}

const struct sp_observation *sp_testimony_find(
    const struct sp_testimony *testimony, enum sp_question question, uint16_t name)
{
	for (size_t i = 0; i < testimony->observation_count; i++) {
		const struct sp_observation *observation = &testimony->observations[i];

		if (observation->question == question && observation->name == name)
			return observation;
	}
	return NULL;
}

void sp_observation_free(struct sp_observation *observation)
{
	sp_codec_free(sp_observation_fields, observation);
	memset(observation, 0, sizeof(*observation));
}

void sp_certificate_free(struct sp_certificate *certificate)
{
	sp_codec_free(sp_certificate_fields, certificate);
	memset(certificate, 0, sizeof(*certificate));
}

void sp_request_free(struct sp_request *request)
{
	sp_codec_free(sp_request_fields, request);
	memset(request, 0, sizeof(*request));
}

void sp_testimony_free(struct sp_testimony *testimony)
{
	for (size_t i = 0; i < testimony->observation_count; i++)
		sp_observation_free(&testimony->observations[i]);
	for (size_t i = 0; i < testimony->certificate_count; i++)
		sp_certificate_free(&testimony->certificates[i]);
	free(testimony->observations);
	free(testimony->certificates);
	free(testimony->failure);
	memset(testimony, 0, sizeof(*testimony));
}
