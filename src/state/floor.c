#include <sallyport/floor.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sallyport/array.h>

#include "directory.h"

#define FLOOR_FILE "floor"
/* A handful of services with a handful of sources; far above it is a mistake. */
#define FLOOR_BYTES (1024 * 1024)
#define FLOOR_LINES 4096

static const struct {
	enum sp_icmp icmp;
	const char *name;
} icmp_names[] = {
	{ SP_ICMP_MINIMAL, "minimal" },
	{ SP_ICMP_PING, "ping" },
	{ SP_ICMP_ALL, "all" },
};

/* ---- writing ---- */

/* A line is at most some 230 bytes, so that as many lines as may be read also fit
 * into the bytes that are. */
struct writing {
	struct sp_text lines;
	const char *word; /* that the next ones begin with */
	size_t count;	  /* of all, also of those that found no room */
};

static void add_line(struct writing *text, enum sp_protocol protocol,
    const struct sp_ports *ports, const char *from, const char *to, const char *interface)
{
	if (text->count++ < FLOOR_LINES)
		sp_text_add(&text->lines, "%s %s %u-%u from %s to %s interface %s\n",
		    text->word, sp_protocol_name(protocol), ports->first, ports->last,
		    from, to, interface);
}

static void for_interfaces(struct writing *text, const struct sp_service *service,
    enum sp_protocol protocol, const struct sp_ports *ports, const char *from,
    const char *to)
{
	if (!service->interface_count)
		add_line(text, protocol, ports, from, to, "any");
	for (size_t i = 0; i < service->interface_count; i++)
		add_line(text, protocol, ports, from, to, service->interfaces[i]);
}

static void for_destinations(struct writing *text, const struct sp_service *service,
    enum sp_protocol protocol, const struct sp_ports *ports, const char *from, int family)
{
	char to[SP_RANGE_TEXT];

	if (service->to.any)
		for_interfaces(text, service, protocol, ports, from, "any");
	for (size_t i = 0; i < sp_intervals_count(&service->to.literals); i++) {
		struct sp_range range = sp_intervals_at(&service->to.literals, i);

		if (!family || (int)range.first.family == family)
			for_interfaces(text, service, protocol, ports, from,
			    sp_range_print(&range, to));
	}
}

static void for_sources(struct writing *text, const struct sp_service *service,
    enum sp_protocol protocol, const struct sp_ports *ports,
    const struct sp_intervals *sources)
{
	char from[SP_RANGE_TEXT];

	for (size_t i = 0; i < sp_intervals_count(sources); i++) {
		struct sp_range range = sp_intervals_at(sources, i);

		/* Of a million the rest are only counted. */
		from[0] = '\0';
		if (text->count < FLOOR_LINES)
			sp_range_print(&range, from);
		for_destinations(
		    text, service, protocol, ports, from, (int)range.first.family);
	}
}

static void add_service(struct writing *text, const struct sp_policy *policy,
    const struct sp_service *service, enum sp_protocol protocol)
{
	for (size_t p = 0; p < service->port_count; p++) {
		const struct sp_ports *ports = &service->ports[p];

		if (service->from.any)
			for_destinations(text, service, protocol, ports, "any", 0);
		for_sources(text, service, protocol, ports, &service->from.literals);
		for (size_t i = 0; i < service->from.set_count; i++)
			for_sources(text, service, protocol, ports,
			    &policy->sets[service->from.sets[i].set].elements);
	}
}

static bool share_port(const struct sp_service *a, const struct sp_service *b)
{
	for (size_t i = 0; i < a->port_count; i++)
		for (size_t j = 0; j < b->port_count; j++)
			if (a->ports[i].first <= b->ports[j].last &&
			    b->ports[j].first <= a->ports[i].last)
				return true;
	return false;
}

/* Does the service refuse somebody what `lockdown` lets in? */
static bool cuts_into(const struct sp_policy *policy, const struct sp_service *service,
    enum sp_protocol protocol)
{
	bool tcp = protocol == SP_TCP;

	for (size_t i = 0; i < policy->lockdown_count; i++) {
		const struct sp_service *let_in = &policy->services[policy->lockdown[i]];

		if ((tcp ? let_in->tcp && service->tcp : let_in->udp && service->udp) &&
		    share_port(let_in, service))
			return true;
	}
	return false;
}

static void add_blocked(struct writing *text, const struct sp_intervals *blocked)
{
	char range_text[SP_RANGE_TEXT];

	for (size_t i = 0; i < sp_intervals_count(blocked); i++) {
		struct sp_range range;

		if (text->count++ >= FLOOR_LINES)
			continue;
		range = sp_intervals_at(blocked, i);
		sp_text_add(
		    &text->lines, "deny %s\n", sp_range_print(&range, range_text));
	}
}

/* Whom the policy shuts out of what `lockdown` names: the panic button lets nobody
 * in. Behind those who are let in, for whom there is room first. */
static void write_blocks(struct writing *text, const struct sp_policy *policy)
{
	text->word = "block";
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		if (service->action == SP_ALLOW)
			continue;
		if (cuts_into(policy, service, SP_TCP))
			add_service(text, policy, service, SP_TCP);
		if (cuts_into(policy, service, SP_UDP))
			add_service(text, policy, service, SP_UDP);
	}
	for (size_t i = 0; i < policy->set_count; i++)
		if (policy->sets[i].block)
			add_blocked(text, &policy->sets[i].elements);
}

static size_t beyond(size_t count)
{
	return count > FLOOR_LINES ? count - FLOOR_LINES : 0;
}

static void write_dropped(
    struct writing *text, const struct sp_policy *policy, struct sp_diag *diag)
{
	size_t allowed = text->count;

	if (policy->lockdown_count)
		write_blocks(text, policy);
	if (beyond(text->count) > beyond(allowed))
		sp_diag_add(diag, SP_WARNING, &policy->at,
		    "a floor holds %d lines: %zu of those that the policy blocks find no "
		    "room, and reach what `lockdown` names in a lockdown and at boot; "
		    "name its sources, or block fewer and wider ones",
		    FLOOR_LINES, beyond(text->count) - beyond(allowed));
	if (!beyond(allowed))
		return;
	/* At the end: a reader that knows it not passes over it. */
	sp_text_add(&text->lines, "dropped %zu\n", beyond(allowed));
	sp_diag_add(diag, SP_WARNING, &policy->at,
	    "`lockdown` comes to %zu combinations of source, port, destination "
	    "and interface, and a floor holds %d: the first stay reachable in a "
	    "lockdown and at boot, %zu do not; name fewer or wider sources",
	    allowed, FLOOR_LINES, beyond(allowed));
}

static bool write_floor(
    struct writing *text, const struct sp_policy *policy, struct sp_diag *diag)
{
	text->word = "allow";
	sp_text_add(&text->lines, "mode %s\nicmp %s\n",
	    policy->mode == SP_MODE_AUDIT ? "audit" : "enforce",
	    icmp_names[policy->icmp].name);
	for (size_t i = 0; i < policy->lockdown_count; i++) {
		const struct sp_service *service = &policy->services[policy->lockdown[i]];

		if (service->tcp)
			add_service(text, policy, service, SP_TCP);
		if (service->udp)
			add_service(text, policy, service, SP_UDP);
	}
	write_dropped(text, policy, diag);
	return !text->lines.failed || sp_out_of_memory(diag);
}

/* Of most applies the floor is the same, and writing it anew waits for the disk. */
static bool is_kept(int state, const struct sp_text *lines)
{
	size_t length = 0;
	char *kept = sp_state_file_read(state, FLOOR_FILE, FLOOR_BYTES, &length);
	bool same = kept && length == lines->length &&
		    (!length || !memcmp(kept, lines->bytes, length));

	free(kept);
	return same;
}

bool sp_floor_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag)
{
	int state = sp_state_directory_open(state_directory, diag);
	struct writing text = { 0 };
	bool saved;

	if (state < 0)
		return false;
	saved = write_floor(&text, policy, diag) &&
		(is_kept(state, &text.lines) ||
		    sp_state_file_replace(state, state_directory, FLOOR_FILE,
			text.lines.bytes, text.lines.length, diag));
	sp_text_free(&text.lines);
	close(state);
	return saved;
}

/* ---- reading ---- */

struct reading {
	struct sp_policy *policy;
	size_t room;
	/* A line that there was no memory for may have been one that shuts out. */
	bool starved;
};

static bool set_ports(struct sp_service *service, unsigned first, unsigned last)
{
	if (!first || first > last || last > UINT16_MAX)
		return false;
	service->ports = calloc(1, sizeof(*service->ports));
	if (!service->ports)
		return false;
	service->ports[0] = (struct sp_ports){ (uint16_t)first, (uint16_t)last };
	service->port_count = 1;
	return true;
}

static bool set_match(struct sp_match *match, const char *text)
{
	struct sp_range range;

	match->any = !strcmp(text, "any");
	return match->any || (sp_range_parse(text, strlen(text), &range) == SP_RANGE_OK &&
				 sp_intervals_add(&match->literals, &range));
}

static bool set_interface(struct sp_service *service, const char *name)
{
	if (!strcmp(name, "any"))
		return true;
	service->interfaces = calloc(1, sizeof(*service->interfaces));
	if (!service->interfaces || !(service->interfaces[0] = strdup(name)))
		return false;
	service->interface_count = 1;
	return true;
}

static void drop_service(struct sp_service *service)
{
	for (size_t i = 0; i < service->interface_count; i++)
		free(service->interfaces[i]);
	free(service->interfaces);
	free(service->ports);
	free(service->name);
	sp_intervals_free(&service->from.literals);
	sp_intervals_free(&service->to.literals);
	memset(service, 0, sizeof(*service));
}

static void read_service(struct reading *reading, enum sp_action action, const char *line)
{
	struct sp_service *service =
	    &reading->policy->services[reading->policy->service_count];
	char word[6], protocol[4], from[96], to[96], interface[17];
	unsigned first, last;

	if (reading->policy->service_count == reading->room ||
	    sscanf(line, "%5s %3s %5u-%5u from %95s to %95s interface %16s", word,
		protocol, &first, &last, from, to, interface) != 7)
		return;
	errno = 0;
	service->action = action;
	service->tcp = !strcmp(protocol, "tcp");
	service->udp = !strcmp(protocol, "udp");
	if (asprintf(&service->name, "floor-%zu", reading->policy->service_count + 1) < 0)
		service->name = NULL;
	if (service->name && (service->tcp || service->udp) &&
	    set_ports(service, first, last) && set_match(&service->from, from) &&
	    set_match(&service->to, to) && set_interface(service, interface)) {
		reading->policy->service_count++;
	} else {
		reading->starved |= errno == ENOMEM;
		drop_service(service);
	}
}

/* All who are denied are one block list. */
static bool add_set(struct sp_policy *policy)
{
	struct sp_address_set *set = calloc(1, sizeof(*set));

	if (!set || !(set->name = strdup("floor"))) {
		free(set);
		return false;
	}
	set->block = true;
	policy->sets = set;
	policy->set_count = 1;
	return true;
}

static void read_deny(struct reading *reading, const char *text)
{
	struct sp_policy *policy = reading->policy;
	struct sp_range range;

	if (sp_range_parse(text, strlen(text), &range) != SP_RANGE_OK)
		return;
	if ((!policy->set_count && !add_set(policy)) ||
	    !sp_intervals_add(&policy->sets->elements, &range))
		reading->starved = true;
}

static void read_line(struct reading *reading, const char *line)
{
	char value[16];

	if (!strncmp(line, "allow ", 6))
		read_service(reading, SP_ALLOW, line);
	else if (!strncmp(line, "block ", 6))
		read_service(reading, SP_BLOCK, line);
	else if (!strncmp(line, "deny ", 5))
		read_deny(reading, line + 5);
	else if (sscanf(line, "icmp %15s", value) == 1)
		for (size_t i = 0; i < sizeof(icmp_names) / sizeof(*icmp_names); i++)
			if (!strcmp(icmp_names[i].name, value))
				reading->policy->icmp = icmp_names[i].icmp;
	if (!strcmp(line, "mode audit"))
		reading->policy->mode = SP_MODE_AUDIT;
}

static struct sp_policy *parse_floor(char *text, struct sp_diag *diag)
{
	struct reading reading = { .policy = calloc(1, sizeof(*reading.policy)),
		.room = FLOOR_LINES };
	char *line, *rest = text;

	if (reading.policy)
		reading.policy->services =
		    calloc(FLOOR_LINES + 1, sizeof(*reading.policy->services));
	if (!reading.policy || !reading.policy->services) {
		free(reading.policy);
		sp_out_of_memory(diag);
		return NULL;
	}
	reading.policy->icmp = SP_ICMP_PING;
	while (rest && (line = strsep(&rest, "\n")))
		read_line(&reading, line);
	if (reading.starved) {
		sp_policy_free(reading.policy);
		sp_out_of_memory(diag);
		return NULL;
	}
	if (reading.policy->set_count)
		sp_intervals_normalize(&reading.policy->sets->elements);
	return reading.policy;
}

static char *read_text(const char *state_directory)
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t length = 0;
	char *text = state < 0
			 ? NULL
			 : sp_state_file_read(state, FLOOR_FILE, FLOOR_BYTES, &length);

	if (state >= 0)
		close(state);
	return text;
}

struct sp_policy *sp_floor_read(const char *state_directory, struct sp_diag *diag)
{
	char *text = read_text(state_directory);
	struct sp_policy *policy = parse_floor(text, diag);

	free(text);
	return policy;
}

size_t sp_floor_dropped(const char *state_directory)
{
	char *text = read_text(state_directory);
	const char *line = text ? strstr(text, "\ndropped ") : NULL;
	size_t dropped = 0;

	if (line && sscanf(line, "\ndropped %zu", &dropped) != 1)
		dropped = 0;
	free(text);
	return dropped;
}

bool sp_floor_is_kept(const char *state_directory)
{
	int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool kept = state >= 0 && faccessat(state, FLOOR_FILE, R_OK, 0) == 0;

	if (state >= 0)
		close(state);
	return kept;
}

struct sp_policy *sp_floor_of(const struct sp_policy *policy, struct sp_diag *diag)
{
	struct writing text = { 0 };
	struct sp_policy *floor =
	    write_floor(&text, policy, diag) ? parse_floor(text.lines.bytes, diag) : NULL;

	sp_text_free(&text.lines);
	return floor;
}
