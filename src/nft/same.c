/* Do two expressions say the same? */
#include "expressions.h"

#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>

/* Room for one expression as libnftnl prints it. */
#define PRINTED_BYTES 512

/* Of bounded size, whatever a dump has: neither names nor expressions within. */
static bool is_plain(struct nftnl_expr *expression, const char *name)
{
	return !strcmp(name, "cmp") || !strcmp(name, "payload") ||
	       !strcmp(name, "meta") || !strcmp(name, "bitwise") ||
	       (!strcmp(name, "immediate") &&
		   !nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_CHAIN));
}

#define PLAIN_BYTES 512 /* two values of 64 bytes, and attributes */

static bool same_bytes(struct nftnl_expr *a, struct nftnl_expr *b)
{
	/* libmnl does not clear what pads an attribute. */
	_Alignas(struct nlmsghdr) char left[PLAIN_BYTES] = { 0 },
				       right[PLAIN_BYTES] = { 0 };
	struct nlmsghdr *first = mnl_nlmsg_put_header(left),
			*second = mnl_nlmsg_put_header(right);

	nftnl_expr_build_payload(first, a);
	nftnl_expr_build_payload(second, b);
	return first->nlmsg_len == second->nlmsg_len &&
	       !memcmp(left, right, first->nlmsg_len);
}

static bool same_text(const struct nftnl_expr *a, const struct nftnl_expr *b)
{
	char left[PRINTED_BYTES], right[PRINTED_BYTES];
	int m, n;

	m = nftnl_expr_snprintf(left, sizeof(left), a, NFTNL_OUTPUT_DEFAULT, 0);
	n = nftnl_expr_snprintf(right, sizeof(right), b, NFTNL_OUTPUT_DEFAULT, 0);
	return m == n && m >= 0 && (size_t)m < sizeof(left) && !strcmp(left, right);
}

/* The kernel may say more than was asked, defaults for example: then the text tells. */
bool sp_expression_same(struct nftnl_expr *a, struct nftnl_expr *b)
{
	const char *name = nftnl_expr_get_str(a, NFTNL_EXPR_NAME);

	if (strcmp(name, nftnl_expr_get_str(b, NFTNL_EXPR_NAME)))
		return false;
	/* All that it says was taken. */
	if (!strcmp(name, "objref"))
		return true;
	return (is_plain(a, name) && is_plain(b, name) && same_bytes(a, b)) ||
	       same_text(a, b);
}
