/* What the hellos of one profile carry: proof by complement. Private to verify/. */
#ifndef SALLYPORT_VERIFY_OFFERS_H
#define SALLYPORT_VERIFY_OFFERS_H

#include <sallyport/observation.h>
#include <sallyport/profile.h>

/* Adds every question that the profile gives a content, and its offer. */
void sp_offers_make(const struct sp_profile *profile, struct sp_request *request);

/* Is there nothing in the question's offer that the profile forbids, only what it warns
 * of? Such a question may be left out. */
bool sp_offers_warned(const struct sp_profile *profile, enum sp_question question);

/* The hash of a signature scheme of TLS 1.2 (RFC 5246 section 7.4.1.4.1) or 1.3. */
enum sp_hash sp_scheme_hash(uint16_t scheme);

#endif
