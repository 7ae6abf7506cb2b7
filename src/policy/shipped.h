/* Files of policies/ that are compiled in (embed.cmake). */
#ifndef SALLYPORT_POLICY_SHIPPED_H
#define SALLYPORT_POLICY_SHIPPED_H

#include <stddef.h>

extern const unsigned char sp_shipped_services[];
extern const size_t sp_shipped_services_length;

struct sp_shipped {
	const char *name; /* as diagnostics call it */
	const unsigned char *bytes;
	const size_t *length;
};

/* The profiles; "baseline" is the first, of which others are made. */
extern const struct sp_shipped sp_shipped_profiles[];
extern const size_t sp_shipped_profile_count;

#define SP_SHIPPED(file)                                \
	extern const unsigned char sp_shipped_##file[]; \
	extern const size_t sp_shipped_##file##_length
SP_SHIPPED(baseline);
SP_SHIPPED(mozilla_modern);
SP_SHIPPED(mozilla_intermediate);
SP_SHIPPED(mozilla_old);
SP_SHIPPED(pci_dss_4);
SP_SHIPPED(nist_800_52r2);
SP_SHIPPED(bsi_tr_02102_2);
#undef SP_SHIPPED

#endif
