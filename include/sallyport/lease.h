/* A lease: proof that a port serves the TLS its policy asks for, and when that
 * proof ends. Only the judge (verify/judge.c) makes one; there is no other
 * constructor, so that opening an unverified port does not type-check. */
#ifndef SALLYPORT_LEASE_H
#define SALLYPORT_LEASE_H

#include <stdint.h>

#include <sallyport/policy.h>
#include <sallyport/service.h>

struct sp_lease;

enum sp_protocol sp_lease_protocol(const struct sp_lease *lease);
uint16_t sp_lease_port(const struct sp_lease *lease);
/* Seconds since the epoch, UTC: the earliest of now + the policy's lease, every
 * notAfter seen, and the nextUpdate of what revocation was checked against. */
int64_t sp_lease_not_after(const struct sp_lease *lease);
/* SHA-256 over the evidence that earned it. */
const uint8_t *sp_lease_evidence(const struct sp_lease *lease);

#endif
