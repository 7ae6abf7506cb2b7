/* A policy from its text: what it means, that printing and reading again gives
 * the same one, and every file that is shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sallyport/array.h>
#include <sallyport/limits.h>
#include <sallyport/policy.h>

#include "policy_files.h"

#define HEAD "[policy]\nversion = 1\n\n"

static const struct sp_service *service_named(
    const struct sp_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->service_count; i++)
		if (!strcmp(policy->services[i].name, name))
			return &policy->services[i];
	fail_msg("no service %s", name);
	return NULL;
}

static void the_first_policy_means_what_it_says(void **state)
{
	struct sp_policy *policy = read_text(HEAD "[service ssh]\n"
						  "from = 10.0.0.0/8, fd00::/8\n"
						  "\n[service https]\n"
						  "name = WWW.Example.com\n");
	const struct sp_service *ssh = service_named(policy, "ssh");
	const struct sp_service *https = service_named(policy, "https");

	(void)state;
	assert_int_equal(policy->default_action, SP_DEFAULT_DROP);
	assert_int_equal(policy->icmp, SP_ICMP_PING);
	assert_int_equal(policy->log_blocked.count, 0);
	assert_int_equal(policy->at.line, 1);
	assert_int_equal(policy->service_count, 2);
	assert_string_equal(policy->profiles[policy->profile].name, "baseline");
	assert_int_equal(policy->profiles[policy->profile].min_version, 0x0303);
	assert_int_equal(policy->profiles[policy->profile].min_rsa_bits, 2048);
	assert_int_equal(policy->profiles[policy->profile].min_ec_bits, 256);
	assert_null(policy->profiles[policy->profile].at.file);

	assert_string_equal(ssh->use, "ssh");
	assert_int_equal(ssh->at.line, 4);
	assert_int_equal(ssh->port_count, 1);
	assert_int_equal(ssh->ports[0].first, 22);
	assert_int_equal(ssh->ports[0].last, 22);
	assert_true(ssh->tcp);
	assert_false(ssh->udp);
	assert_int_equal(ssh->action, SP_ALLOW);
	assert_false(ssh->from.any);
	assert_int_equal(sp_intervals_count(&ssh->from.literals), 2);
	assert_int_equal(ssh->from.at.line, 5);
	assert_int_equal(ssh->from.at.column, 8);
	assert_true(ssh->to.any);
	assert_int_equal(ssh->interface_count, 0);
	assert_int_equal(ssh->tls, SP_TLS_NONE);

	assert_int_equal(https->ports[0].first, 443);
	assert_true(https->from.any);
	assert_int_equal(https->tls, SP_TLS_REQUIRED);
	assert_int_equal(https->starttls, SP_DIALECT_NONE);
	assert_int_equal(https->name_count, 1);
	assert_string_equal(https->names[0], "www.example.com");
	assert_int_equal(https->lease, 24 * 3600);
	assert_int_equal(https->recheck, 6 * 3600);
	assert_int_equal(https->on_fail, SP_ON_FAIL_BLOCK);
	assert_int_equal(https->revoke, SP_REVOKE_DRAIN);
	assert_null(https->ca);
	sp_policy_free(policy);
}

static void every_key_reaches_its_field(void **state)
{
	struct sp_policy *policy = read_text(
	    "[policy]\nversion = 1\ndefault = reject\nicmp = all\n"
	    "log = blocked 5/minute\n"
	    "[addresses office]\nelements = 10.0.0.0/9, 10.128.0.0/9, fd00::1\n"
	    "[service shop]\nuse = imap\nport = 9000-9010, 8443, 9005-9020, 8444\n"
	    "protocol = udp, tcp\nfrom = @office, 192.0.2.1 - 192.0.2.9, @office\n"
	    "to = 198.51.100.1, 2001:db8::/64\ninterface = eth0, wg*\n"
	    "name = a.example, 192.0.2.1, A.example, 2001:DB8::1\n"
	    "listen = 198.51.100.1\non_fail = warn\nlease = 90m\nrecheck = 1350s\n"
	    "revoke = cut\nrate = 10/minute burst 7\nlog = yes\n"
	    "[service no]\nport = 1\naction = reject\n");
	const struct sp_service *shop = service_named(policy, "shop");

	(void)state;
	assert_int_equal(policy->default_action, SP_DEFAULT_REJECT);
	assert_int_equal(policy->icmp, SP_ICMP_ALL);
	assert_int_equal(policy->log_blocked.count, 5);
	assert_int_equal(policy->log_blocked.seconds, 60);
	assert_int_equal(policy->log_blocked.burst, 5);
	assert_int_equal(policy->set_count, 1);
	assert_int_equal(sp_intervals_count(&policy->sets[0].elements), 2);
	assert_false(policy->sets[0].block);

	assert_string_equal(shop->use, "imap");
	assert_int_equal(shop->port_count, 2);
	assert_int_equal(shop->ports[0].first, 8443);
	assert_int_equal(shop->ports[0].last, 8444);
	assert_int_equal(shop->ports[1].first, 9000);
	assert_int_equal(shop->ports[1].last, 9020);
	assert_true(shop->tcp && shop->udp);
	assert_int_equal(shop->from.set_count, 1);
	assert_int_equal(shop->from.sets[0].set, 0);
	assert_int_equal(shop->from.sets[0].at.column, 8);
	assert_int_equal(sp_intervals_count(&shop->from.literals), 1);
	assert_int_equal(sp_intervals_count(&shop->to.literals), 2);
	assert_int_equal(shop->interface_count, 2);
	assert_string_equal(shop->interfaces[1], "wg*");
	assert_int_equal(shop->tls, SP_TLS_STARTTLS);
	assert_int_equal(shop->starttls, SP_DIALECT_IMAP);
	assert_int_equal(shop->name_count, 3);
	assert_string_equal(shop->names[2], "2001:db8::1");
	assert_int_equal(shop->listen_count, 1);
	assert_int_equal(shop->on_fail, SP_ON_FAIL_WARN);
	assert_int_equal(shop->lease, 5400);
	assert_int_equal(shop->recheck, 1350);
	assert_int_equal(shop->revoke, SP_REVOKE_CUT);
	assert_int_equal(shop->rate.count, 10);
	assert_int_equal(shop->rate.burst, 7);
	assert_true(shop->log);
	assert_int_equal(service_named(policy, "no")->action, SP_REJECT);
	sp_policy_free(policy);
}

/* Both printed forms are read again; the digest is that of the policy. */
static void round_trip(const char *path)
{
	struct sp_policy *policy = read_file(path);
	uint8_t digest[SP_DIGEST_BYTES];

	memcpy(digest, policy->digest, sizeof(digest));
	for (int inlined = 0; inlined < 2; inlined++) {
		size_t length, again_length;
		char *text = sp_policy_print(policy, inlined, &length), *again_text;
		struct sp_policy *again;

		assert_non_null(text);
		assert_int_equal(strlen(text), length);
		again = read_text(text);
		assert_memory_equal(again->digest, digest, sizeof(digest));
		again_text = sp_policy_print(again, inlined, &again_length);
		assert_string_equal(again_text, text);
		assert_int_equal(again->service_count, policy->service_count);
		sp_policy_free(again);
		free(again_text);
		free(text);
	}
	sp_policy_free(policy);
}

static void shipped_policies_are_what_they_print(void **state)
{
	DIR *shipped = opendir(SOURCE_DIRECTORY "/policies");
	struct dirent *entry;
	size_t count = 0;
	char path[1024];

	(void)state;
	assert_non_null(shipped);
	while ((entry = readdir(shipped))) {
		if (!strstr(entry->d_name, ".ini"))
			continue;
		snprintf(
		    path, sizeof(path), SOURCE_DIRECTORY "/policies/%s", entry->d_name);
		round_trip(path);
		count++;
	}
	closedir(shipped);
	assert_true(count >= 6);
}

static void every_value_survives_the_printer(void **state)
{
	char *ca = write_text("ca.pem", "x"), *list, *text = NULL, *path;

	(void)state;
	list = write_text("list.txt", "10.0.0.0/8\nfd00::/8\n10.9.0.0-10.10.255.255\n"
				      "192.0.2.3-192.0.2.9\n2001:db8::1-2001:db8::5\n");
	assert_true(asprintf(&text,
			"[policy]\nversion = 1\ndefault = reject\nicmp = minimal\n"
			"log = blocked 3/day burst 9\n"
			"[addresses a]\nfile = list.txt, %s\nelements = 192.0.2.77\n"
			"action = block\n"
			"[addresses b]\nelements = none\n"
			"[service smtp]\nname = mail.example.com, ::1\nca = ca.pem\n"
			"lease = 3d\non_fail = warn\nrevoke = cut\n"
			"[service x]\nuse = none\nport = 1-65535\ntls = none\n"
			"protocol = udp\nto = 192.0.2.1-192.0.2.6, ::/0\n"
			"interface = eth0\nfrom = @b, 0.0.0.0/1\nrate = 1/second\n"
			"[service y]\nport = 25\naction = block\nfrom = 198.51.100.7\n",
			list) > 0);
	path = write_text("whole.ini", text);
	round_trip(path);
	free(text);
	free(path);
	free(list);
	free(ca);
}

static void a_snapshot_needs_no_other_file(void **state)
{
	char *list = write_text("gone.txt", "203.0.113.0/24\n"), *text;
	struct sp_policy *policy = read_text(HEAD "[addresses bad]\nfile = gone.txt\n"
						  "elements = 192.0.2.1\n"
						  "action = block\n[service ssh]\n");
	struct sp_policy *again;

	(void)state;
	assert_int_equal(policy->sets[0].file_count, 1);
	assert_int_equal(sp_intervals_count(&policy->sets[0].literals), 1);
	assert_int_equal(sp_intervals_count(&policy->sets[0].elements), 2);
	text = sp_policy_print(policy, true, NULL);
	assert_int_equal(unlink(list), 0);
	again = read_text(text);
	assert_memory_equal(again->digest, policy->digest, SP_DIGEST_BYTES);
	assert_int_equal(sp_intervals_count(&again->sets[0].elements), 2);
	free(text);
	/* And it is gone. */
	text = sp_policy_print(policy, false, NULL);
	refuse_text(text);
	free(text);
	free(list);
	sp_policy_free(policy);
	sp_policy_free(again);
}

/* A change to anything that has an effect changes the digest. */
static void digests_tell_policies_apart(void **state)
{
	static const char *const texts[] = { HEAD "[service ssh]\n",
		HEAD "[service ssh]\nlog = yes\n",
		HEAD "[service ssh]\nfrom = 10.0.0.0/8\n",
		HEAD "[service ssh]\nfrom = 10.0.0.0/9\n",
		HEAD "[service ssh]\nport = 2222\n",
		HEAD "[service ssh]\nrate = 1/minute\n",
		HEAD "[service ssh]\naction = reject\n",
		HEAD "[service ssh]\ninterface = eth0\n",
		HEAD "[service ssh]\nto = 192.0.2.1\n",
		HEAD "[service secure]\nuse = ssh\n",
		HEAD "[service https]\nname = a.example.com\n",
		HEAD "[service https]\nname = b.example.com\n",
		HEAD "[service https]\nname = a.example.com\nalpn = h2\n",
		HEAD "[service https]\nname = a.example.com\nlisten = 192.0.2.1\n",
		HEAD "[service https]\nname = a.example.com\nprofile = mozilla-modern\n",
		HEAD "[service https]\nname = a.example.com\non_fail = warn\n",
		HEAD "[service https]\nname = a.example.com\nlease = 12h\n",
		HEAD "[service https]\nname = a.example.com\nrecheck = 1h\n",
		HEAD "[service https]\nname = a.example.com\nrevoke = cut\n",
		HEAD "[service https]\ntls = none\n",
		"[policy]\nversion = 1\nicmp = all\n[service ssh]\n" };
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	struct sp_policy *policies[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		policies[i] = read_text(texts[i]);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(
			    policies[i]->digest, policies[j]->digest, SP_DIGEST_BYTES);
	for (size_t i = 0; i < COUNT; i++)
		sp_policy_free(policies[i]);
}

/* A policy whose one service takes `count` prefixes of each family, in an order that
 * `turn` chooses, and the last one as `last` has it. */
static struct sp_policy *long_list(unsigned count, unsigned turn, const char *last)
{
	struct sp_text text = { 0 };
	struct sp_policy *policy;

	sp_text_add(&text, HEAD "[service ssh]\nfrom = ");
	for (unsigned i = 0; i < count; i++) {
		unsigned n = (i * turn) % count;

		sp_text_add(&text, "10.%u.%u.0/25,\n\t2001:db8:%x::/64,\n\t", n / 256,
		    n % 256, n);
	}
	sp_text_add(&text, "%s\n", last);
	policy = read_text(text.bytes);
	sp_text_free(&text);
	return policy;
}

/* Long lists are digested as numbers: prefixes, ranges and single addresses. */
static void digests_see_all_of_a_long_list(void **state)
{
	static const char *const lasts[] = { "192.0.2.0/24", "192.0.2.0/25", "192.0.2.1",
		"192.0.2.2-192.0.2.7", "192.0.2.2-192.0.2.8", "2001:db9::/64",
		"2001:db9::/63", "2001:db9::1", "2001:db9::2-2001:db9::9" };
	enum { COUNT = sizeof(lasts) / sizeof(*lasts) };
	struct sp_policy *policies[COUNT], *turned = long_list(1009, 7, lasts[3]);

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		policies[i] = long_list(1009, 1, lasts[i]);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(
			    policies[i]->digest, policies[j]->digest, SP_DIGEST_BYTES);
	assert_memory_equal(turned->digest, policies[3]->digest, SP_DIGEST_BYTES);
	for (size_t i = 0; i < COUNT; i++)
		sp_policy_free(policies[i]);
	sp_policy_free(turned);
}

/* What has no effect without TLS, and is warned of, makes no other policy. */
static void a_digest_has_no_keys_for_tls_without_it(void **state)
{
	struct sp_policy *a = read_text(HEAD "[service ssh]\n");
	struct sp_policy *b =
	    read_text(HEAD "[service ssh]\nlease = 12h\nrevoke = cut\n");

	(void)state;
	assert_memory_equal(a->digest, b->digest, SP_DIGEST_BYTES);
	sp_policy_free(a);
	sp_policy_free(b);
}

static void the_same_in_other_words_has_the_same_digest(void **state)
{
	struct sp_policy *a = read_text(
	    HEAD "[service ssh]\nfrom = 10.0.0.0/9, 10.128.0.0/9 ; all of it\n");
	struct sp_policy *b = read_text(
	    HEAD "# a comment\n\n[service ssh]\nuse = ssh\nlog = no\nport = 22, 22\n"
		 "from =\n\t10.0.0.0/8\n");

	(void)state;
	assert_memory_equal(a->digest, b->digest, SP_DIGEST_BYTES);
	sp_policy_free(a);
	sp_policy_free(b);
}

/* An entry of services.d may be gone at the next boot; a snapshot that was made
 * with it has to be readable all the same. */
static void a_snapshot_outlives_its_catalogue_entry(void **state)
{
	struct sp_diag diag = { 0 };
	char *services, *main, *text;
	struct sp_policy_source source = { .config_directory = folder };
	struct sp_policy *policy, *again;
	char directory[600];

	(void)state;
	snprintf(directory, sizeof(directory), "%s/services.d", folder);
	assert_int_equal(mkdir(directory, 0700), 0);
	services = write_text(
	    "services.d/own.ini", "[service shop]\nport = 8000\ntls = required\n");
	main = write_text("main.ini", HEAD "[service shop]\nname = none\n");
	source.path = main;
	policy = sp_policy_read(&source, &diag);
	assert_non_null(policy);
	assert_string_equal(policy->services[0].use, "shop");
	text = sp_policy_print(policy, true, NULL);
	assert_int_equal(unlink(services), 0);
	again = read_text(text);
	assert_memory_equal(again->digest, policy->digest, SP_DIGEST_BYTES);
	assert_int_equal(again->services[0].ports[0].first, 8000);
	assert_int_equal(again->services[0].tls, SP_TLS_REQUIRED);
	sp_policy_free(policy);
	sp_policy_free(again);
	sp_diag_free(&diag);
	free(text);
	free(services);
	free(main);
}

/* Each entry makes a service by its name alone, and a name where it wants one. */
static void every_catalogue_entry_makes_a_service(void **state)
{
	static const char header[] = "[service ";
	char *catalogue = NULL, *at;
	size_t count = 0;

	(void)state;
	catalogue = load_file(SOURCE_DIRECTORY "/policies/catalogue/services.ini");
	for (at = catalogue; (at = strstr(at, header)); count++) {
		char name[64] = "", text[256];
		struct sp_policy *policy;

		at += strlen(header);
		assert_int_equal(sscanf(at, "%63[^]]", name), 1);
		snprintf(text, sizeof(text), HEAD "[service %s]\nname = none\n", name);
		policy = read_text(text);
		assert_string_equal(policy->services[0].use, name);
		sp_policy_free(policy);
	}
	free(catalogue);
	assert_true(count >= 100);
}

static void the_catalogue_has_what_was_asked_for(void **state)
{
	static const struct {
		const char *name;
		uint16_t port;
		bool tcp, udp;
		enum sp_tls tls;
		enum sp_dialect dialect;
	} wanted[] = { { "ssh", 22, true, false, SP_TLS_NONE, 0 },
		{ "ftp", 21, true, false, SP_TLS_STARTTLS, SP_DIALECT_FTP },
		{ "ftps", 990, true, false, SP_TLS_REQUIRED, 0 },
		{ "telnet", 23, true, false, SP_TLS_NONE, 0 },
		{ "smtp", 25, true, false, SP_TLS_STARTTLS, SP_DIALECT_SMTP },
		{ "submission", 587, true, false, SP_TLS_STARTTLS, SP_DIALECT_SMTP },
		{ "submissions", 465, true, false, SP_TLS_REQUIRED, 0 },
		{ "dns", 53, true, true, SP_TLS_NONE, 0 },
		{ "dns-over-tls", 853, true, false, SP_TLS_REQUIRED, 0 },
		{ "http", 80, true, false, SP_TLS_NONE, 0 },
		{ "https", 443, true, false, SP_TLS_REQUIRED, 0 },
		{ "pop3", 110, true, false, SP_TLS_STARTTLS, SP_DIALECT_POP3 },
		{ "pop3s", 995, true, false, SP_TLS_REQUIRED, 0 },
		{ "imap", 143, true, false, SP_TLS_STARTTLS, SP_DIALECT_IMAP },
		{ "imaps", 993, true, false, SP_TLS_REQUIRED, 0 },
		{ "snmp", 161, false, true, SP_TLS_NONE, 0 },
		{ "ldap", 389, true, false, SP_TLS_STARTTLS, SP_DIALECT_LDAP },
		{ "ldaps", 636, true, false, SP_TLS_REQUIRED, 0 },
		{ "rdp", 3389, true, false, SP_TLS_STARTTLS, SP_DIALECT_RDP },
		{ "postgresql", 5432, true, false, SP_TLS_STARTTLS,
		    SP_DIALECT_POSTGRESQL },
		{ "mysql", 3306, true, false, SP_TLS_STARTTLS, SP_DIALECT_MYSQL },
		{ "xmpp-client", 5222, true, false, SP_TLS_STARTTLS,
		    SP_DIALECT_XMPP_CLIENT },
		{ "xmpp-server", 5269, true, false, SP_TLS_STARTTLS,
		    SP_DIALECT_XMPP_SERVER },
		{ "nntps", 563, true, false, SP_TLS_REQUIRED, 0 },
		{ "sieve", 4190, true, false, SP_TLS_STARTTLS, SP_DIALECT_SIEVE },
		{ "mqtts", 8883, true, false, SP_TLS_REQUIRED, 0 },
		{ "amqps", 5671, true, false, SP_TLS_REQUIRED, 0 },
		{ "redis-tls", 6380, true, false, SP_TLS_REQUIRED, 0 },
		{ "docker-tls", 2376, true, false, SP_TLS_REQUIRED, 0 },
		{ "kubernetes-api", 6443, true, false, SP_TLS_REQUIRED, 0 },
		{ "etcd", 2379, true, false, SP_TLS_REQUIRED, 0 },
		{ "ntp", 123, false, true, SP_TLS_NONE, 0 },
		{ "dhcpv6-client", 546, false, true, SP_TLS_NONE, 0 },
		{ "mdns", 5353, false, true, SP_TLS_NONE, 0 },
		{ "wireguard", 51820, false, true, SP_TLS_NONE, 0 },
		{ "syslog-tls", 6514, true, false, SP_TLS_REQUIRED, 0 },
		{ "sips", 5061, true, false, SP_TLS_REQUIRED, 0 } };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		struct sp_policy *policy;
		const struct sp_service *service;

		snprintf(text, sizeof(text), HEAD "[service %s]\nname = none\n",
		    wanted[i].name);
		policy = read_text(text);
		service = &policy->services[0];
		assert_int_equal(service->port_count, 1);
		assert_int_equal(service->ports[0].first, wanted[i].port);
		assert_int_equal(service->ports[0].last, wanted[i].port);
		assert_int_equal(service->tcp, wanted[i].tcp);
		assert_int_equal(service->udp, wanted[i].udp);
		assert_int_equal(service->tls, wanted[i].tls);
		assert_int_equal(service->starttls, wanted[i].dialect);
		sp_policy_free(policy);
	}
}

static void includes_are_in_place(void **state)
{
	char *inner = write_text("inner.ini", "[service ntp]\n");
	char *part =
	    write_text("part.ini", "[policy]\ninclude = inner.ini\n[service http]\n");
	struct sp_policy *policy =
	    read_text("[policy]\nversion = 1\ninclude = part.ini\n[service ssh]\n");

	(void)state;
	assert_int_equal(policy->service_count, 3);
	assert_string_equal(policy->services[0].name, "ntp");
	assert_string_equal(policy->services[1].name, "http");
	assert_string_equal(policy->services[2].name, "ssh");
	assert_string_equal(policy->services[0].at.file, inner);
	sp_policy_free(policy);
	free(inner);
	free(part);
}

/* A policy with everything in it, changed at random: what is still accepted is
 * accepted again as printed, and says the same. SALLYPORT_ROUNDS asks for more. */
static size_t change(char *text, size_t length)
{
	static const char *const pieces[] = { ", 10.9.0.0/16", " ", "\n\t", "=", " ;",
		"none", ", any", ", @a", "0", "65535", "::", "\nlog = yes",
		"\ntls = none", "\n\n", "\naction = block",
		"\n[service z]\nport = 7\ntls = none", "h", "m", "*", "/24",
		"\nfrom = 10.0.0.0-10.0.0.5", ", udp", ", h.example" };
	const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(*pieces))];
	size_t at = (size_t)rand() % (length - 1), cut = (size_t)rand() % 2;
	const char *line = strchr(text + at, '\n');

	/* At a line's end the most is right. */
	if (line && rand() % 4) {
		at = (size_t)(line - text);
		cut = 0;
	}
	memmove(text + at + strlen(piece), text + at + cut, length - at - cut + 1);
	memcpy(text + at, piece, strlen(piece));
	return length + strlen(piece) - cut;
}

static void what_is_accepted_can_be_printed(void **state)
{
	static const char whole[] =
	    "[policy]\nversion = 1\ndefault = reject\nlog = blocked 3/day burst 9\n"
	    "[addresses a]\nelements = 10.0.0.0/8, fd00::/8, 192.0.2.3-192.0.2.9\n"
	    "[service smtp]\nname = mail.example.com, ::1\nlease = 3d\nrevoke = cut\n"
	    "from = @a, 198.51.100.0/24\non_fail = warn\nrate = 10/minute burst 5\n"
	    "[service x]\nport = 1-24, 26-9000\ntls = none\nprotocol = tcp, udp\n"
	    "to = 192.0.2.1-192.0.2.6, ::/0\ninterface = eth0, wg*\nlog = yes\n"
	    "[service y]\nuse = smtp\naction = reject\nfrom = 198.51.100.7\n";
	const char *wanted = getenv("SALLYPORT_ROUNDS");
	size_t rounds = wanted ? strtoul(wanted, NULL, 10) : 400, accepted = 0;

	(void)state;
	srand(13);
	for (size_t round = 0; round < rounds; round++) {
		struct sp_policy_source source = { .config_directory = "/nonexistent" };
		struct sp_diag diag = { 0 };
		struct sp_policy *policy;
		char text[sizeof(whole) + 200], *path;

		memcpy(text, whole, sizeof(whole));
		change(text, sizeof(whole) - 1);
		path = write_text("changed.ini", text);
		source.path = path;
		policy = sp_policy_read(&source, &diag);
		assert_int_equal(policy == NULL, diag.errors > 0);
		if (policy) {
			round_trip(path);
			accepted++;
		}
		sp_policy_free(policy);
		sp_diag_free(&diag);
		free(path);
	}
	print_message("%zu of %zu accepted\n", accepted, rounds);
	assert_true(accepted > rounds / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_policy_means_what_it_says),
		cmocka_unit_test(every_key_reaches_its_field),
		cmocka_unit_test(shipped_policies_are_what_they_print),
		cmocka_unit_test(every_value_survives_the_printer),
		cmocka_unit_test(a_snapshot_needs_no_other_file),
		cmocka_unit_test(digests_tell_policies_apart),
		cmocka_unit_test(digests_see_all_of_a_long_list),
		cmocka_unit_test(a_digest_has_no_keys_for_tls_without_it),
		cmocka_unit_test(the_same_in_other_words_has_the_same_digest),
		cmocka_unit_test(a_snapshot_outlives_its_catalogue_entry),
		cmocka_unit_test(every_catalogue_entry_makes_a_service),
		cmocka_unit_test(the_catalogue_has_what_was_asked_for),
		cmocka_unit_test(includes_are_in_place),
		cmocka_unit_test(what_is_accepted_can_be_printed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
