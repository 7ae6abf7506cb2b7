/* The floor: what stays reachable when nothing else can be trusted. Written with
 * every snapshot into STATE/floor, one line a rule, and read back without parsing
 * a policy: at boot it stands before a byte of policy is looked at.
 *
 *   mode enforce
 *   icmp ping
 *   allow tcp 22-22 from 10.0.0.0/8 to any interface any
 *   block tcp 22-22 from 10.9.0.0/16 to any interface any
 *   deny 203.0.113.0/24
 */
#ifndef SALLYPORT_FLOOR_H
#define SALLYPORT_FLOOR_H

#include <stdbool.h>

#include <sallyport/diag.h>
#include <sallyport/policy.h>

/* Replaces STATE/floor by `policy`'s: its mode, its ICMP, its lockdown services, and whom
 * it shuts out of those. A warning when they come to more lines than a floor has
 * (4,096). */
bool sp_floor_save(
    const char *state_directory, const struct sp_policy *policy, struct sp_diag *diag);

/* The floor as a policy that compiles like any other; services are named
 * "floor-1" and so on. When the file is missing or a line of it makes no sense,
 * that line allows nothing: the floor is then higher, never lower. NULL: memory
 * is out. sp_policy_free() it. */
struct sp_policy *sp_floor_read(const char *state_directory, struct sp_diag *diag);

/* How many lines found no room in STATE/floor. */
size_t sp_floor_dropped(const char *state_directory);

/* False: STATE/floor cannot be read, and sp_floor_read gives one without services. */
bool sp_floor_is_kept(const char *state_directory);

/* The same straight from a policy: what `lockdown` puts in force. */
struct sp_policy *sp_floor_of(const struct sp_policy *policy, struct sp_diag *diag);

#endif
