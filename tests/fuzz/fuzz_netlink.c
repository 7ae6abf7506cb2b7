/* What the kernel says about our table, taken from arbitrary messages: decoded,
 * printed, and compared with a policy as `diff` and `apply` do. */
#include "fuzz.h"

#include <setjmp.h>
#include <sys/syscall.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/nft.h>
#include <sallyport/transaction.h>

#include "decode.h"

/* libnftnl exits the process over an attribute of the wrong size: it trusts the
 * kernel, the one who can send these messages to us. Here that input is over, and
 * what libnftnl held of it is lost. */
static jmp_buf refused;
static volatile bool decoding_now;

void exit(int status)
{
	if (decoding_now)
		longjmp(refused, 1);
	fflush(NULL);
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

/* AddressSanitizer's. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Messages are read where the kernel puts them: aligned, with nothing behind. */
static uint8_t *aligned_copy(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	FUZZ_CHECK(copy);
	memcpy(copy, bytes, length);
	return copy;
}

typedef int each_message(const struct nlmsghdr *message, void *context);

/* As libmnl hands a dump's messages on: until one is not whole, or refused. */
static void each(uint8_t *bytes, size_t length, unsigned type, each_message *decode,
    struct sp_decoding *decoding)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	int left = length > INT32_MAX ? 0 : (int)length;

	/* libmnl (1.0.4) takes a length of 2^31 and more for a small one. */
	for (; mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (uint32_t)left &&
	       !decoding->failed;
	     message = mnl_nlmsg_next(message, &left))
		if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
		    decode(message, decoding) == MNL_CB_ERROR)
			return;
}

static void decode_all(uint8_t *bytes, size_t length, struct sp_decoding *decoding)
{
	each(bytes, length, NFT_MSG_NEWOBJ, sp_decode_counter, decoding);
	each(bytes, length, NFT_MSG_NEWSET, sp_decode_set, decoding);
	for (size_t i = 0; i < decoding->ruleset->sets.length; i++) {
		decoding->set = &decoding->ruleset->sets.items[i];
		if (decoding->set->foreign || decoding->set->dynamic)
			continue;
		each(bytes, length, NFT_MSG_NEWSETELEM, sp_decode_elements, decoding);
		sp_decode_set_end(decoding);
	}
	decoding->set = NULL;
	for (size_t i = 0; i < decoding->anonymous.length; i++) {
		decoding->held = &decoding->anonymous.items[i];
		each(bytes, length, NFT_MSG_NEWSETELEM, sp_decode_elements, decoding);
		sp_decode_set_end(decoding);
	}
	decoding->held = NULL;
	sp_decode_sets_end(decoding);
	each(bytes, length, NFT_MSG_NEWCHAIN, sp_decode_chain, decoding);
	each(bytes, length, NFT_MSG_NEWRULE, sp_decode_rule, decoding);
}

static const struct sp_policy *wanted_policy(void)
{
	static const char text[] =
	    "[policy]\nversion = 1\n[service ssh]\nrate = 3/minute\n[service https]\n"
	    "name = a.example\nrevoke = cut\n[service many]\nport = 9000-9010\ntls = "
	    "none\n"
	    "from = 10.0.0.0/8, 192.0.2.1, 2001:db8::/32\n";
	static struct sp_policy *policy;

	if (!policy) {
		struct sp_policy_source source = { fuzz_file(0, text, sizeof(text) - 1),
			"/nonexistent", false };
		struct sp_diag diag = { 0 };

		policy = sp_policy_read(&source, &diag);
		sp_diag_free(&diag);
	}
	FUZZ_CHECK(policy);
	return policy;
}

/* What it takes to get from there to a policy, as bytes. */
static void compare(struct sp_ruleset *held)
{
	struct sp_kernel kernel = { .present = true, .held = held };
	struct sp_diag diag = { 0 };
	struct sp_ruleset *wanted = sp_ruleset_compile(wanted_policy(), &diag);
	struct sp_gates gates = { 0 };
	struct sp_delta *delta;
	struct sp_batch batch = { 0 };

	FUZZ_CHECK(wanted && sp_policy_gates(wanted_policy(), &gates));
	delta = sp_delta_make(wanted, &gates, &kernel, NULL, &diag);
	FUZZ_CHECK(delta);
	if (sp_batch_make(delta, 1, true, &batch, &diag))
		sp_batch_free(&batch);
	sp_delta_free(delta);
	sp_array_free(&gates);
	sp_ruleset_free(wanted);
	sp_diag_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_decoding decoding = { .ruleset = calloc(1, sizeof(*decoding.ruleset)) };
	uint8_t *copy = aligned_copy(bytes, length);
	struct sp_text text = { 0 };

	FUZZ_CHECK(decoding.ruleset);
	if (setjmp(refused)) {
		decoding_now = false;
		return 0;
	}
	decoding_now = true;
	decode_all(copy, length, &decoding);
	decoding_now = false;
	sp_ruleset_print(decoding.ruleset, &text);
	FUZZ_CHECK(!text.failed);
	sp_text_free(&text);
	compare(decoding.ruleset);
	sp_ruleset_free(decoding.ruleset);
	sp_decoding_free(&decoding);
	free(copy);
	return 0;
}
