/* Read, delta, commit, prove by reading back. The kernel's generation id
 * brackets every read and guards every commit. */
#include <sallyport/transaction.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <sallyport/array.h>
#include <sallyport/netlink.h>
#include <sallyport/limits.h>

#include "decode.h"

/* How long others' commits may keep ours from getting in; seconds. */
#define COMMIT_SECONDS 30
/* A commit that reads back different this often is not somebody else's doing. */
#define READ_BACK_TRIES 4
/* A request of ours: a header and two names. */
#define REQUEST_BYTES 1024

static struct nlmsghdr *request(
    void *buffer, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	return message;
}

static int each_generation(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message,
	    sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
					 mnl_attr_validate(attribute, MNL_TYPE_U32) >=
					     0) *
	    (uint32_t *)context = ntohl(mnl_attr_get_u32(attribute));
	return MNL_CB_OK;
}

static int read_generation(struct sp_nf_tables *socket, uint32_t *ret)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = request(buffer, NFT_MSG_GETGEN, NLM_F_ACK, AF_UNSPEC);

	*ret = 0;
	return sp_nf_tables_ask(socket, message, each_generation, ret);
}

static int each_table(const struct nlmsghdr *message, void *context)
{
	struct sp_kernel *kernel = context;
	const struct nlattr *attribute;

	sp_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_FLAGS &&
		    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			kernel->dormant =
			    ntohl(mnl_attr_get_u32(attribute)) & NFT_TABLE_F_DORMANT;
	}
	return MNL_CB_OK;
}

static int read_presence(struct sp_nf_tables *socket, struct sp_kernel *ret)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message =
	    request(buffer, NFT_MSG_GETTABLE, NLM_F_ACK, NFPROTO_INET);
	int failed;

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, SP_TABLE);
	failed = sp_nf_tables_ask(socket, message, each_table, ret);
	ret->present = failed == 0;
	return failed == -ENOENT ? 0 : failed;
}

/* Dumps all of one kind; `table` is the attribute that filters by table, where
 * the kernel knows one for that kind. */
static int dump(struct sp_nf_tables *socket, uint16_t type, uint16_t table,
    int (*each)(const struct nlmsghdr *, void *), struct sp_decoding *decoding)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = request(buffer, type, NLM_F_DUMP, NFPROTO_INET);

	if (table)
		mnl_attr_put_strz(message, table, SP_TABLE);
	return sp_nf_tables_ask(socket, message, each, decoding);
}

static int dump_elements(
    struct sp_nf_tables *socket, const char *set, struct sp_decoding *decoding)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message =
	    request(buffer, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET);
	int failed;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, SP_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	failed = sp_nf_tables_ask(socket, message, sp_decode_elements, decoding);
	return failed ? failed : sp_decode_set_end(decoding) ? 0 : -ENOMEM;
}

/* What need not be read, and for whom it is. */
struct reading {
	const struct sp_committed *committed; /* NULL: nothing is known */
	const struct sp_ruleset *wanted;      /* NULL: nobody compares addresses */
	uint32_t generation;
};

static bool is_of_addresses(const struct sp_set *set)
{
	return (set->interval || set->prefix) && !set->map &&
	       (set->key == SP_KEY_IPV4 || set->key == SP_KEY_IPV6);
}

/* Its elements without reading them, if that is possible. */
static bool is_known(const struct reading *reading, struct sp_set *set)
{
	const struct sp_set *same;

	if (!is_of_addresses(set))
		return false;
	if (!reading->wanted)
		return true;
	same = reading->committed ? sp_committed_same(reading->committed,
					reading->generation, reading->wanted, set->name)
				  : NULL;
	if (!same)
		return false;
	set->borrowed = true;
	set->addresses = same->addresses;
	return true;
}

static int dump_all_elements(struct sp_nf_tables *socket, struct sp_decoding *decoding,
    const struct reading *reading)
{
	int failed = 0;

	for (size_t i = 0; i < decoding->ruleset->sets.length && !failed; i++) {
		struct sp_set *set = &decoding->ruleset->sets.items[i];

		/* Meters are the packets', not the policy's. */
		if (set->foreign || set->dynamic || is_known(reading, set))
			continue;
		decoding->set = set;
		failed = dump_elements(socket, set->name, decoding);
	}
	decoding->set = NULL;
	for (size_t i = 0; i < decoding->anonymous.length && !failed; i++) {
		decoding->held = &decoding->anonymous.items[i];
		failed = dump_elements(socket, decoding->held->name, decoding);
	}
	decoding->held = NULL;
	sp_decode_sets_end(decoding);
	return failed;
}

static int read_table(struct sp_nf_tables *socket, struct sp_decoding *decoding,
    const struct reading *reading)
{
	int failed;

	failed =
	    dump(socket, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, sp_decode_counter, decoding);
	if (!failed)
		failed =
		    dump(socket, NFT_MSG_GETSET, NFTA_SET_TABLE, sp_decode_set, decoding);
	if (!failed)
		failed = dump_all_elements(socket, decoding, reading);
	if (!failed)
		failed = dump(socket, NFT_MSG_GETCHAIN, 0, sp_decode_chain, decoding);
	if (!failed)
		failed = dump(
		    socket, NFT_MSG_GETRULE, NFTA_RULE_TABLE, sp_decode_rule, decoding);
	return failed;
}

/* -EAGAIN: somebody committed while we read. */
static int read_once(
    struct sp_nf_tables *socket, struct reading *reading, struct sp_kernel *ret)
{
	struct sp_decoding decoding = { .ruleset = calloc(1, sizeof(*decoding.ruleset)) };
	uint32_t after;
	int failed;

	memset(ret, 0, sizeof(*ret));
	if (!decoding.ruleset)
		return -ENOMEM;
	ret->held = decoding.ruleset;
	failed = read_generation(socket, &ret->generation);
	reading->generation = ret->generation;
	if (!failed)
		failed = read_presence(socket, ret);
	if (!failed && ret->present)
		failed = read_table(socket, &decoding, reading);
	if (!failed)
		failed = read_generation(socket, &after);
	if (!failed && after != ret->generation)
		failed = -EAGAIN;
	sp_decoding_free(&decoding);
	if (failed)
		sp_kernel_free(ret);
	return failed;
}

static bool is_passing(int failed)
{
	return failed == -EAGAIN || failed == -EINTR || failed == -ENOBUFS ||
	       failed == -ENOENT;
}

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* Certificates end by the clock on the wall. */
static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Foreign commits follow one another: a breath lets the other one finish. */
static void breathe(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
}

static bool refused(int failed, const char *what, struct sp_diag *diag)
{
	if (failed == -EPERM || failed == -EACCES)
		return sp_error(diag, NULL,
		    "%s needs CAP_NET_ADMIN in this network namespace (run as root); "
		    "without it, `check --kernel` and `compile` work",
		    what);
	if (failed == -ENOMEM)
		return sp_out_of_memory(diag);
	return sp_error(diag, NULL, "%s failed: %s", what, strerror(-failed));
}

bool sp_kernel_read(struct sp_nf_tables *socket, const struct sp_committed *committed,
    const struct sp_ruleset *wanted, struct sp_kernel *ret, struct sp_diag *diag)
{
	struct reading reading = { .committed = committed, .wanted = wanted };
	time_t deadline = seconds_now() + COMMIT_SECONDS;
	int failed;

	while (is_passing(failed = read_once(socket, &reading, ret)) &&
	       seconds_now() < deadline)
		breathe();
	return !failed || refused(failed, "reading the kernel's nf_tables ruleset", diag);
}

void sp_kernel_free(struct sp_kernel *kernel)
{
	sp_ruleset_free(kernel->held);
	memset(kernel, 0, sizeof(*kernel));
}

/* ---- commit ---- */

static const struct sp_change *origin(const struct sp_batch *batch, uint32_t sequence)
{
	uint32_t index = sequence - batch->first_sequence;

	return index < batch->origins.length ? batch->origins.items[index] : NULL;
}

static void report_error(
    const struct sp_batch *batch, const struct sp_nf_error *error, struct sp_diag *diag)
{
	const struct sp_change *change = origin(batch, error->sequence);
	const struct sp_location *at =
	    change && change->rule && change->rule->at.file ? &change->rule->at : NULL;
	struct sp_text text = { 0 };

	if (change && change->kind == SP_CHANGE_ADD_RULE)
		sp_rule_print(change->rule, &text);
	sp_error(diag, at, "the kernel refused %s%s%s: %s%s%s",
	    change ? change->name : "the batch", text.bytes ? ": " : "",
	    text.bytes ? text.bytes : "", strerror(error->error),
	    error->text[0] ? ": " : "", error->text);
	sp_text_free(&text);
}

static enum sp_commit judge_errors(
    const struct sp_batch *batch, const struct sp_nf_errors *errors, struct sp_diag *diag)
{
	if (errors->overrun)
		return SP_COMMIT_STALE;
	for (size_t i = 0; i < errors->length; i++)
		if (errors->items[i].error == ERESTART || errors->items[i].error == EINTR)
			return SP_COMMIT_STALE;
	for (size_t i = 0; i < errors->length; i++) {
		if (errors->items[i].error == EPERM) {
			refused(-EPERM, "changing the kernel's nf_tables ruleset", diag);
			return SP_COMMIT_REFUSED;
		}
		report_error(batch, &errors->items[i], diag);
	}
	return errors->length ? SP_COMMIT_REFUSED : SP_COMMITTED;
}

static enum sp_commit send_batch(
    struct sp_nf_tables *socket, const struct sp_batch *batch, struct sp_diag *diag)
{
	struct sp_nf_errors errors;
	enum sp_commit outcome;
	int failed = sp_nf_tables_commit(socket, batch->bytes, batch->length, &errors);

	if (failed == -EMSGSIZE || failed == -ENOBUFS) {
		sp_error(diag, NULL,
		    "the batch of %zu bytes is larger than the netlink send buffer may "
		    "become here; raise net.core.wmem_max or run as root of the host",
		    batch->length);
		return SP_COMMIT_REFUSED;
	}
	if (failed) {
		refused(failed, "changing the kernel's nf_tables ruleset", diag);
		return SP_COMMIT_REFUSED;
	}
	outcome = judge_errors(batch, &errors, diag);
	sp_array_free(&errors);
	return outcome;
}

static enum sp_commit commit_part(struct sp_nf_tables *socket,
    const struct sp_delta *delta, uint32_t generation, bool dry, struct sp_diag *diag)
{
	enum sp_commit outcome;
	struct sp_batch batch;

	if (!sp_batch_make(delta, generation, !dry, &batch, diag))
		return SP_COMMIT_REFUSED;
	outcome = send_batch(socket, &batch, diag);
	sp_batch_free(&batch);
	return outcome;
}

/* `from` changes on, `count` of them; the changes stay the delta's. */
static struct sp_delta part_of(const struct sp_delta *delta, size_t from, size_t count)
{
	struct sp_delta part = { 0 };

	part.changes.items = delta->changes.items + from;
	part.changes.length = count;
	return part;
}

/* Nothing refers to it: when this fails too, the next run removes it. */
static void take_back(struct sp_nf_tables *socket, const struct sp_delta *delta,
    uint32_t generation, struct sp_diag *diag)
{
	struct sp_delta *back = sp_delta_take_back(delta, diag);

	if (back)
		commit_part(socket, back, generation, false, diag);
	sp_delta_free(back);
}

enum sp_commit sp_delta_commit(struct sp_nf_tables *socket, const struct sp_delta *delta,
    const struct sp_kernel *kernel, bool dry, struct sp_diag *diag)
{
	size_t count = delta->changes.length, ahead = dry ? 0 : delta->ahead;
	uint32_t generation = kernel->generation;
	struct sp_delta part = part_of(delta, 0, ahead);
	enum sp_commit outcome;

	if (ahead) {
		outcome = commit_part(socket, &part, generation++, false, diag);
		if (outcome != SP_COMMITTED)
			return outcome;
	}
	if (ahead == count)
		return SP_COMMITTED;
	part = part_of(delta, ahead, count - ahead);
	outcome = commit_part(socket, &part, generation, dry, diag);
	if (outcome == SP_COMMIT_REFUSED && ahead)
		take_back(socket, delta, generation, diag);
	return outcome;
}

/* The generation that stands when nobody else has committed since. */
static uint32_t generation_after(
    const struct sp_delta *delta, const struct sp_kernel *kernel)
{
	size_t batches = !delta->ahead || delta->ahead == delta->changes.length ? 1 : 2;

	return kernel->generation + (uint32_t)batches;
}

/* ---- all of it ---- */

struct applying {
	struct sp_nf_tables *socket;
	const struct sp_ruleset *wanted;
	const struct sp_gates *gates;
	const struct sp_proofs *proofs;
	bool dry;
	struct sp_memory *memory; /* NULL: everything is read */
	struct sp_text *text;
	size_t *changes;
	struct sp_diag *diag;
	size_t mismatches; /* commits that read back different */
};

static const struct sp_committed *known(const struct sp_memory *memory)
{
	return memory ? &memory->committed : NULL;
}

static bool remember(struct applying *applying, uint32_t generation)
{
	return !applying->memory ||
	       sp_committed_make(
		   applying->wanted, generation, &applying->memory->committed) ||
	       sp_out_of_memory(applying->diag);
}

/* An acknowledgement is not a commit: what stands is what a read says. Leases
 * may have run out since, so only the shape is compared. A long set is proven by the
 * generation: the batch was taken whole at the one that was read; when somebody has
 * committed since, it is read. */
static enum sp_commit read_back(struct applying *applying, uint32_t generation)
{
	enum sp_commit outcome = SP_COMMIT_REFUSED;
	struct sp_delta *left = NULL;
	struct sp_kernel kernel;

	if (!remember(applying, generation) ||
	    !sp_kernel_read(applying->socket, known(applying->memory), applying->wanted,
		&kernel, applying->diag))
		return SP_COMMIT_REFUSED;
	left = sp_delta_make(
	    applying->wanted, applying->gates, &kernel, NULL, applying->diag);
	if (left)
		outcome = left->changes.length ? SP_COMMIT_STALE : SP_COMMITTED;
	if (outcome == SP_COMMITTED && applying->memory)
		applying->memory->committed.generation = kernel.generation;
	sp_delta_free(left);
	sp_kernel_free(&kernel);
	if (outcome == SP_COMMIT_STALE && ++applying->mismatches == READ_BACK_TRIES) {
		sp_error(applying->diag, NULL,
		    "the kernel took the batch and holds something else (read back "
		    "%d times); see `sallyport diff`",
		    READ_BACK_TRIES);
		outcome = SP_COMMIT_REFUSED;
	}
	return outcome;
}

static enum sp_commit conclude(struct applying *applying, const struct sp_delta *delta,
    const struct sp_kernel *kernel)
{
	*applying->changes = delta->changes.length;
	if (applying->text)
		sp_delta_print(delta, applying->text);
	/* Rules that are left as they stand prove nothing. */
	if (applying->dry || applying->proofs->leases_only)
		return SP_COMMITTED;
	if (delta->changes.length)
		return read_back(applying, generation_after(delta, kernel));
	return remember(applying, kernel->generation) ? SP_COMMITTED : SP_COMMIT_REFUSED;
}

static bool is_overtaken(const struct sp_memory *memory, struct sp_diag *diag)
{
	return memory && memory->overtaken && memory->overtaken(memory->context) &&
	       !sp_error(diag, NULL, "locked down meanwhile: only the floor stands");
}

static enum sp_commit attempt(struct applying *applying)
{
	enum sp_commit outcome = SP_COMMIT_REFUSED;
	struct sp_proofs proofs = *applying->proofs;
	struct sp_delta *delta;
	struct sp_kernel kernel;

	if (!sp_kernel_read(applying->socket, known(applying->memory), applying->wanted,
		&kernel, applying->diag))
		return SP_COMMIT_REFUSED;
	if (!applying->dry && is_overtaken(applying->memory, applying->diag)) {
		sp_kernel_free(&kernel);
		return SP_COMMIT_REFUSED;
	}
	/* Attempts may take half a minute: what is left of a lease is counted anew. */
	proofs.now_ms = wall_ms();
	delta = sp_delta_make(
	    applying->wanted, applying->gates, &kernel, &proofs, applying->diag);
	if (delta)
		outcome = sp_delta_commit(
		    applying->socket, delta, &kernel, applying->dry, applying->diag);
	if (outcome == SP_COMMITTED)
		outcome = conclude(applying, delta, &kernel);
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	return outcome;
}

bool sp_apply_ruleset(struct sp_nf_tables *socket, const struct sp_ruleset *wanted,
    const struct sp_gates *gates, const struct sp_proofs *proofs, bool dry,
    struct sp_memory *memory, struct sp_text *ret_text, size_t *ret_changes,
    struct sp_diag *diag)
{
	struct applying applying = { socket, wanted, gates, proofs, dry, memory, ret_text,
		ret_changes, diag, 0 };
	time_t deadline = seconds_now() + COMMIT_SECONDS;
	enum sp_commit outcome;

	while ((outcome = attempt(&applying)) == SP_COMMIT_STALE &&
	       seconds_now() < deadline) {
		if (ret_text)
			sp_text_free(ret_text);
		breathe();
	}
	if (outcome == SP_COMMIT_STALE)
		return sp_error(diag, NULL,
		    "somebody else kept changing the ruleset for %d seconds; try again",
		    COMMIT_SECONDS);
	return outcome == SP_COMMITTED;
}

/* A delta that does not depend on what is held, made anew for each attempt. */
struct small {
	const struct sp_override *overrides; /* NULL: remove the table */
	size_t count;
	struct sp_memory *memory; /* may be NULL */
};

/* What was remembered stays true when ours was the only commit since. */
static void follow_generation(
    struct sp_nf_tables *socket, struct sp_committed *committed, uint32_t before)
{
	uint32_t after;

	if (committed->generation == before && read_generation(socket, &after) == 0 &&
	    after == before + 1)
		committed->generation = after;
}

static enum sp_commit attempt_small(
    struct sp_nf_tables *socket, const struct small *small, struct sp_diag *diag)
{
	enum sp_commit outcome = SP_COMMIT_REFUSED;
	struct sp_delta *delta;
	struct sp_kernel kernel;

	if (!sp_kernel_read(socket, NULL, NULL, &kernel, diag))
		return SP_COMMIT_REFUSED;
	if (is_overtaken(small->memory, diag)) {
		sp_kernel_free(&kernel);
		return SP_COMMIT_REFUSED;
	}
	delta = small->overrides ? sp_delta_override(small->overrides, small->count, diag)
				 : sp_delta_remove(&kernel, diag);
	if (delta)
		outcome = sp_delta_commit(socket, delta, &kernel, false, diag);
	if (outcome == SP_COMMITTED && small->memory)
		follow_generation(socket, &small->memory->committed, kernel.generation);
	sp_delta_free(delta);
	sp_kernel_free(&kernel);
	return outcome;
}

static bool commit_small(
    struct sp_nf_tables *socket, const struct small *small, struct sp_diag *diag)
{
	time_t deadline = seconds_now() + COMMIT_SECONDS;
	enum sp_commit outcome;

	while ((outcome = attempt_small(socket, small, diag)) == SP_COMMIT_STALE &&
	       seconds_now() < deadline)
		breathe();
	if (outcome == SP_COMMIT_STALE)
		return sp_error(diag, NULL,
		    "somebody else kept changing the ruleset for %d seconds; try again",
		    COMMIT_SECONDS);
	return outcome == SP_COMMITTED;
}

bool sp_remove_ruleset(
    struct sp_nf_tables *socket, struct sp_memory *memory, struct sp_diag *diag)
{
	return commit_small(socket, &(struct small){ .memory = memory }, diag);
}

bool sp_commit_overrides(struct sp_nf_tables *socket, const struct sp_override *overrides,
    size_t count, struct sp_memory *memory, struct sp_diag *diag)
{
	return commit_small(socket, &(struct small){ overrides, count, memory }, diag);
}
