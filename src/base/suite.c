#include <sallyport/tls.h>

#include <stdio.h>
#include <string.h>

const struct sp_suite *sp_suite_find(uint16_t id)
{
	size_t low = 0, high = sp_suite_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sp_suites[middle].id == id)
			return &sp_suites[middle];
		if (sp_suites[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool is_name(const char *known, const char *name, size_t length)
{
	return known && strlen(known) == length && !memcmp(known, name, length);
}

const struct sp_suite *sp_suite_named(const char *name, size_t length)
{
	for (size_t i = 0; i < sp_suite_count; i++)
		if (is_name(sp_suites[i].name, name, length) ||
		    is_name(sp_suites[i].openssl, name, length))
			return &sp_suites[i];
	return NULL;
}

const char *sp_suite_name(uint16_t id, char text[16])
{
	const struct sp_suite *suite = sp_suite_find(id);

	if (suite)
		return suite->name;
	snprintf(text, 16, "suite 0x%04x", id);
	return text;
}

bool sp_suite_fits(const struct sp_suite *suite, uint16_t version)
{
	if (suite->properties & SP_SUITE_TLS13)
		return version == SP_TLS13;
	if (suite->properties & SP_SUITE_TLS12)
		return version == SP_TLS12;
	return version >= SP_SSL3 && version <= SP_TLS12;
}
