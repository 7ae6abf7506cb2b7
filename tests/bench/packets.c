/* What a packet costs: sends UDP frames straight into one end of each of several veth
 * pairs, by turns, in blocks. A frame is received where it was sent from, in the same
 * system call on the same processor (veth, netif_rx), so that a block's time is sending,
 * receiving and the ruleset of the other end together. What two ends differ in is
 * their rulesets.
 *
 * usage: packets ROUNDS BLOCK DESTINATION PORT INTERFACE=MAC...
 *
 * Sources are 10.0.0.0/8 at random, the same ones for every interface. Prints for each
 * round one line: nanoseconds of each packet, an interface a column. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST_INTERFACES 64
#define FRAME_BYTES 60 /* the least that Ethernet has, less its checksum */

struct end {
	int fd;
	uint8_t mac[ETH_ALEN];
};

static struct end ends[MOST_INTERFACES];
static uint8_t frame[FRAME_BYTES];
static uint32_t random_state;

static _Noreturn void give_up(const char *why)
{
	perror(why);
	exit(1);
}

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 791; RFC 768, whose checksum 0 means none. */
static void make_frame(const char *destination, uint16_t port)
{
	uint8_t *ip = frame + ETH_HLEN, *udp = ip + 20;

	put16(frame + 12, ETH_P_IP);
	ip[0] = 0x45;
	put16(ip + 2, FRAME_BYTES - ETH_HLEN);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	if (inet_pton(AF_INET, destination, ip + 16) != 1)
		give_up("packets: destination");
	put16(udp + 2, port);
	put16(udp + 4, FRAME_BYTES - ETH_HLEN - 20);
}

static void set_source(void)
{
	uint8_t *ip = frame + ETH_HLEN;
	uint32_t sum = 0, number = random_number();

	ip[12] = 10;
	ip[13] = (uint8_t)(number >> 16);
	ip[14] = (uint8_t)(number >> 8);
	ip[15] = (uint8_t)(number | 1);
	put16(ip + 20, (uint16_t)(1024 + (number >> 8) % 60000));
	ip[10] = ip[11] = 0;
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, (uint16_t) ~(sum + (sum >> 16)));
}

static void open_end(char *word, struct end *end)
{
	char *mac = strchr(word, '=');
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int one = 1;

	if (!mac)
		give_up("packets: INTERFACE=MAC");
	*mac++ = '\0';
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &end->mac[0], &end->mac[1],
		&end->mac[2], &end->mac[3], &end->mac[4], &end->mac[5]) != 6)
		give_up("packets: MAC");
	to.sll_ifindex = (int)if_nametoindex(word);
	end->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || !to.sll_ifindex ||
	    bind(end->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(end->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		give_up(word);
}

static double block(const struct end *end, unsigned count)
{
	double began;

	memcpy(frame, end->mac, ETH_ALEN);
	began = nanoseconds();
	for (unsigned i = 0; i < count; i++) {
		set_source();
		if (send(end->fd, frame, sizeof(frame), 0) < 0)
			give_up("packets: send");
	}
	return (nanoseconds() - began) / count;
}

int main(int count, char **arguments)
{
	unsigned rounds, packets;
	cpu_set_t one;
	int interfaces = count - 5;

	if (interfaces < 1 || interfaces > MOST_INTERFACES)
		return 2;
	rounds = (unsigned)atoi(arguments[1]);
	packets = (unsigned)atoi(arguments[2]);
	make_frame(arguments[3], (uint16_t)atoi(arguments[4]));
	for (int i = 0; i < interfaces; i++)
		open_end(arguments[5 + i], &ends[i]);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (unsigned round = 0; round < rounds; round++) {
		for (int i = 0; i < interfaces; i++) {
			random_state = 0x9e3779b9u + round;
			printf("%s%.1f", i ? " " : "", block(&ends[i], packets));
		}
		printf("\n");
	}
	return 0;
}
