/* Findings of one endpoint while it is judged. Private to verify/. */
#ifndef SALLYPORT_VERIFY_FINDINGS_H
#define SALLYPORT_VERIFY_FINDINGS_H

#include <sallyport/array.h>
#include <sallyport/verdict.h>

/* What an endpoint is judged with. */
struct judging {
	const struct sp_target *target;
	const struct sp_testimony *testimony;
	uint64_t questions; /* of the request, bit 1 << enum sp_question */
	uint64_t handshakes;
	int64_t now;
	struct sp_endpoint_verdict *verdict;
	bool out_of_memory;
};

/* Adds a finding with the weight of its table row; the same text twice is one
 * finding, the name of the first kept. */
void sp_finding_add(struct judging *judging, enum sp_finding_id id, uint16_t name,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What the profile says of something: its stance, and by which demand. */
struct sp_opinion {
	enum sp_stance stance;
	enum sp_demand demand;
};

/* What it says of a weakness. */
struct sp_opinion sp_opinion_of(const struct judging *judging, enum sp_weakness weakness);

/* Adds a finding with the weight and the clause of the profile's opinion; none when
 * the profile ignores it. */
void sp_finding_held(struct judging *judging, enum sp_finding_id id,
    struct sp_opinion opinion, uint16_t name, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

bool sp_finding_has(const struct sp_endpoint_verdict *verdict, enum sp_finding_id id);

/* Heaviest first, then in the table's order, then as they were found. */
void sp_findings_sort(struct sp_endpoint_verdict *verdict);

/* The outcome that the findings leave. */
enum sp_outcome sp_findings_outcome(const struct sp_endpoint_verdict *verdict);

/* versions.c: which versions are spoken and proven under one name, and everything
 * else that was answered under it. */
void sp_name_judge(struct judging *judging, uint16_t name);
/* "TLS 1.2, TLS 1.3", lowest first. */
void sp_versions_list(const struct judging *judging, struct sp_text *list);

/* answers.c: one answer per question and name, into the verdict. */
void sp_answers_find(struct judging *judging, uint16_t name);
enum sp_answer sp_answer_of(
    const struct judging *judging, enum sp_question question, uint16_t name);
/* Where a certificate of the other type is asked about: the handshake that showed the
 * first one. NULL: none did. */
const struct sp_observation *sp_first_certificate(
    const struct judging *judging, enum sp_question other, uint16_t name);
/* "alert 70 (protocol_version)"; into `text`. */
const char *sp_answer_how(const struct sp_observation *observation, char text[160]);

/* upgrade.c: what was found before TLS began. */
void sp_upgrade_judge(struct judging *judging);
/* One question about the plain session. */
enum sp_answer sp_upgrade_answer(
    const struct judging *judging, const struct sp_observation *observation);
/* "the upgrade is refused: 502 …"; into `text`. */
const char *sp_upgrade_how(const struct sp_observation *observation, char text[160]);

/* weakness.c: what each answer shows beside its version. */
void sp_weaknesses_judge(struct judging *judging, uint16_t name);

/* lifetime.c, revocation.c: what a chain that verifies can still lack. */
void sp_chain_sent_judge(
    struct judging *judging, const struct sp_observation *observation);
void sp_lifetime_judge(struct judging *judging, const struct sp_observation *observation,
    const struct sp_certificate *leaf);
void sp_revocation_judge(struct judging *judging,
    const struct sp_observation *observation, const struct sp_certificate *leaf);

/* plain.c: a port that the policy calls plain. */
void sp_plain_judge(struct judging *judging);
enum sp_answer sp_plain_answer(const struct sp_observation *observation);

/* intrusion.c: Heartbleed, CCS injection and ROBOT, where they were asked for. */
void sp_intrusions_judge(struct judging *judging);

/* chain.c: everything about the certificates of one handshake. */
void sp_chain_judge(struct judging *judging, const struct sp_observation *observation);

#endif
