#include "hostname.h"

#include <sallyport/address.h>

/* RFC 1035 section 2.3.4. */
#define LONGEST_LABEL 63

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* '_' is not a host name's (RFC 952), yet internal names have it, and TLS
 * libraries compare it like any other character. */
static const char *label_problem(const char *label, size_t length)
{
	if (length == 0)
		return "has an empty label";
	if (length > LONGEST_LABEL)
		return "has a label of more than 63 bytes";
	if (label[0] == '-' || label[length - 1] == '-')
		return "has a label that begins or ends with '-'";
	for (size_t i = 0; i < length; i++)
		if (!sp_is_letter(label[i]) && !sp_is_digit(label[i]) &&
		    label[i] != '-' && label[i] != '_')
			return "is not a host name: letters, digits, '-' and '.'";
	return NULL;
}

/* Resolvers take a last label of digits for part of an IPv4 address. */
static bool ends_in_number(const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;

	return strspn(last, "0123456789") == strlen(last);
}

static const char *whole_problem(struct sp_slice text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.text[i] >= 0x80)
			return "is internationalised: write its A-label form, \"xn--…\"";
	if (memchr(text.text, '*', text.length))
		return "has a wildcard: write the names that clients use";
	if (text.length > SP_MAX_HOST_NAME)
		return "is longer than a host name can be, 253 bytes";
	if (text.text[text.length - 1] == '.')
		return "ends in '.': write it without";
	return NULL;
}

const char *sp_host_name_read(struct sp_slice text, char ret[SP_MAX_HOST_NAME + 1])
{
	const char *problem = whole_problem(text);
	struct sp_address address;
	size_t start = 0;

	if (sp_address_parse(text.text, text.length, &address)) {
		sp_address_print(&address, ret);
		return NULL;
	}
	if (problem)
		return problem;
	for (size_t i = 0; i <= text.length; i++) {
		if (i < text.length)
			ret[i] = lower(text.text[i]);
		if (i < text.length && text.text[i] != '.')
			continue;
		problem = label_problem(ret + start, i - start);
		if (problem)
			return problem;
		start = i + 1;
	}
	ret[text.length] = '\0';
	return ends_in_number(ret) ? "is neither a host name nor an address" : NULL;
}
