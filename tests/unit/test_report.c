/* What reports do with what peers send: every format keeps its form, whatever the
 * words. Markdown is looked at here; JSON and SARIF go to their schemas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sallyport/verify_report.h>

#include "markdown.h"

#define EVIL                                                                \
	"CN=a|b`c``<script>alert(1)</script>\n| x | \033[31m \xe2\x80\xae " \
	"[l](https://evil.example) @everyone \\ \xff\xfe \"q\" --- *b* _u_"

static struct sp_policy *make_policy(void)
{
	static struct sp_service service = { .name = (char *)"https_1" };
	static struct sp_policy policy = { .services = &service, .service_count = 1 };

	return &policy;
}

static struct sp_profile profile = { .name = (char *)"baseline",
	.source = (char *)"here" };

static struct sp_certificate certificate = { .subject = (char *)EVIL,
	.issuer = (char *)EVIL,
	.serial = (char *)"01",
	.key = (char *)EVIL,
	.signature = (char *)EVIL,
	.key_bits = 256,
	.not_after = INT64_MAX };
static char *evil_names[] = { (char *)EVIL, (char *)"plain" };

/* One port that fails in every way there is, one that passes, one that nobody
 * listens on. */
struct lab {
	struct sp_verdicts verdicts;
	struct sp_target targets[3];
	struct sp_verdict items[3];
	struct sp_endpoint endpoint;
	struct sp_endpoint_verdict judged;
	struct sp_finding findings[SP_FINDINGS];
	struct sp_answered answers[SP_QUESTIONS];
	size_t services[1];
};

static void make_targets(struct lab *lab)
{
	static const enum sp_outcome outcomes[3] = { SP_FAIL, SP_PASS, SP_ABSENT };

	for (size_t i = 0; i < 3; i++) {
		lab->targets[i] = (struct sp_target){ .protocol = SP_TCP,
			.port = (uint16_t)(443 + i),
			.services = lab->services,
			.service_count = 1,
			.names = evil_names,
			.name_count = 2,
			.tls = SP_TLS_REQUIRED,
			.profile = &profile,
			.at = { "policies/my policy.ini", 7, 1 } };
		lab->items[i] = (struct sp_verdict){ .target = &lab->targets[i],
			.outcome = outcomes[i],
			.reason = (char *)EVIL };
	}
	lab->items[0].endpoints = &lab->judged;
	lab->items[0].endpoint_count = 1;
}

static struct lab *make_lab(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	certificate.names = evil_names;
	certificate.name_count = certificate.name_total = 2;
	for (int i = 0; i < SP_FINDINGS; i++)
		lab->findings[i] = (struct sp_finding){ .id = (enum sp_finding_id)i,
			.weight = sp_finding_entry((enum sp_finding_id)i)->weight,
			.name = i % 2 ? 0 : SP_NO_NAME,
			.text = (char *)EVIL };
	for (int i = 0; i < SP_QUESTIONS; i++)
		lab->answers[i] = (struct sp_answered){ .question = (enum sp_question)i,
			.name = SP_NO_NAME,
			.answer = (enum sp_answer)(i % 4),
			.how = (char *)EVIL };
	lab->endpoint = (struct sp_endpoint){ .local = true,
		.testimony = { .certificates = &certificate, .certificate_count = 1 } };
	assert_true(sp_address_parse("192.0.2.1", 9, &lab->endpoint.address));
	lab->judged = (struct sp_endpoint_verdict){ .endpoint = &lab->endpoint,
		.outcome = SP_FAIL,
		.findings = lab->findings,
		.finding_count = SP_FINDINGS,
		.answers = lab->answers,
		.answer_count = SP_QUESTIONS };
	make_targets(lab);
	lab->verdicts =
	    (struct sp_verdicts){ .now = 1700000000, .items = lab->items, .count = 3 };
	return lab;
}

typedef bool print_report(FILE *out, const struct lab *lab);

static bool print_json(FILE *out, const struct lab *lab)
{
	return sp_report_verify_json(out, make_policy(), &lab->verdicts);
}

static bool print_probe_json(FILE *out, const struct lab *lab)
{
	return sp_report_verify_json(out, NULL, &lab->verdicts);
}

static bool print_sarif(FILE *out, const struct lab *lab)
{
	return sp_report_verify_sarif(out, make_policy(), &lab->verdicts, "0.1.0");
}

static bool print_probe_sarif(FILE *out, const struct lab *lab)
{
	return sp_report_verify_sarif(out, NULL, &lab->verdicts, "0.1.0");
}

static bool print_markdown(FILE *out, const struct lab *lab)
{
	return sp_report_verify_markdown(out, make_policy(), &lab->verdicts);
}

static bool print_text(FILE *out, const struct lab *lab)
{
	return sp_report_verify_text(out, make_policy(), &lab->verdicts, false);
}

static char *print(print_report *report)
{
	struct lab *lab = make_lab();
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_true(report(out, lab));
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), length);
	free(lab);
	return text;
}

/* Nothing but printable ASCII and line breaks. */
static void assert_plain(const char *text, bool ascii)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < 0x20 && c != '\n') || c == 0x7f || (ascii && c > 0x7f))
			fail_msg("0x%02x at \"%.20s\"", c, text);
	}
}

static void validate(print_report *report, const char *schema)
{
	char *text = print(report), command[512], name[] = "/tmp/sallyport-report-XXXXXX";
	int descriptor = mkstemp(name), status;
	FILE *file = fdopen(descriptor, "w");

	assert_non_null(file);
	assert_plain(text, true);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	snprintf(command, sizeof(command),
	    "/usr/bin/python3 %s/tests/lib/schema.py %s/%s %s", SOURCE_DIRECTORY,
	    SOURCE_DIRECTORY, schema, name);
	status = system(command);
	remove(name);
	free(text);
	if (status == 77 << 8)
		skip();
	assert_int_equal(status, 0);
}

static void json_is_what_its_schema_says(void **state)
{
	(void)state;
	validate(print_json, "src/report/verify.schema.json");
	validate(print_probe_json, "src/report/verify.schema.json");
}

static void sarif_is_what_the_standard_says(void **state)
{
	(void)state;
	validate(print_sarif, "tests/lib/sarif-2.1.0.schema.json");
	validate(print_probe_sarif, "tests/lib/sarif-2.1.0.schema.json");
}

static void sarif_points_at_the_policy(void **state)
{
	char *text = print(print_sarif);
	size_t results = 0;

	(void)state;
	for (const char *at = text; (at = strstr(at, "\"ruleId\"")); at++)
		results++;
	assert_int_equal(results, SP_FINDINGS + 2);
	assert_non_null(strstr(text, "\"uri\": \"policies/my%20policy.ini\""));
	assert_non_null(strstr(text, "\"startLine\": 7"));
	assert_non_null(strstr(text, "\"name\": \"192.0.2.1:443\""));
	assert_non_null(strstr(text, "\"kind\": \"pass\""));
	free(text);
	text = print(print_probe_sarif);
	assert_non_null(strstr(text, "\"startLine\": 7"));
	free(text);
}

/* --- Markdown ------------------------------------------------------------ */

static void check_code(const char *words, bool in_table, const char *expected)
{
	struct sp_text text = { 0 };

	sp_markdown_code(&text, words, in_table);
	assert_false(text.failed);
	assert_string_equal(text.bytes ? text.bytes : "", expected);
	sp_text_free(&text);
}

static void code_spans_hold_anything(void **state)
{
	(void)state;
	check_code("plain", true, "`plain`");
	check_code("", true, "");
	check_code("a|b", true, "`a\\|b`");
	check_code("a|b", false, "`a|b`");
	check_code("a`b", false, "`` a`b ``");
	check_code("``", false, "``` `` ```");
	check_code("two\nlines", false, "`two\\x0alines`");
	check_code("<b>", false, "`<b>`");
	check_code("\xff", false, "`\\xff`");
}

static void our_words_are_plain(void **state)
{
	struct sp_text text = { 0 };

	(void)state;
	sp_markdown_plain(&text, "a_b|c<d>&amp;`e`[f]*g*~h~\\");
	assert_string_equal(
	    text.bytes, "a\\_b\\|c&lt;d>&amp;amp;\\`e\\`\\[f\\]\\*g\\*\\~h\\~\\\\");
	sp_text_free(&text);
}

/* Takes every code span out, by CommonMark's rule; the rest is ours alone. */
static void remove_code(char *text)
{
	char *to = text;

	for (char *at = text; *at;) {
		size_t fence = strspn(at, "`");
		char *end = at + fence;

		if (!fence) {
			*to++ = *at++;
			continue;
		}
		while (*end && strspn(end, "`") != fence)
			end += strspn(end, "`") ? strspn(end, "`") : 1;
		if (!*end)
			fail_msg("a code span without its end: %.40s", at);
		at = end + fence;
	}
	*to = '\0';
}

static void markdown_keeps_its_form(void **state)
{
	char *text = print(print_markdown), *line;
	size_t rows = 0;

	(void)state;
	assert_plain(text, false);
	assert_null(strstr(text, "\xe2\x80\xae"));
	/* Every row has as many cells as its table's head. */
	line = strdup(text);
	for (char *save, *row = strtok_r(line, "\n", &save); row;
	     row = strtok_r(NULL, "\n", &save)) {
		size_t cells = 0;

		for (const char *at = row; *row == '|' && *at; at++)
			cells += *at == '|' && (at == row || at[-1] != '\\');
		if (*row == '|')
			rows++;
		if (*row == '|')
			assert_int_equal(cells, 7);
	}
	free(line);
	assert_int_equal(rows, 2 + 3 + 2 + 1);
	remove_code(text);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "evil"));
	assert_null(strstr(text, "@everyone"));
	assert_non_null(strstr(text, "https\\_1"));
	free(text);
}

static void text_is_fit_for_a_terminal(void **state)
{
	char *text = print(print_text);

	(void)state;
	assert_plain(text, false);
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_what_its_schema_says),
		cmocka_unit_test(sarif_is_what_the_standard_says),
		cmocka_unit_test(sarif_points_at_the_policy),
		cmocka_unit_test(code_spans_hold_anything),
		cmocka_unit_test(our_words_are_plain),
		cmocka_unit_test(markdown_keeps_its_form),
		cmocka_unit_test(text_is_fit_for_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
