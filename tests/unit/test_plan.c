/* Who listens, from the kernel's bytes, and where a policy is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>

#include <sallyport/array.h>
#include <sallyport/plan.h>

static struct sp_address address_of(const char *text)
{
	struct sp_address address;

	assert_true(sp_address_parse(text, strlen(text), &address));
	return address;
}

static struct sp_listener decoded(int family, const char *address, int v6only)
{
	char buffer[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_msg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	struct sp_listeners listeners = { 0 };
	struct sp_listener listener;

	body->idiag_family = (uint8_t)family;
	body->id.idiag_sport = htons(443);
	assert_int_equal(inet_pton(family, address, body->id.idiag_src), 1);
	body->id.idiag_cookie[0] = 7;
	body->id.idiag_cookie[1] = 1;
	body->id.idiag_if = 3;
	body->idiag_uid = 33;
	body->idiag_inode = 99;
	if (v6only >= 0)
		mnl_attr_put_u8(message, INET_DIAG_SKV6ONLY, (uint8_t)v6only);
	assert_true(sp_listeners_add(&listeners, SP_TCP, message));
	assert_int_equal(listeners.length, 1);
	listener = listeners.items[0];
	sp_listeners_free(&listeners);
	return listener;
}

static void listeners_are_decoded(void **state)
{
	struct sp_listener listener = decoded(AF_INET, "192.0.2.1", -1);
	char text[SP_ADDRESS_TEXT];

	(void)state;
	assert_string_equal(sp_address_print(&listener.address, text), "192.0.2.1");
	assert_int_equal(listener.port, 443);
	assert_int_equal(listener.cookie, UINT64_C(0x100000007));
	assert_int_equal(listener.interface, 3);
	assert_int_equal(listener.uid, 33);
	assert_int_equal(listener.inode, 99);
	assert_false(listener.wildcard || listener.dual_stack);
	assert_true(decoded(AF_INET, "0.0.0.0", -1).wildcard);
	assert_false(decoded(AF_INET, "0.0.0.0", -1).dual_stack);
	assert_true(decoded(AF_INET6, "::", 0).dual_stack);
	assert_false(decoded(AF_INET6, "::", 1).dual_stack);
	/* unknown: taken for the wider */
	assert_true(decoded(AF_INET6, "::", -1).dual_stack);
	assert_false(decoded(AF_INET6, "2001:db8::1", 0).dual_stack);
	listener = decoded(AF_INET6, "::ffff:192.0.2.1", 0);
	assert_string_equal(sp_address_print(&listener.address, text), "192.0.2.1");
	assert_false(listener.wildcard);
	listener = decoded(AF_INET6, "::ffff:0.0.0.0", 0);
	assert_string_equal(sp_address_print(&listener.address, text), "0.0.0.0");
	assert_true(listener.wildcard);
	assert_false(listener.dual_stack);
}

static void short_messages_are_skipped(void **state)
{
	char buffer[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct sp_listeners listeners = { 0 };
	struct sp_local_addresses addresses = { 0 };

	(void)state;
	assert_true(sp_listeners_add(&listeners, SP_TCP, message));
	assert_true(sp_local_addresses_add(&addresses, message));
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	((struct ifaddrmsg *)mnl_nlmsg_get_payload(message))->ifa_family = AF_INET;
	assert_true(sp_local_addresses_add(&addresses, message));
	assert_int_equal(listeners.length + addresses.length, 0);
}

static size_t own_addresses(uint8_t flags, bool peer)
{
	char buffer[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	struct sp_local_addresses addresses = { 0 };
	size_t length;

	body->ifa_family = AF_INET;
	body->ifa_flags = flags;
	body->ifa_index = 4;
	if (peer)
		mnl_attr_put_u32(message, IFA_ADDRESS, htonl(0x0a000002));
	mnl_attr_put_u32(message, peer ? IFA_LOCAL : IFA_ADDRESS, htonl(0x0a000001));
	assert_true(sp_local_addresses_add(&addresses, message));
	length = addresses.length;
	if (length) {
		assert_int_equal(addresses.items[0].address.low, 0x0a000001);
		assert_int_equal(addresses.items[0].interface, 4);
	}
	sp_local_addresses_free(&addresses);
	return length;
}

static void addresses_are_decoded(void **state)
{
	(void)state;
	assert_int_equal(own_addresses(0, false), 1);
	assert_int_equal(own_addresses(0, true), 1);
	assert_int_equal(own_addresses(IFA_F_DADFAILED, false), 0);
}

/* A host with these addresses; listeners as "ADDRESS" with what follows:
 * "::6" is a wildcard for IPv6 alone, "@N" bound to interface N. */
static const char *const host[] = { "127.0.0.1", "::1", "192.0.2.1", "192.0.2.10",
	"2001:db8::1", "fe80::1", "169.254.3.4" };

static const struct {
	const char *listeners; /* separated by blanks */
	const char *listen;    /* the policy's */
	const char *endpoints; /* that are asked; "!" not this host's, "?" in vain */
} places[] = {
	{ "", "", "" },
	{ "0.0.0.0", "", "192.0.2.1 192.0.2.10" },
	{ "::", "", "192.0.2.1 192.0.2.10 2001:db8::1" },
	{ "::6", "", "2001:db8::1" },
	{ "0.0.0.0 ::6", "", "192.0.2.1 192.0.2.10 2001:db8::1" },
	{ "0.0.0.0 ::", "", "192.0.2.1 192.0.2.10 2001:db8::1" },
	{ "192.0.2.1", "", "192.0.2.1" },
	{ "192.0.2.1 192.0.2.1", "", "192.0.2.1" },
	{ "192.0.2.1 0.0.0.0", "", "192.0.2.1 192.0.2.10" },
	{ "127.0.0.1 ::1", "", "" },
	{ "127.0.0.2", "", "" },
	{ "127.0.0.1 2001:db8::1", "", "2001:db8::1" },
	{ "fe80::1@2", "", "fe80::1%2" },
	/* other addresses that the policy names count beside, never instead */
	{ "192.0.2.1", "192.0.2.10", "192.0.2.1 192.0.2.10" },
	{ "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1", "198.51.100.9", "192.0.2.1 198.51.100.9!" },
	{ "", "198.51.100.9", "198.51.100.9!" },
	{ "0.0.0.0@2", "", "192.0.2.1 192.0.2.10" },
	/* what comes in by another interface is not to be asked from here */
	{ "0.0.0.0@9", "", "0.0.0.0%9?" },
	{ "0.0.0.0@2 0.0.0.0@9", "", "192.0.2.1 192.0.2.10 0.0.0.0%9?" },
	{ "::@9", "", "::%9?" },
	{ "192.0.2.1@9", "", "192.0.2.1%9?" },
	{ "192.0.2.1@2 192.0.2.1@9", "", "192.0.2.1 192.0.2.1%9?" },
	{ "192.0.2.99@9", "", "" },
	{ "0.0.0.0@1", "", "" },
	/* bound to what is another host's by now */
	{ "192.0.2.99", "", "" },
	{ "192.0.2.99 192.0.2.1", "", "192.0.2.1" },
	{ "2001:db8::99 0.0.0.0", "192.0.2.99", "192.0.2.1 192.0.2.10 192.0.2.99!" },
};

static void add_listeners(struct sp_listeners *listeners, const char *words)
{
	char copy[200], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		struct sp_listener listener = { .protocol = SP_TCP, .port = 443 };
		char *at = strchr(word, '@');

		if (at) {
			*at = '\0';
			listener.interface = (uint32_t)atoi(at + 1);
		}
		listener.dual_stack = !strcmp(word, "::");
		listener.address = address_of(strcmp(word, "::6") ? word : "::");
		listener.wildcard = !listener.address.high && !listener.address.low;
		assert_true(sp_array_push(listeners, listener));
	}
}

static struct sp_local_addresses all_of_host(void)
{
	struct sp_local_addresses addresses = { 0 };

	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++)
		assert_true(sp_array_push(
		    &addresses, (struct sp_local_address){ .address = address_of(host[i]),
				    .interface = i < 2 ? 1 : 2 }));
	return addresses;
}

static void told(const struct sp_target *target, char *text, size_t size)
{
	size_t end = 0;

	*text = '\0';
	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct sp_endpoint *endpoint = &target->endpoints[i];
		char address[SP_ADDRESS_TEXT], scope[16] = "";

		if (endpoint->interface)
			snprintf(scope, sizeof(scope), "%%%u", endpoint->interface);
		end += (size_t)snprintf(text + end, size - end, "%s%s%s%s%s",
		    i ? " " : "", sp_address_print(&endpoint->address, address), scope,
		    endpoint->local ? "" : "!", endpoint->elsewhere ? "?" : "");
	}
}

static void endpoints_are_what_can_be_reached(void **state)
{
	struct sp_ports ports = { 443, 443 };
	struct sp_profile profile = { .name = (char *)"baseline" };
	char *names[] = { (char *)"www.example.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct sp_listeners listeners = { 0 };
		struct sp_local_addresses addresses = all_of_host();
		struct sp_address listen;
		struct sp_service service = { .name = (char *)"https",
			.ports = &ports,
			.port_count = 1,
			.tcp = true,
			.tls = SP_TLS_REQUIRED,
			.names = names,
			.name_count = 1,
			.lease = 60,
			.listen = &listen };
		struct sp_policy policy = { .services = &service,
			.service_count = 1,
			.profiles = &profile,
			.profile_count = 1 };
		struct sp_plan plan;
		struct sp_diag diag = { 0 };
		char text[400];

		if (*places[i].listen) {
			listen = address_of(places[i].listen);
			service.listen_count = 1;
		}
		add_listeners(&listeners, places[i].listeners);
		/* of others: another port, another protocol */
		assert_true(sp_array_push(
		    &listeners, (struct sp_listener){ SP_TCP, address_of("192.0.2.10"),
				    444, .cookie = 1 }));
		assert_true(sp_array_push(
		    &listeners, (struct sp_listener){ SP_UDP, address_of("192.0.2.10"),
				    443, .cookie = 2 }));
		assert_true(
		    sp_plan_make(&policy, &listeners, &addresses, NULL, &plan, &diag));
		assert_int_equal(plan.target_count, 1);
		told(&plan.targets[0], text, sizeof(text));
		assert_string_equal(text, places[i].endpoints);
		sp_plan_free(&plan);
		sp_listeners_free(&listeners);
		sp_local_addresses_free(&addresses);
	}
}

static void services_on_one_port_are_united(void **state)
{
	struct sp_ports one = { 443, 443 }, many = { 442, 444 };
	struct sp_profile profile = { .name = (char *)"baseline" };
	char *first[] = { (char *)"a.example.com", (char *)"b.example.com" };
	char *second[] = { (char *)"b.example.com", (char *)"c.example.com" };
	struct sp_service services[] = {
		{ .name = (char *)"many",
		    .ports = &many,
		    .port_count = 1,
		    .tcp = true,
		    .tls = SP_TLS_REQUIRED,
		    .names = first,
		    .name_count = 2,
		    .lease = 600,
		    .on_fail = SP_ON_FAIL_WARN },
		{ .name = (char *)"one",
		    .ports = &one,
		    .port_count = 1,
		    .tcp = true,
		    .tls = SP_TLS_REQUIRED,
		    .names = second,
		    .name_count = 2,
		    .lease = 60 },
		/* none of these is a gate */
		{ .name = (char *)"plain", .ports = &one, .port_count = 1, .tcp = true },
		{ .name = (char *)"blocked",
		    .ports = &one,
		    .port_count = 1,
		    .tcp = true,
		    .tls = SP_TLS_REQUIRED,
		    .action = SP_BLOCK },
		{ .name = (char *)"udp",
		    .ports = &one,
		    .port_count = 1,
		    .udp = true,
		    .tls = SP_TLS_REQUIRED },
	};
	struct sp_policy policy = { .services = services,
		.service_count = sizeof(services) / sizeof(services[0]),
		.profiles = &profile,
		.profile_count = 1 };
	struct sp_listeners none = { 0 };
	struct sp_local_addresses addresses = { 0 };
	struct sp_plan plan;
	struct sp_diag diag = { 0 };

	(void)state;
	assert_true(sp_plan_make(&policy, &none, &addresses, NULL, &plan, &diag));
	assert_int_equal(plan.target_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(plan.targets[i].port, 442 + i);
	assert_int_equal(plan.targets[0].name_count, 2);
	assert_int_equal(plan.targets[0].on_fail, SP_ON_FAIL_WARN);
	assert_int_equal(plan.targets[1].service_count, 2);
	assert_int_equal(plan.targets[1].name_count, 3);
	assert_string_equal(plan.targets[1].names[2], "c.example.com");
	assert_int_equal(plan.targets[1].lease, 60);
	assert_int_equal(plan.targets[1].on_fail, SP_ON_FAIL_BLOCK);
	assert_int_equal(plan.store_count, 1);
	sp_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_are_decoded),
		cmocka_unit_test(short_messages_are_skipped),
		cmocka_unit_test(addresses_are_decoded),
		cmocka_unit_test(endpoints_are_what_can_be_reached),
		cmocka_unit_test(services_on_one_port_are_united),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
