/* Every limit on what comes from outside (a file, the network, the kernel),
 * each with its reason. Nothing else in the tree invents one. */
#ifndef SALLYPORT_LIMITS_H
#define SALLYPORT_LIMITS_H

/* A policy file. 10,000 services of a few lines each are below 2 MiB, but a
 * snapshot stands alone: its address sets are in it, a million IPv6 prefixes of
 * them below 50 MiB. As much as the lists that it was made from. */
#define SP_MAX_POLICY_BYTES (256u << 20)
/* An address list: a million IPv6 prefixes as text are below 50 MiB. */
#define SP_MAX_ADDRESS_FILE_BYTES (256u << 20)
/* Addresses, prefixes and ranges in one set after reading; several times the
 * "normal" million, below what the kernel takes minutes to load. */
#define SP_MAX_SET_ELEMENTS (8u << 20)
/* Include depth: a chain longer than this is a mistake, and a cycle is found
 * before it by comparing files. */
#define SP_MAX_INCLUDE_DEPTH 16
#define SP_MAX_INCLUDE_FILES 256
#define SP_MAX_SERVICES 65536
/* inih 55 (INI_MAX_LINE 200) hands on at most this many bytes of a line. */
#define SP_INIH_LINE_BYTES 197
/* One element of a list: a path (PATH_MAX); a host name has 253 at most. */
#define SP_MAX_ELEMENT_BYTES 4096
/* inih 55 (MAX_SECTION 50) keeps this many bytes of a section's header text. */
#define SP_INIH_SECTION_BYTES 49
/* inih 55 (MAX_NAME 50) keeps this many bytes of a key. */
#define SP_INIH_NAME_BYTES 49
/* Mistakes reported in one run; past it the count alone is said. */
#define SP_MAX_DIAGNOSTICS 1000
/* policy.md: a TLS service covers at most 64 ports, each has to be probed. */
#define SP_MAX_TLS_PORTS 64
/* Host names of one service: every one is a handshake per version. */
#define SP_MAX_NAMES 64
/* RFC 1035 section 2.3.4. */
#define SP_MAX_HOST_NAME 253
/* IFNAMSIZ - 1, linux/if.h. */
#define SP_MAX_INTERFACE_NAME 15
/* A lease may last ten years; longer is a typing mistake. Seconds. */
#define SP_MAX_DURATION (10u * 366 * 86400)
/* `rate` and `log`: new connections in a period, and the burst. Above a million
 * a second a limit limits nothing. */
#define SP_MAX_RATE 1000000u
/* A key's size in a profile; no certificate has a longer one. */
#define SP_MAX_KEY_BITS 65536u
/* Sources within others that are reported for one list. */
#define SP_MAX_SUBSETS 20
/* Processes between a shell and what it runs, and one's environment: the kernel
 * takes 128 KiB per variable, and we look for one. */
#define SP_MAX_ANCESTORS 64
#define SP_MAX_ENVIRONMENT_BYTES (256u * 1024)
/* Ports of one [expect]: each is a question of its own. */
#define SP_MAX_EXPECT_PORTS 64
/* Bad lines of one address file that are reported by their numbers. */
#define SP_MAX_BAD_LINES 20
/* A nested attribute's length is 16 bits (struct nlattr); we stop short. */
#define SP_MAX_NEST_BYTES 60000
/* One frame between caller and prober. */
#define SP_MAX_FRAME_BYTES 65536
/* Bytes of a certificate chain that are read from a peer. */
#define SP_MAX_CHAIN_BYTES 32768
/* A CA file or bundle; Debian's whole bundle is below 256 KiB. */
#define SP_MAX_CA_BYTES (8u << 20)
/* A file of revocation lists: the largest that public CAs publish are below. */
#define SP_MAX_CRL_BYTES (32u << 20)
/* Any part of a trust store. */
#define SP_MAX_STORE_BYTES SP_MAX_CRL_BYTES
/* A certificate, its chain and its key for a server that asks for one. */
#define SP_MAX_CLIENT_CERTIFICATE_BYTES (1u << 20)
/* Protocols to offer; RFC 7301 section 3.1: a name has 1 to 255 bytes. */
#define SP_MAX_ALPN 16
#define SP_MAX_ALPN_BYTES 255
/* Certificates of one chain that are described; longer chains are said by their
 * length. OpenSSL's own limit on depth is 100, no public chain passes 5. */
#define SP_MAX_CHAIN_CERTIFICATES 16
/* Verification errors kept for one chain: what private authorities get wrong in the form
 * of a certificate comes to some five each, and OpenSSL tells of the form before it looks
 * at names, revocations and signatures. With what is beyond them no chain is good. */
#define SP_MAX_CHAIN_ERRORS 64
/* subjectAltName entries of one certificate that are described: with the texts'
 * limit they fill most of a frame. */
#define SP_MAX_CERTIFICATE_NAMES 100
/* One text out of a certificate or off the wire; RFC 5280 appendix A.1 allows
 * 64 characters for most attributes of a name. */
#define SP_MAX_PEER_TEXT 512
/* What one child may say about its endpoint, all frames together, and how many
 * different certificates: 64 names, each with its own chain of four. */
#define SP_MAX_TESTIMONY_BYTES (4ul * 1024 * 1024)
#define SP_MAX_TESTIMONY_CERTIFICATES 256
/* Questions asked of one address, port and name (tls.md: ten to sixteen connections); what
 * only warns comes last and is left out beyond the first limit. The second is beyond what
 * a verdict can need, a profile that forbids something of each kind behind STARTTLS. */
#define SP_MAX_USUAL_QUESTIONS 16
#define SP_MAX_QUESTIONS_PER_NAME 20
/* Cipher suites of one hello: tls.md, Proof by complement (some servers choke on
 * more than 127), and one allowed suite for its control. */
#define SP_MAX_COMPLEMENT_SUITES 120
#define SP_MAX_OFFERED_SUITES (SP_MAX_COMPLEMENT_SUITES + 8)
/* IANA has some 60 groups and 40 signature schemes. */
#define SP_MAX_OFFERED_GROUPS 80
#define SP_MAX_OFFERED_SCHEMES 48
/* One per question whose hello is made for the profile. */
#define SP_MAX_OFFERS 16
/* Connections per address, port and name, retries with shorter hellos included. */
#define SP_MAX_CONNECTIONS_PER_NAME 48

/* Hellos under way at a time at one endpoint: below what servers allow a client by
 * default, and enough that neither end waits for the other. */
#define SP_MAX_ASKED_AT_ONCE 8
/* What a peer may send before its ServerHello ends: a handshake message that a
 * ServerHello can be, in records of one byte each. */
#define SP_MAX_HELLO_REPLY_BYTES 16384
/* A line of a plain session before its upgrade: RFC 5321 allows 512 bytes, an
 * IMAP server's capabilities come near 1,000. */
#define SP_MAX_STARTTLS_LINE_BYTES 4096
/* All that a server may say before the upgrade, capabilities and a long banner. */
#define SP_MAX_STARTTLS_BYTES 65536
/* Trust stores of one run: every service may name its own. */
#define SP_MAX_STORES 64
/* Addresses at which one port is asked. */
#define SP_MAX_ENDPOINTS_PER_PORT 1024
/* A sealed child: memory (a trust store and a hostile chain are below 64 MiB)
 * and CPU seconds (64 names, some 10 ms each, and OpenSSL's slowest key). */
#define SP_MAX_CHILD_MEMORY_BYTES (512ul * 1024 * 1024)
#define SP_MAX_CHILD_CPU_SECONDS 20
/* Children at once. Most of them wait for their peers: servers that say nothing must not
 * keep the others from being asked. Each has a megabyte or two of its own. */
#define SP_MAX_CHILDREN 64
/* Dumps of sockets and addresses that a busy host may interrupt before we stop
 * asking again. */
#define SP_MAX_DUMP_TRIES 10
/* One table of iptables-legacy: 100,000 rules, as of a large Kubernetes node, are
 * some 40 MB. */
#define SP_MAX_IP_TABLE_BYTES (256u << 20)

#endif
